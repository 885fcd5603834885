"""What is sent to Asterisk, and when an action counts as answered."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from ami_server import message, recorded
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.errors import SettingsError
from rid_telephony.pbx.asterisk.ami_action import PendingAction
from rid_telephony.pbx.asterisk.ami_limits import (
    MAX_LINE_BYTES,
    MAX_LIST_ITEMS,
    check_action,
)
from rid_telephony.pbx.asterisk.ami_login import read_login
from rid_telephony.pbx.asterisk.ami_wire import Incoming
from rid_telephony.pbx.asterisk.messages import AmiReply
from rid_telephony.pbx.backoff import STABLE_SECONDS, Backoff
from rid_telephony.pbx.messages import PbxError, PbxRefusedError
from rid_telephony.settings.asterisk import AsteriskSettings


def answered(name: str, messages: list[bytes]) -> AmiReply | None:
    """The answer that an action takes from messages of its own ActionID, None while it waits."""

    async def run() -> AmiReply | None:
        action = PendingAction(name, {"ActionID": "a"})
        for data in messages:
            incoming = Incoming.read(0.0, data.removesuffix(b"\r\n\r\n"))
            if action.add_message(SimpleNamespace(incoming=incoming)):
                return await action.future
        return None

    return asyncio.run(run())


def dialogue(recording: str) -> list[tuple[str, list[bytes]]]:
    """Each action of a recording with the messages that carry its ActionID."""
    actions = re.findall(
        rb"Action: (\w+)\r\nActionID: (\S+)", recorded(recording, "c2s"), re.MULTILINE
    )
    messages = recorded(recording).partition(b"\r\n")[2].split(b"\r\n\r\n")
    return [
        (name.decode(), [part for part in messages if b"ActionID: " + key in part.split(b"\r\n")])
        for name, key in actions
        if name != b"Logoff"
    ]


@pytest.mark.parametrize(
    ("recording", "name", "text", "items"),
    [
        ("ami22_attended_transfer_ami_atxfer.jsonl", "Atxfer", "Atxfer successfully queued", 0),
        ("ami22_queue_dynamic_member.jsonl", "QueueAdd", "Added interface to queue", 0),
        ("ami16_queue_dynamic_member.jsonl", "QueueAdd", "Added interface to queue", 0),
        ("ami22_queue_dynamic_member.jsonl", "QueueStatus", "Queue status will follow", 2),
        ("ami22_normal_call.jsonl", "CoreShowChannels", "Channels will follow", 4),
        ("ami22_originate_fail.jsonl", "Originate", "Originate successfully queued", 0),
    ],
)
def test_recorded_answers_end_their_action(
    recording: str, name: str, text: str, items: int
) -> None:
    """panoramisk raises KeyError on the first and waits for ever on the next two."""
    messages = next(found for action, found in dialogue(recording) if action == name)
    reply = answered(name, messages)
    assert reply is not None
    assert (reply.message, len(reply.items)) == (text, items)


def test_asterisks_own_words_come_with_a_refusal() -> None:
    messages = dialogue("ami22_normal_call.jsonl")[-1][1]
    with pytest.raises(PbxRefusedError) as caught:
        answered("Getvar", messages)
    assert caught.value.message == "No such channel"


def test_an_event_with_the_actions_id_is_no_answer() -> None:
    early = message("Event", "OriginateResponse", [("ActionID", "a"), ("Response", "Failure")])
    queued = message("Response", "Success", [("ActionID", "a"), ("Message", "queued")])
    assert answered("Originate", [early]) is None
    reply = answered("Originate", [early, queued])
    assert reply is not None
    assert reply.message == "queued"


def test_a_commands_output_is_kept_whole() -> None:
    lines = [("Message", "Command output follows"), ("Output", "one"), ("Output", "two: 2")]
    reply = answered("Command", [message("Response", "Success", lines)])
    assert reply is not None
    assert reply.fields["output"] == "one\ntwo: 2"


def test_a_list_without_end_is_given_up() -> None:
    start = message("Response", "Success", [("EventList", "start")])
    with pytest.raises(PbxError, match="too long"):
        answered("Status", [start] + [message("Event", "Status")] * (MAX_LIST_ITEMS + 1))


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\r\n"])
def test_no_line_end_reaches_asterisk(bad: str) -> None:
    """A bare LF is enough to begin an action of the attacker's choice."""
    with pytest.raises(PbxError):
        check_action("Setvar", {"Value": f"x{bad}Action: Originate"})
    with pytest.raises(PbxError):
        check_action("Setvar", {f"Value{bad}": "x"})
    with pytest.raises(PbxError):
        check_action(f"Setvar{bad}", {})


