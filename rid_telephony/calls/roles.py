"""Who of two channels is the agent and who the customer, and who placed the call."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rid_telephony.calls.channels import Channel
from rid_telephony.calls.messages import Direction, Party


class Roles:
    """Tells agents from customers.

    Args:
        agent_pattern: Regular expression of the endpoints that are agents.
    """

    def __init__(self, agent_pattern: str) -> None:
        self._agent = re.compile(agent_pattern)

    def looks_like_agent(self, channel: Channel) -> bool:
        """Whether the endpoint is one of the agents'."""
        return bool(channel.endpoint and self._agent.search(channel.endpoint))

    def split(self, one: Channel, two: Channel) -> tuple[Channel, Channel] | None:
        """The agent and the customer of two channels; None when it is no sales call, or unclear.

        The dialplan's word counts most, then the queue's, then the agents' pattern; last the way
        the call came: the channel that called us is the customer's, one that the PBX called
        first is the agent's, and of two that the PBX called on their own the marked one is the
        customer's.
        """
        for say in (stated, _told):
            first, second = say(one), say(two)
            if first and first is second:
                return None
            party = first or (second.other if second else None)
            if party:
                return (one, two) if party is Party.AGENT else (two, one)
        ones, twos = self.looks_like_agent(one), self.looks_like_agent(two)
        if ones != twos:
            return (one, two) if ones else (two, one)
        return None if ones else _by_origin(one, two)

    def consultation(self, one: Channel, two: Channel, busy: Sequence[Channel]) -> bool:
        """Whether one agent tries to reach another."""
        pair = self.split(one, two)
        if pair:
            return self.colleagues(*pair, busy)
        return self.looks_like_agent(one) and self.looks_like_agent(two)

    def colleagues(self, agent: Channel, customer: Channel, busy: Sequence[Channel]) -> bool:
        """Whether this "customer" is an agent too: a consultation between two agents.

        It is, when it is another line of an agent who is in a call (``busy``: the agents'
        channels of the running calls); or when such an agent's other line reached somebody who
        looks like an agent and whom nobody called a customer.
        """
        if customer.colleague:
            return True
        if any(self._same_person(customer, other) for other in busy):
            return True
        if not self.looks_like_agent(customer) or Party.CUSTOMER in {
            stated(customer),
            customer.told,
        }:
            return False
        return any(self._same_person(agent, other) for other in busy)

    def _same_person(self, channel: Channel, other: Channel) -> bool:
        """Whether two channels are lines of one person.

        An agent's endpoint is one person, whatever number it shows (an originated leg shows the
        caller id that the originator set); a trunk is many.
        """
        if channel is other or not channel.endpoint or channel.endpoint != other.endpoint:
            return False
        return self.looks_like_agent(channel) or channel.number == other.number


def stated(channel: Channel) -> Party | None:
    """Which party the dialplan says that a channel is."""
    if channel.marking and channel.marking.mark.leg:
        return channel.marking.mark.leg
    return channel.leg


def may_be_agent(channel: Channel) -> bool:
    """Whether nobody says that this channel is a customer's."""
    return Party.CUSTOMER not in {stated(channel), channel.told}


def direction(agent: Channel, customer: Channel) -> Direction:
    """Who placed the call, as far as can be told."""
    if customer.dialled is not None:
        return Direction.OUTBOUND if customer.dialled else Direction.INBOUND
    if agent.dialled is False:
        return Direction.OUTBOUND
    # Picked up midway, only the dialled leg can be told; a customer who began the call called in.
    if agent.dialled and customer.root == customer.uid:
        return Direction.INBOUND
    return Direction.UNKNOWN


def _told(channel: Channel) -> Party | None:
    return channel.told


def _by_origin(one: Channel, two: Channel) -> tuple[Channel, Channel] | None:
    pairs = [
        (first, other) if first.dialled else (other, first)
        for first, other in ((one, two), (two, one))
        if first.root == first.uid and first.dialled is not None
    ]
    if len(pairs) == 2 and pairs[0] != pairs[1] and (one.marking is None) != (two.marking is None):
        # Two calls of their own that were put together: the dialplan marked the customer's.
        return (two, one) if one.marking else (one, two)
    return pairs[0] if pairs else None
