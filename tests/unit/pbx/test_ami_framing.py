"""The manager interface's bytes, as recorded from real Asterisks, through the real protocol."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import SimpleNamespace

import pytest
from ami_server import BANNER, RECORDINGS, message, recorded
from hypothesis import given, settings
from hypothesis import strategies as st

from rid_telephony.pbx.asterisk.ami_limits import MAX_BANNER_BYTES, MAX_MESSAGE_BYTES
from rid_telephony.pbx.asterisk.ami_protocol import GuardedProtocol
from rid_telephony.pbx.asterisk.ami_stats import AmiCounters
from rid_telephony.pbx.asterisk.messages import AmiEvent

NAMES = sorted(path.name for path in RECORDINGS.glob("ami*.jsonl"))


class FakeTransport(asyncio.Transport):
    """Takes what is written and tells the protocol of its end, as a socket's does."""

    def __init__(self, protocol: GuardedProtocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True
        self.protocol.connection_lost(None)


def feed(chunks: list[bytes], queue_limit: int = 50_000) -> SimpleNamespace:
    """Give chunks to a new protocol; return its events, counters and why it ended, if so."""

    async def run() -> SimpleNamespace:
        events: list[AmiEvent] = []
        counters = AmiCounters()
        protocol = GuardedProtocol(events.append, counters, queue_limit)
        protocol.connection_made(FakeTransport(protocol))
        protocol.go_live()
        for chunk in chunks:
            protocol.data_received(chunk)
        protocol.connection_lost(None)
        why = await protocol.lost
        return SimpleNamespace(events=events, counters=counters, why=why)

    return asyncio.run(run())


def plain(events: list[AmiEvent]) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    return [(event.name, dict(event.fields), dict(event.variables)) for event in events]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % len(data) for place in places), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


@pytest.mark.parametrize("name", NAMES)
def test_every_event_of_a_recording_is_handed_on_in_order(name: str) -> None:
    data = recorded(name)
    result = feed([data])
    names = [
        part.split(b"\r\n")[0].removeprefix(b"Event: ").decode()
        for part in data.split(b"\r\n\r\n")
        if part.startswith(b"Event: ")
    ]
    assert [event.name for event in result.events] == names
    assert result.counters == AmiCounters()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8)
@given(places=st.lists(st.integers(min_value=0), max_size=12))
def test_a_read_may_end_anywhere_without_changing_an_event(name: str, places: list[int]) -> None:
    data = recorded(name)
    assert plain(feed(cut(data, places)).events) == plain(feed([data]).events)


def test_a_recording_read_byte_by_byte_gives_the_same_events() -> None:
    data = recorded("ami22_normal_call.jsonl")
    assert plain(feed([bytes([byte]) for byte in data]).events) == plain(feed([data]).events)


def test_a_chinese_name_cut_inside_a_character_arrives_whole() -> None:
    """panoramisk itself loses the character."""
    data = BANNER + message("Event", "Newchannel", [("CallerIDName", "王小明")])
    for place in range(len(BANNER), len(data)):
        events = feed([data[:place], data[place:]]).events
        assert [event.get("calleridname") for event in events] == ["王小明"]


def test_headers_are_read_as_asterisk_means_them() -> None:
    fields = [
        ("Channel", "PJSIP/1001-00000001"),
        ("channel", "forged by a user event"),
        ("AppData", "key: value: more"),
        ("Content", "a header that panoramisk overwrites"),
        ("Result", "100%25"),
        ("Empty", ""),
        ("ChanVariable", "RID_LEG=customer"),
        ("ChanVariable(AudioSocket/127.0.0.1:9092-1)", "RID_MARK=a=b&c: d"),
        ("DestChanVariable", "RID_LEG=agent"),
        ("Last", "ends in an ideographic blank\u3000"),
    ]
    [event] = feed([BANNER + message("Event", "UserEvent", fields)]).events
    assert event.get("channel") == "PJSIP/1001-00000001"
    assert event.get("appdata") == "key: value: more"
    assert event.get("content") == "a header that panoramisk overwrites"
    assert event.get("result") == "100%25"
    assert event.get("last") == "ends in an ideographic blank\u3000"
    assert event.fields["empty"] == ""
    assert event.variables == {"RID_LEG": "customer", "RID_MARK": "a=b&c: d"}


def test_an_originate_response_is_an_event_although_it_carries_a_response() -> None:
    events = feed([recorded("ami22_fork_failures.jsonl")]).events
    answers = [event for event in events if event.name == "OriginateResponse"]
    assert [event.get("response") for event in answers].count("Failure") == 2
    assert {"CS_ROLE", "CS_CALL"} == set(answers[1].variables)


def test_what_is_neither_event_nor_response_is_counted_and_passed_over() -> None:
    good = message("Event", "Hangup")
    odd = b"Nonsense\r\n\r\nEvent : x\r\n\r\n: \r\n\r\n\r\n\r\n"
    result = feed([BANNER + good + odd + good])
    assert [event.name for event in result.events] == ["Hangup", "Hangup"]
    assert result.counters.malformed == 3


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"Asterisk Call Manager/" + b"1" * MAX_BANNER_BYTES,
    ],
)
def test_a_peer_that_is_no_manager_interface_is_left(data: bytes) -> None:
    assert "not a manager interface" in feed([data]).why.message


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
@pytest.mark.parametrize("size", [1000, 1_000_000])
def test_a_message_without_end_does_not_fill_the_memory(end: bytes, size: int) -> None:
    data = BANNER + b"Event: X\r\nData: " + b"x" * (MAX_MESSAGE_BYTES + 1) + end
    result = feed([data[at : at + size] for at in range(0, len(data), size)])
    assert "larger than" in result.why.message
    assert result.events == []


def test_more_events_than_the_queue_holds_end_the_connection_and_are_counted() -> None:
    """Losing some of them silently would leave calls that never end."""
    result = feed([BANNER + message("Event", "Newchannel") * 101], queue_limit=100)
    assert "More than 100 events" in result.why.message
    assert result.counters.dropped == 101
    assert result.events == []


def test_events_read_before_the_connection_ends_are_still_handed_on() -> None:
    events = feed([BANNER + message("Event", "Hangup") * 5000]).events
    assert len(events) == 5000


@settings(max_examples=200)
@given(
    start=st.integers(min_value=0),
    junk=st.binary(min_size=1, max_size=40),
    places=st.lists(st.integers(min_value=0), max_size=4),
)
def test_damaged_bytes_never_raise(start: int, junk: bytes, places: list[int]) -> None:
    data = bytearray(recorded("ami22_fork_pcma_zh.jsonl"))
    at = start % len(data)
    data[at : at + len(junk)] = junk
    result = feed(cut(bytes(data), places))
    assert result.why is not None


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes_after_the_greeting_never_raise(data: bytes) -> None:
    assert feed([BANNER + data, data]).why is not None
