"""What is sent to FreeSWITCH says what we mean, whatever customers are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from rid_telephony.errors import SettingsError
from rid_telephony.pbx.freeswitch.esl_limits import (
    MAX_COMMAND_BYTES,
    MAX_HEADERS,
    command_line,
    event_lines,
)
from rid_telephony.pbx.freeswitch.esl_login import read_login
from rid_telephony.pbx.messages import PbxError
from rid_telephony.settings.freeswitch import FreeSwitchSettings


@given(st.lists(st.text(), max_size=5))
def test_no_argument_becomes_another_command_or_another_argument(arguments: list[str]) -> None:
    try:
        line = command_line("uuid_setvar", tuple(arguments))
    except PbxError:
        assume(arguments)
        return
    assert not set(line) & set("\r\n\0")
    assert line.split(" ", len(arguments)) == ["uuid_setvar", *arguments]


@given(st.dictionaries(st.text(), st.text(), max_size=4), st.text())
def test_no_header_becomes_another_header_or_a_command(headers: dict[str, str], body: str) -> None:
    try:
        text = event_lines("CUSTOM", headers, body)
    except PbxError:
        return
    head, _, rest = text.partition("\n\n")
    length = [f"Content-Length: {len(body.encode())}"] if body else []
    lines = ["sendevent CUSTOM", *(f"{k}: {v}" for k, v in headers.items()), *length]
    assert (head.split("\n"), rest) == (lines, body)


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b", "\n", "a\n\nevent plain ALL", "\ud800"])
def test_a_line_end_is_refused_wherever_it_is(bad: str) -> None:
    calls: list[tuple[Any, ...]] = [
        (command_line, bad, ()),
        (command_line, "uuid_setvar", (bad, "x")),
        (command_line, "uuid_setvar", ("x", bad)),
        (event_lines, bad, {}, ""),
        (event_lines, "CUSTOM", {bad: "x"}, ""),
        (event_lines, "CUSTOM", {"X": bad}, ""),
    ]
    for call, *arguments in calls:
        with pytest.raises(PbxError):
            call(*arguments)


def test_a_body_may_have_lines_but_no_nul() -> None:
    """A hint and its script are two lines of one SIP MESSAGE."""
    sent = event_lines("SEND_MESSAGE", {"user": "1001"}, "提示\n\n话术")
    assert sent.endswith("\nContent-Length: 14\n\n提示\n\n话术")
    for bad in ("a\0b", "\ud800"):
        with pytest.raises(PbxError):
            event_lines("SEND_MESSAGE", {}, bad)


@pytest.mark.parametrize("word", ["unload", "RELOAD"])
def test_a_text_cannot_unload_the_event_socket(word: str) -> None:
    """mod_event_socket looks for these words anywhere in a command, values included, and obeys."""
    for name in ("mod_event_socket", "MOD_EVENT_SOCKET"):
        with pytest.raises(PbxError, match="mod_event_socket"):
            command_line("uuid_setvar", ("1", "rid_hint", f"{word} {name} please"))


@pytest.mark.parametrize("blank", ["", "a b", "a\tb", "a\u3000b"])
def test_only_the_last_argument_may_have_blanks(blank: str) -> None:
    assert command_line("uuid_setvar", ("1", "hint", "a b")) == "uuid_setvar 1 hint a b"
    with pytest.raises(PbxError, match="Argument 2 of uuid_setvar is empty or has blanks"):
        command_line("uuid_setvar", ("1", blank, "value"))


@pytest.mark.parametrize(
    "key",
    ["Content-Length", "content-length", "Command", "Event-Name", "Unique-ID", "Event-UUID", "a b"],
)
def test_headers_that_freeswitch_would_take_as_its_own_are_refused(key: str) -> None:
    with pytest.raises(PbxError):
        event_lines("CUSTOM", {"Event-Subclass": "rid::hint", key: "1"}, "")


def test_the_same_header_in_two_spellings_is_refused() -> None:
    with pytest.raises(PbxError, match="twice"):
        event_lines("CUSTOM", {"RID-Text": "a", "rid-text": "b"}, "")


def test_what_is_too_long_is_refused_with_its_size_and_without_its_text() -> None:
    secret = "客" * MAX_COMMAND_BYTES
    for call in (
        lambda: command_line("uuid_setvar", ("1", "hint", secret)),
        lambda: event_lines("CUSTOM", {"X": secret}, ""),
        lambda: event_lines("CUSTOM", {}, secret),
        lambda: event_lines("CUSTOM", {f"H{n}": "" for n in range(MAX_HEADERS + 1)}, ""),
    ):
        with pytest.raises(PbxError) as caught:
            call()
        assert "客" not in str(caught.value)


def _settings(**values: Any) -> FreeSwitchSettings:
    return FreeSwitchSettings.model_validate(values)


def test_the_login_is_by_password_or_by_user() -> None:
    assert read_login(_settings(password="ge heim")).command == "auth ge heim"  # noqa: S106  # a test's
    login = read_login(_settings(user="rid@bank.example", password="a:b@c"))  # noqa: S106  # a test's
    assert (login.command, login.user) == ("userauth rid@bank.example:a:b@c", "rid@bank.example")


def test_the_password_is_the_first_line_of_its_file_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes("gehéim\r\nnot this\n".encode())
    login = read_login(_settings(password_file=file))
    assert login.command == "auth gehéim"
    assert "gehéim" not in repr(login)


def test_a_password_that_cannot_be_had_or_sent_is_a_settings_error(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\n")
    for values in (
        {},
        {"password_file": tmp_path / "missing"},
        {"password_file": tmp_path / "latin"},
        {"password": SecretStr("a\nexit")},
    ):
        with pytest.raises(SettingsError):
            read_login(_settings(**values))
