"""Ends a replay in good order: when a signal says so, or when nobody can read on.

The calls in progress get their summary and their one ``call.ended`` on the feed and in the store.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeVar

from rid_telephony.cti.envelope import CloudEvent

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

ItemT = TypeVar("ItemT")


class Stop:
    """Whether a replay should end now, and why."""

    def __init__(self) -> None:
        self.signal: int | None = None
        """The signal that asked for it."""
        self.error: OSError | None = None
        """What happened to the output: nobody reads it any more, or its disk is full."""
        self._wake: Callable[[], object] | None = None

    @property
    def requested(self) -> bool:
        """True when it should end."""
        return self.signal is not None or self.error is not None

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Note a signal. The second one ends the program at once."""
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
        self._notify()

    def guarded(self, show: Callable[[CloudEvent], None]) -> Callable[[CloudEvent], None]:
        """A listener that passes events to ``show`` until the output fails."""

        def listener(event: CloudEvent) -> None:
            if self.error:
                return
            try:
                show(event)
            except OSError as error:
                self.error = error
                self._notify()
            except SystemExit as leaving:
                # rich makes this of a closed pipe.
                if not isinstance(leaving.__context__, BrokenPipeError):
                    raise
                self.error = leaving.__context__
                self._notify()

        return listener

    def until(self, items: Iterable[ItemT]) -> Iterator[ItemT]:
        """The items up to the moment when the replay should end."""
        for item in items:
            if self.requested:
                return
            yield item

    async def cancelling(self, work: Coroutine[object, object, None]) -> None:
        """Run ``work`` until it is done, or cancel it when the replay should end."""
        task = asyncio.create_task(work)
        loop = asyncio.get_running_loop()
        self._wake = lambda: loop.call_soon_threadsafe(task.cancel)
        try:
            with suppress(asyncio.CancelledError):
                await task
        finally:
            self._wake = None

    def _notify(self) -> None:
        if self._wake:
            self._wake()


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """While this lasts, SIGINT, SIGTERM and SIGHUP ask for a stop; an ignored one stays ignored."""
    stop = Stop()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    taken = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, stop.on_signal)
    try:
        yield stop
    finally:
        for number in taken:
            signal.signal(number, before[number])
