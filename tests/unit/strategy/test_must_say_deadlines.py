"""What an agent has to say is missed aloud, once, and in time to be made good."""

from __future__ import annotations

from strategy_builders import Call, findings, hints, profile, strategies

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.profile.messages import AgentConduct
from rid_telephony.strategy.messages import ComplianceAlert

LONG = "最近的利率比去年低了一些所以想问问您手上那笔钱有没有安排" * 4


def test_an_agent_who_does_not_say_who_they_are_within_twenty_seconds_is_told() -> None:
    call = Call()
    assert findings(call.agent("您好，打扰您一下", profile("contact", turns=0), "greeting")) == []
    advice = call.agent(LONG, profile("contact", turns=0), after=30)
    assert "must_say.identity" in findings(advice)
    assert strategies(advice) == ["verify_identity"]
    assert findings(call.agent(LONG, profile("contact", turns=0), after=30)) == []


def test_an_omission_has_no_quote_and_says_what_to_say() -> None:
    call = Call()
    advice = call.agent(LONG, profile("contact"), after=30)
    alert = next(
        one
        for one in advice
        if isinstance(one, ComplianceAlert) and one.finding.rule == "must_say.identity"
    )
    assert (alert.finding.quote, alert.finding.span) == ("", (0, 0))
    assert "银行" in alert.finding.safe_wording


def test_an_agent_who_introduces_themselves_and_the_recording_hears_nothing() -> None:
    call = Call()
    text = "您好，我是江城银行的小周，通话会录音"
    assert findings(call.agent(text, profile("contact"), "identify")) == []
    assert findings(call.agent(LONG, profile("contact"), after=30)) == []


def test_what_the_profile_has_noted_counts_as_said() -> None:
    conduct = AgentConduct(said={"identity": 3.0, "recording_notice": 5.0})
    call = Call()
    assert findings(call.agent(LONG, profile("contact", conduct=conduct), after=30)) == []


def test_a_hint_for_an_omission_goes_away_when_it_is_made_good() -> None:
    call = Call()
    call.agent(LONG, profile("contact"), after=30)
    call.agent("我是江城银行的小周", profile("contact"), "identify", after=5)
    assert call.coach.tick(call.now) == ()


def test_risk_is_disclosed_before_a_risky_product_is_proposed() -> None:
    call = Call(context=CustomerContext(risk_level=3))
    call.agent("我是江城银行小周，录音的，有款净值理财", profile("trust"), "identify")
    advice = call.agent("那我帮您预约这一期", profile("trust"), "propose")
    assert findings(advice) == ["must_say.risk"]
    assert strategies(advice) == ["disclose_risk"]
    assert hints(advice)[0].reason.endswith("风险揭示。")


def test_a_deposit_needs_no_disclosure_of_risk() -> None:
    call = Call()
    call.agent("我是江城银行小周，录音的，理财就不说了，看看定期存款", profile("trust"), "identify")
    assert findings(call.agent("那我帮您预约存一年定期", profile("trust"), "propose")) == []


def test_risk_disclosed_in_time_raises_nothing() -> None:
    call = Call(context=CustomerContext(risk_level=3))
    call.agent("我是江城银行小周，录音的，有款净值理财", profile("trust"), "identify")
    call.agent("它不保本，可能会亏", profile("trust"), "risk_disclosure")
    assert findings(call.agent("那我帮您预约这一期", profile("trust"), "propose")) == []


def test_where_the_risk_level_is_unknown_the_assessment_comes_before_a_proposal() -> None:
    call = Call()
    call.agent(
        "我是江城银行小周，录音的，有款净值理财，不保本", profile("trust"), "risk_disclosure"
    )
    advice = call.agent("那我帮您预约这一期", profile("trust"), "propose")
    assert findings(advice) == ["must_say.suitability"]
    assert strategies(advice) == ["check_suitability"]


def test_a_senior_customer_is_told_that_it_is_no_deposit() -> None:
    call = Call(context=CustomerContext(age=67, risk_level=2))
    first = call.agent("我是江城银行小周，录音的，有款养老理财", profile("rapport"), "present")
    assert strategies(first) == ["check_suitability"]
    advice = call.agent("那我帮您定这一期", profile("rapport"), "propose", after=20)
    assert "must_say.senior" in findings(advice)
    assert strategies(advice) == ["disclose_risk"]


def test_nobody_is_asked_to_disclose_risk_to_an_angry_customer_who_is_offered_a_callback() -> None:
    call = Call(context=CustomerContext(risk_level=3))
    call.agent("我是江城银行小周，录音的，您买的理财", profile("contact"), "identify")
    call.customer("三天了钱呢", profile(state="angry"), emotion="angry", objection="accusation")
    advice = call.agent("四点前我请主管打给您", profile(state="angry"), "propose")
    assert "must_say.risk" not in findings(advice)
