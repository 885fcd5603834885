"""A call as the second pass will give it out: its events, and which packets are whose."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from rid_telephony.calls.messages import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallHeld,
    CallRetrieved,
    CallStarted,
    CallTransferred,
    Leg,
    Party,
)
from rid_telephony.media.capture import grouping
from rid_telephony.media.capture.attach import Attachments
from rid_telephony.media.capture.clock import SteadyClock
from rid_telephony.media.capture.dialogs import Dialog, Side
from rid_telephony.media.capture.grouping import Conversation
from rid_telephony.media.capture.roles import AgentRules, customer_number
from rid_telephony.media.capture.streams import Stream
from rid_telephony.media.capture.timeline import Timeline
from rid_telephony.media.payloads import STATIC_PAYLOADS, PayloadKind, PayloadMap


@dataclass(frozen=True, slots=True)
class Take:
    """One party's audio on one leg.

    Attributes:
        party: Whose.
        begin: Steady seconds from which it is given out.
        until: Steady seconds.
        streams: What was sent; several where SSRC or ports changed.
        payloads: Meaning of the payload types.
        relayed: True for the PBX's copy of it, where the original is not in the capture.
    """

    party: Party
    begin: float
    until: float
    streams: tuple[Stream, ...]
    payloads: PayloadMap
    relayed: bool

    def packets(self) -> Counter[PayloadKind | None]:
        """Packets by kind; None for payload types that nothing explains."""
        found: Counter[PayloadKind | None] = Counter()
        for stream in self.streams:
            for number, count in stream.types.items():
                form = self.payloads.get(number)
                found[form.kind if form else None] += count
        return found

    def codecs(self) -> tuple[str, ...]:
        """Names of the encodings, the most frequent first."""
        found: Counter[str] = Counter()
        for stream in self.streams:
            for number, count in stream.types.items():
                form = self.payloads.get(number)
                found[form.name if form else f"payload type {number}"] += count
        return tuple(name for name, _ in found.most_common())


@dataclass(frozen=True, slots=True)
class CallPlan:
    """One call.

    Attributes:
        call_id: The same at every reading of the same capture.
        zero: Steady seconds of the call's second 0.
        events: Steady seconds and event, in order; the first starts the call, the last ends it.
        takes: Whose packets to give out; empty for a call that was never answered.
        conversation: What it was made from.
    """

    call_id: str
    zero: float
    events: tuple[tuple[float, CallEvent], ...]
    takes: tuple[Take, ...]
    conversation: Conversation


class Planner:
    """Makes plans of conversations.

    Args:
        dialogs: All dialogs.
        joined: Their streams.
        rules: Who is an agent.
        clock: Knows the wall clock.
        shared: Dialogs that belong to several conversations.
    """

    def __init__(
        self,
        dialogs: list[Dialog],
        joined: Attachments,
        rules: AgentRules,
        clock: SteadyClock,
        shared: frozenset[int],
    ) -> None:
        self._dialogs = dialogs
        self._joined = joined
        self._rules = rules
        self._clock = clock
        self._shared = shared
        self._ids: Counter[str] = Counter()

    def plan(self, conversation: Conversation) -> CallPlan:
        """Draw up one call."""
        timeline = Timeline(conversation, self._dialogs, self._joined, self._shared)
        call_id = self._call_id(self._dialogs[conversation.customer.dialog].key)
        return CallPlan(
            call_id,
            timeline.zero,
            tuple(self._events(call_id, conversation, timeline)),
            tuple(self._takes(conversation, timeline)),
            conversation,
        )

    def _call_id(self, key: str) -> str:
        digest = hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()[:16]
        self._ids[digest] += 1
        return digest if self._ids[digest] == 1 else f"{digest}-{self._ids[digest]}"

    def _events(
        self, call_id: str, conversation: Conversation, timeline: Timeline
    ) -> list[tuple[float, CallEvent]]:
        zero, ending = timeline.zero, timeline.ending
        customer = self._leg(conversation.customer, Party.CUSTOMER)
        agents = [self._leg(leg, Party.AGENT) for leg in self._agent_legs(conversation)]
        started = CallStarted(
            call_id,
            self._clock.wall_clock(zero),
            timeline.direction(),
            (customer, *agents[:1]),
            agent=agents[0].number if agents else "",
        )
        middle: list[tuple[float, CallEvent]] = []
        if timeline.answered is not None:
            middle.append((timeline.answered, CallAnswered(call_id, timeline.answered - zero)))
        for segment, agent in zip(timeline.segments[1:], agents[1:], strict=False):
            event = CallTransferred(call_id, segment.begin - zero, agent)
            middle.append((segment.begin, event))
        for span in timeline.holds():
            kind = CallHeld if span.held else CallRetrieved
            middle.append((span.begin, kind(call_id, span.begin - zero, span.by)))
        middle.sort(key=lambda item: item[0])
        ended = CallEnded(call_id, ending.at - zero, ending.cause, ending.by)
        return [(zero, started), *middle, (ending.at, ended)]

    def _agent_legs(self, conversation: Conversation) -> tuple[grouping.Leg, ...]:
        """Agents who talked, else the one who was tried first."""
        if conversation.agents or conversation.attempts:
            return conversation.agents or conversation.attempts[:1]
        customer = conversation.customer
        return (grouping.Leg(customer.dialog, customer.side.other),)

    def _leg(self, leg: grouping.Leg, party: Party) -> Leg:
        dialog = self._dialogs[leg.dialog]
        users, names = dialog.users(leg.side), dialog.names(leg.side)
        if leg.link is not None:  # what the PBX tells the far end about this party
            far = leg.link.far(leg.dialog)
            users += self._dialogs[far].users(leg.link.pbx_side(far))
            names += self._dialogs[far].names(leg.link.pbx_side(far))
        number = self._rules.pick(users) if party is Party.AGENT else customer_number(users)
        return Leg(party, dialog.key, number, names[0] if names else "")

    def _takes(self, conversation: Conversation, timeline: Timeline) -> list[Take]:
        if not timeline.segments:
            return []
        begin, until = timeline.segments[0].begin, timeline.ending.at
        first = timeline.segments[0].leg
        takes = [self._take(Party.CUSTOMER, conversation.customer, first, begin, until)]
        for segment in timeline.segments:
            takes.append(
                self._take(
                    Party.AGENT, segment.leg, conversation.customer, segment.begin, segment.until
                )
            )
        return takes

    def _take(
        self, party: Party, own: grouping.Leg, far: grouping.Leg, begin: float, until: float
    ) -> Take:
        """The party's own packets, or the PBX's copy on the far leg where there are none."""
        streams = self._during(own.dialog, own.side, begin, until)
        if streams or far.dialog == own.dialog:
            return Take(party, begin, until, streams, self._payloads(own.dialog, own.side), False)
        pbx = far.side.other
        copies = self._during(far.dialog, pbx, begin, until)
        return Take(party, begin, until, copies, self._payloads(far.dialog, pbx), bool(copies))

    def _during(self, dialog: int, side: Side, begin: float, until: float) -> tuple[Stream, ...]:
        return tuple(
            stream
            for stream in self._joined.sent(dialog, side)
            if stream.first <= until and stream.last >= begin
        )

    def _payloads(self, number: int, sender: Side) -> PayloadMap:
        """What payload types mean: as the receiver said, else the sender, else RFC 3551.

        Media are encrypted only where both ends say so.
        """
        mine = self._dialogs[number].ends[sender].payloads
        theirs = self._dialogs[number].ends[sender.other].payloads
        merged = {**STATIC_PAYLOADS, **mine, **theirs}
        for kind, form in theirs.items():
            if form.kind is PayloadKind.ENCRYPTED and kind in mine:
                merged[kind] = mine[kind]
        return merged
