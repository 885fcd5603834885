"""Every recorded event socket gives the calls that were made, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pytest
from call_stories import AGENTS, assert_in_order, story, wall
from esl_recordings import recorded_events, recorded_names
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.calls.book import CallBook
from rid_telephony.calls.messages import CallEvent, CallStarted, Party, TalkBegan, TalkEvent
from rid_telephony.calls.observations import ChannelMarked, ChannelSeen, Mark
from rid_telephony.pbx.freeswitch.esl_subscription import NEEDED
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.freeswitch.translate import EVENTS, Translator
from rid_telephony.pbx.freeswitch.translate_fields import user_of

HEAD = ["started inbound: 2000 with 1000, agent 1000", "answered", "talk: 2000~1000"]
CUSTOMER_ENDS = ["paused", "ended normal by customer"]
NORMAL = [*HEAD, *CUSTOMER_ENDS]
TO_1001 = ["transferred to 1001, agent 1001", "talk: 2000~1001"]
BLIND = [*HEAD, "paused", *TO_1001, *CUSTOMER_ENDS]
OUTBOUND = ["started outbound: 2000 with 1000, agent 1000", *HEAD[1:], *CUSTOMER_ENDS]
STORIES = {
    "esl_attended_transfer_replaces": [
        *HEAD,
        *["held by agent", "retrieved by agent", "paused"],
        *TO_1001,
        *CUSTOMER_ENDS,
    ],
    "esl_audio_fork_session": NORMAL,
    "esl_audio_stream_session": NORMAL,
    "esl_auth_failure_then_server_shutdown": [],
    "esl_blind_transfer_refer": BLIND,
    "esl_blind_transfer_uuid_transfer": BLIND,
    "esl_bridge_agent_hangs_up": [*HEAD, "paused", "ended normal by agent"],
    "esl_bridge_answer_hangup": NORMAL,
    "esl_callcenter_queue": NORMAL,
    "esl_eavesdrop_fork": NORMAL,
    "esl_failed_calls": [
        "started inbound: 2000 with 1000, agent 1000",
        "ended busy by nobody",
        "started outbound: x with -, agent ",
        "ended failed by nobody",
    ],
    "esl_hold_unhold": [
        *HEAD,
        *["held by agent", "retrieved by agent", "held by customer", "retrieved by customer"],
        *CUSTOMER_ENDS,
    ],
    "esl_hostile_caller_percent_newline": [line.replace("2000", "evil") for line in NORMAL],
    "esl_json_ALL_short_call": NORMAL,
    "esl_originate_outbound_both": OUTBOUND,
    "esl_originate_uuid_bridge": OUTBOUND,
    "esl_plain_ALL_short_call": NORMAL,
    "esl_sip_rtp_pcma_zh": NORMAL,
    "esl_sip_rtp_pcmu_en": NORMAL,
    "esl_uuid_record_fifo": NORMAL,
    "esl_writeback_commands": [],
}
AGENT_FIRST = "esl_originate_outbound_both"
AGENTS_BEGIN_WITH_1 = r"^1\d{3}$"
"""The recorded customer is 2000, which the default pattern takes for an agent, too."""


@cache
def _events(name: str) -> tuple[EslEvent, ...]:
    return tuple(recorded_events(name))


@cache
def _without_legs(name: str) -> tuple[EslEvent, ...]:
    """A dialplan that does not say ``rid_leg``."""
    return tuple(_dropped(event, "variable_rid_leg") for event in _events(name))


def _dropped(event: EslEvent, key: str) -> EslEvent:
    return replace(event, fields={k: v for k, v in event.fields.items() if k != key})


def _is_marked(name: str, event: EslEvent) -> bool:
    """Whether the dialplan marks this channel: the customer's, or the first of an outbound call."""
    if event.name != "CHANNEL_CREATE":
        return False
    first = {"1000"} if name == AGENT_FIRST else {"2000", "evil", "x"}
    began_it = not event.get("variable_originator")
    return began_it and user_of(event.get("Channel-Name")) in first


def _replay(
    name: str,
    mark: Mark | None,
    events: Iterable[EslEvent],
    *,
    agents: str = AGENTS,
    again: int = 1,
) -> list[CallEvent | TalkEvent]:
    """What the book says of a recording; ``again`` repeats every observation at once."""
    book, translator = CallBook(agents, wall=wall), Translator()
    told: list[CallEvent | TalkEvent] = []
    for event in events:
        for observed in translator.translate(event):
            for _ in range(again):
                told += book.observe(observed)
            if mark and isinstance(observed, ChannelSeen) and _is_marked(name, event):
                told += book.observe(ChannelMarked(observed.at, observed.channel, mark))
    assert book.calls == ()
    assert translator.counts["malformed"] == 0
    assert_in_order(told)
    return told


def _named(name: str, told: list[CallEvent | TalkEvent]) -> list[str]:
    """The story with users for the uuids of those who talk."""
    users = {e.get("Unique-ID"): user_of(e.get("Channel-Name")) for e in _events(name)}
    lines = story(told)
    for index, event in enumerate(told):
        if isinstance(event, TalkBegan):
            lines[index] = f"talk: {users[event.customer]}~{users[event.agent]}"
            assert event.endpoint == users[event.agent]
    return lines


def test_every_recording_has_its_story() -> None:
    assert recorded_names() == sorted(STORIES)


@pytest.mark.parametrize("name", STORIES)
def test_a_recording_gives_its_call_where_the_dialplan_says_whose_leg_it_is(name: str) -> None:
    assert _named(name, _replay(name, Mark(), _events(name))) == STORIES[name]


