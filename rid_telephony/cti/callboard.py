"""The calls that go on, and those that ended last, in memory; it listens to the feed."""

from __future__ import annotations

import structlog

from rid_telephony.cti.callfold import CallFold
from rid_telephony.cti.envelope import CloudEvent

log = structlog.get_logger(__name__)

MAX_LIVE = 2000
MAX_ENDED = 50


class CallBoard:
    """Folds the events of every call as they come. Belongs to the event loop.

    Args:
        max_live: Calls that go on; beyond them the one that began first goes.
        max_ended: Calls that are over.
    """

    def __init__(self, max_live: int = MAX_LIVE, max_ended: int = MAX_ENDED) -> None:
        self._max_live = max_live
        self._max_ended = max_ended
        self._live: dict[str, CallFold] = {}
        self._ended: dict[str, CallFold] = {}
        self.faults = 0
        """Events that could not be taken in; their call goes on without them."""

    def listener(self, event: CloudEvent) -> None:
        """Take an event of the feed; never raises, for calls must not suffer for being shown."""
        try:
            self._take(event)
        except Exception:
            self.faults += 1
            log.exception("call_board_fault", call_id=event.subject, type=event.type)

    @property
    def live(self) -> list[CallFold]:
        """Calls that go on, the newest first."""
        return list(reversed(self._live.values()))

    @property
    def ended(self) -> list[CallFold]:
        """The latest that ended, the newest first."""
        return list(reversed(self._ended.values()))

    def find(self, call_id: str) -> CallFold | None:
        """A call, where it is here."""
        return self._live.get(call_id) or self._ended.get(call_id)

    def _take(self, event: CloudEvent) -> None:
        if not event.subject:
            return
        if event.type == "call.started":
            self._begin(event)
        fold = self.find(event.subject)
        if fold is None:
            return  # It ended long ago, or is an earlier run's: the store knows it.
        fold.apply(event)
        if event.type == "call.ended" and event.subject in self._live:
            self._ended[event.subject] = self._live.pop(event.subject)
            if len(self._ended) > self._max_ended:
                del self._ended[next(iter(self._ended))]

    def _begin(self, event: CloudEvent) -> None:
        self._ended.pop(event.subject, None)
        self._live[event.subject] = CallFold(event)
        if len(self._live) > self._max_live:
            del self._live[next(iter(self._live))]
