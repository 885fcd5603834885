"""How the streams tell a quiet feed from a dead one, on a connection of the test's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from rid_telephony.client import AsyncClient, Client, Event, Status, astream, stream
from rid_telephony.client.following import STALE_SECONDS, Following

from .test_client_following import message

pytestmark = pytest.mark.unit

QUIET = None
"""In a script: nothing comes within the time."""


class Wire:
    """Connections that do what a script says: messages, quiet times, errors; pings are answered
    or not.
    """

    def __init__(self, *scripts: list[str | Exception | None], answered: bool = True) -> None:
        self._scripts = iter(scripts)
        self._script: Iterator[str | Exception | None] = iter(())
        self._answered = answered
        self.opened = self.pings = self.closed = 0
        self.waits: list[float] = []

    def open(self) -> None:
        self._script = iter(next(self._scripts))
        self.opened += 1

    def step(self, patience: float) -> str:
        self.waits.append(patience)
        now = next(self._script)
        if now is QUIET:
            raise TimeoutError
        if isinstance(now, Exception):
            raise now
        return now

    def ping(self) -> bool:
        self.pings += 1
        return self._answered


class Socket:
    """One connection for threads."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def recv(self, timeout: float) -> str:
        return self._wire.step(timeout)

    def ping(self) -> threading.Event:
        pong = threading.Event()
        if self._wire.ping():
            pong.set()
        return pong

    def close(self) -> None:
        self._wire.closed += 1

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncSocket:
    """One connection for an event loop."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def recv(self) -> str:
        return self._wire.step(0.0)

    async def ping(self) -> asyncio.Future[float]:
        pong: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        if self._wire.ping():
            pong.set_result(0.0)
        return pong

    async def close(self) -> None:
        self._wire.closed += 1


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Following, "failed", _failed_at_once)


_failed = Following.failed


def _failed_at_once(self: Following, error: Exception, now: float) -> float:
    _failed(self, error, now)
    return 0.0


def follow(
    kind: str, wire: Wire, count: int, monkeypatch: pytest.MonkeyPatch, **wanted: Any
) -> list[Event]:
    """The first events of a wire."""

    def connect(url: str, **_: object) -> Socket:
        assert "ridt_" not in url
        wire.open()
        return Socket(wire)

    async def connect_async(_: str, **__: object) -> AsyncSocket:
        wire.open()
        return AsyncSocket(wire)

    async def events() -> list[Event]:
        async with AsyncClient(token="ridt_x") as client, client.follow(after=0, **wanted) as feed:  # noqa: S106 - of no server
            return [await anext(feed) for _ in range(count)]

    monkeypatch.setattr(stream, "connect", connect)
    monkeypatch.setattr(astream, "connect", connect_async)
    if kind == "async":
        return asyncio.run(events())
    with Client(token="ridt_x") as client, client.follow(after=0, **wanted) as feed:  # noqa: S106 - of no server
        return [next(feed) for _ in range(count)]


def test_a_quiet_feed_is_asked_whether_it_lives_and_kept(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire([QUIET, QUIET, QUIET, QUIET, message(1)])
    (event,) = follow(kind, wire, 1, monkeypatch)
    assert event.cursor == 1
    assert (wire.opened, wire.pings) == (1, 2)


def test_a_feed_that_answers_no_ping_is_given_up_and_opened_anew(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Status] = []
    wire = Wire([message(1), QUIET, QUIET], [message(2)], answered=False)
    found = follow(kind, wire, 2, monkeypatch, on_status=told.append)
    assert [event.cursor for event in found] == [1, 2]
    assert wire.opened == 2
    assert wire.closed >= 2
    states = [status.state for status in told]
    assert states == ["connecting", "live", "waiting", "connecting", "live", "closed"]


def test_an_event_is_as_good_as_an_answer(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst may keep the pong waiting behind it."""
    wire = Wire([QUIET, message(1), QUIET, message(2)], answered=False)
    assert len(follow(kind, wire, 2, monkeypatch)) == 2
    assert wire.opened == 1


def test_a_dead_line_is_known_within_the_time_that_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire = Wire([QUIET, QUIET], [message(1)], answered=False)
    follow("sync", wire, 1, monkeypatch)
    assert sum(wire.waits[:2]) == STALE_SECONDS


def test_cancelling_a_task_that_waits_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as `asyncio.wait_for(anext(events), 1)`."""

    class Slow(AsyncSocket):
        async def recv(self) -> str:
            await asyncio.sleep(0)
            return await super().recv()

    wire = Wire([message(1), message(2), message(3)])

    async def connect(_: str, **__: object) -> AsyncSocket:
        wire.open()
        return Slow(wire)

    async def story() -> list[int]:
        found = []
        async with AsyncClient(token="ridt_x") as client, client.follow(after=0) as feed:  # noqa: S106 - of no server
            while len(found) < 3:
                asking = asyncio.ensure_future(anext(feed))
                await asyncio.sleep(0)
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
                found.append((await anext(feed)).cursor)
        return found

    monkeypatch.setattr(astream, "connect", connect)
    assert asyncio.run(story()) == [1, 2, 3]
    assert wire.opened == 1
