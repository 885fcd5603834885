"""Events of the manager interface that the recordings do not show, or show only once."""

from __future__ import annotations

import pytest
from ami_recordings import RECORDINGS, recorded_events
from call_stories import new_book, observe_all, story
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.calls.messages import Party
from rid_telephony.calls.observations import (
    BridgeJoined,
    BridgeParted,
    CallerGaveUp,
    ChannelEnded,
    ChannelKind,
    ChannelMarked,
    ChannelSeen,
    ChannelsListed,
    ChannelUnmarked,
    DialEnded,
    DialStatus,
    LegTold,
    Mark,
    Observation,
)
from rid_telephony.pbx.asterisk.messages import AmiEvent
from rid_telephony.pbx.asterisk.names import endpoint_of, hangup_status, kind_of
from rid_telephony.pbx.asterisk.translate import Translator

NAMES = sorted({e.name for p in RECORDINGS.glob("ami*.jsonl") for e in recorded_events(p.stem)})


def _event(name: str, at: float = 1.0, **fields: str) -> AmiEvent:
    return AmiEvent(name, at, fields)


def _translate(*events: AmiEvent) -> list[Observation]:
    translator = Translator()
    return [obs for event in events for obs in translator.translate(event)]


def test_the_user_event_marks_a_call() -> None:
    marked = _event(
        "UserEvent",
        userevent="RidAssist",
        uniqueid="1.1",
        channel="PJSIP/c-1",
        assist="on",
        mark="leg=agent&agent=1001&consent=yes",
    )
    assert _translate(marked) == [
        ChannelMarked(1.0, "1.1", Mark(leg=Party.AGENT, agent="1001", consent=True))
    ]
    off = _event("UserEvent", userevent="RidAssist", uniqueid="1.1", assist="off", mark="leg=agent")
    assert _translate(off) == [ChannelUnmarked(1.0, "1.1")]
    assert _translate(_event("UserEvent", userevent="AIHint", channel="PJSIP/c-1")) == []


def test_the_leg_that_the_dialplan_sets_is_seen() -> None:
    snapshot = AmiEvent(
        "BridgeEnter",
        1.0,
        {"uniqueid": "1.1", "channel": "PJSIP/c-1", "bridgeuniqueid": "b"},
        {"RID_LEG": "customer"},
    )
    seen = _translate(snapshot)[0]
    assert isinstance(seen, ChannelSeen)
    assert seen.leg is Party.CUSTOMER
    changed = _event("VarSet", uniqueid="1.1", variable="__RID_LEG", value="agent")
    assert _translate(changed) == [ChannelSeen(1.0, "1.1", leg=Party.AGENT)]
    everybody = _event("VarSet", uniqueid="none", channel="none", variable="RID_LEG", value="agent")
    assert _translate(everybody) == []


@pytest.mark.parametrize(
    ("uid", "name", "kind", "endpoint"),
    [
        ("1.1", "PJSIP/1001-0000000a", ChannelKind.PHONE, "1001"),
        ("1.1", "PJSIP/agent-7-0000001A", ChannelKind.PHONE, "agent-7"),
        ("1.1", "Local/1001@out-00000001;2", ChannelKind.LOCAL, ""),
        ("fork-agent-1.1", "AudioSocket/127.0.0.1:9-x", ChannelKind.FORK, "127.0.0.1:9-x"),
        ("1.1", "AudioSocket/127.0.0.1:9-x", ChannelKind.SERVICE, "127.0.0.1:9-x"),
        ("1.1", "CBAnn/conf-00000001;2", ChannelKind.SERVICE, "conf"),
        ("1.1", "", ChannelKind.PHONE, ""),
    ],
)
def test_a_name_says_what_a_channel_is(
    uid: str, name: str, kind: ChannelKind, endpoint: str
) -> None:
    assert kind_of(uid, name) is kind
    assert endpoint_of(name) == endpoint


