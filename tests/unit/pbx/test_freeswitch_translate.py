"""What the recordings of FreeSWITCH do not show: failures, early media, and odd channels."""

from __future__ import annotations

from dataclasses import replace

import pytest
from call_stories import story
from esl_events import (
    BYE,
    MARKED,
    Stage,
    answer,
    bridge,
    came_in,
    dialled,
    esl_event,
    hangup,
    later,
)
from esl_recordings import recorded_events

from rid_telephony.calls.messages import CallStarted, CustomerContext, Party
from rid_telephony.calls.observations import (
    ChannelKind,
    ChannelMarked,
    ChannelSeen,
    ChannelUnmarked,
    DialBegun,
    LegTold,
    Mark,
)
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.freeswitch.translate import Translator

CUSTOMER = came_in("c", **MARKED)
AGENT = dialled("a", "c")
TALKING = [CUSTOMER, AGENT, answer(AGENT), answer(CUSTOMER), bridge(CUSTOMER, AGENT)]
STARTED = [
    "started inbound: 13900001111 with 1001, agent 1001",
    "answered",
    "talk: c with a",
]


def _seen(event: EslEvent) -> ChannelSeen:
    observed = Translator().translate(event)[0]
    assert isinstance(observed, ChannelSeen)
    return observed


def test_the_mark_is_read_from_the_channels_variables() -> None:
    """The admin's ``set`` comes after the channel began: its next event tells."""
    variables = {
        "variable_rid_assist": "on",
        "variable_rid_leg": "customer",
        "variable_rid_agent": "wang",
        "variable_rid_tenant": "east",
        "variable_rid_consent": "yes",
        "variable_rid_customer_id": "C1\r\nevent",
        "variable_rid_age": "35",
        "variable_rid_occupation": "教师",
        "variable_rid_risk_level": "C3",
        "variable_rid_holdings": "deposit,fund",
        "variable_rid_income_monthly_cny": "12000.5",
    }
    name = "esl_bridge_answer_hangup"
    events = [
        replace(event, fields={**event.fields, **variables})
        if event.get("Call-Direction") == "inbound" and event.name != "CHANNEL_CREATE"
        else event
        for event in recorded_events(name)
    ]
    told = Stage().play(*events)
    assert len(told) == 5
    started = told[0]
    assert isinstance(started, CallStarted)
    assert (started.agent, started.tenant) == ("wang", "east")
    assert started.context == CustomerContext(
        customer_id="C1event",
        age=35,
        occupation="教师",
        risk_level=3,
        holdings=("deposit", "fund"),
        income_monthly_cny=12000.5,
    )


def test_a_mark_that_came_with_the_channel_is_the_same_as_a_later_one() -> None:
    observed = Translator().translate(came_in("c", variable_rid_assist="on", variable_rid_age="50"))
    assert observed[1] == ChannelMarked(0.0, "c", Mark(context=CustomerContext(age=50)))


def test_switching_assistance_off_stops_it() -> None:
    stage = Stage()
    assert story(stage.play(*TALKING)) == STARTED
    off = later("CHANNEL_EXECUTE", CUSTOMER, 3.0, variable_rid_assist="off")
    assert stage.translator.translate(off)[-1] == ChannelUnmarked(3.0, "c")
    assert story(stage.play(off)) == ["paused"]


def test_a_variable_that_is_empty_says_nothing() -> None:
    assert len(Translator().translate(came_in("c", variable_rid_assist=" "))) == 1
    assert isinstance(Translator().translate(came_in("c", **MARKED))[1], ChannelMarked)


@pytest.mark.parametrize(
    ("cause", "fields", "word"),
    [
        ("USER_BUSY", {"variable_proto_specific_hangup_cause": "sip:486"}, "busy"),
        ("USER_BUSY", {}, "busy"),
        ("CALL_REJECTED", {"variable_proto_specific_hangup_cause": "sip:603"}, "rejected"),
        ("CALL_REJECTED", {}, "rejected"),
        ("NO_ANSWER", {}, "no_answer"),
        ("NO_USER_RESPONSE", {"variable_proto_specific_hangup_cause": "sip:480"}, "no_answer"),
        ("SUBSCRIBER_ABSENT", {}, "failed"),
        ("NO_ROUTE_DESTINATION", {"variable_proto_specific_hangup_cause": "sip:404"}, "failed"),
        ("SOMETHING_NEW", {}, "failed"),
    ],
)
def test_a_call_that_was_not_answered_says_why(
    cause: str, fields: dict[str, str], word: str
) -> None:
    failed = [hangup(AGENT, 1.0, cause, **fields), hangup(CUSTOMER, 1.1, cause)]
    told = Stage().play(CUSTOMER, AGENT, *failed)
    assert story(told) == [STARTED[0], f"ended {word} by nobody"]


