"""Calls that went on, began or ended while nobody listened are known again after a reconnection."""

from __future__ import annotations

import json

import pytest
from call_stories import new_book, observe_all, story
from esl_events import MARKED, Stage, answer, bridge, came_in, dialled, hangup, later
from esl_recordings import command_answers

from rid_telephony.calls.observations import BridgeJoined, ChannelSeen, ChannelsListed
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.freeswitch.translate import Translator, listed_channels
from rid_telephony.pbx.messages import PbxError

CUSTOMER = came_in("c", **MARKED)
AGENT = dialled("a", "c")
TALKING = [CUSTOMER, AGENT, answer(AGENT), answer(CUSTOMER), bridge(CUSTOMER, AGENT)]


def _list(*uids: str, state: str = "CS_EXECUTE") -> str:
    """The answer of ``show channels as json``."""
    rows = [{"uuid": uid, "state": state} for uid in uids]
    return json.dumps({"row_count": len(rows), "rows": rows} if rows else {"row_count": 0})


def _dump(created: EslEvent, to: str = "", **fields: str) -> str:
    """The answer of ``uuid_dump <uuid> json`` of an answered channel, bridged or not."""
    fields = {"Caller_Channel_Answered_Time": "1", **fields}
    if to:
        fields["variable_bridge_to"] = to
    return json.dumps(dict(later("CHANNEL_DATA", created, 9.0, **fields).fields))


def test_the_recorded_answers_are_read() -> None:
    """One dump was recorded, the agent's; it says to whom they talk."""
    answers = dict(command_answers("esl_writeback_commands"))
    listing = answers["show channels as json"]
    customer, agent = listed_channels(listing)
    dump = answers[f"uuid_dump {agent} json"]
    observed = Translator().snapshot(listing, {agent: dump}, 5.0)
    [seen] = [o for o in observed if isinstance(o, ChannelSeen)]
    assert (seen.channel, seen.endpoint, seen.dialled, seen.leg) == (agent, "1000", True, "agent")
    assert seen.root == customer
    [joined] = [o for o in observed if isinstance(o, BridgeJoined)]
    assert joined.channel == agent
    assert set(joined.bridge.split(":")) == {customer, agent}
    assert observed[-1] == ChannelsListed(5.0, frozenset({agent}))


def test_a_call_that_began_unseen_is_picked_up() -> None:
    dumps = {"c": _dump(CUSTOMER, "a"), "a": _dump(AGENT, "c")}
    told = observe_all(new_book(), Translator().snapshot(_list("c", "a"), dumps, 9.0))
    assert story(told) == [
        "started inbound: 13900001111 with 1001, agent 1001",
        "answered",
        "talk: c with a",
    ]


def test_a_call_that_went_on_is_left_alone() -> None:
    """The bridge must get the name that its own event gave it."""
    stage = Stage()
    stage.play(*TALKING)
    dumps = {"c": _dump(CUSTOMER, "a"), "a": _dump(AGENT, "c")}
    assert observe_all(stage.book, Translator().snapshot(_list("c", "a"), dumps, 9.0)) == []


def test_calls_that_ended_unseen_are_lost() -> None:
    stage = Stage()
    stage.play(*TALKING)
    told = observe_all(stage.book, Translator().snapshot(_list(), {}, 9.0))
    assert story(told) == ["paused", "ended lost by nobody"]


def test_a_transfer_and_a_hold_that_were_not_seen_are_noticed() -> None:
    stage = Stage()
    stage.play(*TALKING)
    new = dialled("b", "c", "1002")
    held = {"Channel_Call_State": "HELD"}
    dumps = {"c": _dump(CUSTOMER, "b"), "b": _dump(new, "c", **held)}
    told = observe_all(stage.book, Translator().snapshot(_list("c", "b"), dumps, 9.0))
    assert story(told) == [
        "paused",
        "transferred to 1002, agent 1002",
        "talk: c with b",
        "held by agent",
    ]


def test_a_phone_that_rings_is_remembered_as_dialled() -> None:
    book, translator = new_book(), Translator()
    ringing = {"a": _dump(AGENT, Caller_Channel_Answered_Time="0"), "c": _dump(CUSTOMER)}
    assert observe_all(book, translator.snapshot(_list("a", "c"), ringing, 9.0)) == []
    ends = [hangup(AGENT, 10.0, "USER_BUSY"), hangup(CUSTOMER, 10.0, "USER_BUSY")]
    observed = [o for event in ends for o in translator.translate(event)]
    assert story(observe_all(book, observed))[-1] == "ended busy by nobody"


def test_what_happened_between_the_answers_counts() -> None:
    """Events overtake the answers: the dead must not rise, the newborn not be thought gone."""
    stage = Stage()
    stage.play(*TALKING)
    again = Stage(stage.book)
    newborn = came_in("n")
    told = again.play(newborn, hangup(CUSTOMER, 8.9))
    assert story(told) == ["paused", "ended normal by customer"]
    dumps = {"c": _dump(CUSTOMER, "a"), "a": _dump(AGENT, "c")}
    observed = again.translator.snapshot(_list("c", "a"), dumps, 9.0)
    assert observe_all(again.book, observed) == []
    assert not again.book.known("c")
    assert again.book.known("n")
    assert observed[-1] == ChannelsListed(9.0, frozenset({"a", "n"}))


def test_a_channel_that_hangs_up_is_not_listed() -> None:
    assert listed_channels(_list("c", state="CS_HANGUP")) == []


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "-ERR",
        "[]",
        "{}",
        '{"row_count":2,"rows":[{"uuid":"c"}]}',
        '{"row_count":1}',
        '{"row_count":0,"rows":',
        "[" * 100_000,
    ],
)
def test_a_list_that_is_not_whole_ends_no_call(answer: str) -> None:
    with pytest.raises(PbxError):
        listed_channels(answer)
    with pytest.raises(PbxError):
        Translator().snapshot(answer, {}, 1.0)


@pytest.mark.parametrize("dump", ["", "-ERR No such channel!", "[]", '{"Unique-ID":"other"}', "{"])
def test_an_unreadable_dump_is_counted_and_its_channel_not_thought_gone(dump: str) -> None:
    stage = Stage()
    stage.play(*TALKING)
    translator = Translator()
    observed = translator.snapshot(_list("c", "a"), {"c": dump, "a": _dump(AGENT, "c")}, 9.0)
    assert translator.counts["malformed"] == 1
    assert observe_all(stage.book, observed) == []
