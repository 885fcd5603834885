"""What one call still has to write, and in which order. No I/O and no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf

from rid_telephony.pbx.writeback_board import Board
from rid_telephony.pbx.writeback_stats import Kind, Tally
from rid_telephony.pbx.writeback_words import NO_HINT
from rid_telephony.settings.writeback import WriteBackSettings

ENOUGH = 1 - 1e-6
"""Of the allowance; a whole action but for what floating point lost."""
LINE = "line"
"""The only name on the board of the phone's display."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write to the PBX.

    Attributes:
        offered: Seconds on the loop's clock since when there is something to say.
        deadline: Seconds on the loop's clock after which it is not worth saying.
        target: A channel, or for a message the softphone's endpoint.
        name: Of an event.
        text: Of a message or a display; an empty display is what stood there before.
        values: Variables, or the fields of an event.
        hint_id: The hint that it says; empty for state, alerts and for taking a hint away.
    """

    kind: Kind
    offered: float
    deadline: float = inf
    target: str = ""
    name: str = ""
    text: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    hint_id: str = ""

    @property
    def cost(self) -> int:
        """Actions that it takes at most."""
        return len(self.values) if self.kind is Kind.VARIABLES else 1


class CallQueue:
    """The writes of one call, the most urgent first.

    A message to the agent goes first, then the hint's variables, events, the display, and last
    the variables of state, of which only the newest value is kept. Messages and events wait in
    their own order, bounded in number; variables and the display wait for a channel as long as
    the call lives. Times are seconds on the loop's clock, never falling.

    Args:
        settings: What is written at all, how many may wait, how many go in a second.
        tally: Where losses are counted.
    """

    def __init__(self, settings: WriteBackSettings, tally: Tally) -> None:
        self._settings = settings
        self._tally = tally
        self._variables = Board()
        self._display = Board()
        self._messages: deque[Write] = deque()
        self._events: deque[Write] = deque()
        self._hint_id = ""
        self._deadline = inf
        self._agent = self._customer = self._endpoint = ""
        self._burst = max(1.0, settings.per_second)
        self._tokens = self._burst
        self._counted_at = -inf
        self._unanswered: Write | None = None
        self.ended = False

    def __len__(self) -> int:
        """Messages and events that wait."""
        return len(self._messages) + len(self._events)

    @property
    def agent_channel(self) -> str:
        """The agent's channel now; empty while agent and customer do not talk."""
        return self._agent

    def retarget(self, agent: str = "", customer: str = "", endpoint: str = "") -> None:
        """Write to these channels and this softphone from now on; without any, wait."""
        self._agent, self._customer, self._endpoint = agent, customer, endpoint

    def set_state(self, values: Mapping[str, str], now: float) -> None:
        """Want other values of channel variables."""
        if self._settings.variables:
            self._tally.merged(Kind.VARIABLES, self._variables.set(values, now))

    def show(
        self, hint_id: str, variables: Mapping[str, str], line: str, now: float, until: float
    ) -> None:
        """A hint is on: its variables and its line on the display. It replaces the one before."""
        if self._hint_id:
            self.take_away(self._hint_id, now)
        self._hint_id, self._deadline = hint_id, until
        self.set_state(variables, now)
        if self._settings.display:
            self._tally.merged(Kind.DISPLAY, self._display.set({LINE: line}, now))

    def take_away(self, hint_id: str, now: float) -> None:
        """A hint is over: what was not written of it will not be, what stands is cleared."""
        self._messages = self._without(self._messages, hint_id)
        self._events = self._without(self._events, hint_id)
        if hint_id != self._hint_id:
            return
        self._hint_id, self._deadline = "", inf
        if "hint_id" in self._variables.waiting:
            self._tally.late(Kind.VARIABLES)
        if self._display.waiting:
            self._tally.late(Kind.DISPLAY)
        self._variables.set(NO_HINT if self._settings.variables else {}, now)
        self._display.set({LINE: ""} if self._settings.display else {}, now)

    def add(self, write: Write) -> None:
        """Queue an event, or a message of the hint that is on (it leaves with the hint).

        Without room the oldest event goes, or where there is none the oldest message.
        """
        waiting = self._messages if write.kind is Kind.MESSAGE else self._events
        waiting.append(write)
        if len(self) > self._settings.queue_size:
            self.drop_oldest()

    def drop_oldest(self) -> None:
        """Make room: the oldest event goes, where there is none the oldest message."""
        for waiting in (self._events, self._messages):
            if waiting:
                self._tally.dropped(waiting.popleft().kind)
                return

    def end(self, until: float) -> None:
        """The call is over: only events are still written, until then."""
        self.ended = True
        self.retarget()
        for _ in self._messages:
            self._tally.late(Kind.MESSAGE)
        self._messages.clear()
        self._hint_id, self._deadline = "", inf
        self._events = deque(
            replace(each, deadline=min(each.deadline, until)) for each in self._events
        )

    def take(self, now: float) -> Write | None:
        """The next write that may go now.

        What became of it has to be told (:meth:`delivered`, :meth:`failed`, :meth:`unanswered`
        or :meth:`put_back`) before the next one is taken.
        """
        self._count(now)
        self._forget_stale(now)
        if self._tokens < ENOUGH:
            return None
        write = self._next()
        if write:
            self._tokens -= write.cost
        return write

    def pause(self, now: float) -> float | None:
        """Seconds until something may be due; None when only a new input can bring it."""
        self._count(now)
        due = [each.deadline - now for each in self._events]
        if self._hint_id:
            due.append(self._deadline - now)
        if self._tokens < ENOUGH:
            due.append((1 - self._tokens) / self._settings.per_second)
        soonest = min(due, default=inf)
        return None if soonest == inf else max(0.0, soonest)

    def delivered(self, write: Write, now: float) -> None:
        """The PBX accepted a write that was taken."""
        self._unanswered = None
        self._stands(write)
        self._tally.delivered(write.kind, now - write.offered if write.hint_id else None)

    def failed(self, write: Write, reason: str) -> None:
        """A write that was taken failed for good; its values are not tried again."""
        self._unanswered = None
        self._stands(write)
        self._tally.failed(write.kind, reason)

    def unanswered(self, write: Write, reason: str) -> bool:
        """The PBX did not answer. Variables are tried once more: setting them twice is harmless.

        Returns:
            Whether it was given up.
        """
        again = write.kind is Kind.VARIABLES and not self._was_unanswered(write)
        if not again:
            self.failed(write, reason)
            return True
        self._unanswered = write
        self._tally.retried(write.kind)
        return False

    def put_back(self, write: Write) -> None:
        """The PBX is away: the write waits until it is back or the write's time is over.

        Variables and displays were never taken off their boards.
        """
        if write.kind is Kind.MESSAGE and not self.ended and self._alive(write):
            self._messages.appendleft(write)
        elif write.kind is Kind.EVENT and self._alive(write):
            self._events.appendleft(write)
        elif write.kind in (Kind.MESSAGE, Kind.EVENT):
            self._tally.late(write.kind)

    def _alive(self, write: Write) -> bool:
        return self.ended or not write.hint_id or write.hint_id == self._hint_id

    def _was_unanswered(self, write: Write) -> bool:
        before = self._unanswered
        return (
            before is not None and before.target == write.target and before.values == write.values
        )

    def _stands(self, write: Write) -> None:
        if write.kind is Kind.VARIABLES:
            self._variables.stands(write.target, write.values)
        elif write.kind is Kind.DISPLAY:
            self._display.stands(write.target, {LINE: write.text})

    def _next(self) -> Write | None:
        if self._messages and self._agent:
            return replace(self._messages.popleft(), target=self._endpoint)
        found = self._missing_variables(NO_HINT)
        if found:
            return found
        if self._events:
            return self._events.popleft()
        return self._missing_display() or self._missing_variables(None)

    def _missing_variables(self, names: Iterable[str] | None) -> Write | None:
        for channel in self._channels():
            values = self._variables.missing(channel, names)
            if values:
                since = self._variables.since(values)
                hint_id = self._hint_id if values.get("hint_id") else ""
                return Write(Kind.VARIABLES, since, target=channel, values=values, hint_id=hint_id)
        return None

    def _missing_display(self) -> Write | None:
        values = self._display.missing(self._agent) if self._agent else {}
        if not values:
            return None
        hint_id = self._hint_id if values[LINE] else ""
        since = self._display.since(values)
        return Write(Kind.DISPLAY, since, target=self._agent, text=values[LINE], hint_id=hint_id)

    def _channels(self) -> list[str]:
        wanted = (self._agent, self._customer if self._settings.customer_variables else "")
        return [channel for channel in wanted if channel]

    def _count(self, now: float) -> None:
        if self._counted_at > -inf:
            passed = max(0.0, now - self._counted_at)
            self._tokens = min(self._burst, self._tokens + passed * self._settings.per_second)
        self._counted_at = now

    def _forget_stale(self, now: float) -> None:
        if self._hint_id and now >= self._deadline:
            self.take_away(self._hint_id, now)
        for each in self._events:
            if now >= each.deadline:
                self._tally.late(each.kind)
        self._events = deque(each for each in self._events if now < each.deadline)
        if self._messages and self._agent and not self._endpoint:
            for each in self._messages:
                self._tally.failed(each.kind, "no_endpoint")
            self._messages.clear()

    def _without(self, waiting: deque[Write], hint_id: str) -> deque[Write]:
        for each in waiting:
            if each.hint_id == hint_id:
                self._tally.late(each.kind)
        return deque(each for each in waiting if each.hint_id != hint_id)