@pytest.mark.parametrize("agent_first", [True, False])
def test_a_customer_who_gives_up_while_it_rings_cancelled(agent_first: bool) -> None:
    ends = [hangup(CUSTOMER, 2.0, "ORIGINATOR_CANCEL"), hangup(AGENT, 2.0, "ORIGINATOR_CANCEL")]
    told = Stage().play(CUSTOMER, AGENT, *(reversed(ends) if agent_first else ends))
    assert story(told) == [STARTED[0], "ended cancelled by customer"]


def test_a_customer_who_leaves_the_queue_before_an_agent_is_called_cancelled() -> None:
    member = came_in("c", variable_cc_side="member", **MARKED)
    told = Stage().play(member, answer(member), hangup(member, 9.0, **BYE))
    assert story(told)[-1] == "ended cancelled by customer"


def test_the_queues_agent_is_dialled_for_its_member() -> None:
    agent = dialled("a", variable_cc_member_session_uuid="c", variable_cc_side="agent")
    observed = Translator().translate(agent)
    assert observed[-1] == DialBegun(0.5, "a", "c")
    assert LegTold(0.5, "a", Party.AGENT) in observed


def test_early_media_is_no_talk() -> None:
    """183 before 200: a fork then would hear the network's announcements, as if a customer."""
    agent = came_in("a", "1001", **MARKED)
    customer = dialled("c", "a", "13900001111")
    early = bridge(
        agent,
        customer,
        1.0,
        Caller_Channel_Answered_Time="0",
        Other_Leg_Channel_Answered_Time="0",
    )
    stage = Stage()
    assert stage.play(agent, customer, early) == []
    assert stage.play(answer(customer, 5.0)) == []
    told = stage.play(answer(agent, 5.1))
    assert story(told)[:2] == ["started outbound: 13900001111 with 1001, agent 1001", "answered"]

    unanswered = Stage()
    ends = [hangup(customer, 9.0, "NO_ANSWER"), hangup(agent, 9.1, "NO_ANSWER")]
    told = unanswered.play(agent, customer, early, *ends)
    assert story(told)[1:] == ["ended no_answer by nobody"]


def test_the_pbx_shutting_down_ends_its_calls() -> None:
    stage = Stage()
    stage.play(*TALKING)
    told = stage.play(esl_event("SHUTDOWN", "", 5.0), hangup(CUSTOMER, 5.1, "SYSTEM_SHUTDOWN"))
    assert story(told) == ["paused", "ended lost by nobody"]
    assert not stage.book.known("c")


def test_what_comes_after_the_hangup_brings_nothing_back() -> None:
    """A channel that came back would stay for ever, and its call with it."""
    stage = Stage()
    stage.play(*TALKING)
    parting = later("CHANNEL_UNBRIDGE", bridge(CUSTOMER, AGENT), 6.0)
    late = [
        parting,
        bridge(CUSTOMER, AGENT, 6.0),
        later("CHANNEL_EXECUTE", CUSTOMER, 6.0),
        later("CHANNEL_HOLD", CUSTOMER, 6.0),
        later("CHANNEL_HANGUP_COMPLETE", CUSTOMER, 6.0),
        later("CHANNEL_DESTROY", CUSTOMER, 6.0),
    ]
    told = stage.play(hangup(CUSTOMER, 5.0, **BYE), hangup(AGENT, 5.1))
    assert story(told) == ["paused", "ended normal by customer"]
    assert [stage.translator.translate(event) for event in late] == [[]] * len(late)
    assert stage.book.counts["late"] == 0


