"""What the PBX does reaches the sessions, the forks and the write-back, under one id."""

from __future__ import annotations

from datetime import UTC, datetime

from rid_telephony.calls.book import CallBook
from rid_telephony.calls.messages import CallEnded, CallStarted, Party, TalkBegan, TalkEvent
from rid_telephony.calls.observations import (
    BridgeJoined,
    ChannelEnded,
    ChannelMarked,
    ChannelSeen,
    Mark,
)
from rid_telephony.media.messages import SourceItem
from rid_telephony.pipeline.live import LiveCalls
from rid_telephony.pipeline.naming import CallNames

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Board:
    def __init__(self) -> None:
        self.items: list[SourceItem] = []

    @property
    def calls(self) -> int:
        started = sum(isinstance(item, CallStarted) for item in self.items)
        return started - sum(isinstance(item, CallEnded) for item in self.items)

    def accept(self, item: SourceItem) -> None:
        self.items.append(item)

    def degrade(self, call_id: str, reason: str, detail: str) -> None: ...


class Forks:
    def __init__(self) -> None:
        self.talks: list[TalkEvent] = []
        self.over: list[str] = []

    def talk(self, event: TalkEvent) -> None:
        self.talks.append(event)

    def ended(self, call_id: str) -> None:
        self.over.append(call_id)

    def held(self, call_id: str) -> None: ...

    def retrieved(self, call_id: str) -> None: ...

    def is_ours(self, channel: str) -> bool:
        return False

    def pbx_up(self) -> None: ...


class Bench:
    def __init__(self, *, max_calls: int = 10, taken: tuple[str, ...] = ()) -> None:
        self.overloaded = False
        self.board, self.forks = Board(), Forks()
        self.talks: list[TalkEvent] = []
        book = CallBook(r"\d{4}", wall=lambda _: NOON)
        names = CallNames(taken)
        self.live = LiveCalls(
            book,
            self.board,
            self.forks,
            self.talks.append,
            names.free,
            max_calls,
            lambda: self.overloaded,
        )

    def call(self, number: int) -> None:
        customer, agent = f"{number}.0", f"{number}.1"
        for observation in (
            ChannelSeen(1.0, customer, endpoint="trunk", root=customer, dialled=False),
            ChannelMarked(1.0, customer, Mark(leg=Party.CUSTOMER)),
            ChannelSeen(1.1, agent, endpoint="1001", root=customer, dialled=True),
            BridgeJoined(2.0, f"b{number}", customer),
            BridgeJoined(2.0, f"b{number}", agent),
        ):
            self.live.observe(observation)

    def end(self, number: int) -> None:
        for channel in (f"{number}.0", f"{number}.1"):
            self.live.observe(ChannelEnded(9.0, channel))


def test_a_call_reaches_sessions_forks_and_write_back_under_one_id() -> None:
    bench = Bench()
    bench.call(1)
    bench.end(1)
    assert {item.call_id for item in bench.board.items} == {"1.0"}
    assert isinstance(bench.talks[0], TalkBegan)
    assert bench.talks == bench.forks.talks
    assert bench.forks.over == ["1.0"]


def test_a_call_that_outlived_a_restart_goes_on_under_a_new_id() -> None:
    bench = Bench(taken=("1.0",))
    bench.call(1)
    bench.end(1)
    ids = {item.call_id for item in bench.board.items} | {talk.call_id for talk in bench.talks}
    assert ids == {"1.0~2"}


def test_calls_beyond_the_limit_are_not_touched_and_are_counted() -> None:
    bench = Bench(max_calls=1)
    bench.call(1)
    bench.call(2)
    bench.end(2)
    assert {item.call_id for item in bench.board.items} == {"1.0"}
    assert {talk.call_id for talk in bench.forks.talks} == {"1.0"}
    assert bench.live.counts["refused"] == 1
    bench.end(1)
    bench.call(3)
    assert bench.live.counts == {"calls": 2, "refused": 1}


def test_an_overloaded_machine_takes_no_new_calls_and_goes_on_with_the_others() -> None:
    bench = Bench()
    bench.call(1)
    bench.overloaded = True
    bench.call(2)
    bench.end(1)
    assert {item.call_id for item in bench.board.items} == {"1.0"}
    assert isinstance(bench.board.items[-1], CallEnded)
    assert bench.live.counts["refused"] == 1


def test_an_id_is_given_once() -> None:
    names = CallNames(["a", "a~2"])
    assert [names.free("a"), names.free("a"), names.free("b")] == ["a~3", "a~4", "b"]


def test_who_stops_begins_no_more_calls() -> None:
    bench = Bench()
    bench.call(1)
    bench.live.close()
    bench.call(2)
    assert {item.call_id for item in bench.board.items} == {"1.0"}
