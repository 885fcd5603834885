"""Whatever arrives on the event socket, however it was cut: the same events, or none."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise, takewhile

import esl_recordings
import pytest
from esl_server import GREETING, json_frame
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from rid_telephony.pbx.freeswitch.esl_limits import (
    MAX_EVENT_BYTES,
    MAX_FRAME_BYTES,
    MAX_HEAD_BYTES,
)
from rid_telephony.pbx.freeswitch.esl_wire import EslFramingError, Frame, Framer, read_event
from rid_telephony.pbx.freeswitch.messages import EslEvent

NAMES = esl_recordings.recorded_names()


@cache
def _stream(name: str) -> bytes:
    """All that FreeSWITCH sent on the last connection of a recording."""
    conn = esl_recordings.connections(name)[-1]
    return b"".join(raw for _, raw in esl_recordings.recorded_bytes(name, conn))


def _frames(data: bytes, cuts: list[int] | None = None) -> tuple[list[Frame], bool]:
    """The frames of a stream read in pieces, and whether its framing was lost."""
    edges = sorted({0, len(data), *(cut for cut in cuts or [] if cut < len(data))})
    framer = Framer()
    frames: list[Frame] = []
    try:
        for begin, end in pairwise(edges):
            frames.extend(framer.feed(data[begin:end]))
    except EslFramingError:
        return frames, True
    return frames, False


def _event(frame: Frame) -> EslEvent | None:
    return read_event(frame, 0.0) if frame.kind.startswith("text/event") else None


def _plain(value: object) -> object:
    return "ARRAY::" + "|:".join(value) if isinstance(value, list) else value


def _told(event: EslEvent) -> tuple[object, ...]:
    fields = {key: _plain(value) for key, value in event.fields.items()}
    return event.name, event.subclass, event.body, fields


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_event_is_read_as_an_independent_reader_reads_it(name: str) -> None:
    expected = esl_recordings.recorded_events(name)
    found = []
    for conn in esl_recordings.connections(name):
        raw = b"".join(data for _, data in esl_recordings.recorded_bytes(name, conn))
        frames, lost = _frames(raw)
        assert not lost
        found += [event for frame in frames if (event := _event(frame))]
    assert [_told(event) for event in found] == [_told(event) for event in expected]


@given(name=st.sampled_from(NAMES), cuts=st.lists(st.integers(1, 500_000), max_size=40))
def test_any_split_of_any_recording_gives_the_same_events(name: str, cuts: list[int]) -> None:
    data = _stream(name)
    whole, _ = _frames(data)
    assert _frames(data, cuts) == (whole, False)
    assert len(whole) > 2


@pytest.mark.parametrize(
    "name", ["esl_auth_failure_then_server_shutdown", "esl_writeback_commands"]
)
def test_a_stream_that_comes_byte_by_byte_gives_the_same_events(name: str) -> None:
    data = _stream(name)
    assert _frames(data, list(range(len(data)))) == _frames(data)


@how(max_examples=200)
@given(name=st.sampled_from(NAMES), at=st.integers(0, 500_000), byte=st.integers(0, 255))
def test_a_changed_byte_neither_injects_nor_crashes(name: str, at: int, byte: int) -> None:
    """At most one event changes, by at most the headers around the byte; or nothing more is
    believed. A customer who could do more would steer other people's calls."""
    data = bytearray(_stream(name))
    at %= len(data)
    data[at] = byte
    good, _ = _frames(_stream(name))
    bad, lost = _frames(bytes(data))
    events = [event for frame in good if (event := _event(frame))]
    known = {pair for event in events for pair in event.fields.items()}
    strange = [len(set(event.fields.items()) - known) for frame in bad if (event := _event(frame))]
    assert sum(count > 0 for count in strange) <= 1
    assert sum(strange) <= 2
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(good, bad, strict=False)))
    rest = good[same + 2 :]  # a lost line end joins two frames
    assert lost or _waits_for_more(bytes(data)) or bad[len(bad) - len(rest) :] == rest


def _waits_for_more(data: bytes) -> bool:
    framer = Framer()
    for _ in framer.feed(data):
        pass
    return framer.in_frame


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_bytes_crash_the_framer(pieces: list[bytes]) -> None:
    framer = Framer()
    for piece in (GREETING, *pieces):
        try:
            frames = list(framer.feed(piece))
        except EslFramingError:
            return
        for frame in frames:
            _event(frame)


def test_a_caller_who_writes_line_ends_into_his_name_leaves_no_trace() -> None:
    """%0A in a SIP display name: with greenswitch's own parser it overrides any header."""
    frames, _ = _frames(_stream("esl_hostile_caller_percent_newline"))
    events = [event for frame in frames if (event := _event(frame))]
    names = {event.get("Caller-Caller-ID-Name") for event in events}
    assert "x\nUnique-ID: spoofed-uuid\nRid: 1" in names
    assert not any("spoofed" in event.get("Unique-ID") for event in events)
    assert not any("Rid" in event.fields for event in events)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text()))
