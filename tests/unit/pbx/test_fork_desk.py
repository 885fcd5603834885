"""Forks are asked for, kept, asked for again and ended as calls go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from rid_telephony.calls.messages import Party, TalkBegan, TalkPaused
from rid_telephony.media.forks import Destination
from rid_telephony.media.messages import AudioFrame
from rid_telephony.pbx import forkdesk
from rid_telephony.pbx.forkdesk import ForkDesk
from rid_telephony.pbx.messages import (
    Fork,
    PbxDownError,
    PbxError,
    PbxRefusedError,
)

TALK = TalkBegan("c1", 0.0, 100.0, agent="a-1", customer="k-1", agent_id="1001", endpoint="1001")
SAMPLES = np.ones(160, dtype=np.int16)


@dataclass
class Driver:
    """A PBX that does as it is told, or fails in a given way."""

    started: list[Fork] = field(default_factory=list)
    stopped: list[Fork] = field(default_factory=list)
    failure: PbxError | None = None
    answer: asyncio.Event | None = None

    async def start(self, fork: Fork, destination: Destination) -> None:
        self.started.append(fork)
        if self.answer:
            await self.answer.wait()
        if self.failure:
            raise self.failure

    async def stop(self, fork: Fork) -> None:
        self.stopped.append(fork)


@dataclass
class Listener:
    expected: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    async def start(self) -> None: ...

    async def expect(self, fork_id: str) -> Destination:
        self.expected.append(fork_id)
        return Destination("127.0.0.1", 9092)

    def drop(self, fork_id: str) -> None:
        self.dropped.append(fork_id)

    async def close(self) -> None: ...


class Bench:
    def __init__(self, attempts: int = 3) -> None:
        self.frames: list[AudioFrame] = []
        self.troubles: list[tuple[str, str]] = []
        self.driver, self.listener = Driver(), Listener()
        self.desk = ForkDesk(
            self.frames.append,
            lambda call, reason, _: self.troubles.append((call, reason)),
            attempts,
        )
        self.desk.connect(self.listener, self.driver)

    def fork(self, party: Party) -> Fork:
        return [fork for fork in self.driver.started if fork.party is party][-1]

    def say(self, party: Party, arrival: float) -> None:
        """A fifth of a second of speech whose first packet arrives at ``arrival``."""
        for count in range(10):
            self.desk.audio(self.fork(party).fork_id, SAMPLES, arrival + count * 0.02)

    async def open_both(self, talk: TalkBegan = TALK) -> None:
        self.desk.talk(talk)
        await settle()
        for party in Party:
            self.desk.opened(self.fork(party).fork_id, 100.0)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def run(scene: Callable[[Bench], Coroutine[Any, Any, None]], attempts: int = 3) -> Bench:
    bench = Bench(attempts)
    asyncio.run(scene(bench))
    return bench


def test_each_leg_of_a_call_that_is_talked_on_is_forked_once() -> None:
    async def scene(bench: Bench) -> None:
        await bench.open_both()
        bench.desk.talk(TALK)
        await settle()

    bench = run(scene)
    assert sorted(fork.channel for fork in bench.driver.started) == ["a-1", "k-1"]


def test_what_is_said_arrives_on_the_calls_own_clock() -> None:
    async def scene(bench: Bench) -> None:
        await bench.open_both()
        bench.say(Party.CUSTOMER, 101.02)

    frame = run(scene).frames[0]
    assert (frame.call_id, frame.party) == ("c1", Party.CUSTOMER)
    assert abs(frame.at - 1.0) < 0.03


def test_nothing_said_during_a_transfer_is_heard_and_the_customers_fork_lives_on() -> None:
    async def scene(bench: Bench) -> None:
        await bench.open_both()
        first = bench.fork(Party.CUSTOMER)
        bench.desk.talk(TalkPaused("c1", 5.0))
        bench.say(Party.CUSTOMER, 106.0)
        bench.desk.talk(replace(TALK, at=9.0, agent="a-2"))
        await settle()
        assert bench.fork(Party.CUSTOMER) is first
        bench.say(Party.CUSTOMER, 110.0)

    bench = run(scene)
    assert [fork.channel for fork in bench.driver.stopped] == ["a-1"]
    assert bench.fork(Party.AGENT).channel == "a-2"
    assert bench.frames
    assert all(frame.at > 9 for frame in bench.frames)


def test_a_fork_that_breaks_is_asked_for_again(monkeypatch: Any) -> None:
    monkeypatch.setattr(forkdesk, "FIRST_RETRY", 0.0)

    async def scene(bench: Bench) -> None:
        await bench.open_both()
        bench.desk.closed(bench.fork(Party.CUSTOMER).fork_id, "reset")
        await settle()

    bench = run(scene)
    customer = [fork for fork in bench.driver.started if fork.party is Party.CUSTOMER]
    assert len(customer) == 2
    assert customer[0].fork_id != customer[1].fork_id
    assert bench.troubles == []
    assert bench.desk.counts["lost"] == 1


def test_a_fork_that_ends_just_before_its_call_is_not_counted_as_lost(monkeypatch: Any) -> None:
    """Else the status line speaks of losses at every hang-up, and real ones are not seen."""
    monkeypatch.setattr(forkdesk, "FIRST_RETRY", 0.01)

    async def scene(bench: Bench) -> None:
        await bench.open_both()
        for party in Party:
            bench.desk.closed(bench.fork(party).fork_id, "ended")
        bench.desk.ended("c1")
        await asyncio.sleep(0.02)

    bench = run(scene)
    assert bench.desk.counts["lost"] == 0
    assert len(bench.driver.started) == 2


def test_a_leg_that_cannot_be_forked_is_said_on_the_feed_and_not_tried_for_ever(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(forkdesk, "FIRST_RETRY", 0.0)

    async def scene(bench: Bench) -> None:
        bench.driver.failure = PbxRefusedError("no")
        bench.desk.talk(TALK)
        for _ in range(10):
            await settle()

    bench = run(scene, attempts=3)
    assert len(bench.driver.started) == 6
    assert bench.troubles == [("c1", "fork_failed"), ("c1", "fork_failed")]
    assert bench.desk.forks == frozenset()


def test_a_pbx_that_is_away_is_asked_again_when_it_is_back() -> None:
    async def scene(bench: Bench) -> None:
        bench.driver.failure = PbxDownError("away")
        bench.desk.talk(TALK)
        await settle()
        assert bench.desk.forks == frozenset()
        bench.driver.failure = None
        bench.desk.pbx_up()
        await settle()

    bench = run(scene)
    assert len(bench.driver.started) == 4
    assert bench.troubles == []
    assert bench.desk.is_ours("k-1")


def test_the_end_of_a_call_ends_its_forks_and_no_more_audio_is_taken() -> None:
    async def scene(bench: Bench) -> None:
        await bench.open_both()
        fork = bench.fork(Party.CUSTOMER)
        bench.desk.ended("c1")
        bench.desk.audio(fork.fork_id, SAMPLES, 105.0)
        bench.desk.closed(fork.fork_id, "ended")
        await bench.desk.close()

    bench = run(scene)
    assert len(bench.driver.stopped) == 2
    assert bench.frames == []
    assert set(bench.listener.dropped) == {fork.fork_id for fork in bench.driver.started}


def test_an_agent_who_is_gone_is_not_forked_again(monkeypatch: Any) -> None:
    monkeypatch.setattr(forkdesk, "FIRST_RETRY", 0.0)

    async def scene(bench: Bench) -> None:
        await bench.open_both()
        bench.desk.talk(TalkPaused("c1", 5.0))
        bench.desk.closed(bench.fork(Party.AGENT).fork_id, "ended")
        await settle()

    assert len(run(scene).driver.started) == 2


def test_a_fork_that_ends_before_the_pbx_said_how_it_went_is_asked_for_once_more_only(
    monkeypatch: Any,
) -> None:
    """Two that ask for the same leg hang up each other's fork, again and again."""
    monkeypatch.setattr(forkdesk, "FIRST_RETRY", 0.0)

    async def scene(bench: Bench) -> None:
        bench.driver.answer = asyncio.Event()
        bench.desk.talk(TALK)
        await settle()
        first = bench.fork(Party.CUSTOMER)
        bench.desk.closed(first.fork_id, "never_came")
        bench.driver.failure = PbxRefusedError("late")
        bench.driver.answer.set()
        bench.driver.answer = None
        bench.driver.failure = None
        for _ in range(5):
            await settle()

    bench = run(scene)
    customer = [fork for fork in bench.driver.started if fork.party is Party.CUSTOMER]
    assert len(customer) == 2
    assert bench.desk.is_ours("k-1")
    assert len(bench.desk.forks) == 2


def test_a_leg_that_falls_silent_on_hold_is_asked_for_when_the_hold_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A long hold would otherwise leave the rest of the call without one party."""
    monkeypatch.setattr(forkdesk, "FIRST_RETRY", 0.0)

    async def scene(bench: Bench) -> None:
        await bench.open_both()
        bench.desk.held("c1")
        bench.desk.closed(bench.fork(Party.AGENT).fork_id, "stalled")
        await settle()
        assert len(bench.driver.started) == 2
        bench.desk.retrieved("c1")
        await settle()

    bench = run(scene)
    assert len(bench.driver.started) == 3
    assert bench.fork(Party.AGENT).channel == "a-1"
    assert bench.troubles == []
