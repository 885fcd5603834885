"""Places the calls of a round, with telephones of ours at both ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from rid_telephony.bench.live.figures import Placed
from rid_telephony.bench.live.material import Material, Turn
from rid_telephony.bench.phone import Answer, Call, Phone
from rid_telephony.calls.messages import Party

ANSWER_AFTER = 0.3
SPREAD_SECONDS = 10.0
"""All calls of a round begin within so many seconds, evenly, as calls do not begin together."""
AFTER_SPEECH = 4.0
"""Seconds that a call stays up after the last word, for its last hint."""
_ANSWER_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Who calls whom.

    Attributes:
        server: The PBX's SIP address.
        customer: User that calls; all customers are this one.
        customer_password: Its password; empty where none is asked for.
        agents: Users that register and answer, one for each call at the same time.
        agent_password: Their password.
        dial: What the customer dials for an agent; ``{agent}`` is the agent's user.
    """

    server: tuple[str, int]
    customer: str
    customer_password: str
    agents: tuple[str, ...]
    agent_password: str
    dial: str = "{agent}"


class Telephones:
    """The agents' registered telephones and the customers'."""

    def __init__(self, plan: Plan, agents: list[Phone], customers: list[Phone]) -> None:
        self._plan = plan
        self._agents = agents
        self._customers = customers

    async def place(self, count: int, material: Material, seconds: float) -> list[Placed]:
        """Place ``count`` calls, talk, hang up.

        Args:
            count: Calls at the same time, at most as many as there are agents.
            material: What is said.
            seconds: How much of it.

        Returns:
            What the telephones saw. A call that was not answered fails the round.

        Raises:
            PhoneError: The PBX did not connect a call.
        """
        apart = min(1.0, SPREAD_SECONDS / count)
        return await asyncio.gather(
            *(self._one(index, index * apart, material, seconds) for index in range(count))
        )

    async def _one(self, index: int, delay: float, material: Material, seconds: float) -> Placed:
        agent, customer = self._agents[index], self._customers[index]
        await asyncio.sleep(delay)
        agent.messages.clear()
        begin = time.time()
        call = customer.call(self._plan.dial.format(agent=agent.user))
        leg = await agent.next_call(_ANSWER_TIMEOUT)
        await asyncio.gather(call.answered(_ANSWER_TIMEOUT), leg.answered(_ANSWER_TIMEOUT))
        # The fork of a call takes a moment; nobody speaks in it.
        await asyncio.sleep(0.5)
        call.play(material.speech[Party.CUSTOMER])
        leg.play(material.speech[Party.AGENT])
        await asyncio.sleep(seconds)
        await call.hang_up()
        await leg.ended()
        report = call.report()
        return Placed(
            agent=agent.user,
            begin=begin,
            end=time.time(),
            turns=_spoken(material, call, leg, seconds),
            messages=tuple((_wall(message.at), message.text) for message in agent.messages),
            rtp_lost=report.lost,
            rtp_gap=report.longest_gap,
        )


@asynccontextmanager
async def telephones(plan: Plan, count: int) -> AsyncIterator[Telephones]:
    """Open and register what ``count`` calls at the same time need."""
    async with AsyncExitStack() as stack:
        agents = [
            Phone(user, plan.server, password=plan.agent_password, on_incoming=Answer(ANSWER_AFTER))
            for user in plan.agents[:count]
        ]
        customers = [
            Phone(plan.customer, plan.server, password=plan.customer_password) for _ in range(count)
        ]
        for phone in (*agents, *customers):
            await stack.enter_async_context(phone)
        for agent in agents:
            await agent.register()
        yield Telephones(plan, agents, customers)


def _spoken(material: Material, call: Call, leg: Call, seconds: float) -> tuple[Turn, ...]:
    """The turns that were spoken to their end, on the wall clock."""
    media = {Party.CUSTOMER: call.media, Party.AGENT: leg.media}
    zeros = {party: _wall(stream.spoken_at(0.0) or 0.0) for party, stream in media.items()}
    return tuple(
        replace(turn, begin=zeros[turn.party] + turn.begin, end=zeros[turn.party] + turn.end)
        for turn in material.turns
        if turn.end <= seconds - AFTER_SPEECH / 2
    )


def _wall(loop_time: float) -> float:
    return time.time() - asyncio.get_running_loop().time() + loop_time