@given(st.text(max_size=20), st.dictionaries(st.text(max_size=8), st.text(max_size=40), max_size=4))
def test_what_passes_the_check_is_read_back_as_it_was_meant(
    name: str, fields: dict[str, str]
) -> None:
    try:
        check_action(name, fields)
    except PbxError:
        return

    async def written() -> str:
        return str(PendingAction(name, fields))

    text = asyncio.run(written())
    assert text.endswith("\r\n\r\n")
    assert text.count("\r\n\r\n") == 1
    pairs = dict(line.split(": ", 1) for line in text[:-4].split("\r\n"))
    identified = {key for key in fields if key.lower() == "actionid"} or {"ActionID"}
    assert pairs.keys() == {"Action", *fields, *identified}
    assert all(pairs[key] == value for key, value in fields.items())


@pytest.mark.parametrize(
    "fields",
    [
        {"Variable: x": "y"},
        {"": "y"},
        {"Action": "Originate"},
        {"value": "1", "Value": "2"},
        {"Value": "\udc80"},
        {f"Header{number}": "" for number in range(200)},
    ],
)
def test_headers_that_asterisk_would_read_otherwise_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(PbxError):
        check_action("Setvar", fields)


def test_a_line_is_measured_in_bytes() -> None:
    room = (MAX_LINE_BYTES - len("Value: ")) // len("字".encode())
    check_action("Setvar", {"Value": "字" * room})
    with pytest.raises(PbxError, match="1022"):
        check_action("Setvar", {"Value": "字" * (room + 1)})


def test_a_refusal_does_not_repeat_a_value_that_may_be_secret() -> None:
    with pytest.raises(PbxError) as caught:
        check_action("Login", {"Secret": "hunter2\n"})
    assert "hunter2" not in str(caught.value)


def test_waits_grow_to_the_longest_and_are_short_again_after_a_good_connection() -> None:
    backoff = Backoff(0.5, 4.0, uniform=max)
    assert [backoff.after_failure() for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, 4.0]
    assert backoff.after_failure(lasted=STABLE_SECONDS - 1) == 4.0
    assert backoff.after_failure(lasted=STABLE_SECONDS) == 0.5


def test_waits_are_spread_over_their_whole_length_but_never_short_after_a_refusal() -> None:
    """Many clients of one Asterisk must not come back in the same moment."""
    lowest = Backoff(0.5, 4.0, uniform=min)
    assert lowest.after_failure() == 0.0
    assert lowest.after_refusal() == 2.0


def test_the_secret_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("密码 1 \r\nsecond line\n", encoding="utf-8")
    login = read_login(AsteriskSettings(username="rid", secret_file=file))
    assert login.secret == "密码 1 "  # noqa: S105  # what is tested
    assert "密码" not in repr(login)


def test_a_login_that_cannot_work_is_refused_with_advice(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\n")
    for values in (
        {},
        {"username": "rid"},
        {"username": "rid", "secret_file": tmp_path / "missing"},
        {"username": "rid", "secret_file": tmp_path},
        {"username": "rid", "secret_file": empty},
        {"username": "rid", "secret_file": binary},
        {"username": "rid", "secret": "x", "tls": True, "tls_ca": tmp_path / "missing"},
        {"username": "rid", "secret": "x", "tls": True, "tls_ca": binary},
    ):
        with pytest.raises(SettingsError) as caught:
            read_login(AsteriskSettings.model_validate(values))
        assert caught.value.advice
    with pytest.raises(SettingsError, match="line end"):
        read_login(AsteriskSettings.model_validate({"username": "a\nb", "secret": "x"}))
