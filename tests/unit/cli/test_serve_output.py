"""Nobody who reads the feed, or the log, can hold up or end the program that calls depend on."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from rid_telephony.cli import serve
from rid_telephony.cli.logs import configure_logs
from rid_telephony.cti import events
from rid_telephony.cti.feed import Feed
from rid_telephony.settings import Settings


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def publish(feed: Feed, number: int) -> None:
    call = feed.open_call(f"c{number}", datetime(2026, 1, 1, tzinfo=UTC))
    feed.publish(
        call,
        "call.started",
        events.CallStarted(at_ms=0, direction="inbound", parties=[], customer_id=""),
    )


def test_every_event_is_printed_by_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    monkeypatch.setattr(serve, "_write", written.append)

    async def run() -> None:
        feed = Feed("test")
        printer = serve._Printer(feed, Settings())
        for number in range(100):
            publish(feed, number)
        await printer.close()

    asyncio.run(run())
    assert len(b"".join(written).splitlines()) == 100


def test_a_reader_who_never_reads_does_not_keep_the_program_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck = threading.Event()
    monkeypatch.setattr(serve, "LAST_LINES", 0.05)
    monkeypatch.setattr(serve, "_write", lambda _: stuck.wait())

    async def run() -> None:
        feed = Feed("test")
        printer = serve._Printer(feed, Settings())
        publish(feed, 1)
        await printer.close()

    asyncio.run(run())  # a thread of the loop's own pool would be waited for here
    stuck.set()


def test_a_reader_who_is_gone_ends_the_printing_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: bytes) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(serve, "_write", gone)

    async def run() -> None:
        feed = Feed("test")
        printer = serve._Printer(feed, Settings())
        publish(feed, 1)
        await printer._task
        publish(feed, 2)
        await printer.close()

    asyncio.run(run())


class Broken(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("broken", [True, False])
def test_a_log_that_cannot_be_written_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, *, broken: bool
) -> None:
    stream = Broken() if broken else io.StringIO()
    if not broken:
        stream.close()
    monkeypatch.setattr("sys.stderr", stream)
    configure_logs()
    structlog.get_logger().warning("something")
