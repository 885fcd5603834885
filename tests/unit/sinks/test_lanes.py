"""Order per call, no waiting between calls, and a cursor that never runs ahead."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sinks_kit import line

from rid_telephony.cti.server.encoding import Line
from rid_telephony.cti.sinks.lanes import Lanes

pytestmark = pytest.mark.unit


class Desk:
    """Delivers an event when it is told to."""

    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Future[None]] = {}
        self.began: list[Line] = []

    async def deliver(self, event: Line) -> None:
        self.began.append(event)
        self.waiting[event.cursor] = asyncio.get_running_loop().create_future()
        await self.waiting[event.cursor]

    def finish(self, cursor: int) -> None:
        self.waiting.pop(cursor).set_result(None)


def run(story: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 5))


async def breathe() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_stuck_call_does_not_hold_another_and_the_cursor_waits_for_it() -> None:
    async def story() -> None:
        desk = Desk()
        lanes = Lanes(desk.deliver, asyncio.create_task, after=0)
        for cursor, call in enumerate("abab", start=1):
            await lanes.put(line(call, cursor))
        await breathe()
        assert [event.cursor for event in desk.began] == [1, 2]
        desk.finish(2)
        await breathe()
        desk.finish(4)
        await breathe()
        assert lanes.done_to == 0
        assert lanes.pending == 2
        desk.finish(1)
        await breathe()
        assert lanes.done_to == 2
        desk.finish(3)
        await lanes.settled()
        assert lanes.done_to == 4

    run(story())


def test_what_is_not_wanted_moves_the_cursor_on() -> None:
    async def story() -> None:
        desk = Desk()
        lanes = Lanes(desk.deliver, asyncio.create_task, after=7)
        lanes.pass_over(8)
        assert lanes.done_to == 8
        await lanes.put(line("a", 9))
        lanes.pass_over(10)
        await breathe()
        assert lanes.done_to == 8
        desk.finish(9)
        await lanes.reached(10)

    run(story())


@pytest.mark.parametrize("bounds", [{"max_pending": 2}, {"max_span": 2}])
def test_no_more_is_taken_in_than_there_is_room_for(bounds: dict[str, int]) -> None:
    async def story() -> None:
        desk = Desk()
        lanes = Lanes(desk.deliver, asyncio.create_task, 0, **bounds)
        await lanes.put(line("a", 1))
        await lanes.put(line("b", 2))
        third = asyncio.create_task(lanes.put(line("c", 3)))
        await breathe()
        assert not third.done()
        desk.finish(1)
        await third

    run(story())


@given(st.lists(st.sampled_from("abc"), max_size=12), st.randoms(use_true_random=False))
def test_whatever_is_slow_the_order_of_a_call_holds_and_nothing_is_left(
    calls: list[str], chance: st.DrawFn
) -> None:
    async def story() -> None:
        desk = Desk()
        lanes = Lanes(desk.deliver, asyncio.create_task, 0)
        done: set[int] = set()
        for cursor, call in enumerate(calls, start=1):
            await lanes.put(line(call, cursor))
        while len(done) < len(calls):
            await breathe()
            cursor = chance.choice(sorted(desk.waiting))  # type: ignore[attr-defined]  # a Random
            desk.finish(cursor)
            done.add(cursor)
            await breathe()
            undone = set(range(1, len(calls) + 1)) - done
            assert lanes.done_to == min(undone, default=len(calls) + 1) - 1
        for call in "abc":
            order = [event.cursor for event in desk.began if event.call_id == call]
            assert order == sorted(order)

    run(story())
