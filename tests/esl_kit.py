"""A client of the event socket under test: what it told, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from esl_server import EslServer

from rid_telephony.pbx.freeswitch.esl import EslClient
from rid_telephony.pbx.freeswitch.messages import EslEvent

PATIENCE = 20.0


class Diary:
    """Everything that a client told, in order."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.events: list[EslEvent] = []
        self.downs: list[str] = []
        self.threads: set[int] = set()

    def on_event(self, event: EslEvent) -> None:
        self.threads.add(threading.get_ident())
        self.entries.append(event.name)
        self.events.append(event)

    def on_up(self) -> None:
        self.threads.add(threading.get_ident())
        self.entries.append("up")

    def on_down(self, reason: str) -> None:
        self.threads.add(threading.get_ident())
        self.entries.append("down")
        self.downs.append(reason)


async def until(test: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not test():
            await asyncio.sleep(0.002)


def esl_threads() -> list[str]:
    """The connections that stand, by their threads."""
    return [thread.name for thread in threading.enumerate() if thread.name == "freeswitch-esl"]


def open_files() -> int:
    """How many sockets, epoll and event descriptors this process has open."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


@asynccontextmanager
async def running(server: EslServer, **changes: Any) -> AsyncIterator[tuple[EslClient, Diary]]:
    """A client that runs; afterwards nothing of it may remain."""
    diary = Diary()
    client = EslClient(
        server.settings(**changes),
        on_event=diary.on_event,
        on_up=diary.on_up,
        on_down=diary.on_down,
    )
    task = asyncio.create_task(client.run())
    try:
        yield client, diary
    finally:
        alive_before = not task.done()
        task.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(task, return_exceptions=True)
    assert alive_before, "the client gave up"
    assert not client.connected
    assert client.stats.threads_left == 0
    assert not esl_threads(), "a thread remains"
    assert diary.threads <= {threading.get_ident()}, "a callback ran in another thread"


def scenario(act: Callable[[EslServer], Awaitable[None]], server: EslServer | None = None) -> None:
    """Run with a server; what the client leaves open or unheard fails the test."""
    complaints: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, c: complaints.append(c))
        async with server or EslServer() as running_server:
            await act(running_server)
            await until(lambda: not running_server.open)
        gc.collect()
        await asyncio.sleep(0)

    asyncio.run(run())
    assert not complaints, complaints
