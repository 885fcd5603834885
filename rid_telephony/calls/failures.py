"""Calls that never reached their other party: started and ended in one breath."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rid_telephony.calls.call import Tell
from rid_telephony.calls.channels import Channel
from rid_telephony.calls.marking import Marking
from rid_telephony.calls.messages import CallEnded, CallStarted, Direction, Party
from rid_telephony.calls.roles import Roles, direction, stated


def tell_failure(
    marking: Marking,
    channel: Channel,
    roles: Roles,
    at: float,
    *,
    cause: str,
    wall: Callable[[float], datetime],
    node: str,
    tell: Tell,
) -> bool:
    """Report the attempt of a marked channel that is over, if anybody was dialled.

    Args:
        marking: The mark and its attempt.
        channel: The channel that carried it last.
        roles: Tells agents from customers.
        at: When it was over, on the source's clock.
        cause: Why, where the dial statuses do not count; empty: by them.
        wall: Wall clock (UTC) of a moment on the source's clock.
        node: Beginning of the call's id.
        tell: Takes the messages.

    Returns:
        Whether there was anything to report.
    """
    attempt = marking.attempt
    callee = attempt.callee
    party = _party(channel, callee, roles)
    customer_not_reached = attempt.own is not None and party is Party.CUSTOMER
    if not (attempt.dialled or attempt.gave_up or customer_not_reached):
        return False
    agent = channel if party is Party.AGENT else callee
    customer = channel if party is Party.CUSTOMER else callee
    origin = at if attempt.at is None else min(attempt.at, at)
    call_id = marking.next_id(node)
    tell(
        CallStarted(
            call_id,
            wall(origin),
            _direction(agent, customer),
            tuple(
                leg.as_leg(role)
                for leg, role in ((customer, Party.CUSTOMER), (agent, Party.AGENT))
                if leg
            ),
            tenant=marking.mark.tenant,
            agent=marking.mark.agent or ((agent.told_agent or agent.endpoint) if agent else ""),
            context=marking.mark.context,
        )
    )
    cause = cause or attempt.cause()
    tell(CallEnded(call_id, at - origin, cause, by=party if cause == "cancelled" else None))
    return True


def _party(channel: Channel, callee: Channel | None, roles: Roles) -> Party:
    """Who was on the marked channel."""
    pair = roles.split(channel, callee) if callee else None
    if pair:
        return Party.AGENT if pair[0] is channel else Party.CUSTOMER
    said = stated(channel) or channel.told
    if said:
        return said
    return Party.AGENT if roles.looks_like_agent(channel) else Party.CUSTOMER


def _direction(agent: Channel | None, customer: Channel | None) -> Direction:
    if customer and customer.dialled is not None:
        return Direction.OUTBOUND if customer.dialled else Direction.INBOUND
    if agent and customer:
        return direction(agent, customer)
    return Direction.OUTBOUND if agent and agent.dialler == "" else Direction.UNKNOWN
