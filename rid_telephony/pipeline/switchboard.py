"""Routes what the sources yield to the sessions of the calls; one call's failure is its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rid_telephony.calls.messages import CallEnded, CallEvent, CallStarted
from rid_telephony.media.messages import AudioFrame, SourceItem
from rid_telephony.pipeline.session import CallSession

TICK = 0.1
"""Seconds between two looks at what time alone brings (expiries, deadlines, stalled audio)."""

SessionMaker = Callable[[CallStarted, Callable[[], float]], CallSession]


class Switchboard:
    """The calls in progress.

    Args:
        make_session: Makes the session of a call that starts; gets the call's own clock.
        clock: Seconds on the source's clock, never falling.
    """

    def __init__(self, make_session: SessionMaker, clock: Callable[[], float]) -> None:
        self._make_session = make_session
        self._clock = clock
        self._sessions: dict[str, CallSession] = {}
        self._last_tick = float("-inf")
        self.strays = 0
        """Items of calls that never started, or are over: dropped."""

    @property
    def calls(self) -> int:
        """Calls that are not over, or whose last words are still being recognised."""
        for session in tuple(self._sessions.values()):
            if session.over:
                del self._sessions[session.call_id]
        return len(self._sessions)

    def accept(self, item: SourceItem) -> None:
        """Take the next item of a source."""
        if isinstance(item, CallStarted):
            self._start(item)
        elif session := self._sessions.get(item.call_id):
            self._guard(session, lambda: _hand_over(session, item))
        else:
            self.strays += 1
        self.tick()

    def tick(self) -> None:
        """Let time pass; cheap when called too often."""
        now = self._clock()
        if now - self._last_tick < TICK:
            return
        self._last_tick = now
        for session in tuple(self._sessions.values()):
            self._guard(session, session.tick)

    def degrade(self, call_id: str, reason: str, detail: str) -> None:
        """Something about a call is being left out; its feed says so."""
        if session := self._sessions.get(call_id):
            self._guard(session, lambda: session.degrade(reason, detail))

    def end_all(self, cause: str) -> None:
        """Begin to end every call; their last words may still be recognised."""
        for session in tuple(self._sessions.values()):
            self._guard(session, partial(session.stop, cause))

    def close(self, cause: str = "capture_ended") -> None:
        """End every call that is still open: the source is at its end, or we stop.

        Args:
            cause: What ``call.ended`` says.
        """
        for session in tuple(self._sessions.values()):
            self._guard(session, partial(session.abandon, cause))

    def _start(self, started: CallStarted) -> None:
        if started.call_id in self._sessions:
            self.strays += 1
            return
        origin = self._clock() - started.at
        session = self._make_session(started, lambda: self._clock() - origin)
        self._sessions[started.call_id] = session
        self._guard(session, session.start)

    def _guard(self, session: CallSession, action: Callable[[], None]) -> None:
        session.guarded(action)
        if session.over:
            self._sessions.pop(session.call_id, None)


def _hand_over(session: CallSession, item: CallEvent | AudioFrame) -> None:
    if isinstance(item, AudioFrame):
        session.hear(item)
    elif isinstance(item, CallEnded):
        session.end(item)
    else:
        session.note(item)
