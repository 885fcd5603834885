"""FreeSWITCH's side of the configuration, as it is printed for the settings in force."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from rid_telephony.errors import InputError
from rid_telephony.pbx.freeswitch.rights import (
    MAX_LISTED_BYTES,
    commands_line,
    events_line,
)
from rid_telephony.pbx.freeswitch.snippets import PARTS, render
from rid_telephony.settings.freeswitch import FreeSwitchSettings

ROOT = Path(__file__).parents[3]
MEANS = ["audio_stream", "audio_fork", "eavesdrop", "fifo"]


def of(**values: object) -> FreeSwitchSettings:
    return FreeSwitchSettings.model_validate(values)


def xml(part: str, settings: FreeSwitchSettings | None = None) -> ET.Element:
    return ET.fromstring(render(part, settings or of()))  # noqa: S314 - our own file


def param(root: ET.Element, name: str) -> str:
    return next(each.attrib["value"] for each in root.iter("param") if each.attrib["name"] == name)


@pytest.mark.parametrize("part", PARTS)
def test_the_files_of_the_repository_are_what_the_command_prints_by_default(part: str) -> None:
    shown = (ROOT / PARTS[part]).read_text(encoding="utf-8")
    assert shown == render(part, of()), (
        f"run: rid-telephony dialplan freeswitch --part {part} > {PARTS[part]}"
    )
    assert "{{" not in shown


@pytest.mark.parametrize("folder", ["dialplan/freeswitch", "plugins/freeswitch"])
def test_the_repository_shows_no_file_that_the_command_does_not_print(folder: str) -> None:
    printed = {Path(path).name for path in PARTS.values() if path.startswith(folder)}
    assert {path.name for path in (ROOT / folder).iterdir()} == printed


@pytest.mark.parametrize("part", [part for part, path in PARTS.items() if path.endswith(".xml")])
@pytest.mark.parametrize("means", MEANS)
def test_every_file_is_xml_whatever_the_means(part: str, means: str) -> None:
    """One that is not keeps a FreeSWITCH from starting."""
    xml(part, of(fork={"means": means}))


def test_the_mark_is_the_two_lines_that_the_readme_shows() -> None:
    for line in (
        '<action application="set" data="rid_assist=on"/>',
        '<action application="export" data="nolocal:rid_leg=agent"/>',
    ):
        assert line in render("rid-assist", of())
        assert line in render("readme", of())


def test_the_mark_goes_on_to_the_extensions_below_it_and_heeds_the_switch() -> None:
    extension = xml("rid-assist").find("extension")
    assert extension is not None
    assert extension.attrib["continue"] == "true"
    switch, agents = extension.findall("condition")
    assert (switch.attrib["field"], switch.attrib["break"]) == ("${rid_assist}", "on-true")
    assert not list(switch)
    assert agents.attrib["field"] == "destination_number"


def test_the_user_is_named_as_in_the_settings_and_the_password_is_never_printed() -> None:
    settings = of(user="coach@bank.example", password="s3cret-value")  # noqa: S106 - made up
    assert xml("user", settings)[0].attrib["id"] == "coach"
    assert param(xml("user", settings), "esl-password") == "CHANGE-ME"
    assert all("s3cret-value" not in render(part, settings) for part in PARTS)


def test_no_phone_can_register_as_the_user_of_the_event_socket() -> None:
    """FreeSWITCH lets whoever asks register as a user without a SIP password."""
    assert param(xml("user"), "allow-empty-password") == "false"


@pytest.mark.parametrize("means", MEANS)
def test_the_answer_to_the_login_is_not_cut_off(means: str) -> None:
    """A longer one loses its end in FreeSWITCH, and the login hangs."""
    settings = of(fork={"means": means}, write_back={"display": True})
    root = xml("user", settings)
    events = param(root, "esl-allowed-events")
    commands = param(root, "esl-allowed-api")
    assert (events, commands) == (events_line(), commands_line(settings))
    answer = (
        "Reply-Text: +OK accepted\n"
        f"Allowed-Events: {events}\nAllowed-API: {commands}\nAllowed-LOG: false\n\n"
    )
    assert len(answer) <= 511 - len("~")
    assert len(events) + len(commands) <= MAX_LISTED_BYTES


@pytest.mark.parametrize(
    ("means", "command", "other"),
    [
        ("audio_stream", "uuid_audio_stream", "originate"),
        ("audio_fork", "uuid_audio_fork", "originate"),
        ("eavesdrop", "originate", "uuid_record"),
        ("fifo", "uuid_record", "originate"),
    ],
)
def test_the_user_may_do_what_the_means_needs_and_no_more(
    means: str, command: str, other: str
) -> None:
    allowed = commands_line(of(fork={"means": means})).split()
    assert command in allowed
    assert other not in allowed
    assert not {"system", "bg_system", "reload", "luarun", "eval", "expand"} & set(allowed)


def test_what_is_not_written_back_needs_no_right() -> None:
    allowed = commands_line(of(write_back={"variables": False, "message": False})).split()
    assert not {"uuid_setvar", "sofia_contact", "uuid_display"} & set(allowed)


@pytest.mark.parametrize(
    ("fork", "cidr"),
    [
        ({}, "127.0.0.1/32"),
        ({"listen": "10.1.2.3"}, "10.1.2.3/32"),
        ({"listen": "0.0.0.0", "advertise": "10.9.9.9"}, "10.9.9.9/32"),  # noqa: S104
        ({"listen": "fd00::5"}, "fd00::5/128"),
        ({"advertise": "rid.bank.example"}, "127.0.0.1/32"),
    ],
)
def test_the_event_socket_may_be_reached_from_our_address_only(
    fork: dict[str, str], cidr: str
) -> None:
    root = xml("acl", of(fork=fork))
    assert root.attrib["default"] == "deny"
    assert [node.attrib["cidr"] for node in root] == ["127.0.0.1/32", "::1/128", cidr]


def test_the_event_socket_listens_where_we_connect_and_heeds_the_list() -> None:
    root = xml("event_socket", of(host="10.1.2.4", port=9021))
    assert param(root, "listen-ip") == "10.1.2.4"
    assert param(root, "listen-port") == "9021"
    assert param(root, "apply-inbound-acl") == xml("acl").attrib["name"]


@pytest.mark.parametrize("value", ['x"/><!--', "a--b", "a${b}", "a'b", "a&b", "a\nb"])
def test_a_setting_cannot_add_to_the_pbx_configuration(value: str) -> None:
    with pytest.raises(InputError, match="cannot stand"):
        render("event_socket", of(host=value))


def test_an_unknown_part_is_answered_with_those_there_are() -> None:
    with pytest.raises(InputError) as raised:
        render("users", of())
    assert "user" in raised.value.advice
