"""A replay ends in good order when a signal comes or its reader goes."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from datetime import UTC, datetime

import pytest

from rid_telephony.cli.stopping import SIGNALS, Stop, stop_on_signals
from rid_telephony.cti import events
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed


def publish_two(stop: Stop, error: BaseException) -> list[CloudEvent]:
    """Two events to a listener that fails; returns those that it was given."""
    shown: list[CloudEvent] = []

    def show(event: CloudEvent) -> None:
        shown.append(event)
        raise error

    feed = Feed("/test")
    feed.listen(stop.guarded(show))
    channel = feed.open_call("a", datetime(2026, 11, 22, tzinfo=UTC))
    for _ in range(2):
        feed.publish(channel, "call.held", events.CallHeld(at_ms=0, by="agent"))
    return shown


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC])
def test_an_output_that_fails_asks_for_the_end_and_is_not_tried_again(number: int) -> None:
    stop = Stop()
    assert len(publish_two(stop, OSError(number, "gone"))) == 1
    assert stop.requested
    assert stop.error is not None
    assert stop.error.errno == number


def test_a_closed_pipe_in_the_shape_that_rich_gives_it_is_understood() -> None:
    leaving = SystemExit(1)
    leaving.__context__ = BrokenPipeError()
    stop = Stop()
    assert len(publish_two(stop, leaving)) == 1
    assert isinstance(stop.error, BrokenPipeError)


def test_items_stop_at_a_signal_and_the_old_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with stop_on_signals() as stop:
        items = stop.until(iter(range(10)))
        assert next(items) == 0
        os.kill(os.getpid(), signal.SIGTERM)
        assert list(items) == []
    assert stop.signal == signal.SIGTERM
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_second_signal_ends_the_program_at_once() -> None:
    with stop_on_signals() as stop:
        stop.on_signal(signal.SIGINT, None)
        with pytest.raises(KeyboardInterrupt):
            stop.on_signal(signal.SIGINT, None)


def test_work_that_waits_is_cancelled_and_can_clean_up() -> None:
    cleaned: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            cleaned.append(True)

    async def main(stop: Stop) -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
        await stop.cancelling(work())

    with stop_on_signals() as stop:
        asyncio.run(main(stop))
    assert cleaned == [True]
    assert stop.signal == signal.SIGTERM
