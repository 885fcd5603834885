"""CRM context and hint feedback: what is told of a call reaches this call, once, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from call_kit import Floor

from rid_telephony.calls.messages import CallTransferred, CustomerContext, Leg, Party
from rid_telephony.cti.access.scope import Scope
from rid_telephony.cti.server.ports import CallKey, HintFeedback, Outcome
from rid_telephony.settings.server import ServerSettings

KNOWN = CustomerContext(age=66, tenure_years=8, risk_level=2, holdings=("deposit",))
CALL, CHANNEL, CUSTOMER = (
    CallKey("call", "c1"),
    CallKey("channel", "c1-b"),
    CallKey("customer", "k"),
)


@pytest.fixture
def floor() -> Floor:
    return Floor()


def feedback(hint_id: str, verdict: str = "used", note: str = "") -> HintFeedback:
    return HintFeedback(hint_id, verdict, "anna", note)  # type: ignore[arg-type]  # as it comes


# --- before the call -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", [CALL, CHANNEL, CUSTOMER])
def test_what_the_crm_tells_before_the_call_is_there_when_it_begins(
    floor: Floor, key: CallKey
) -> None:
    assert floor.control.give_context(key, KNOWN) is Outcome.KEPT
    floor.start(context=CustomerContext(customer_id="k"))
    floor.customer("你好，请讲")
    assert floor.last("rid.demand.updated").data["facts"]["age"] == 66
    assert floor.words.risk_levels[-1] == 2, "the compliance rules know the risk level"
    score = floor.last("rid.relationship.updated").data["score"]
    assert "tenure_years=8" in [one["quote"] for one in score["evidence"]]


def test_what_the_dialplan_said_gives_way_and_the_rest_of_it_stays(floor: Floor) -> None:
    floor.control.give_context(CHANNEL, CustomerContext(age=70, customer_id="k"))
    floor.start(context=CustomerContext(age=30, occupation="老师"))
    floor.customer("你好")
    facts = floor.last("rid.demand.updated").data["facts"]
    assert (facts["age"], facts["occupation"]) == (70, "老师")
    assert floor.events[0].data["customer_id"] == "k"


def test_a_channel_that_names_its_customer_brings_what_is_known_of_the_customer(
    floor: Floor,
) -> None:
    floor.control.give_context(CUSTOMER, KNOWN)
    floor.control.give_context(CHANNEL, CustomerContext(customer_id="k"))
    floor.start()
    floor.customer("你好")
    assert floor.last("rid.demand.updated").data["facts"]["age"] == 66


def test_a_context_that_names_another_customer_is_not_used(floor: Floor) -> None:
    floor.control.give_context(CHANNEL, replace(KNOWN, customer_id="somebody"))
    floor.start(context=CustomerContext(customer_id="k"))
    floor.customer("你好")
    assert "age" not in floor.last("rid.demand.updated").data["facts"]
    assert floor.control.figures["contexts_mismatched_total"] == 1


def test_by_channel_it_serves_one_call_by_customer_every_call(floor: Floor) -> None:
    floor.control.give_context(CHANNEL, CustomerContext(occupation="老师"))
    floor.control.give_context(CUSTOMER, CustomerContext(age=66))
    for _ in range(2):
        floor.start(context=CustomerContext(customer_id="k"))
        floor.customer("你好")
        floor.end()
    told = [e.data["facts"] for e in floor.events if e.type == "rid.demand.updated"]
    assert told[0] == {"age": 66, "occupation": "老师"}
    assert told[-1] == {"age": 66}


def test_a_context_that_waits_too_long_is_forgotten_and_counted() -> None:
    floor = Floor(settings=ServerSettings(context_hours=1))
    floor.control.give_context(CALL, KNOWN)
    floor.now += 3601
    floor.start()
    floor.customer("你好")
    assert "age" not in floor.last("rid.demand.updated").data["facts"]
    assert floor.control.figures["contexts_dropped_total"] == 1


def test_a_flood_of_contexts_is_bounded_and_the_newest_are_kept() -> None:
    floor = Floor(settings=ServerSettings(contexts=10))
    for number in range(1000):
        floor.control.give_context(CallKey("customer", str(number)), KNOWN)
    assert floor.control.figures["contexts_waiting"] == 10
    assert floor.control.figures["contexts_dropped_total"] == 990
    floor.start(context=CustomerContext(customer_id="999"))
    floor.customer("你好")
    assert floor.last("rid.demand.updated").data["facts"]["age"] == 66


def test_a_token_of_one_tenant_cannot_put_words_into_a_call_of_another(floor: Floor) -> None:
    ours = Scope(tenants=("ours",))
    for key in (CALL, CHANNEL, CUSTOMER):
        assert floor.control.give_context(key, KNOWN, ours) is Outcome.KEPT
    floor.start(context=CustomerContext(customer_id="k"), tenant="theirs")
    assert floor.control.give_context(CALL, KNOWN, ours) is Outcome.KEPT, "nor learn that it is"
    floor.customer("你好")
    assert "age" not in floor.last("rid.demand.updated").data["facts"]


# --- during the call -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", [CALL, CHANNEL, CUSTOMER])
def test_during_the_call_the_profile_takes_it_in_at_that_moment(floor: Floor, key: CallKey) -> None:
    floor.start(context=CustomerContext(customer_id="k"))
    floor.customer("你好，请讲")
    before = len(floor.events)
    assert floor.control.give_context(key, KNOWN) is Outcome.DONE
    told = {event.type: event.data for event in floor.events[before:]}
    assert told["rid.demand.updated"]["facts"]["age"] == 66
    (crm,) = [
        one
        for one in told["rid.relationship.updated"]["score"]["evidence"]
        if one["signal"] == "crm.tenure"
    ]
    assert crm["utterance_id"] == ""
    floor.agent("这款产品不错")
    assert floor.words.risk_levels[-1] == 2


def test_the_same_context_again_puts_nothing_on_the_feed(floor: Floor) -> None:
    floor.start()
    floor.customer("你好")
    floor.control.give_context(CALL, KNOWN)
    before = len(floor.events)
    assert floor.control.give_context(CALL, KNOWN) is Outcome.DONE
    assert floor.events[before:] == []


def test_another_customers_context_never_reaches_the_call(floor: Floor) -> None:
    floor.start(context=CustomerContext(customer_id="k"))
    other = replace(KNOWN, customer_id="other")
    assert floor.control.give_context(CALL, other) is Outcome.TOO_LATE
    floor.customer("你好")
    assert "age" not in floor.last("rid.demand.updated").data["facts"]


def test_a_customer_who_is_told_during_the_call_is_found_by_id_from_then_on(floor: Floor) -> None:
    floor.start(queue="sales")
    assert floor.control.locate(CUSTOMER) is None
    floor.control.give_context(CALL, CustomerContext(customer_id="k"))
    assert floor.control.locate(CUSTOMER) == ("default", "1001", "sales")


def test_the_new_agents_channel_finds_the_call_after_a_transfer(floor: Floor) -> None:
    floor.start()
    floor.do(CallTransferred("c1", 1.0, Leg(Party.AGENT, "new", "1002"), "1002"))
    assert floor.control.locate(CallKey("channel", "new")) == ("default", "1002", "")


@pytest.mark.parametrize("key", [CALL, CHANNEL])
def test_after_the_call_it_is_too_late(floor: Floor, key: CallKey) -> None:
    floor.start()
    floor.end()
    assert floor.control.give_context(key, KNOWN) is Outcome.TOO_LATE
    assert floor.control.locate(key) is None


def test_a_fault_while_a_context_is_taken_in_ends_the_analysis_of_this_call_alone(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.start("c1")
    floor.start("c2")

    def broken(*_: object) -> None:
        raise ValueError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr("rid_telephony.pipeline.analyst.CallAnalyst.learn", broken)
        assert floor.control.give_context(CALL, KNOWN) is Outcome.TOO_LATE
    assert floor.types("analysis.failed") == ["analysis.failed"]
    assert floor.control.give_context(CallKey("call", "c2"), KNOWN) is Outcome.DONE


# --- feedback ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "event_type"),
    [
        ("displayed", "hint.displayed"),
        ("used", "hint.accepted"),
        ("useful", "hint.accepted"),
        ("wrong", "hint.dismissed"),
        ("dismissed", "hint.dismissed"),
    ],
)
def test_feedback_stands_on_the_feed_in_the_calls_own_sequence(
    floor: Floor, verdict: str, event_type: str
) -> None:
    floor.start()
    hint = floor.doubted()
    assert floor.control.feedback(feedback(hint, verdict)) is Outcome.DONE
    event = floor.events[-1]
    assert event.type == event_type
    assert event.data["hint_id"] == hint
    assert (event.data["reason"], event.data["by"]) == (verdict, "anna")
    assert [one.sequence for one in floor.events] == list(range(1, len(floor.events) + 1))


def test_a_verdict_counts_once_however_often_the_button_is_pressed(floor: Floor) -> None:
    floor.start()
    hint = floor.doubted()
    assert [floor.control.feedback(feedback(hint)) for _ in range(3)] == [Outcome.DONE] * 3
    assert floor.types("hint.accepted") == ["hint.accepted"]


def test_what_was_accepted_is_not_dismissed_and_the_reverse(floor: Floor) -> None:
    floor.start()
    hint = floor.doubted()
    floor.control.feedback(feedback(hint, "useful"))
    assert floor.control.feedback(feedback(hint, "wrong")) is Outcome.TOO_LATE
    assert floor.control.feedback(feedback(hint, "used")) is Outcome.DONE, "useful, then used"
    assert floor.types("hint.dismissed") == []


def test_a_dismissed_hint_ends_once_and_its_strategy_does_not_come_back(floor: Floor) -> None:
    floor.start()
    hint = floor.doubted()
    strategy = floor.last("hint.offered").data["strategy"]
    floor.control.feedback(feedback(hint, "dismissed"))
    for _ in range(4):
        floor.agent("请听我讲")
        floor.customer("我还是不信", objection="doubt", act="objection")
    floor.end()
    expired = [e.data["hint_id"] for e in floor.events if e.type == "hint.expired"]
    assert hint not in expired
    offered = [e.data for e in floor.events if e.type == "hint.offered" and e.data["priority"] > 2]
    assert [one["strategy"] for one in offered].count(strategy) == 1


def test_the_note_is_masked_like_everything_that_was_said(floor: Floor) -> None:
    floor.start()
    floor.control.feedback(feedback(floor.doubted(), "wrong", "客户手机13912345678"))
    assert "13912345678" not in floor.events[-1].line()


def test_an_agent_may_judge_a_hint_shortly_after_hanging_up() -> None:
    floor = Floor(settings=ServerSettings(feedback_minutes=1))
    floor.start()
    hint = floor.doubted()
    floor.end()
    assert floor.control.owner(hint) == ("default", "1001", "")
    floor.now += 59
    assert floor.control.feedback(feedback(hint)) is Outcome.DONE
    event = floor.events[-1]
    assert (event.type, event.subject) == ("hint.accepted", "c1")
    assert event.sequence == len(floor.events)
    floor.now += 2
    assert floor.control.feedback(feedback(hint, "displayed")) is Outcome.UNKNOWN
    assert floor.control.owner(hint) is None


def test_a_hint_of_nobody_is_unknown(floor: Floor) -> None:
    floor.start()
    assert floor.control.feedback(feedback("c1-h-999")) is Outcome.UNKNOWN
    assert floor.types("hint.accepted") == []


def test_calls_that_are_over_leave_nothing_behind(floor: Floor) -> None:
    for number in range(20):
        floor.start(f"c{number}")
        floor.end(f"c{number}")
    assert floor.control.figures["calls"] == 0
    floor.now += 3600
    floor.start("last")
    floor.end("last")
    assert len(floor.control._ended) == 1


def test_a_call_is_analysed_to_its_end_though_every_event_fails_a_consumer(floor: Floor) -> None:
    """A fault in the server, its sinks or a screen must never cost a call its analysis."""

    def failing(_: object) -> None:
        raise RuntimeError("a fault of a consumer")

    floor.feed.listen(failing)
    floor.start()
    floor.doubted()
    floor.end()
    told = [event.type for event in floor.events]
    assert told[-3:] == ["call.summary", "analysis.completed", "call.ended"]
    assert "hint.offered" in told
    assert floor.feed.faults == len(told)
