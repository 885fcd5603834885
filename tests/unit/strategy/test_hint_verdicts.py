"""The coach learns from the agent: an unwanted hint must not come back at once."""

from __future__ import annotations

import pytest
from strategy_builders import Call, candidate, finding, profile, strategies

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.profile.messages import ProductMatch
from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.strategy.arbiter import MAX_JUDGED, Arbiter
from rid_telephony.strategy.messages import HintOffered, HintVerdict, Priority

QUIET = StrategySettings().unwanted_quiet


@pytest.fixture
def arbiter() -> Arbiter:
    return Arbiter(StrategySettings(), "c")


def offered(arbiter: Arbiter, now: float, **fields: object) -> str:
    """Offer a hint and return its id; empty where it was not shown."""
    advice = arbiter.offer([candidate(**fields)], now)  # type: ignore[arg-type]  # fields of it
    return next((one.hint.hint_id for one in advice if isinstance(one, HintOffered)), "")


@pytest.mark.parametrize("verdict", ["wrong", "dismissed"])
def test_the_strategy_of_an_unwanted_hint_is_not_offered_again_soon_for_any_cause(
    arbiter: Arbiter, verdict: HintVerdict
) -> None:
    hint = offered(arbiter, 10, strategy="give_evidence", cause="a")
    arbiter.judge(hint, verdict, 12)
    assert not offered(arbiter, 60, strategy="give_evidence", cause="b")
    assert offered(arbiter, 70, strategy="show_details", cause="b"), "others are not its fault"
    assert offered(arbiter, 12 + QUIET, strategy="give_evidence", cause="b")


def test_a_dismissed_hint_is_gone_at_once_and_never_expires_beside(arbiter: Arbiter) -> None:
    hint = offered(arbiter, 10)
    arbiter.judge(hint, "dismissed", 12)
    assert arbiter.live is None
    assert arbiter.expire(100) == ()
    assert arbiter.finish(100) == ()


def test_a_verdict_on_an_older_hint_leaves_the_one_that_is_shown(arbiter: Arbiter) -> None:
    first = offered(arbiter, 10, strategy="give_evidence")
    second = offered(arbiter, 40, strategy="show_details")
    arbiter.judge(first, "wrong", 42)
    assert arbiter.live is not None
    assert arbiter.live.hint_id == second


def test_a_used_hint_is_not_repeated_for_its_cause_and_stays_while_it_is_read(
    arbiter: Arbiter,
) -> None:
    hint = offered(arbiter, 10, strategy="give_evidence", cause="a")
    arbiter.judge(hint, "used", 12)
    assert arbiter.live is not None
    assert not offered(arbiter, 2000, strategy="give_evidence", cause="a")
    assert offered(arbiter, 2010, strategy="give_evidence", cause="b")


@pytest.mark.parametrize("verdict", ["displayed", "useful"])
def test_other_verdicts_change_nothing(arbiter: Arbiter, verdict: HintVerdict) -> None:
    hint = offered(arbiter, 10, quiet=15.0)
    arbiter.judge(hint, verdict, 12)
    assert arbiter.live is not None
    assert offered(arbiter, 40, quiet=15.0)


@pytest.mark.parametrize("priority", [Priority.ALERT, Priority.COMPLIANCE])
@pytest.mark.parametrize("verdict", ["wrong", "dismissed", "used"])
def test_an_agent_cannot_silence_alerts_and_compliance(
    arbiter: Arbiter, priority: Priority, verdict: HintVerdict
) -> None:
    hint = offered(arbiter, 10, strategy="stop_violation", cause="v", priority=priority)
    arbiter.judge(hint, verdict, 11)
    assert offered(arbiter, 60, strategy="stop_violation", cause="v", priority=priority)


def test_a_verdict_on_a_hint_of_nobody_is_harmless(arbiter: Arbiter) -> None:
    arbiter.judge("elsewhere", "wrong", 1)
    assert offered(arbiter, 10)


def test_what_is_kept_for_verdicts_is_bounded() -> None:
    arbiter = Arbiter(StrategySettings(min_interval=0, hint_reserve=1000), "c")
    first = offered(arbiter, 0, quiet=0.0)
    for number in range(MAX_JUDGED + 5):
        offered(arbiter, 1000.0 * (number + 1), quiet=0.0)
    arbiter.judge(first, "wrong", 9e6)
    assert offered(arbiter, 9e6, quiet=0.0), "a verdict that old has no effect"


def test_the_coach_keeps_quiet_after_a_dismissal_though_the_customer_doubts_again() -> None:
    call = Call()
    doubts = profile("rapport", objections={"doubt": 1})
    first = call.customer("真的假的，我不信", doubts, objection="doubt", act="objection")
    (hint,) = [one.hint for one in first if isinstance(one, HintOffered)]
    call.coach.judge(hint.hint_id, "wrong", call.now)
    again: list[str] = []
    for count in range(2, 6):
        told = profile("rapport", objections={"doubt": count})
        again += strategies(
            call.customer("我还是不信", told, after=30, objection="doubt", act="objection")
        )
    assert hint.strategy not in again
    assert again, "another way to answer is offered"


def test_a_risk_level_that_the_crm_tells_late_counts_for_the_next_words() -> None:
    call = Call()
    fund = ProductMatch("p9", "成长基金", 90.0, 0.0, 0.0, suitable=False)
    unsuitable = profile(products=(fund,))
    named = "成长基金很适合您"
    assert not [one for one in call.agent(named, unsuitable) if hasattr(one, "finding")]
    call.coach.learn(CustomerContext(risk_level=1), unsuitable)
    found = [one.finding for one in call.agent(named, unsuitable) if hasattr(one, "finding")]
    assert [one.label for one in found] == ["unsuitable"]


def test_a_do_not_call_entry_that_comes_late_ends_selling() -> None:
    call = Call()
    call.agent("给您介绍一下我们的产品", profile(), "present", finding())
    call.coach.learn(CustomerContext(do_not_call=True), profile(no_contact=1))
    offered_now = strategies(call.customer("嗯", profile(no_contact=1), act="backchannel"))
    assert not {"match_product", "advance_close", "probe_need"} & set(offered_now)
