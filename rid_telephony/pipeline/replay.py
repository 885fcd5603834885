"""Runs a recording through the pipeline: as fast as it goes, or in time with the wall clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from rid_telephony.media.messages import SourceItem
from rid_telephony.pipeline.parts import Recogniser
from rid_telephony.pipeline.player import PacedClock, VirtualClock, play_fast, play_paced
from rid_telephony.pipeline.switchboard import SessionMaker, Switchboard

TimedItems = Iterable[tuple[float, SourceItem]]
Deliver = Callable[[Callable[[], None]], None]
MakerFactory = Callable[[Recogniser, Deliver], SessionMaker]

LAST_WORDS = 15.0
"""Seconds that the last recognitions may take after the recording is over."""
POLL = 0.05


def replay_fast(
    items: TimedItems,
    recogniser: Recogniser,
    make_maker: MakerFactory,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Replay without pauses. The same recording and settings give the same events every time.

    Args:
        items: Of a recording, in order of arrival.
        recogniser: Must have its result ready when ``submit`` returns.
        make_maker: Makes the session maker.
        on_progress: Told of the position, seconds.
    """
    clock = VirtualClock()
    board = Switchboard(make_maker(recogniser, lambda action: action()), clock)
    try:
        play_fast(items, clock, board.accept, on_progress)
    finally:
        board.close()


async def replay_paced(
    items: TimedItems,
    recogniser: Recogniser,
    make_maker: MakerFactory,
    speed: float = 1.0,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Replay in real time, or ``speed`` times that, as if the call were going on now."""
    loop = asyncio.get_running_loop()

    def deliver(action: Callable[[], None]) -> None:
        # A recognition that outlasts the replay finds the loop closed: nobody waits for it.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(action)

    clock = PacedClock(speed, loop.time)
    board = Switchboard(make_maker(recogniser, deliver), clock)
    try:
        await play_paced(items, clock, board.accept, on_progress)
        deadline = loop.time() + LAST_WORDS
        while board.calls and loop.time() < deadline:
            await asyncio.sleep(POLL)
    finally:
        board.close()


def renamed(items: TimedItems, taken: Callable[[str], bool]) -> Iterator[tuple[float, SourceItem]]:
    """Give calls whose id is taken (an earlier replay of the same file) the next free one."""
    names: dict[str, str] = {}
    for arrival, item in items:
        name = names.get(item.call_id)
        if name is None:
            name = names[item.call_id] = _free_name(item.call_id, taken)
        yield arrival, item if name == item.call_id else replace(item, call_id=name)


def _free_name(call_id: str, taken: Callable[[str], bool]) -> str:
    name, count = call_id, 1
    while taken(name):
        count += 1
        name = f"{call_id}.{count}"
    return name
