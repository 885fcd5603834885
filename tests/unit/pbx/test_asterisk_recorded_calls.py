"""Every recorded manager session gives the calls that were made, and nothing else."""

from __future__ import annotations

import re

import pytest
from ami_recordings import RECORDINGS, recorded_events
from call_stories import assert_in_order, new_book, story

from rid_telephony.calls.messages import CallEvent, Party, TalkBegan, TalkEvent
from rid_telephony.calls.observations import ChannelKind, ChannelMarked, ChannelSeen, Mark
from rid_telephony.pbx.asterisk.translate import Translator

HEAD_1001 = ["started inbound: customer with 1001, agent 1001", "answered", "talk: customer~1001"]
CUSTOMER_ENDS = ["paused", "ended normal by customer"]
AGENT_ENDS = ["paused", "ended normal by agent"]
NORMAL = [*HEAD_1001, *CUSTOMER_ENDS]
HOLD = [
    *HEAD_1001,
    *["held by agent", "retrieved by agent", "held by customer", "retrieved by customer"],
    *AGENT_ENDS,
]
TO_1002 = ["transferred to 1002, agent 1002", "talk: customer~1002"]
BLIND = [*HEAD_1001, "paused", *TO_1002, *CUSTOMER_ENDS]
STATIC_MEMBER = [
    "started inbound: customer with 1001, agent Alice",
    *["answered", "talk: customer~1001"],
    *AGENT_ENDS,
]
DYNAMIC_MEMBER = [
    "started inbound: customer with 1002, agent Bob",
    *["answered", "talk: customer~1002"],
    *CUSTOMER_ENDS,
]
ABANDONED = [
    "started inbound: customer with 1001, agent Alice",
    "ended cancelled by customer",
]
STORIES = {
    "ami16_hold_unhold": HOLD,
    "ami16_normal_call": NORMAL,
    "ami16_normal_call_readall": NORMAL,
    "ami16_queue_abandon_busy": ABANDONED,
    "ami16_queue_agentconnect": STATIC_MEMBER,
    "ami16_queue_dynamic_member": DYNAMIC_MEMBER,
    "ami22_attended_transfer_ami_atxfer": [
        *HEAD_1001,
        *["held by agent", "paused", "retrieved by agent"],
        *TO_1002,
        *CUSTOMER_ENDS,
    ],
    "ami22_attended_transfer_sip_refer": [
        *HEAD_1001,
        *["held by agent", "retrieved by agent", "paused"],
        *TO_1002,
        *CUSTOMER_ENDS,
    ],
    "ami22_blind_transfer_ami": BLIND,
    "ami22_blind_transfer_sip_refer": BLIND,
    "ami22_customer_cancels_while_ringing": [
        "started inbound: customer with 1001, agent 1001",
        "ended cancelled by customer",
    ],
    "ami22_failed_busy": [
        "started inbound: customer with 1001, agent 1001",
        "ended busy by nobody",
        "started inbound: customer with 1001, agent 1001",
        "ended rejected by nobody",
    ],
    "ami22_fork_failures": NORMAL,
    "ami22_fork_pcma_zh": [
        "started inbound: custalaw with 1005, agent 1005",
        *["answered", "talk: custalaw~1005"],
        *CUSTOMER_ENDS,
    ],
    "ami22_fork_pcmu_baresip_agent": [
        "started inbound: customer with 2001, agent 2001",
        *["answered", "talk: customer~2001"],
        *CUSTOMER_ENDS,
    ],
    "ami22_fork_pcmu_en": NORMAL,
    "ami22_fork_pcmu_en_slin16": NORMAL,
    "ami22_hold_unhold": HOLD,
    "ami22_normal_call": NORMAL,
    "ami22_normal_call_readall": NORMAL,
    "ami22_originate_fail": [],
    "ami22_outbound_originate": [
        "started outbound: 03138000 with 95001, agent 1001",
        *["answered", "talk: trunk~1001"],
        *AGENT_ENDS,
    ],
    "ami22_outbound_originate_local": [
        "started outbound: 03138000 with 1001, agent 1001",
        *["answered", "talk: trunk~1001"],
        *CUSTOMER_ENDS,
    ],
    "ami22_queue_abandon_busy": ABANDONED,
    "ami22_queue_agentconnect": STATIC_MEMBER,
    "ami22_queue_dynamic_member": DYNAMIC_MEMBER,
}
OUTBOUND = ["ami22_outbound_originate", "ami22_outbound_originate_local"]
INBOUND = [name for name in STORIES if name not in OUTBOUND]