def test_a_json_event_is_exact_whatever_is_in_its_values(fields: dict[str, str]) -> None:
    given_fields = {"Event-Name": "CUSTOM", **fields, "Event-Subclass": "a::b"}
    given_fields.pop("_body", None)
    body = json.dumps(given_fields, ensure_ascii=False).encode("utf-8", "replace")
    event = _event(_one(json_frame(body)))
    sound = {k: v.encode("utf-8", "replace").decode() for k, v in given_fields.items()}
    assert event is not None
    assert (event.fields, event.subclass) == (sound, "a::b")


def test_plain_and_json_events_say_the_same() -> None:
    for frame in _frames(_stream("esl_plain_ALL_short_call"))[0]:
        event = _event(frame)
        if event is None:
            continue
        text = json.dumps({**event.fields, "_body": event.body} if event.body else event.fields)
        assert _event(_one(json_frame(text.encode()))) == event


def _one(data: bytes) -> Frame:
    (frame,) = Framer().feed(data)
    return frame


def test_invalid_utf_8_is_replaced_and_the_rest_of_the_event_kept() -> None:
    body = b'{"Event-Name":"CHANNEL_ANSWER","Caller-Caller-ID-Name":"\xff\xe5\xae","Unique-ID":"1"}'
    event = _event(_one(json_frame(body)))
    assert event is not None
    assert (event.get("Caller-Caller-ID-Name"), event.get("Unique-ID")) == ("��", "1")


def test_the_first_of_two_headers_counts_as_in_freeswitch() -> None:
    body = b'{"Event-Name":"A","Unique-ID":"real","Unique-ID":"spoofed"}'
    event = _event(_one(json_frame(body)))
    assert event is not None
    assert event.get("Unique-ID") == "real"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"Event-Name":',
        b'{"Event-Name":""}',
        b'{"Event-Name":{"a":"b"}}',
        b'{"Event-Name":"A","x":null}',
        b'{"Event-Name":"A"} {"Event-Name":"B"}',
        b'{"Event-Name":"A","x":' + b"[" * 100_000 + b"}",
        b'{"Event-Name":"A","x":"' + b"y" * MAX_EVENT_BYTES + b'"}',
    ],
)
def test_a_damaged_event_is_none(body: bytes) -> None:
    assert _event(_one(json_frame(body))) is None


def test_a_number_of_any_length_is_text() -> None:
    event = _event(_one(json_frame(b'{"Event-Name":"A","x":' + b"9" * 5000 + b"}")))
    assert event is not None
    assert event.get("x") == "9" * 5000


def test_half_a_surrogate_pair_can_be_written_on() -> None:
    event = _event(_one(json_frame(b'{"Event-Name":"A","x":"\\ud83d"}')))
    assert event is not None
    assert event.get("x").encode() == "�".encode()


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"Asterisk Call Manager/11.0.0\r\n",
        b"Content-Length: 5\n\nhello",
        b"Content-Type: api/response\nContent-Length: x\n\n",
        b"Content-Type: api/response\nContent-Length: -1\n\n",
        "Content-Type: api/response\nContent-Length: ٣\n\n".encode(),
        b"Content-Type: api/response\nContent-Length: 1\nContent-Length: 1\n\n",
        f"Content-Type: api/response\nContent-Length: {MAX_FRAME_BYTES + 1}\n\n".encode(),
        b"Content-Type: api/response\nContent-Length: " + b"9" * 5000 + b"\n\n",
        b"Content-Type: x\n" + b"x" * MAX_HEAD_BYTES,
    ],
)
def test_what_is_no_event_socket_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(EslFramingError):
        list(Framer().feed(data))


def test_the_frames_before_a_fault_are_kept() -> None:
    frames, lost = _frames(GREETING + GREETING + b"garbage")
    assert ([frame.kind for frame in frames], lost) == (["auth/request"] * 2, True)


def test_an_answer_to_userauth_that_freeswitch_cut_off_is_recognised() -> None:
    """mod_event_socket writes it into 512 bytes; with many rights it has no end."""
    answer = b"Content-Type: command/reply\nReply-Text: +OK accepted\nAllowed-Events: "
    framer = Framer()
    assert not list(framer.feed(answer))
    assert not framer.maybe_cut, "too short to be cut off: the rest is still to come"
    assert not list(framer.feed(b"CHANNEL_CREATE," * 40))
    assert framer.maybe_cut
    assert framer.take_cut().text == "+OK accepted"
    assert [frame.kind for frame in framer.feed(GREETING)] == ["auth/request"]