@pytest.mark.parametrize("name", STORIES)
def test_a_recording_gives_its_call_where_only_the_agents_pattern_tells(name: str) -> None:
    told = _replay(name, Mark(), _without_legs(name), agents=AGENTS_BEGIN_WITH_1)
    assert _named(name, told) == STORIES[name]


@pytest.mark.parametrize("name", STORIES)
def test_a_recording_gives_its_call_where_the_mark_says_whose_leg_it_is(name: str) -> None:
    mark = Mark(leg=Party.AGENT if name == AGENT_FIRST else Party.CUSTOMER)
    if name == "esl_originate_uuid_bridge":
        # Both legs were dialled by themselves: nothing but the mark tells.
        told = _replay(name, mark, _without_legs(name), agents="^nobody$")
    else:
        told = _replay(name, mark, _without_legs(name))
    assert _named(name, told) == STORIES[name]


@pytest.mark.parametrize("name", STORIES)
def test_without_a_mark_nothing_is_ever_said(name: str) -> None:
    assert _replay(name, None, _events(name)) == []


@pytest.mark.parametrize("name", STORIES)
def test_every_observation_twice_changes_nothing(name: str) -> None:
    assert _named(name, _replay(name, Mark(), _events(name), again=2)) == STORIES[name]


@pytest.mark.parametrize("name", STORIES)
def test_every_event_twice_changes_nothing(name: str) -> None:
    doubled = [event for event in _events(name) for _ in range(2)]
    assert _named(name, _replay(name, Mark(), doubled)) == STORIES[name]


@pytest.mark.parametrize("name", STORIES)
def test_any_event_of_a_recording_may_be_missing(name: str) -> None:
    """FreeSWITCH drops events for a slow reader: a call may be wrong, never stuck or told twice."""
    events = _events(name)
    starts = sum(line.startswith("started") for line in STORIES[name])
    for missing, event in enumerate(events):
        if event.name in EVENTS or event.name == "CUSTOM":
            rest = events[:missing] + events[missing + 1 :]
            told = _replay(name, Mark(), rest)
            assert sum(isinstance(e, CallStarted) for e in told) <= starts


@pytest.mark.parametrize("name", sorted(set(STORIES) - {AGENT_FIRST, "esl_failed_calls"}))
def test_with_least_rights_and_the_admins_own_lines_every_answered_call_is_found(name: str) -> None:
    """An event socket user may get a few events only; the mark is a variable set after CREATE."""
    customers = {e.get("Unique-ID") for e in _events(name) if _is_marked(name, e)}
    marked = [
        replace(event, fields={**event.fields, "variable_rid_assist": "on"})
        if event.get("Unique-ID") in customers and event.name != "CHANNEL_CREATE"
        else event
        for event in _events(name)
        if event.name in NEEDED
    ]
    told = _replay(name, None, marked)
    assert _named(name, told) == STORIES[name]


def test_a_consultation_that_passes_the_marked_dialplan_is_no_call() -> None:
    """1000 calls 1001 through the same extension as customers do; a fork there would hear staff."""
    name = "esl_attended_transfer_replaces"
    marked = []
    for event in _without_legs(name):
        came_in = event.get("Call-Direction") == "inbound"
        marks = {"variable_rid_assist": "on"} if came_in else {}
        marked.append(replace(event, fields={**event.fields, **marks}))
    told = _replay(name, None, marked, agents=AGENTS_BEGIN_WITH_1)
    assert _named(name, told) == STORIES[name]


def test_the_hostile_callers_line_breaks_leave_no_trace() -> None:
    name = "esl_hostile_caller_percent_newline"
    [started] = [e for e in _replay(name, Mark(), _events(name)) if isinstance(e, CallStarted)]
    customer = next(leg for leg in started.legs if leg.party is Party.CUSTOMER)
    assert customer.number == "evil"
    assert customer.name
    assert customer.name.isprintable()


def test_the_queue_names_its_agent() -> None:
    """Without ``rid_leg`` and with a pattern that tells nothing, mod_callcenter's word counts."""
    name = "esl_callcenter_queue"
    told = _replay(name, Mark(), _without_legs(name), agents="^nobody$")
    assert _named(name, told) == NORMAL


def test_our_own_listening_legs_are_no_party() -> None:
    name = "esl_eavesdrop_fork"
    kinds = {
        o.channel: o.kind
        for event in _events(name)
        for o in Translator().translate(event)
        if isinstance(o, ChannelSeen)
    }
    assert sorted(kinds.values()) == ["fork", "fork", "phone", "phone"]


DAMAGES = st.tuples(
    st.sampled_from(sorted(set(STORIES) - {"esl_writeback_commands"})),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.one_of(st.just(""), st.text(max_size=3), st.sampled_from(["0", "on", "\x00", "A" * 9999])),
)


@given(DAMAGES)
def test_a_damaged_header_never_raises_nor_tells_a_call_twice(
    damage: tuple[str, int, int, int, str],
) -> None:
    name, which, header, place, text = damage
    events = list(_events(name))
    damaged = events[which % len(events)]
    key = sorted(damaged.fields)[header % len(damaged.fields)]
    value = damaged.fields[key]
    place %= len(value) + 1
    fields = {**damaged.fields, key: value[:place] + text + value[place + 1 :]}
    events[which % len(events)] = EslEvent(
        fields["Event-Name"], damaged.at, fields, fields.get("Event-Subclass", "")
    )
    book, translator = CallBook(AGENTS, wall=wall), Translator()
    told: list[CallEvent | TalkEvent] = []
    for event in events:
        for observed in translator.translate(event):
            told += book.observe(observed)
            if isinstance(observed, ChannelSeen) and _is_marked(name, event):
                told += book.observe(ChannelMarked(observed.at, observed.channel, Mark()))
    assert_in_order(told)
