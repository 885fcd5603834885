"""Calls that fail, break off, or must be left alone, with real phones on a real Asterisk.

What a user loses when one fails: a call that stays "in progress" for ever, one that is missing,
or somebody being listened to who must not be.
"""

from __future__ import annotations

import pytest
from live_kit.stage import BOTH, IN, Act, Stage, until

from rid_telephony.bench.phone import CallFailedError, Phone, Reject, Ring


@pytest.mark.parametrize(("status", "cause"), [(486, "busy"), (603, "rejected")])
def test_a_call_that_the_agent_refuses_is_told_and_ended_with_its_cause(
    stage: Stage, status: int, cause: str
) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        agent.on_incoming = Reject(status)
        with pytest.raises(CallFailedError):
            await customer.call("1001").answered()
        await act.hears(IN[0], f"ended {cause}")
        assert act.forks() == {}

    stage.play(story, "customer", "1001")


def test_a_call_that_nobody_answers_ends_with_no_answer(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        agent.on_incoming = Ring()
        with pytest.raises(CallFailedError):
            await customer.call("r1001").answered()
        await act.hears(IN[0], "ended no_answer")

    stage.play(story, "customer", "1001")


def test_a_customer_who_gives_up_while_it_rings_cancelled(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        agent.on_incoming = Ring()
        call = customer.call("1001")
        await agent.next_call()
        await call.cancel()
        await act.hears(IN[0], "ended cancelled by customer")

    stage.play(story, "customer", "1001")


def test_a_call_whose_agent_vanishes_lasts_until_the_customer_hangs_up(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        call = customer.call("1001")
        await call.answered()
        await act.forked(*BOTH)
        agent.drop()
        await call.hang_up()
        await act.hears(*IN, "ended normal by customer")

    stage.play(story, "customer", "1001")


def test_a_call_whose_customer_vanishes_lasts_until_the_agent_hangs_up(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        customer.call("1001")
        leg = await agent.next_call()
        await act.forked(*BOTH)
        customer.drop()
        await leg.hang_up()
        await act.hears(*IN, "ended normal by agent")

    stage.play(story, "customer", "1001")


@pytest.mark.parametrize(
    "number", [pytest.param("p1001", id="unmarked"), "o1001", "c1001"], ids=str
)
def test_a_call_that_is_unmarked_switched_off_or_not_consented_to_is_left_alone(
    stage: Stage, number: str
) -> None:
    async def story(act: Act, customer: Phone, other: Phone, *_: Phone) -> None:
        await customer.call(number).answered()
        await until(lambda: all(c["BridgeId"] for c in stage.pbx.ami.channels()), "the bridge")
        # A call after it is listened to: by then, this one would have been.
        await other.call("1003").answered()
        await act.forked("agent 1003", "customer custalaw")
        await act.hears("started inbound agent 1003", "answered")
        assert act.told(call=1) == []

    stage.play(story, "customer", "custalaw", "1001", "1003")
