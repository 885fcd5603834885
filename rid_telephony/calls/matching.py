"""Finds agent and customer of every marked conversation, and follows them to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import combinations

from rid_telephony.calls.bridges import Bridges
from rid_telephony.calls.call import Call, Tell
from rid_telephony.calls.channels import Channel
from rid_telephony.calls.failures import tell_failure
from rid_telephony.calls.marking import Marking
from rid_telephony.calls.messages import Party
from rid_telephony.calls.observations import ChannelKind
from rid_telephony.calls.roles import Roles, direction, may_be_agent, stated

MAX_GROUP = 8
"""Telephones of one conversation among which a pair is looked for, the first to join."""


class Matching:
    """Starts, follows and ends the calls.

    Args:
        roles: Tells agents from customers.
        bridges: Who hears whom.
        tell: Takes the messages.
        wall: Wall clock (UTC) of a moment on the source's clock.
        node: Beginning of every call's id.
        max_calls: Calls at the same time.
        vetoed: Whether a mark forbids analysis.
        counts: Where what was left out is counted.
    """

    def __init__(
        self,
        roles: Roles,
        bridges: Bridges,
        *,
        tell: Tell,
        wall: Callable[[float], datetime],
        node: str,
        max_calls: int,
        vetoed: Callable[[Marking], bool],
        counts: Counter[str],
    ) -> None:
        self._roles = roles
        self._bridges = bridges
        self._tell = tell
        self._wall = wall
        self._node = node
        self._max_calls = max_calls
        self._vetoed = vetoed
        self._counts = counts
        self._calls: dict[str, Call] = {}

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of the running calls, oldest first."""
        return tuple(self._calls)

    def adopt(self, channel: Channel, marking: Marking) -> None:
        """The channel has this mark from now on."""
        marking.count = max(marking.count, channel.calls_before)
        marking.carriers.add(channel.uid)
        channel.marking = marking

    def review(self, at: float, *channels: Channel) -> None:
        """Something changed about these channels: see who talks with whom now."""
        for channel in channels:
            self._hand_over(channel)
        for channel in channels:
            if channel.call:
                self._follow(channel.call, at)
            group = self._bridges.conversation(channel)
            for member in group:
                if member.call:
                    self._follow(member.call, at)
            self._start(group[:MAX_GROUP], at)

    def gone(self, channel: Channel, at: float, *, lost: bool) -> None:
        """A channel, out of its bridge already, is no more."""
        call = channel.call
        if call and call.customer is channel:
            call.end(at, "lost" if lost else "normal")
            self._release(call)
        elif call:
            self._follow(call, at)
            channel.call = None
        marking = channel.marking
        if marking is None:
            return
        channel.calls_before = marking.count if marking.uid == channel.uid else 0
        marking.carriers.discard(channel.uid)
        if not marking.carriers:
            self._over(marking, channel, at, lost=lost)

    def _over(self, marking: Marking, channel: Channel, at: float, *, lost: bool) -> None:
        """A marked channel is no more, and no call of it runs, or one that lives without it."""
        if marking.call or marking.refused or self._vetoed(marking):
            return
        callee = marking.attempt.callee
        if callee and self._roles.consultation(channel, callee, self._busy()):
            self._counts["consultations"] += 1
            return
        told = tell_failure(
            marking,
            channel,
            self._roles,
            at,
            cause="lost" if lost else "",
            wall=self._wall,
            node=self._node,
            tell=self._tell,
        )
        if told:
            channel.calls_before = marking.count if marking.uid == channel.uid else 0
        elif marking.count == 0 and marking.attempt.at is not None:
            self._counts["nobody_dialled"] += 1

    def _hand_over(self, channel: Channel) -> None:
        """What was said of half of a Local channel holds for the telephone behind it."""
        halves = self._bridges.pipes(channel)
        if channel.kind is ChannelKind.LOCAL:
            halves.append(channel)
        for half in halves:
            phone = self._bridges.behind(half) if half.marking or half.told else None
            if phone is None:
                continue
            if half.marking and phone.marking is None:
                self.adopt(phone, half.marking)
            if half.told and phone.told is None:
                phone.told, phone.told_agent = half.told, half.told_agent
                phone.queue = half.queue

    def _follow(self, call: Call, at: float) -> None:
        """The customer's conversation may have changed."""
        group = self._bridges.conversation(call.customer)
        stays = call.agent in group and not _is_customer(call.agent)
        agent = call.agent if stays else self._next_agent(call, group)
        if agent is None or self._forbidden(call.customer, agent):
            call.pause(at)
            return
        if agent is call.agent:
            call.connect(agent, call.agent_id, at)
        else:
            self._transfer(call, agent, at)
        agent.call = call

    def _transfer(self, call: Call, agent: Channel, at: float) -> None:
        old = call.agent
        if old.call is call:
            old.call = None
        # A marked agent is free for the next customer when this one was given away.
        for marking in [m for m in call.markings if m is old.marking]:
            if marking is not call.customer.marking:
                call.markings.remove(marking)
                marking.free()
        self._attach(call, agent.marking)
        call.connect(agent, self._agent_id(agent, call.customer), at)

    def _next_agent(self, call: Call, group: list[Channel]) -> Channel | None:
        candidates = [c for c in group if c is not call.customer and self._free_agent(c, call)]
        surely = [
            c
            for c in candidates
            if Party.AGENT in {stated(c), c.told} or self._roles.looks_like_agent(c)
        ]
        return next(iter(surely or candidates), None)

    def _free_agent(self, channel: Channel, call: Call) -> bool:
        other = channel.call
        if other and other is not call and other.talking:
            return False
        return may_be_agent(channel) and not _is_customer(channel)

    def _start(self, group: list[Channel], at: float) -> None:
        """Is there a marked pair among those who hear each other, and no call yet?"""
        if not any(c.marking for c in group) or any(c.call and c.call.talking for c in group):
            return
        for agent, customer in self._pairs(group):
            marking = self._unused(customer, agent)
            if marking and self._admitted(marking, agent, customer):
                self._begin(marking, agent, customer, at)
                return
        if len(group) > 1:
            self._reached_somebody(group)

    def _reached_somebody(self, group: list[Channel]) -> None:
        """Connected, though it is no call of ours: the attempt did not fail."""
        for channel in group:
            if channel.marking and channel.marking.call is None:
                channel.marking.free()

    def _pairs(self, group: list[Channel]) -> Iterator[tuple[Channel, Channel]]:
        for one, two in combinations(group, 2):
            pair = self._roles.split(one, two)
            if pair and not _is_customer(pair[0]) and pair[1].call is None:
                yield pair

    def _unused(self, customer: Channel, agent: Channel) -> Marking | None:
        """The mark that a call of this pair would come of."""
        marks = [m for m in (customer.marking, agent.marking) if m]
        return next((m for m in marks if m.call is None and not m.refused), None)

    def _admitted(self, marking: Marking, agent: Channel, customer: Channel) -> bool:
        if self._forbidden(customer, agent):
            return False
        if self._roles.colleagues(agent, customer, self._busy()):
            self._counts["consultations"] += not customer.colleague
            customer.colleague = True
            return False
        if len(self._calls) >= self._max_calls:
            marking.refused = True
            self._counts["too_many_calls"] += 1
            return False
        return True

    def _busy(self) -> list[Channel]:
        """The agents who are in a call."""
        return [call.agent for call in self._calls.values()]

    def _begin(self, marking: Marking, agent: Channel, customer: Channel, at: float) -> None:
        agent_id = self._agent_id(agent, customer)
        call_id = marking.next_id(self._node)
        call = Call(call_id, at, customer, agent, agent_id, self._tell)
        for mark in (marking, customer.marking, agent.marking):
            self._attach(call, mark)
        customer.call = agent.call = self._calls[call_id] = call
        call.begin(self._wall(at), direction(agent, customer), marking.mark)

    def _attach(self, call: Call, marking: Marking | None) -> None:
        if marking and marking.call is None:
            marking.call = call
            call.markings.append(marking)

    def _agent_id(self, agent: Channel, customer: Channel) -> str:
        """Who the agent is: by the mark, else by the queue, else the endpoint."""
        for marking in (agent.marking, customer.marking):
            if marking and (found := marking.agent_for(agent.endpoint)):
                return found
        return agent.told_agent or agent.endpoint or agent.number

    def _forbidden(self, *channels: Channel) -> bool:
        return any(c.marking and self._vetoed(c.marking) for c in channels)

    def _release(self, call: Call) -> None:
        del self._calls[call.call_id]
        call.customer.call = None
        if call.agent.call is call:
            call.agent.call = None
        for marking in call.markings:
            marking.free()


def _is_customer(channel: Channel) -> bool:
    """Whether a running call is this channel's, as the customer."""
    return channel.call is not None and channel.call.customer is channel
