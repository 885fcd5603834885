"""One running call: what was said of it, and what may be said next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rid_telephony.calls.channels import Channel
from rid_telephony.calls.marking import Marking
from rid_telephony.calls.messages import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallHeld,
    CallRetrieved,
    CallStarted,
    CallTransferred,
    Direction,
    Party,
    TalkBegan,
    TalkEvent,
    TalkPaused,
)
from rid_telephony.calls.observations import Mark

Tell = Callable[[CallEvent | TalkEvent], None]


class Call:
    """A call whose customer and agent have been connected at least once.

    Args:
        call_id: Its id.
        origin: Second 0 of its clock, on the source's clock.
        customer: The customer's channel; the call lives as long as it.
        agent: The agent's channel.
        agent_id: Who the agent is.
        tell: Takes the messages, in order.
    """

    def __init__(
        self,
        call_id: str,
        origin: float,
        customer: Channel,
        agent: Channel,
        agent_id: str,
        tell: Tell,
    ) -> None:
        self.call_id = call_id
        self.origin = origin
        self.customer = customer
        self.agent = agent
        self.agent_id = agent_id
        self.talking = False
        self.markings: list[Marking] = []
        self._tell = tell
        self._now = 0.0
        self._held: set[Party] = set()
        self._asked: Party | None = None
        self._left: Party | None = None

    def begin(self, started_at: datetime, direction: Direction, mark: Mark) -> None:
        """Agent and customer are connected for the first time, at ``origin``."""
        legs = (self.customer.as_leg(Party.CUSTOMER), self.agent.as_leg(Party.AGENT))
        self._tell(
            CallStarted(
                self.call_id,
                started_at,
                direction,
                legs,
                tenant=mark.tenant,
                agent=self.agent_id,
                context=mark.context,
                queue=self.customer.queue or self.agent.queue,
            )
        )
        self._tell(CallAnswered(self.call_id, 0.0))
        self._talk(0.0)

    def party(self, channel: Channel) -> Party | None:
        """Which party of this call a channel is now."""
        if channel is self.customer:
            return Party.CUSTOMER
        return Party.AGENT if channel is self.agent else None

    def connect(self, agent: Channel, agent_id: str, at: float) -> None:
        """Customer and agent hear each other, be it the same agent or another."""
        if self.talking and agent is self.agent:
            return
        now = self._clock(at)
        self.pause(at)
        if Party.AGENT in self._held and not (agent is self.agent and agent.on_hold):
            self._retrieved(Party.AGENT, now)
        if agent is not self.agent:
            self.agent, self.agent_id = agent, agent_id
            leg = agent.as_leg(Party.AGENT)
            self._tell(CallTransferred(self.call_id, now, to=leg, agent=agent_id))
        self._talk(now)

    def pause(self, at: float) -> None:
        """They hear each other no more."""
        if not self.talking:
            return
        self.talking = False
        self._tell(TalkPaused(self.call_id, self._clock(at)))

    def hold(self, channel: Channel, at: float) -> None:
        """A party put the other on hold."""
        party = self._holder(channel)
        if party is None or party in self._held:
            return
        self._held.add(party)
        self._tell(CallHeld(self.call_id, self._clock(at), by=party))

    def retrieve(self, channel: Channel, at: float) -> None:
        """A party took the other back."""
        party = self._holder(channel)
        if party in self._held:
            self._retrieved(party, self._clock(at))

    def asked(self, channel: Channel) -> None:
        """A party wants to hang up."""
        self._asked = self._asked or self.party(channel)

    def left(self, channel: Channel) -> None:
        """A party left the bridge."""
        self._left = self._left or self.party(channel)

    def moved_on(self) -> None:
        """The PBX leads the customer elsewhere: who left the bridge did not end the call."""
        self._left = None

    def end(self, at: float, cause: str) -> None:
        """The customer is gone."""
        self.pause(at)
        by = self._asked or self._left
        self._tell(CallEnded(self.call_id, self._clock(at), cause, by=by))

    def _talk(self, now: float) -> None:
        self.talking = True
        self._asked = self._left = None
        self._tell(
            TalkBegan(
                self.call_id,
                now,
                self.origin,
                agent=self.agent.uid,
                customer=self.customer.uid,
                agent_id=self.agent_id,
                endpoint=self.agent.endpoint,
            )
        )
        for channel in (self.customer, self.agent):
            if channel.on_hold:
                self.hold(channel, self.origin + now)

    def _holder(self, channel: Channel) -> Party | None:
        """The party that a hold is by; an agent elsewhere holds a colleague, not the customer."""
        party = self.party(channel)
        return party if party is Party.CUSTOMER or self.talking else None

    def _retrieved(self, party: Party, now: float) -> None:
        self._held.discard(party)
        self._tell(CallRetrieved(self.call_id, now, by=party))

    def _clock(self, at: float) -> float:
        """Seconds of the call, never going back."""
        self._now = max(self._now, at - self.origin)
        return self._now