@pytest.mark.parametrize(
    ("tech", "cause", "status"),
    [
        ("486", "17", DialStatus.BUSY),
        ("603", "21", DialStatus.REJECTED),
        ("SIP 480 Temporarily Unavailable", "19", DialStatus.NO_ANSWER),
        ("487", "127", DialStatus.CANCELLED),
        ("503", "34", DialStatus.FAILED),
        ("", "17", DialStatus.BUSY),
        ("", "21", DialStatus.REJECTED),
        ("", "16", None),
        ("", "0", None),
        ("", "", None),
        ("", "99999999", None),
        ("", "x", None),
        ("", "38", DialStatus.FAILED),
    ],
)
def test_the_failure_code_of_a_hangup(tech: str, cause: str, status: DialStatus | None) -> None:
    assert hangup_status(tech, cause) is status
    gone = _event("Hangup", uniqueid="1.1", techcause=tech, cause=cause)
    assert _translate(gone) == [ChannelEnded(1.0, "1.1", status, hangup_status("", cause))]


def test_the_channel_that_was_swapped_out_has_left() -> None:
    entered = _event("BridgeEnter", uniqueid="1.3", bridgeuniqueid="b", swapuniqueid="1.2")
    assert _translate(entered)[1:] == [BridgeParted(1.0, "b", "1.2"), BridgeJoined(1.0, "b", "1.3")]


def test_callers_in_a_parking_lot_do_not_hear_each_other() -> None:
    parked = _event(
        "BridgeEnter", uniqueid="1.3", bridgeuniqueid="lot", bridgetechnology="holding_bridge"
    )
    assert _translate(parked)[-1] == BridgeParted(1.0, "", "1.3")


def test_a_queue_tells_customer_and_member() -> None:
    fields = {
        "uniqueid": "1.1",
        "channel": "PJSIP/c-1",
        "destuniqueid": "1.2",
        "destchannel": "PJSIP/1001-2",
        "interface": "PJSIP/1001",
    }
    alice = _translate(_event("AgentConnect", **fields, membername="Alice"))
    assert alice[2:] == [
        LegTold(1.0, "1.1", Party.CUSTOMER),
        LegTold(1.0, "1.2", Party.AGENT, "Alice"),
    ]
    unnamed = _translate(_event("AgentConnect", **fields, membername="PJSIP/1001"))
    assert unnamed[3] == LegTold(1.0, "1.2", Party.AGENT, "")
    gave_up = _event("QueueCallerAbandon", uniqueid="1.1", queue="wealth", position="1")
    assert _translate(gave_up) == [CallerGaveUp(1.0, "1.1")]


def test_a_dial_status_that_asterisk_may_invent_is_a_failure() -> None:
    for text, status in {"CHANUNAVAIL": DialStatus.FAILED, "busy": DialStatus.BUSY}.items():
        ended = _event("DialEnd", destuniqueid="1.2", uniqueid="1.1", dialstatus=text)
        assert _translate(ended) == [DialEnded(1.0, "1.2", status, "1.1")]


def test_the_halves_of_a_local_channel_are_found_by_their_names() -> None:
    """CoreShowChannels has no LocalBridge; without the pair a call behind it is not found."""
    one = _event("CoreShowChannel", uniqueid="1.1", channel="Local/x@y-00000001;1", bridgeid="b")
    two = _event("CoreShowChannel", uniqueid="1.2", channel="Local/x@y-00000001;2", bridgeid="d")
    pairs = {o.channel: o.other_half for o in _translate(one, two) if isinstance(o, ChannelSeen)}
    assert pairs == {"1.1": "1.2", "1.2": "1.1"}


