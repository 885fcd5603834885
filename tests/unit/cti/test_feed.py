"""The feed's order and bounds: what integrators rely on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.cti import events
from rid_telephony.cti.backlog import MERGEABLE
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed, FeedError, Subscription

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def partial(text: str, at_ms: int = 0) -> events.UtterancePartial:
    return events.UtterancePartial(
        at_ms=at_ms,
        utterance_id="u1",
        role="customer",
        begin_ms=0,
        end_ms=1,
        text=text,
        confidence=1.0,
    )


def held() -> events.CallHeld:
    return events.CallHeld(at_ms=5, by="agent")


def test_each_call_counts_from_one_without_gaps_while_the_cursor_runs_over_all() -> None:
    feed = Feed("/test")
    seen: list[CloudEvent] = []
    feed.listen(seen.append)
    first, second = feed.open_call("a", START), feed.open_call("b", START)
    for channel in (first, second, first, second, first):
        feed.publish(channel, "call.held", held())
    assert [event.sequence for event in seen if event.subject == "a"] == [1, 2, 3]
    assert [event.sequence for event in seen if event.subject == "b"] == [1, 2]
    assert [event.cursor for event in seen] == [1, 2, 3, 4, 5]
    assert len({event.id for event in seen}) == 5


def test_the_time_of_an_event_is_the_calls_own_clock_on_the_wall() -> None:
    event = Feed("/test").publish(Feed("/x").open_call("a", START), "call.held", held())
    assert event.time == datetime(2026, 11, 22, 9, 0, 0, 5000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("analysis.completed", "analysis.completed"),
        ("analysis.completed", "analysis.failed"),
        ("call.ended", "call.ended"),
    ],
)
def test_a_call_and_its_analysis_end_only_once(first: str, second: str) -> None:
    made = {
        "analysis.completed": events.AnalysisCompleted(at_ms=1, utterances=0, hints=0, dropped=0),
        "analysis.failed": events.AnalysisFailed(at_ms=1, code="x", message="y"),
        "call.ended": events.CallEnded(at_ms=1, cause="normal", by=None, duration_ms=1),
    }
    feed = Feed("/test")
    channel = feed.open_call("a", START)
    feed.publish(channel, first, made[first])
    with pytest.raises(FeedError):
        feed.publish(channel, second, made[second])


def test_data_of_the_wrong_type_never_reaches_a_consumer() -> None:
    feed = Feed("/test")
    seen: list[CloudEvent] = []
    feed.listen(seen.append)
    with pytest.raises(FeedError):
        feed.publish(feed.open_call("a", START), "call.ended", held())
    with pytest.raises(FeedError):
        feed.publish(feed.open_call("a", START), "call.hold", held())
    assert seen == []


def test_a_slow_consumer_loses_partials_before_anything_that_matters() -> None:
    feed = Feed("/test")
    subscription = Subscription(max_events=3, max_bytes=1_000_000)
    feed.listen(subscription.offer)
    channel = feed.open_call("a", START)
    feed.publish(channel, "call.held", held())
    for word in ("我", "我想", "我想问"):
        feed.publish(channel, "utterance.partial", partial(word))
    feed.publish(channel, "call.held", held())
    taken = list(iter(subscription.take, None))
    assert [event.type for event in taken] == ["call.held", "utterance.partial", "call.held"]
    assert taken[1].data["text"] == "我想问", "the newest partial is the one that stays"
    assert (subscription.dropped, subscription.merged) == (0, 2)


def test_a_consumer_that_lost_events_is_told_before_it_gets_the_next() -> None:
    feed = Feed("/test")
    subscription = Subscription(max_events=2, max_bytes=1_000_000)
    feed.listen(subscription.offer)
    channel = feed.open_call("a", START)
    for _ in range(5):
        feed.publish(channel, "call.held", held())
    gap = subscription.take()
    assert gap is not None
    assert gap.type == "feed.gap"
    assert (gap.data["from_cursor"], gap.data["to_cursor"], gap.data["dropped"]) == (1, 3, 3)
    assert [event.cursor for event in iter(subscription.take, None)] == [4, 5]


@given(
    kinds=st.lists(st.booleans(), max_size=60),
    room=st.integers(1, 10),
    takes=st.lists(st.booleans(), max_size=60),
)
def test_what_a_consumer_gets_plus_what_it_is_told_it_lost_is_everything_that_matters(
    kinds: list[bool], room: int, takes: list[bool]
) -> None:
    feed = Feed("/test")
    subscription = Subscription(max_events=room, max_bytes=1_000_000)
    feed.listen(subscription.offer)
    channel = feed.open_call("a", START)
    got: list[CloudEvent] = []
    sent = 0
    for index, is_partial in enumerate(kinds):
        if is_partial:
            feed.publish(channel, "utterance.partial", partial("x", index))
        else:
            feed.publish(channel, "call.held", held())
        sent += 1
        assert len(subscription) <= room
        if index < len(takes) and takes[index] and (event := subscription.take()):
            got.append(event)
    got.extend(iter(subscription.take, None))
    told = sum(event.data["dropped"] for event in got if event.type == "feed.gap")
    real = [event for event in got if event.type != "feed.gap"]
    assert len(real) + told + subscription.merged == sent
    assert [event.cursor for event in real] == sorted(event.cursor for event in real)
    assert "hint.offered" not in MERGEABLE


def test_a_consumer_that_fails_disturbs_neither_the_call_nor_the_others() -> None:
    """Whoever publishes is in the middle of a call: an exception there would end its analysis."""
    feed = Feed("/test")
    seen: list[CloudEvent] = []

    def failing(_: CloudEvent) -> None:
        raise RuntimeError("a fault of a consumer")

    feed.listen(failing)
    feed.listen(seen.append)
    channel = feed.open_call("a", START)
    sent = [feed.publish(channel, "call.held", held()) for _ in range(3)]
    assert seen == sent
    assert [event.sequence for event in sent] == [1, 2, 3]
    assert feed.faults == 3


def test_text_that_no_utf8_can_carry_is_replaced_before_anyone_gets_it() -> None:
    """Such an event could not be written, and the thread that writes the store would die of it."""
    feed = Feed("/test")
    seen: list[CloudEvent] = []
    feed.listen(seen.append)
    channel = feed.open_call("a\ud800", START, tenant="t\udfff", agent="b\ud800")
    sent = feed.publish(channel, "utterance.partial", partial("你\ud83d好"))
    assert seen == [sent]
    assert (sent.subject, sent.tenant, sent.agent) == ("a?", "t?", "b?")
    assert sent.data["text"] == "你?好"
    assert CloudEvent.model_validate_json(sent.line()) == sent