def _is_marked_by_the_dialplan(seen: ChannelSeen) -> bool:
    """The channel that runs the dialplan: the customer's, or the first of an outbound call."""
    if seen.kind is ChannelKind.LOCAL:
        return seen.root == seen.channel
    return seen.endpoint in {"customer", "custalaw"} or seen.channel == "myagent-1"


def _replay(name: str, mark: Mark | None, again: int = 1) -> list[CallEvent | TalkEvent]:
    """What the book says of a recording; ``again`` repeats every observation at once."""
    book, translator = new_book(), Translator()
    told: list[CallEvent | TalkEvent] = []
    for event in recorded_events(name):
        for observed in translator.translate(event):
            for _ in range(again):
                told += book.observe(observed)
            if mark is None or event.name != "Newchannel" or not isinstance(observed, ChannelSeen):
                continue
            if _is_marked_by_the_dialplan(observed):
                told += book.observe(ChannelMarked(observed.at, observed.channel, mark))
    assert book.calls == ()
    assert translator.counts["malformed"] == 0
    assert_in_order(told)
    return told


def _named(name: str, told: list[CallEvent | TalkEvent]) -> list[str]:
    """The story with endpoints for the unique ids of those who talk."""
    endpoints = {
        event.get("uniqueid"): re.sub(r"^\w+/|-\w+$", "", event.get("channel"))
        for event in recorded_events(name)
        if event.name == "Newchannel"
    }
    lines = story(told)
    for index, event in enumerate(told):
        if isinstance(event, TalkBegan):
            lines[index] = f"talk: {endpoints[event.customer]}~{endpoints[event.agent]}"
            assert event.endpoint == endpoints[event.agent]
    return lines


def test_every_recording_has_its_story() -> None:
    recorded = {path.stem for path in RECORDINGS.glob("ami*.jsonl")}
    assert recorded == set(STORIES)


@pytest.mark.parametrize("name", STORIES)
def test_a_recording_gives_its_call_where_the_mark_does_not_say_whose_channel_it_is(
    name: str,
) -> None:
    assert _named(name, _replay(name, Mark())) == STORIES[name]


@pytest.mark.parametrize("name", INBOUND)
def test_a_recording_gives_its_call_where_the_customer_is_marked(name: str) -> None:
    assert _named(name, _replay(name, Mark(leg=Party.CUSTOMER))) == STORIES[name]


@pytest.mark.parametrize("name", OUTBOUND)
def test_a_recording_gives_its_call_where_the_agent_is_marked(name: str) -> None:
    assert _named(name, _replay(name, Mark(leg=Party.AGENT))) == STORIES[name]


@pytest.mark.parametrize("name", STORIES)
def test_without_a_mark_nothing_is_ever_said(name: str) -> None:
    assert _replay(name, None) == []


@pytest.mark.parametrize("name", STORIES)
def test_every_observation_twice_changes_nothing(name: str) -> None:
    assert _named(name, _replay(name, Mark(), again=2)) == STORIES[name]


@pytest.mark.parametrize("name", STORIES)
def test_any_event_of_a_recording_may_be_missing(name: str) -> None:
    """Asterisk drops events for a slow reader: a call may be wrong, never stuck or told twice."""
    events = recorded_events(name)
    for missing in range(len(events)):
        book, translator = new_book(), Translator()
        told: list[CallEvent | TalkEvent] = []
        for index, event in enumerate(events):
            if index == missing:
                continue
            for observed in translator.translate(event):
                told += book.observe(observed)
                if isinstance(observed, ChannelSeen) and _is_marked_by_the_dialplan(observed):
                    told += book.observe(ChannelMarked(observed.at, observed.channel, Mark()))
        assert_in_order(told)
