"""Calls through a real FreeSWITCH, with real phones; see live_kit/freeswitch.py for what to set.

    RID_TEST_FREESWITCH=127.0.0.1:8021:ClueCon RID_TEST_FREESWITCH_EXTEN='{user}' \
        pytest tests/live -k freeswitch

What a user loses when one fails: hints in a call, half of it, or the telephone itself.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest
from live_kit.freeswitch import (
    UNSET,
    UNSET_EXTEN,
    VARIABLE,
    Act,
    RealFreeSwitch,
    Stage,
)
from live_kit.service import serving
from live_kit.stage import check_whole, say, until

from rid_telephony.bench.phone import Call, Phone, Reject, Ring

pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason=UNSET)
dialplan = pytest.mark.skipif(not os.environ.get(f"{VARIABLE}_EXTEN"), reason=UNSET_EXTEN)

AGENT, OTHER, CUSTOMER, SECOND = range(4)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("serve")
    pbx = RealFreeSwitch(folder)
    with serving(folder, pbx) as service:
        yield Stage(pbx, service)


OUT = ("started outbound agent {agent}", "answered")
IN = ("started inbound agent {agent}", "answered")
BY_CUSTOMER = "ended normal by customer"


def of(agent: Phone, *story: str) -> list[str]:
    """A story with the agent's name put in."""
    return [each.format(agent=agent.user) for each in story]


def test_a_call_that_the_pbx_places_is_told_and_both_are_heard(stage: Stage) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        call, leg = await act.talk(customer, agent)
        await act.both_heard()
        await say(leg, "您别急着说不做")
        await say(call, "行了，我对这个没兴趣")
        await act.words("agent")
        await act.words("customer")
        await call.hang_up()
        await act.hears(*of(agent, *OUT, BY_CUSTOMER))
        assert "一万块" in act.said("agent")
        assert "我对这个" in act.said("customer")
        assert "一万块" not in act.said("customer")
        assert act.feed("analysis.degraded") == []

    check_whole(stage.play(story, AGENT, CUSTOMER).feed())


def test_the_agent_may_be_called_first(stage: Stage) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        await act.originate(agent.user, customer.user, roles="agent,customer")
        leg, call = await agent.next_call(), await customer.next_call()
        await call.answered()
        await act.both_heard()
        await say(call, "行了，我对这个没兴趣")
        assert "我对这个" in (await act.words("customer"))["data"]["text"]
        await leg.hang_up()
        await act.hears(*of(agent, *OUT, "ended normal by agent"))
        assert not customer.messages

    check_whole(stage.play(story, AGENT, CUSTOMER).feed())


@dialplan
def test_a_call_that_the_customer_dials_is_inbound(stage: Stage) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        call = act.dialled(customer, agent)
        await call.answered()
        await act.both_heard()
        await call.hang_up()
        await act.hears(*of(agent, *IN, BY_CUSTOMER))

    check_whole(stage.play(story, AGENT, CUSTOMER).feed())


@pytest.mark.parametrize("by", ["agent", "customer"])
def test_a_party_that_holds_is_told_and_afterwards_both_are_heard(stage: Stage, by: str) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        call, leg = await act.talk(customer, agent)
        await act.both_heard()
        holder = leg if by == "agent" else call
        await holder.hold()
        held = of(agent, *OUT, f"held by {by}")
        await act.hears(*held)
        await holder.unhold()
        back = [*held, f"retrieved by {by}"]
        await act.hears(*back)
        await act.both_heard()
        before = len(act.feed())
        await say(call, "行了，我对这个没兴趣")
        await say(leg, "您别急着说不做")
        assert "我对这个" in (await act.words("customer", before))["data"]["text"]
        assert "一万块" in (await act.words("agent", before))["data"]["text"]
        await call.hang_up()
        await act.hears(*back, BY_CUSTOMER)

    check_whole(stage.play(story, AGENT, CUSTOMER).feed())


def test_a_call_that_the_pbx_transfers_goes_on_under_the_new_agent(stage: Stage) -> None:
    async def story(act: Act, agent: Phone, other: Phone, customer: Phone) -> None:
        call, leg = await act.talk(customer, agent)
        await act.both_heard()
        bridge = f"bridge:[rid_leg=agent]user/{other.user}@{act.domain}"
        channel = act.channel("customer")
        answer = await act.esl.api(f"uuid_transfer {channel} '{bridge}' inline")
        assert answer.startswith("+OK"), answer
        await leg.ended()
        await _goes_on(act, call, agent, other)

    check_whole(stage.play(story, AGENT, OTHER, CUSTOMER).feed())


@dialplan
def test_a_call_that_the_agents_phone_transfers_goes_on_under_the_new_agent(stage: Stage) -> None:
    async def story(act: Act, agent: Phone, other: Phone, customer: Phone) -> None:
        call = act.dialled(customer, agent)
        leg = await agent.next_call()
        await act.both_heard()
        assert await leg.refer(act.pbx.exten.format(user=other.user)) == 200
        await _goes_on(act, call, agent, other, first=IN)

    check_whole(stage.play(story, AGENT, OTHER, CUSTOMER).feed())


