"""The events of a conversation on the capture's steady clock."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from rid_telephony.calls.messages import Direction, Party
from rid_telephony.media.capture.attach import Attachments
from rid_telephony.media.capture.dialogs import Dialog, Side
from rid_telephony.media.capture.grouping import Conversation, Leg

AFTER_SECONDS = 0.001
"""A call whose end was not seen ends so long after its last packet."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A time during which customer and one agent can talk.

    Attributes:
        leg: The agent's leg.
        begin: Steady seconds.
        until: Steady seconds.
    """

    leg: Leg
    begin: float
    until: float


@dataclass(frozen=True, slots=True)
class HoldSpan:
    """From ``begin`` (steady seconds) on, a party holds (or no longer holds) the other."""

    begin: float
    by: Party
    held: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended; see :class:`~rid_telephony.calls.messages.CallEnded`."""

    at: float
    cause: str
    by: Party | None


class Timeline:
    """Draws the timeline of one conversation.

    Args:
        conversation: Who talks.
        dialogs: All dialogs.
        joined: Their streams.
        shared: Dialogs that belong to several conversations (an agent's standing line).
    """

    def __init__(
        self,
        conversation: Conversation,
        dialogs: list[Dialog],
        joined: Attachments,
        shared: frozenset[int],
    ) -> None:
        self._conversation = conversation
        self._dialogs = dialogs
        self._joined = joined
        self._shared = shared
        self.zero = self._zero()
        self.ending = self._ending()
        self.segments = self._segments()

    @property
    def answered(self) -> float | None:
        """When customer and first agent could talk, or None if they never could."""
        return self.segments[0].begin if self.segments else None

    def direction(self) -> Direction:
        """Inbound if the customer called, as far as signalling tells."""
        dialog = self._dialog(self._conversation.customer)
        if not dialog.signalled or dialog.invited is None:
            return Direction.UNKNOWN
        called = self._conversation.customer.side is Side.CALLEE
        return Direction.OUTBOUND if called else Direction.INBOUND

    def holds(self) -> list[HoldSpan]:
        """Changes of hold from the answer to the end, in order, each a real change."""
        if not self.segments:
            return []
        begin = self.segments[0].begin
        changes = sorted(self._hold_changes(), key=lambda change: change[0])
        sources: dict[Party, set[tuple[int, Side]]] = {party: set() for party in Party}
        spans: list[HoldSpan] = []
        for time, together in groupby(changes, key=lambda change: max(change[0], begin)):
            before = {by for by in Party if sources[by]}
            for _, source, by, held in together:
                (sources[by].add if held else sources[by].discard)(source)
            after = {by for by in Party if sources[by]}
            if time < self.ending.at:
                spans.extend(HoldSpan(time, by, by in after) for by in sorted(before ^ after))
        return spans

    def _hold_changes(self) -> list[tuple[float, tuple[int, Side], Party, bool]]:
        """Every change: when, which end of which dialog, who it means, and what."""
        changes: list[tuple[float, tuple[int, Side], Party, bool]] = []
        for segment in self.segments:
            number, side = segment.leg.dialog, segment.leg.side
            for change in self._dialogs[number].holds:
                if change.time < segment.until:
                    by = Party.AGENT if change.side is side else Party.CUSTOMER
                    changes.append((change.time, (number, change.side), by, change.held))
            for own in Side:  # a hold ends with the leg that held
                by = Party.AGENT if own is side else Party.CUSTOMER
                changes.append((segment.until, (number, own), by, False))
        customer = self._conversation.customer
        if all(segment.leg.dialog != customer.dialog for segment in self.segments):
            for change in self._dialogs[customer.dialog].holds:
                by = Party.CUSTOMER if change.side is customer.side else Party.AGENT
                changes.append((change.time, (customer.dialog, change.side), by, change.held))
        return changes

    def _dialog(self, leg: Leg) -> Dialog:
        return self._dialogs[leg.dialog]

    def _legs(self) -> list[Leg]:
        conversation = self._conversation
        return [conversation.customer, *conversation.agents, *conversation.attempts]

    def _own_legs(self) -> list[Leg]:
        """The legs that tell when the call began and was last seen alive."""
        customer, *others = self._legs()
        return [customer, *(leg for leg in others if leg.dialog not in self._shared)]

    def _zero(self) -> float:
        return min(self._dialog(leg).begin for leg in self._own_legs())

    def _segments(self) -> list[Segment]:
        customer = self._dialog(self._conversation.customer)
        agents = self._conversation.agents
        if not customer.talked or not agents:
            return []
        starts: list[float] = []
        for leg in agents:
            begin = max(_answered(customer), _answered(self._dialog(leg)), self.zero)
            if starts:  # the one before may end only when the transfer is done
                before = self._dialog(agents[len(starts) - 1]).until
                begin = max(begin, starts[-1], min(before, self.ending.at))
            starts.append(min(begin, self.ending.at))
        ends = [*starts[1:], self.ending.at]
        return [Segment(leg, *span) for leg, *span in zip(agents, starts, ends, strict=True)]

    def _ending(self) -> Ending:
        customer = self._conversation.customer
        if not self._conversation.agents or not self._dialog(customer).talked:
            return self._unanswered()
        last = self._conversation.agents[-1]
        ends = [
            (dialog.ended, dialog.ended_by, leg, party)
            for leg, party in ((customer, Party.CUSTOMER), (last, Party.AGENT))
            if (dialog := self._dialog(leg)).ended is not None
        ]
        times = [ended for ended, *_ in ends if ended is not None]
        if not times:
            return Ending(self._last_sign(), "capture_ended", None)
        by = [party for _, side, leg, party in sorted(ends, key=_time_first) if side is leg.side]
        return Ending(max(min(times), self.zero), "normal", by[0] if by else None)

    def _unanswered(self) -> Ending:
        """The call came to nothing: the callee's own answer says why."""
        customer = self._conversation.customer
        dialog = self._dialog(customer)
        if dialog.ended is None:
            return Ending(self._last_sign(), "capture_ended", None)
        causes = [self._dialog(leg).cause for leg in self._conversation.attempts]
        cause = dialog.cause
        if customer.side is Side.CALLER and cause == "normal":
            cause = "cancelled"  # the customer gave up waiting for an agent
        elif cause in ("failed", "normal", "cancelled"):
            cause = next((word for word in causes if word in ("busy", "rejected")), cause)
        by = None
        if dialog.ended_by is not None:
            by = Party.CUSTOMER if dialog.ended_by is customer.side else Party.AGENT
        return Ending(max(dialog.ended, self.zero), cause, by)

    def _last_sign(self) -> float:
        """Just after the last packet of any kind that belongs to the call."""
        times = [self.zero]
        for leg in self._own_legs():
            times.append(self._dialog(leg).last_seen)
            for side in Side:
                times.extend(stream.last for stream in self._joined.sent(leg.dialog, side))
        return max(times) + AFTER_SECONDS


def _answered(dialog: Dialog) -> float:
    return dialog.begin if dialog.answered is None else dialog.answered


def _time_first(end: tuple[float | None, Side | None, Leg, Party]) -> float:
    return end[0] or 0.0
