"""Transfers of every kind, with real phones on a real Asterisk.

What a user loses when one fails: the rest of the call, the second agent's hints, or the first
agent is listened to in the next call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from live_kit.stage import BOTH, IN, Act, Stage, say, until

from rid_telephony.bench.phone import Answer, Call, Phone, Ring

NEW = ("agent 1002", "customer customer")
MOVED = "transferred to 1002 agent 1002"
MOVED_FROM_HOLD = (*IN, "held by agent", "retrieved by agent", MOVED)


async def refer(_: Act, leg: Call) -> None:
    """Blind, by the agent's telephone."""
    assert await leg.refer("1002") == 200


async def blind(act: Act, leg: Call) -> None:
    """Blind, by the manager interface."""
    _ask(act, "BlindTransfer")
    await leg.ended()


def _ask(act: Act, action: str) -> None:
    channels = [c["Channel"] for c in act.pbx.ami.channels()]
    agent = next(name for name in channels if name.startswith("PJSIP/1001-"))
    reply = act.pbx.ami.action(action, Channel=agent, Context="transfer", Exten="1002")
    assert reply["Response"] == "Success", reply


@pytest.mark.parametrize("transfer", [refer, blind])
def test_a_blind_transfer_goes_on_under_the_new_agent(
    stage: Stage, transfer: Callable[[Act, Call], Awaitable[None]]
) -> None:
    async def story(act: Act, customer: Phone, agent: Phone, new: Phone) -> None:
        call = customer.call("1001")
        leg = await agent.next_call()
        before = await act.forked(*BOTH)
        await transfer(act, leg)
        taken = await new.next_call()
        await act.hears(*IN, MOVED)
        after = await act.forked(*NEW)
        assert after["customer customer"] == before["customer customer"]
        await say(taken, "您别急着说不做")
        heard = await act.words("agent")
        assert heard["agent"] == "1002"
        assert "一万块" in heard["data"]["text"]
        await call.hang_up()
        await act.hears(*IN, MOVED, "ended normal by customer")

    stage.play(story, "customer", "1001", "1002")


def test_while_the_new_agent_rings_nobody_is_the_agent(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone, new: Phone) -> None:
        new.on_incoming = Ring()
        call = customer.call("1001")
        leg = await agent.next_call()
        before = await act.forked(*BOTH)
        _ask(act, "BlindTransfer")
        await leg.ended()
        taken = await new.next_call()
        assert await act.forked("customer customer") == {
            "customer customer": before["customer customer"]
        }
        assert act.told() == [*IN]
        await call.hang_up()
        await taken.ended()
        await act.hears(*IN, "ended normal by customer")

    stage.play(story, "customer", "1001", "1002")


def test_an_attended_transfer_by_telephone_goes_on_under_the_new_agent(stage: Stage) -> None:
    async def story(
        act: Act, customer: Phone, agent: Phone, new: Phone, other: Phone, _fourth: Phone
    ) -> None:
        call = customer.call("1001")
        leg = await agent.next_call()
        before = await act.forked(*BOTH)
        await leg.hold()
        consultation = agent.call("1002")
        await consultation.answered()
        taken = await new.next_call()
        # A call after it is listened to: by then, the consultation would have been.
        meanwhile = other.call("1003")
        await act.forked(*BOTH, "agent 1003", "customer custalaw")
        await meanwhile.hang_up()
        assert await leg.refer_replaces(consultation) == 200
        await act.hears(*MOVED_FROM_HOLD)
        after = await act.forked(*NEW)
        assert after["customer customer"] == before["customer customer"]
        await taken.hang_up()
        await act.hears(*MOVED_FROM_HOLD, "ended normal by agent")
        await call.ended()

    stage.play(story, "customer", "1001", "1002", "custalaw", "1003")


def test_an_attended_transfer_by_the_manager_keeps_the_consultation_to_itself(
    stage: Stage,
) -> None:
    async def story(act: Act, customer: Phone, agent: Phone, new: Phone) -> None:
        new.on_incoming = Answer(0.1)
        call = customer.call("t1001")
        leg = await agent.next_call()
        before = await act.forked(*BOTH)
        _ask(act, "Atxfer")
        taken = await new.next_call()
        await taken.answered()
        await until(lambda: _connected(act), "the consultation")
        await say(leg, "您别急着说不做")
        assert "agent 1002" not in act.forks()
        await leg.hang_up()
        await act.hears(*MOVED_FROM_HOLD)
        after = await act.forked(*NEW)
        assert after["customer customer"] == before["customer customer"]
        await say(taken, "我们这款在同行里")
        heard = await act.words("agent")
        assert heard["agent"] == "1002"
        assert "一万块" not in act.said("agent")
        await call.hang_up()
        await act.hears(*MOVED_FROM_HOLD, "ended normal by customer")

    stage.play(story, "customer", "1001", "1002")


def _connected(act: Act) -> bool:
    """The new agent's telephone is in a bridge."""
    channels = act.pbx.ami.channels()
    return any(c["BridgeId"] for c in channels if c["Channel"].startswith("PJSIP/1002-"))
