"""What a slow consumer loses, and what it is told: nobody may believe to have seen everything."""

from __future__ import annotations

from feed_kit import LiveFeed
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.cti.backlog import MERGEABLE, Backlog, Entry, Lost, gap_event
from rid_telephony.cti.envelope import CloudEvent


class Consumer:
    """Takes from a backlog of a few events."""

    def __init__(self, room: int, octets: int = 1_000_000) -> None:
        self.live = LiveFeed()
        self.backlog: Backlog[Entry] = Backlog(room, octets)
        self.live.feed.listen(lambda event: self.backlog.put(Entry(event, len(event.line()))))
        self.got: list[CloudEvent | Lost] = []

    def take(self) -> bool:
        if lost := self.backlog.lost():
            self.got.append(lost)
        entry = self.backlog.take()
        if entry:
            self.got.append(entry.event)
        return entry is not None

    def rest(self) -> list[CloudEvent | Lost]:
        while self.take():
            pass
        return self.got


def test_an_older_partial_goes_without_a_word_since_the_newer_one_says_it_better() -> None:
    consumer = Consumer(room=2)
    for words in ("我", "我想", "我想问"):
        consumer.live.partial(words)
    texts = [event.data["text"] for event in consumer.rest() if isinstance(event, CloudEvent)]
    assert texts == ["我想", "我想问"]
    assert (consumer.backlog.merged, consumer.backlog.dropped) == (1, 0)


def test_the_only_word_on_something_is_told_when_it_goes() -> None:
    consumer = Consumer(room=2)
    consumer.live.partial("我", utterance="u1")
    consumer.live.held(times=2)
    first = consumer.rest()[0]
    assert isinstance(first, Lost)
    assert (first.first.cursor, first.last.cursor, first.count) == (1, 1, 1)


def test_a_consumer_that_resumes_after_the_gap_misses_nothing_that_still_waited() -> None:
    consumer = Consumer(room=3)
    consumer.live.held(times=3)
    consumer.take()
    consumer.live.partial("我")
    consumer.live.held(times=2)  # the partial goes, though what waits before it does not
    consumer.take()
    lost = next(item for item in consumer.got if isinstance(item, Lost))
    waiting = [item.cursor for item in consumer.got[2:] if isinstance(item, CloudEvent)]
    assert lost.last.cursor == 4
    assert lost.cursor < min(waiting)
    assert gap_event(lost).cursor == lost.cursor


def test_bytes_are_bounded_as_events_are_and_a_giant_waits_alone() -> None:
    consumer = Consumer(room=100, octets=5000)
    consumer.live.held(times=40)
    assert consumer.backlog.bytes <= 5000
    consumer.live.large(20_000, 1)
    assert len(consumer.backlog) == 1


actions = st.lists(st.sampled_from(["held", "u1", "u2", "take"]), max_size=80)


@given(actions=actions, room=st.integers(1, 6))
def test_whatever_is_left_out_is_told_or_replaced_by_something_newer(
    actions: list[str], room: int
) -> None:
    consumer = Consumer(room)
    for action in actions:
        if action == "take":
            consumer.take()
        elif action == "held":
            consumer.live.held()
        else:
            consumer.live.partial("x", utterance=action)
        assert len(consumer.backlog) <= room
    items = consumer.rest()
    if lost := consumer.backlog.lost():
        items.append(lost)
    got = [item for item in items if isinstance(item, CloudEvent)]
    told = [item for item in items if isinstance(item, Lost)]
    assert [event.cursor for event in got] == sorted({event.cursor for event in got})
    assert len(got) + sum(gap.count for gap in told) + consumer.backlog.merged == len(
        consumer.live.sent
    )
    have = {event.cursor for event in got}
    for event in consumer.live.sent:
        in_gap = any(gap.first.cursor <= event.cursor <= gap.last.cursor for gap in told)
        newer = event.type in MERGEABLE and any(
            later.cursor > event.cursor
            and later.data.get("utterance_id") == event.data["utterance_id"]
            for later in consumer.live.sent
        )
        assert event.cursor in have or in_gap or newer