def test_a_supervisor_who_listens_in_is_no_party() -> None:
    boss = came_in("s", "1009")
    listens = later("CHANNEL_EXECUTE", boss, 3.0, Application="eavesdrop")
    assert _seen(listens).kind is ChannelKind.SERVICE
    stage = Stage()
    stage.play(*TALKING)
    assert stage.play(boss, listens, answer(boss, 3.0), hangup(boss, 4.0, **BYE)) == []


def test_a_conference_pauses_the_call_and_a_bridge_brings_it_back() -> None:
    stage = Stage()
    stage.play(*TALKING)
    parting = later("CHANNEL_UNBRIDGE", bridge(CUSTOMER, AGENT), 3.0)
    conference = {"Application": "conference", "variable_current_application": "conference"}
    enters = [later("CHANNEL_EXECUTE", leg, 3.1, **conference) for leg in (CUSTOMER, AGENT)]
    assert story(stage.play(parting, *enters)) == ["paused"]
    again = bridge(later("CHANNEL_PARK", CUSTOMER, 4.0, **conference), AGENT, 4.0)
    assert story(stage.play(again)) == ["talk: c with a"]


def test_a_call_through_a_loopback_channel_is_found() -> None:
    """A queue that dials ``loopback/…`` puts two halves of a pipe between customer and agent."""
    half_a = esl_event(
        "CHANNEL_CREATE",
        "l1",
        0.3,
        Channel_Name="loopback/1001-a",
        Call_Direction="outbound",
        variable_originator="c",
        variable_other_loopback_leg_uuid="l2",
    )
    half_b = esl_event(
        "CHANNEL_CREATE",
        "l2",
        0.3,
        Channel_Name="loopback/1001-b",
        Call_Direction="inbound",
        variable_other_loopback_leg_uuid="l1",
    )
    agent = dialled("a", "l2")
    told = Stage().play(
        *[CUSTOMER, half_a, half_b, agent, answer(agent), answer(half_a), answer(CUSTOMER)],
        *[bridge(half_b, agent), bridge(CUSTOMER, half_a)],
    )
    assert story(told) == STARTED


def test_a_trunk_is_one_endpoint_whatever_number_it_dials() -> None:
    out = dialled("c", "a", "13900001111", variable_sip_gateway_name="bank")
    assert (_seen(out).endpoint, _seen(out).number) == ("bank", "13900001111")
    into = came_in("c", "139", variable_sip_gateway="bank")
    assert (_seen(into).endpoint, _seen(into).number) == ("bank", "139")


def test_an_agent_whose_leg_dials_on_keeps_their_name() -> None:
    """``bridge`` to ``user/2000`` sets ``dialed_user`` of the leg that bridges: hints for the
    agent would go to the customer."""
    agent = dialled("a", "", "1000", Channel_Presence_ID="1000@bank")
    assert (_seen(agent).endpoint, _seen(agent).number) == ("1000", "1000")
    for sign in ({"variable_current_application": "bridge"}, {"variable_originated_legs": "c;;1"}):
        dials = later(
            "CHANNEL_ANSWER",
            agent,
            1.0,
            Channel_Name="sofia/internal/x9@192.0.2.9:5060",  # the contact's own name
            variable_dialed_user="2000",
            **sign,
        )
        assert (_seen(dials).endpoint, _seen(dials).number) == ("1000", "1000")


def test_whose_channel_it_is_does_not_change_with_a_reinvite() -> None:
    """``uuid_hold`` puts the agent's address into the customer's ``sip_from_user``."""
    reinvited = later("CHANNEL_PARK", CUSTOMER, 5.0, variable_sip_from_user="1001")
    assert _seen(reinvited).endpoint == "13900001111"
    authenticated = came_in("a", "anybody", variable_sip_auth_username="1001")
    assert _seen(authenticated).endpoint == "1001"


def test_a_channel_known_by_its_partner_only_is_taken() -> None:
    """The first event after we connected may be the bridge."""
    joined = bridge(
        CUSTOMER,
        AGENT,
        Other_Leg_Channel_Name="sofia/internal/1001@192.0.2.9",
        Other_Leg_Direction="outbound",
    )
    assert story(Stage().play(joined)) == STARTED
