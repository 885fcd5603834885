"""The PBX's side of the configuration, as it is printed for the settings in force."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rid_telephony.errors import InputError
from rid_telephony.pbx.asterisk.snippets import PARTS, render
from rid_telephony.settings.asterisk import AsteriskSettings

SHOWN = Path(__file__).parents[3] / "dialplan" / "asterisk"


def of(**values: object) -> AsteriskSettings:
    return AsteriskSettings.model_validate(values)


@pytest.mark.parametrize("part", PARTS)
def test_the_files_of_the_repository_are_what_the_command_prints_by_default(part: str) -> None:
    shown = (SHOWN / PARTS[part]).read_text(encoding="utf-8")
    assert shown == render(part, AsteriskSettings()), (
        f"run: rid-telephony dialplan asterisk --part {part} > dialplan/asterisk/{PARTS[part]}"
    )
    assert "{{" not in shown


def test_the_repository_shows_no_file_that_the_command_does_not_print() -> None:
    assert {path.name for path in SHOWN.iterdir()} == set(PARTS.values())


def test_the_manager_user_is_named_as_in_the_settings_and_the_secret_is_never_printed() -> None:
    settings = of(username="bank", secret="s3cret-value", port=5099)  # noqa: S106 - made up
    text = render("manager", settings)
    assert "[bank]" in text
    assert "5099" in text
    assert "secret = CHANGE-ME" in text
    assert all("s3cret-value" not in render(part, settings) for part in PARTS)


@pytest.mark.parametrize(
    ("fork", "permit"),
    [
        ({}, "127.0.0.1/255.255.255.255"),
        ({"listen": "10.1.2.3"}, "10.1.2.3/255.255.255.255"),
        ({"listen": "0.0.0.0", "advertise": "10.9.9.9"}, "10.9.9.9/255.255.255.255"),  # noqa: S104
        ({"listen": "0.0.0.0"}, "127.0.0.1/255.255.255.255"),  # noqa: S104
        ({"listen": "fd00::5"}, "fd00::5/128"),
    ],
)
def test_the_manager_user_may_log_in_from_our_address_only(
    fork: dict[str, str], permit: str
) -> None:
    text = render("manager", of(fork=fork))
    lines = re.findall(r"(?m)^(?:deny|permit) = \S+", text)
    assert lines == ["deny = 0.0.0.0/0.0.0.0", "deny = ::/0", f"permit = {permit}"]


def test_an_address_given_by_name_leaves_the_permit_line_to_the_administrator() -> None:
    text = render("manager", of(fork={"advertise": "rid.bank.example"}))
    assert "permit = 127.0.0.1/255.255.255.255  ; the address of the machine" in text


def test_the_websocket_client_points_at_our_port() -> None:
    fork = {"listen": "10.1.2.3", "port": 9100, "websocket_client": "coach"}
    text = render("websocket", of(fork=fork))
    assert "[coach]" in text
    assert "uri = ws://10.1.2.3:9100/media" in text
    assert "ws://[fd00::5]:9092/" in render("websocket", of(fork={"listen": "fd00::5"}))


@pytest.mark.parametrize(
    ("means", "module"),
    [
        ("audiosocket", "chan_audiosocket.so"),
        ("unicast_rtp", "res_rtp_multicast.so"),
        ("websocket", "res_websocket_client.so"),
    ],
)
def test_the_module_list_names_those_of_the_chosen_means(means: str, module: str) -> None:
    assert f"load = {module}" in render("modules", of(fork={"means": means}))


@pytest.mark.parametrize(
    "values",
    [
        {"username": "rid]\n[root"},
        {"username": "rid;x"},
        {"fork": {"websocket_client": "a\nuri = x"}},
        {"fork": {"advertise": "1.2.3.4\npermit = 0.0.0.0/0"}},
        {"write_back": {"message_from": "x\r\ny"}},
    ],
)
def test_a_setting_cannot_add_lines_to_the_pbx_configuration(values: dict[str, object]) -> None:
    with pytest.raises(InputError, match="cannot stand"):
        for part in PARTS:
            render(part, of(**values))


def test_an_unknown_part_is_answered_with_those_there_are() -> None:
    with pytest.raises(InputError) as raised:
        render("managers", AsteriskSettings())
    assert "manager" in raised.value.advice
