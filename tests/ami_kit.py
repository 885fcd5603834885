"""A manager client under test: what it told, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from ami_server import AmiServer

from rid_telephony.pbx.asterisk.ami import AmiClient
from rid_telephony.pbx.asterisk.messages import AmiEvent

PATIENCE = 10.0


class Diary:
    """Everything that a client told, in order."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.events: list[AmiEvent] = []
        self.downs: list[str] = []

    def on_event(self, event: AmiEvent) -> None:
        self.entries.append(event.name)
        self.events.append(event)

    def on_up(self) -> None:
        self.entries.append("up")

    def on_down(self, reason: str) -> None:
        self.entries.append("down")
        self.downs.append(reason)


async def until(test: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not test():
            await asyncio.sleep(0.002)


@asynccontextmanager
async def running(server: AmiServer, **changes: Any) -> AsyncIterator[tuple[AmiClient, Diary]]:
    """A client that runs; afterwards nothing of it may remain."""
    diary = Diary()
    client = AmiClient(
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


def scenario(act: Callable[[AmiServer], Awaitable[None]]) -> None:
    """Run with a server; what the client leaves open or unheard fails the test."""
    complaints: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, c: complaints.append(c))
        async with AmiServer() as server:
            await act(server)
            await until(lambda: not server.open)
        await asyncio.sleep(0)

    asyncio.run(run())
    assert complaints == []