@dialplan
def test_after_a_consultation_the_call_goes_on_under_the_new_agent(stage: Stage) -> None:
    async def story(act: Act, agent: Phone, other: Phone, customer: Phone) -> None:
        call = act.dialled(customer, agent)
        leg = await agent.next_call()
        await act.both_heard()
        await leg.hold()
        consultation = agent.call(act.pbx.exten.format(user=other.user))
        await consultation.answered()
        assert await leg.refer_replaces(consultation) == 200
        await _goes_on(act, call, agent, other, first=(*IN, "held by agent", "retrieved by agent"))

    check_whole(stage.play(story, AGENT, OTHER, CUSTOMER).feed())


async def _goes_on(
    act: Act, call: Call, agent: Phone, other: Phone, first: tuple[str, ...] = OUT
) -> None:
    taken = await other.next_call()
    moved = of(agent, *first, f"transferred to {other.user} agent {other.user}")
    await act.hears(*moved)
    before = len(act.feed())
    await asyncio.sleep(0.5)
    assert len(await act.ears()) == 2, await act.ears()
    await say(taken, "您别急着说不做")
    heard = await act.words("agent", before)
    assert heard["agent"] == other.user
    assert "一万块" in heard["data"]["text"]
    await say(call, "行了，我对这个没兴趣")
    assert "我对这个" in (await act.words("customer", before))["data"]["text"]
    await call.hang_up()
    await act.hears(*moved, BY_CUSTOMER)


def test_an_agent_who_is_busy_ends_the_call(stage: Stage) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        agent.on_incoming = Reject(486)
        await act.originate(customer.user, agent.user)
        call = await customer.next_call()
        await call.ended()
        await act.hears(*of(agent, OUT[0], "ended busy"))
        assert act.feed("analysis.degraded", "utterance", "hint") == []

    check_whole(stage.play(story, AGENT, CUSTOMER).feed())


@dialplan
def test_a_customer_who_hangs_up_while_it_rings_ends_the_call(stage: Stage) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        agent.on_incoming = Ring()
        call = act.dialled(customer, agent)
        leg = await agent.next_call()
        await call.ringing()
        await call.cancel()
        await leg.ended()
        await act.hears(*of(agent, IN[0], "ended cancelled by customer"))

    check_whole(stage.play(story, AGENT, CUSTOMER).feed())


def test_an_agent_who_does_not_answer_ends_the_call(stage: Stage) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        agent.on_incoming = Ring()
        await act.originate(customer.user, agent.user, mark="rid_assist=on,call_timeout=1")
        call = await customer.next_call()
        await call.ended()
        await act.hears(*of(agent, OUT[0], "ended no_answer"))

    check_whole(stage.play(story, AGENT, CUSTOMER).feed())


@pytest.mark.parametrize("mark", ["", "rid_assist=off"])
def test_a_call_that_is_not_marked_is_left_alone(stage: Stage, mark: str) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        call, _ = await act.talk(customer, agent, mark=mark)
        await asyncio.sleep(1.5)
        assert await act.ears() == {}
        assert len(await act.ours()) == 2
        for uuid in await act.ours():
            for name in ("rid_hint", "rid_state", "rid_fork"):
                assert await act.esl.getvar(uuid, name) == ""
        await call.hang_up()

    assert stage.play(story, AGENT, CUSTOMER).feed() == []


def test_two_calls_at_once_are_kept_apart(stage: Stage) -> None:
    if len(stage.pbx.passwords) <= SECOND:
        pytest.skip(f"name a second customer in {VARIABLE}_USERS")

    async def story(act: Act, agent: Phone, other: Phone, customer: Phone, second: Phone) -> None:
        one, leg = await act.talk(customer, agent)
        two, its_leg = await act.talk(second, other)
        await until(lambda: len(act.told(1)) >= 2, "both calls")
        await act.heard(*(act.channel(role, n) for role in ("customer", "agent") for n in (0, 1)))
        await asyncio.gather(say(leg, "您别急着说不做"), say(two, "行了，我对这个没兴趣"))
        await act.words("agent")
        await act.words("customer")
        words = {e["subject"]: e for e in act.feed("utterance.final")}
        calls = {e["agent"]: e["subject"] for e in act.feed("call.started")}
        assert "一万块" in words[calls[agent.user]]["data"]["text"]
        assert "我对这个" in words[calls[other.user]]["data"]["text"]
        await one.hang_up()
        await its_leg.hang_up()
        await act.hears(*of(agent, *OUT, BY_CUSTOMER))
        await act.hears(*of(other, *OUT, "ended normal by agent"), call=1)

    check_whole(stage.play(story, AGENT, OTHER, CUSTOMER, SECOND).feed())
