"""What the SDK makes of messages: of every type, of a newer server's, and of nonsense."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgpack  # type: ignore[import-untyped]  # ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.client import FeedFormatError, OtherData
from rid_telephony.client.event import decode, event_of, tolerant
from rid_telephony.cti.callview import CallHeadline
from rid_telephony.cti.events import CallStarted, ComplianceAlert, HintOffered, PartyAddress
from rid_telephony.cti.events.rid import FindingData

pytestmark = pytest.mark.unit

HINT = {
    "at_ms": 1200,
    "hint_id": "c1-h-001",
    "strategy": "empathize",
    "priority": 3,
    "line": "先认同，再问担心什么",
    "script": "您的担心很正常。",
    "reason": "异议",
    "cause": "objection",
    "confidence": 0.9,
    "expires_ms": 20000,
    "evidence": ["c1-u1"],
}


def cloud_event(event_type: str = "hint.offered", **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "c1/7",
        "source": "/bank/node1",
        "type": event_type,
        "subject": "c1",
        "time": "2026-11-22T09:00:01.200000Z",
        "datacontenttype": "application/json",
        "dataschema": f"urn:rid-telephony:event:{event_type}:1",
        "sequence": 7,
        "cursor": 4711,
        "tenant": "default",
        "agent": "1001",
        "data": HINT,
        **more,
    }


def test_an_event_comes_with_its_envelope_and_the_model_of_its_type() -> None:
    event = decode(json.dumps(cloud_event()))
    assert (event.id, event.call_id, event.cursor, event.agent) == ("c1/7", "c1", 4711, "1001")
    assert event.time == datetime(2026, 11, 22, 9, 0, 1, 200_000, tzinfo=UTC)
    assert isinstance(event.data, HintOffered)
    assert event.data.line == "先认同，再问担心什么"


def test_msgpack_says_the_same_as_json() -> None:
    value = cloud_event()
    assert decode(msgpack.packb(value)) == decode(json.dumps(value))


def test_fields_of_a_newer_server_do_not_disturb() -> None:
    """An integrator's program must survive an upgrade of ours."""
    data = {**HINT, "colour": "green"}
    event = event_of(cloud_event(data=data, severity="new in the envelope"))
    assert isinstance(event.data, HintOffered)


def test_new_fields_deep_inside_are_left_out_and_the_values_given_stay_as_they_are() -> None:
    party = {"role": "agent", "channel": "ch", "number": "1001", "name": "", "site": "Shanghai"}
    values = {
        "at_ms": 0,
        "direction": "outbound",
        "parties": [party, {**party, "role": "customer"}],
        "customer_id": "",
        "campaign": {"id": 1},
    }
    started = tolerant(CallStarted, values)
    plain = PartyAddress(role="agent", channel="ch", number="1001", name="")
    assert started.parties == [plain, plain.model_copy(update={"role": "customer"})]
    assert party["site"] == "Shanghai"
    finding = dict.fromkeys(FindingData.model_fields, "x") | {
        "severity": "minor",
        "confidence": 0.5,
        "begin": 0,
        "end": 1,
        "new": True,
    }
    alert = tolerant(ComplianceAlert, {"at_ms": 0, "utterance_id": "u", "finding": finding})
    assert alert.finding.severity == "minor"


@pytest.mark.parametrize(
    ("event_type", "data"),
    [("call.parked", {"at_ms": 1}), ("call.held", {"at_ms": 1, "by": "supervisor"})],
)
def test_types_and_words_of_a_newer_server_come_as_other_data(
    event_type: str, data: dict[str, Any]
) -> None:
    """Not silently dropped, and not the end of the stream."""
    event = event_of(cloud_event(event_type, data=data))
    assert event.type == event_type
    assert event.data == OtherData(data)


@pytest.mark.parametrize(
    "message",
    ["", "<html>", "[]", "null", "{}", b"", b"\xc1", b"\xff\xff", "[" * 100_000, "1e999"],
)
def test_what_is_no_event_is_said_to_be_none(message: str | bytes) -> None:
    with pytest.raises(FeedFormatError):
        decode(message)


def test_an_error_repeats_nothing_of_what_came() -> None:
    """Events hold personal data, errors end in logs."""
    broken = cloud_event(cursor="王小明")
    with pytest.raises(FeedFormatError) as caught:
        event_of(broken)
    assert "cursor" in str(caught.value)
    assert "王小明" not in "".join(map(str, (caught.value, caught.value.__cause__)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_event_or_an_error(message: bytes) -> None:
    with pytest.raises(FeedFormatError):
        decode(message)


@given(st.sampled_from(sorted(cloud_event())), JSON)
def test_any_value_in_an_envelope_makes_an_event_or_an_error(name: str, value: object) -> None:
    try:
        event = event_of(cloud_event(**{name: value}))
    except FeedFormatError:
        return
    assert event.cursor >= 0


@given(st.sampled_from(sorted(HINT)), JSON)
def test_any_value_in_known_data_makes_an_event(name: str, value: object) -> None:
    event = event_of(cloud_event(data={**HINT, name: value}))
    assert isinstance(event.data, HintOffered | OtherData)


def test_lists_of_calls_survive_new_fields_too() -> None:
    line = dict.fromkeys(CallHeadline.model_fields) | dict.fromkeys(
        ("call_id", "tenant", "agent", "queue", "customer_id", "direction", "cause", "stage",
         "style", "emotion", "customer_state", "outcome"), ""
    ) | {"state": "held", "started_at": "2026-11-22T09:00:00Z"}  # fmt: skip
    line |= {"at_ms": 1, "cursor": 2, "alerts": 0, "new": 1}
    assert tolerant(CallHeadline, line).state == "held"