def test_a_list_of_channels_says_where_they_are_and_which_are_gone() -> None:
    listed = [
        _event("CoreShowChannel", actionid="7", uniqueid="1.1", channel="PJSIP/c-1", bridgeid="b"),
        _event(
            "CoreShowChannel",
            actionid="7",
            uniqueid="1.2",
            channel="PJSIP/1001-2",
            bridgeid="",
            application="AppDial",
        ),
    ]
    done = _event(
        "CoreShowChannelsComplete", actionid="7", eventlist="Complete", listitems="2", at=2.0
    )
    observed = _translate(*listed, done)
    assert [o for o in observed if not isinstance(o, ChannelSeen)] == [
        BridgeJoined(1.0, "b", "1.1"),
        BridgeParted(1.0, "", "1.2"),
        ChannelsListed(2.0, frozenset({"1.1", "1.2"})),
    ]
    assert [o.dialled for o in observed if isinstance(o, ChannelSeen)] == [None, True]


def test_a_list_that_lost_an_item_ends_no_call() -> None:
    translator = Translator()
    for fields in (
        {"listitems": "2", "eventlist": "Complete"},
        {"listitems": "1", "eventlist": "cancelled"},
    ):
        translator.translate(_event("CoreShowChannel", uniqueid="1.1", actionid="7"))
        done = _event("CoreShowChannelsComplete", actionid="7", **fields)
        assert translator.translate(done) == []
    assert translator.counts["list_incomplete"] == 2


def test_an_empty_list_ends_everything() -> None:
    done = _event("CoreShowChannelsComplete", actionid="7", eventlist="Complete", listitems="0")
    assert _translate(done) == [ChannelsListed(1.0, frozenset())]


def test_a_masquerade_does_not_rename_a_channel_for_a_moment() -> None:
    assert _translate(_event("Rename", uniqueid="1.1", newname="PJSIP/c-1<ZOMBIE>")) == []
    renamed = _translate(_event("Rename", uniqueid="1.1", newname="PJSIP/1002-3"))
    assert renamed == [ChannelSeen(1.0, "1.1", "PJSIP/1002-3", endpoint="1002")]


def test_the_customer_stays_connected_while_a_local_channel_is_optimised_away() -> None:
    events = recorded_events("ami22_attended_transfer_ami_atxfer")
    start = next(i for i, e in enumerate(events) if e.name == "LocalOptimizationBegin")
    book, translator = new_book(), Translator()
    for event in events[:start]:
        for observed in translator.translate(event):
            book.observe(observed)
    customer = events[start].get("sourceuniqueid")
    marked = book.observe(ChannelMarked(1.0, customer, Mark()))
    assert len(marked) == 3
    hangup = next(i for i, e in enumerate(events) if i > start and e.name == "HangupRequest")
    swap = [o for e in events[start:hangup] for o in translator.translate(e)]
    assert story(observe_all(book, swap)) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_event_without_its_fields_is_counted_and_harmless(name: str) -> None:
    translator = Translator()
    assert translator.translate(_event(name)) == []
    assert translator.translate(_event(name, uniqueid="<unknown>", dialstatus="BUSY")) == []
    assert translator.translate(_event(name, uniqueid="9" * 10_000)) == []


KEYS = "uniqueid destuniqueid channel destchannel bridgeuniqueid swapuniqueid linkedid actionid"
EVENTS = st.builds(
    AmiEvent,
    st.sampled_from(NAMES),
    st.floats(0, 100),
    st.dictionaries(
        st.sampled_from(
            [*KEYS.split(), "localoneuniqueid", "localtwouniqueid", "sourceuniqueid", "dialstatus"]
        ),
        st.sampled_from(["1.1", "1.2", "1.3", "Local/x-1;1", "Local/x-1;2", "PJSIP/1001-1", ""]),
        max_size=8,
    ),
)


@given(st.lists(EVENTS, max_size=40))
def test_no_order_of_events_raises_and_a_gone_channel_stays_gone(events: list[AmiEvent]) -> None:
    book = new_book()
    translator = Translator()
    for event in events:
        observe_all(book, translator.translate(event))
    ends = [_event("Hangup", uniqueid=uid) for uid in ("1.1", "1.2", "1.3")]
    for end in ends:
        observe_all(book, translator.translate(end))
    assert not any(book.known(uid) for uid in ("1.1", "1.2", "1.3"))
