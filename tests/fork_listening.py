"""A sink that keeps what listeners tell it, and a stage for real listeners on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import numpy as np

from rid_telephony.media.audiosocket import AudioSocketListener
from rid_telephony.media.fifofork import FifoListener
from rid_telephony.media.forksocket import WebSocketListener
from rid_telephony.media.messages import Samples
from rid_telephony.media.unicast import UnicastListener
from rid_telephony.settings.forks import ForkSettings

HOST = "127.0.0.1"
ENOUGH = 10.0
LEFT_OPEN: list[Callable[[], object]] = []
"""Closes what a scene opened and did not close."""
L = TypeVar("L", AudioSocketListener, FifoListener, UnicastListener, WebSocketListener)


class Sink:
    """Keeps everything; can be waited on."""

    def __init__(self) -> None:
        self.opens: list[str] = []
        self.pieces: dict[str, list[Samples]] = {}
        self.arrivals: dict[str, list[float]] = {}
        self.ends: list[tuple[str, str]] = []
        self.raises = False
        self._news = asyncio.Event()

    def opened(self, fork_id: str, arrival: float) -> None:
        self.opens.append(fork_id)
        self._news.set()

    def audio(self, fork_id: str, samples: Samples, arrival: float) -> None:
        if self.raises:
            raise RuntimeError("a bug of the sink")
        self.pieces.setdefault(fork_id, []).append(samples)
        self.arrivals.setdefault(fork_id, []).append(arrival)
        self._news.set()

    def closed(self, fork_id: str, reason: str) -> None:
        self.ends.append((fork_id, reason))
        self._news.set()

    def heard(self, fork_id: str) -> Samples:
        return np.concatenate(self.pieces.get(fork_id, [np.zeros(0, np.int16)]))

    async def until(self, condition: Callable[[Sink], bool]) -> None:
        async with asyncio.timeout(ENOUGH):
            while not condition(self):
                self._news.clear()
                await self._news.wait()


async def until(condition: Callable[[], bool]) -> None:
    """For what the sink is not told of: a counter."""
    async with asyncio.timeout(ENOUGH):
        while not condition():
            await asyncio.sleep(0.002)


def on_stage(
    make: Callable[[ForkSettings, Sink], L],
    scene: Callable[[L, Sink], Coroutine[Any, Any, None]],
    **settings: Any,
) -> None:
    """Run a scene with a listener that is open, and close it afterwards."""

    async def play() -> None:
        sink = Sink()
        listener = make(ForkSettings.model_validate({"port": 0, **settings}), sink)
        await listener.start()
        try:
            await scene(listener, sink)
        finally:
            await listener.close()
            while LEFT_OPEN:
                LEFT_OPEN.pop()()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        async with asyncio.timeout(ENOUGH):
            while [task for task in others if not task.done()]:
                await asyncio.sleep(0.001)

    asyncio.run(play())
