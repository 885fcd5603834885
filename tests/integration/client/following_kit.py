"""A program that follows the feed, as a thread: with either client, and its events in a queue."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rid_telephony.client import AsyncClient, AsyncEventStream, Client, Event, EventStream, Status

PATIENCE = 15.0
KINDS = ("sync", "async")


class Follower:
    """Follows until it is stopped or fails.

    Args:
        kind: Which client.
        url: Of the server.
        token: As given to the client.
        wanted: Arguments of ``follow``; ``timeout`` and ``tls`` are the client's.
    """

    def __init__(self, kind: str, url: str, token: str, **wanted: Any) -> None:
        self._url = url
        self._token = token
        self._given = {"timeout": wanted.pop("timeout", 5.0), "tls": wanted.pop("tls", None)}
        self._wanted = {"on_status": self._note, **wanted}
        self._events: queue.Queue[Event] = queue.Queue()
        self.statuses: queue.Queue[Status] = queue.Queue()
        self.ready = threading.Event()
        self.error: Exception | None = None
        self.stream: EventStream | AsyncEventStream | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        work = self._sync if kind == "sync" else lambda: asyncio.run(self._async())
        self.thread = threading.Thread(target=self._run, args=(work,), daemon=True)

    def next(self) -> Event:
        """The next event."""
        return self._events.get(timeout=PATIENCE)

    def texts(self, count: int) -> list[str]:
        """Texts of the next partials."""
        return [self.next().data.text for _ in range(count)]  # type: ignore[union-attr]  # partials

    @property
    def waiting(self) -> int:
        """Events that came and were not asked for."""
        return self._events.qsize()

    def until(self, state: str) -> Status:
        """Wait for a state."""
        while True:
            status = self.statuses.get(timeout=PATIENCE)
            if status.state == state:
                return status

    def stop(self) -> None:
        """Close the stream from another thread, or task."""
        stream, loop = self.stream, self._loop
        if isinstance(stream, EventStream):
            stream.close()
        elif stream is not None and loop is not None and self.thread.is_alive():
            asyncio.run_coroutine_threadsafe(stream.aclose(), loop)
        self.ended()

    def ended(self) -> Exception | None:
        """Wait for the end; what it failed by."""
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return self.error

    def _run(self, work: Any) -> None:
        try:
            work()
        except Exception as error:
            self.error = error

    def _note(self, status: Status) -> None:
        self.statuses.put(status)

    def _sync(self) -> None:
        with (
            Client(self._url, self._token, **self._given, trust_env=False) as client,
            client.follow(**self._wanted) as self.stream,
        ):
            self.ready.set()
            for event in self.stream:
                self._events.put(event)

    async def _async(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with (
            AsyncClient(self._url, self._token, **self._given, trust_env=False) as client,
            client.follow(**self._wanted) as self.stream,
        ):
            self.ready.set()
            async for event in self.stream:
                self._events.put(event)


@contextmanager
def following(kind: str, url: str, token: str, **wanted: Any) -> Iterator[Follower]:
    """A follower that is stopped at the end."""
    follower = Follower(kind, url, token, **wanted)
    follower.thread.start()
    try:
        yield follower
    finally:
        follower.stop()
