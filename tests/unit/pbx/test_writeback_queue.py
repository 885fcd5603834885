"""What a call writes next, and what it leaves out, on a clock that the test moves."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rid_telephony.pbx.writeback_queue import CallQueue, Write
from rid_telephony.pbx.writeback_stats import Kind, Tally
from rid_telephony.settings.writeback import WriteBackSettings

HINT = {"hint": "先给证据", "hint_id": "h1", "hint_priority": "3", "strategy": "give_evidence"}


def queue(**values: Any) -> tuple[CallQueue, Tally]:
    tally = Tally()
    made = CallQueue(WriteBackSettings(**{"per_second": 1000.0, **values}), tally)
    made.retarget("agent-1", "customer-1", "1001")
    return made, tally


def drain(waiting: CallQueue, now: float) -> list[Write]:
    taken = []
    while write := waiting.take(now):
        waiting.delivered(write, now)
        taken.append(write)
    return taken


def offer(waiting: CallQueue, number: int, now: float, until: float) -> None:
    hint_id = f"h{number}"
    waiting.show(hint_id, {**HINT, "hint_id": hint_id}, "先给证据", now, until)
    waiting.add(Write(Kind.MESSAGE, now, until, text="先给证据", hint_id=hint_id))
    waiting.add(Write(Kind.EVENT, now, until, name="RidHint", hint_id=hint_id))


def test_the_message_goes_before_variables_and_state_goes_last() -> None:
    waiting, _ = queue(display=True)
    waiting.set_state({"state": "angry"}, 0.0)
    offer(waiting, 1, 0.0, 20.0)
    taken = drain(waiting, 0.0)
    assert [each.kind for each in taken] == [
        "message",
        "variables",
        "event",
        "display",
        "variables",
    ]
    assert taken[0].target == "1001"
    assert taken[-1].values == {"state": "angry"}


def test_only_changes_are_written() -> None:
    waiting, _ = queue()
    waiting.set_state({"state": "angry", "style": ""}, 0.0)
    assert [each.values for each in drain(waiting, 0.0)] == [{"state": "angry"}]
    waiting.set_state({"state": "angry"}, 1.0)
    assert drain(waiting, 1.0) == []


def test_beyond_the_rate_only_the_newest_state_is_written() -> None:
    """Without it a chatty call would flood the PBX with what is stale already."""
    waiting, tally = queue(per_second=1.0)
    waiting.set_state({"state": "angry"}, 0.0)
    assert len(drain(waiting, 0.0)) == 1
    for at, label in ((0.1, "neutral"), (0.2, "hesitant"), (0.3, "engaged")):
        waiting.set_state({"state": label}, at)
        assert drain(waiting, at) == []
    pause = waiting.pause(0.3)
    assert pause is not None
    assert [each.values for each in drain(waiting, 0.3 + pause)] == [{"state": "engaged"}]
    assert tally.snapshot()[Kind.VARIABLES].merged == 2


def test_a_hint_that_is_over_is_cleared_where_it_stands() -> None:
    waiting, tally = queue()
    offer(waiting, 1, 0.0, 20.0)
    drain(waiting, 0.0)
    waiting.take_away("h1", 5.0)
    cleared = drain(waiting, 5.0)
    assert [each.values for each in cleared] == [dict.fromkeys(HINT, "")]
    assert tally.snapshot()[Kind.VARIABLES].late == 0


def test_the_expiry_of_an_older_hint_does_not_clear_the_newer_one() -> None:
    waiting, _ = queue()
    offer(waiting, 1, 0.0, 20.0)
    offer(waiting, 2, 1.0, 20.0)
    drain(waiting, 1.0)
    waiting.take_away("h1", 2.0)
    assert drain(waiting, 2.0) == []


def test_a_hint_that_expires_unwritten_is_never_written() -> None:
    waiting, tally = queue()
    waiting.retarget()
    offer(waiting, 1, 0.0, 20.0)
    waiting.take(0.0)
    waiting.retarget("agent-2", "customer-1", "1002")
    assert drain(waiting, 20.0) == []
    assert tally.snapshot()[Kind.MESSAGE].late == 1
    assert tally.snapshot()[Kind.VARIABLES].late == 1


def test_a_new_agent_gets_the_current_state_once() -> None:
    waiting, _ = queue()
    waiting.set_state({"state": "hesitant", "style": "data"}, 0.0)
    drain(waiting, 0.0)
    waiting.set_state({"state": "angry"}, 1.0)
    waiting.retarget("agent-2", "customer-1", "1002")
    assert [(each.target, each.values) for each in drain(waiting, 2.0)] == [
        ("agent-2", {"state": "angry", "style": "data"})
    ]
    assert drain(waiting, 3.0) == []


def test_the_first_agent_after_a_consultation_gets_only_what_changed() -> None:
    waiting, _ = queue()
    waiting.set_state({"state": "hesitant", "style": "data"}, 0.0)
    drain(waiting, 0.0)
    waiting.retarget()
    waiting.set_state({"state": "angry"}, 1.0)
    assert drain(waiting, 1.0) == []
    waiting.retarget("agent-1", "customer-1", "1001")
    assert [each.values for each in drain(waiting, 2.0)] == [{"state": "angry"}]


def test_a_full_queue_loses_the_oldest_event_and_keeps_the_message() -> None:
    waiting, tally = queue(queue_size=2)
    waiting.add(Write(Kind.EVENT, 0.0, name="first"))
    waiting.add(Write(Kind.MESSAGE, 0.0, text="a"))
    waiting.add(Write(Kind.EVENT, 0.0, name="second"))
    assert [each.text or each.name for each in drain(waiting, 0.0)] == ["a", "second"]
    assert tally.snapshot()[Kind.EVENT].dropped == 1


def test_variables_that_found_no_answer_are_set_once_more_but_a_message_is_not() -> None:
    """A message sent twice would show the agent the same hint twice."""
    waiting, tally = queue()
    offer(waiting, 1, 0.0, 20.0)
    message = waiting.take(0.0)
    assert message
    assert waiting.unanswered(message, "pbx_timeout")
    first = waiting.take(1.0)
    assert first
    assert not waiting.unanswered(first, "pbx_timeout")
    again = waiting.take(2.0)
    assert again == first
    assert waiting.unanswered(again, "pbx_timeout")
    assert [each.kind for each in drain(waiting, 3.0)] == ["event"]
    counts = tally.snapshot()
    assert counts[Kind.VARIABLES].retried == 1
    assert counts[Kind.VARIABLES].failed == counts[Kind.MESSAGE].failed == {"pbx_timeout": 1}


def test_a_write_that_found_the_pbx_away_goes_first_when_it_is_back() -> None:
    waiting, _ = queue(variables=False, user_event=False)
    offer(waiting, 1, 0.0, 20.0)
    taken = waiting.take(0.0)
    assert taken
    waiting.put_back(taken)
    assert waiting.take(1.0) == taken


def test_a_hint_taken_away_while_the_pbx_was_away_is_not_put_back() -> None:
    waiting, tally = queue()
    offer(waiting, 1, 0.0, 20.0)
    taken = waiting.take(0.0)
    assert taken
    waiting.take_away("h1", 1.0)
    waiting.put_back(taken)
    assert all(each.kind is not Kind.MESSAGE for each in drain(waiting, 2.0))
    assert tally.snapshot()[Kind.MESSAGE].late == 1


def test_an_agent_without_a_softphone_is_counted_not_waited_for() -> None:
    waiting, tally = queue()
    waiting.retarget("agent-1", "customer-1", "")
    offer(waiting, 1, 0.0, 20.0)
    assert all(each.kind is not Kind.MESSAGE for each in drain(waiting, 0.0))
    assert tally.snapshot()[Kind.MESSAGE].failed == {"no_endpoint": 1}


def test_an_alert_that_waited_too_long_is_counted_not_written() -> None:
    waiting, tally = queue()
    waiting.add(Write(Kind.EVENT, 0.0, 30.0, name="RidAlert"))
    assert waiting.pause(10.0) == 20.0
    assert waiting.take(30.0) is None
    assert len(waiting) == 0
    assert tally.snapshot()[Kind.EVENT].late == 1


def test_after_the_call_only_events_are_written() -> None:
    waiting, _ = queue()
    offer(waiting, 1, 0.0, 20.0)
    waiting.end(3.0)
    assert [each.kind for each in drain(waiting, 1.0)] == ["event"]
    assert waiting.pause(1.0) is None


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["offer", "expire", "state", "pause", "talk", "take", "fail", "down"]),
        st.integers(1, 3),
        st.floats(0, 5),
    ),
    max_size=60,
)


@given(STEPS, st.integers(1, 5), st.floats(0.5, 50))
@settings(max_examples=60)
def test_whatever_happens_the_queue_is_bounded_late_hints_stay_away_and_the_rate_holds(
    steps: list[tuple[str, int, float]], size: int, rate: float
) -> None:
    waiting, _ = queue(queue_size=size, per_second=rate, display=True, customer_variables=True)
    now, actions, over = 0.0, 0, set[str]()
    for count, (step, number, passed) in enumerate(steps):
        now += passed
        hint_id = f"h{count}"
        if step == "offer":
            offer(waiting, count, now, now + 3.0)
        elif step == "expire":
            over.update(f"h{each}" for each in range(count))
            for each in sorted(over):
                waiting.take_away(each, now)
        elif step == "state":
            waiting.set_state({"state": f"s{number}", "style": hint_id}, now)
        elif step == "pause":
            waiting.retarget()
        elif step == "talk":
            waiting.retarget(f"agent-{number}", "customer-1", f"100{number}")
        elif write := waiting.take(now):
            actions += write.cost
            assert write.deadline > now
            assert write.hint_id not in over
            if step == "down":
                waiting.put_back(write)
            elif step == "fail":
                waiting.failed(write, "pbx_refused")
            else:
                waiting.delivered(write, now)
        assert len(waiting) <= size + 1
        assert actions <= max(1.0, rate) + now * rate + 11
