"""What an agent is told in a call: section 3 of the model, situation by situation."""

from __future__ import annotations

from typing import Any

import pytest
from strategy_builders import (
    Call,
    alerts,
    expiries,
    finding,
    findings,
    hints,
    playbook,
    profile,
    strategies,
)

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.messages import Facts
from rid_telephony.rid.profile.messages import AgentConduct
from rid_telephony.speech.messages import Prosody
from rid_telephony.strategy.messages import HintExpired, Priority

ANGRY = profile("stranger", state="angry", refusals=0)


# --- alerts


def test_an_angry_customer_is_soothed_before_anything_else() -> None:
    (hint,) = hints(Call().customer("你们太过分了", ANGRY, emotion="angry", act="complaint"))
    assert hint.strategy == "soothe_first"
    assert hint.priority is Priority.ALERT
    assert "你们太过分了" in hint.reason
    assert hint.evidence == ("u1",)


def test_an_attack_in_anger_is_answered_with_an_apology_and_an_end_to_selling() -> None:
    said = Call().customer("你们就是骗子", ANGRY, emotion="angry", objection="accusation")
    assert strategies(said) == ["apologize_and_stop"]
    assert hints(said)[0].priority is Priority.ALERT


def test_selling_stays_withheld_until_the_anger_has_passed_not_just_for_one_turn() -> None:
    call = Call()
    call.customer("你们太过分了", ANGRY, emotion="angry", objection="accusation")
    still = profile("trust", state="angry")
    assert strategies(call.customer("那怎么买", still, act="purchase_signal")) == []
    calm = profile("trust", state="engaged")
    assert strategies(call.customer("那怎么买", calm, act="purchase_signal")) == ["advance_close"]


def test_anger_that_goes_on_is_answered_with_an_apology_and_then_the_supervisor() -> None:
    call = Call()
    texts = ("太过分了", "你们就这么办事", "说不清楚是吧", "我不听你讲")
    said = [
        strategies(call.customer(text, ANGRY, after=8, emotion="angry", objection="accusation"))
        for text in texts
    ]
    assert said[:3] == [["apologize_and_stop"], ["soothe_first"], ["escalate_supervisor"]]
    assert alerts(call.advice) == ["anger"]


def test_a_customer_who_asks_not_to_be_called_gets_an_apology_and_an_end_to_marketing() -> None:
    said = Call().customer(
        "别再给我打电话了", profile("stranger", no_contact=1, refusals=1), objection="accusation"
    )
    assert strategies(said) == ["apologize_and_stop"]


def test_a_second_request_not_to_be_called_ends_the_call_and_alerts_the_supervisor() -> None:
    call = Call()
    call.customer("别再打了", profile("stranger", no_contact=1, refusals=1), objection="accusation")
    said = call.customer(
        "说了别打", profile("stranger", no_contact=2, refusals=2), objection="accusation"
    )
    assert alerts(said) == ["do_not_call"]
    assert strategies(said) == ["respect_and_exit"]


def test_a_customer_registered_as_do_not_call_is_not_sold_to_from_the_first_word() -> None:
    call = Call(context=CustomerContext(do_not_call=True))
    said = call.agent("您好我是江城银行小周，录音的", profile("contact", turns=0), "identify")
    assert strategies(said) == ["respect_and_exit"]
    later = call.customer(
        "多少起购", profile("trust"), after=40, act="question", topics={"threshold": 1}
    )
    assert strategies(later) == []


def test_a_threat_to_complain_goes_to_the_supervisor_on_screen_and_by_alert() -> None:
    said = Call().customer("我打12378投诉你们", ANGRY, emotion="angry", objection="accusation")
    assert strategies(said) == ["escalate_supervisor"]
    assert alerts(said) == ["complaint_threat"]


def test_the_first_refusal_is_respected_and_the_second_ends_the_call() -> None:
    call = Call()
    first = call.customer("不用了谢谢", profile(refusals=1), objection="polite_refusal")
    second = call.customer("真的不需要", profile(refusals=2), objection="polite_refusal")
    assert strategies(first) == ["respect_and_exit"]
    assert strategies(second) == ["respect_and_exit"]
    assert hints(second)[0].priority is Priority.ALERT


def test_an_agent_who_sells_on_after_a_refusal_is_stopped() -> None:
    call = Call()
    call.customer("不用了谢谢", profile(refusals=1), objection="polite_refusal")
    said = call.agent("您先别急，这款真的不错", profile(refusals=1), "present")
    assert strategies(said) == ["do_not_push"]
    assert hints(said)[0].priority is Priority.ALERT


def test_an_agent_who_answers_a_customer_who_came_back_is_not_stopped() -> None:
    call = Call()
    call.customer("不用了谢谢", profile(refusals=1), objection="polite_refusal")
    call.customer("那利率多少", profile(refusals=1), act="question")
    assert strategies(call.agent("一年期一点五", profile(refusals=1), "present")) == []


def test_an_agent_who_pushes_above_the_gate_is_told_to_hold_back() -> None:
    guarded = profile("contact", state="resistant")
    call = Call()
    call.customer("我再看看吧", guarded, act="inform")
    said = call.agent("那我现在就给您办了吧", guarded, "propose")
    assert strategies(said) == ["do_not_push"]
    friendly = Call().agent("那我现在就给您办了吧", profile("contact"), "propose")
    assert strategies(friendly) == ["slow_down"]


# --- compliance


def test_a_violation_is_stopped_with_the_safe_wording_and_alerted() -> None:
    said = Call().agent("这个肯定不会亏", profile(), "present", finding(wording="这款产品不保本。"))
    (hint,) = hints(said)
    assert (hint.strategy, hint.priority) == ("stop_violation", Priority.COMPLIANCE)
    assert hint.line == "勿承诺保本保收益，请更正"
    assert hint.script == "这款产品不保本。"
    assert "「肯定不会亏」" in hint.reason
    assert findings(said) == ["M01"]


def test_two_violations_in_one_breath_each_keep_their_own_wording() -> None:
    both = (
        finding("deposit_confusion", "跟存款一样", "这不是存款。"),
        finding("guarantee", "肯定不会亏", "不保本。"),
    )
    said = Call().agent("跟存款一样，肯定不会亏", profile(), "present", *both)
    assert findings(said) == ["M01", "M01"]
    (hint,) = hints(said)
    assert {"guarantee": "不保本。", "deposit_confusion": "这不是存款。"}[
        hint.cause.removeprefix("violation.")
    ] == hint.script


def test_a_finding_without_wording_still_brings_a_hint() -> None:
    said = Call().agent("肯定不会亏", profile(), "present", finding(wording=""))
    assert hints(said)[0].script == playbook().about.correction


def test_a_doubtful_finding_raises_nothing() -> None:
    weak = finding()
    said = Call().agent(
        "大概", profile(), "present", *[type(weak)("m", "guarantee", "minor", 0.4, "大", (0, 1))]
    )
    assert said == []


def test_a_customer_who_catches_the_violation_makes_its_correction_urgent() -> None:
    call = Call()
    call.agent("肯定不会亏", profile(), "present", finding())
    said = call.customer("真的假的，我不信", profile(), after=4, objection="doubt")
    assert strategies(said) == ["stop_violation"]
    assert hints(said)[0].priority is Priority.ALERT


def test_a_violation_that_was_taken_back_is_not_held_against_the_agent_again() -> None:
    call = Call()
    call.agent("肯定不会亏", profile(), "present", finding())
    taken_back = call.agent("对不起，我说过头了", profile(), "apology", after=5)
    assert expiries(taken_back) == ["overtaken"]
    assert strategies(call.customer("我不信", profile(), objection="doubt")) == ["give_evidence"]


# --- objections


@pytest.mark.parametrize(
    ("objection", "more", "strategy"),
    [
        ("doubt", {"topics": {"identity": 1.0}}, "verify_identity"),
        ("doubt", {"topics": {"risk": 1.0}}, "disclose_risk"),
        ("doubt", {}, "give_evidence"),
        ("doubt", {"emotion": "anxious"}, "clarify_concern"),
        ("accusation", {"topics": {"privacy": 1.0}}, "verify_identity"),
        ("accusation", {}, "apologize_and_stop"),
        ("not_now", {}, "schedule_callback"),
        ("not_now", {"emotion": "impatient"}, "be_brief"),
        ("hesitation", {}, "offer_material"),
        ("hesitation", {"topics": {"family": 1.0}}, "involve_family"),
        ("hesitation", {"emotion": "anxious"}, "clarify_concern"),
        ("product_objection", {"topics": {"yield": 1.0}}, "compare_alternatives"),
        ("product_objection", {"topics": {"term": 1.0}}, "compare_alternatives"),
        ("product_objection", {"topics": {"threshold": 1.0}}, "lower_commitment"),
        ("product_objection", {"topics": {"fee": 1.0}}, "show_details"),
        ("product_objection", {"topics": {"risk": 1.0}}, "disclose_risk"),
        ("product_objection", {"emotion": "anxious"}, "clarify_concern"),
        ("product_objection", {"emotion": "disappointed"}, "soothe_first"),
        ("product_objection", {}, "compare_alternatives"),
        ("product_objection", {"emotion": "impatient"}, "be_brief"),
    ],
)
def test_each_kind_of_objection_has_its_own_answer(
    objection: str, more: dict[str, Any], strategy: str
) -> None:
    said = Call().customer("这个嘛", profile(), objection=objection, **more)
    assert strategies(said) == [strategy]
    assert hints(said)[0].priority is Priority.OBJECTION
    assert hints(said)[0].cause.split(".")[0] in {"objection", "brevity"}


def test_an_objection_that_comes_again_gets_another_strategy() -> None:
    call = Call()
    said = [
        strategies(
            call.customer(
                "我不信", profile(objections={"doubt": count}), after=20, objection="doubt"
            )
        )
        for count in (1, 2, 3)
    ]
    assert len({tuple(each) for each in said}) == 3


def test_the_wording_follows_the_customers_style() -> None:
    scripts = {
        style: hints(Call().customer("我考虑考虑", profile(style=style), objection="hesitation"))[
            0
        ].script
        for style in ("", "tiger", "peacock", "koala", "owl")
    }
    assert len(set(scripts.values())) == 5


def test_a_shown_objection_hint_goes_away_when_the_customer_has_moved_on() -> None:
    call = Call()
    call.customer("我不信", profile(), objection="doubt")
    assert expiries(call.customer("嗯，这样啊", profile(), after=5, act="agree")) == ["overtaken"]


# --- opportunities, guidance, information


def test_a_named_amount_is_met_at_the_pace_of_the_relationship() -> None:
    facts = Facts(amount_cny=500_000)
    said = {}
    for stage in ("stranger", "contact", "rapport"):
        now = profile(stage, facts=facts)
        said[stage] = strategies(Call().customer("我有五十万", now, facts=facts))
    assert said == {"stranger": [], "contact": ["probe_need"], "rapport": ["match_product"]}


def test_the_amount_stands_in_the_line() -> None:
    facts = Facts(amount_cny=500_000)
    zh = Call().customer("我有五十万", profile(facts=facts), facts=facts)
    en = Call("en").customer("我有五十万", profile(facts=facts), facts=facts)
    assert "50万" in hints(zh)[0].line
    assert "¥500k" in hints(en)[0].line


@pytest.mark.parametrize(
    ("style", "strategy"),
    [("tiger", "be_brief"), ("owl", "show_details"), ("koala", "slow_down")],
)
def test_the_style_guides_how_to_answer_a_question(style: str, strategy: str) -> None:
    said = Call().customer("那怎么算的", profile("contact", style=style), act="question")
    assert strategies(said) == [strategy]
    assert hints(said)[0].priority is Priority.GUIDANCE


def test_a_warm_customer_is_met_with_warmth_but_not_a_tiger() -> None:
    warm: dict[str, Any] = {"emotion": "pleased", "act": "smalltalk"}
    assert strategies(Call().customer("哈哈你真逗", profile(style="peacock"), **warm)) == [
        "mirror_warmth"
    ]
    assert strategies(Call().customer("哈哈你真逗", profile(style="tiger"), **warm)) == []


def test_an_agent_who_talks_faster_than_the_customer_is_slowed() -> None:
    call = Call()
    call.hear_rate(3.5)
    fast = call.agent("我们这款", profile(), "present", prosody=Prosody(rate_sps=6.0))
    assert strategies(fast) == ["slow_down"]


def test_an_agent_who_keeps_interrupting_is_told() -> None:
    now = profile(conduct=AgentConduct(talk_share=0.5, interruptions=2))
    said = Call().agent("不是这样的", now, "present", prosody=Prosody(interrupted=True))
    assert strategies(said) == ["slow_down"]


def test_an_agent_who_does_all_the_talking_is_told_to_ask() -> None:
    now = profile(conduct=AgentConduct(talk_share=0.85))
    text = "我们行这一期的产品是这样安排的" * 4
    assert strategies(Call().agent(text, now, "present", after=20)) == ["probe_need"]


def test_what_the_customer_lets_us_know_becomes_a_need() -> None:
    facts = Facts(family=("child",))
    said = Call().customer("孩子上小学", profile("contact", facts=facts), facts=facts)
    assert strategies(said) == ["probe_need"]
    assert hints(said)[0].line == "客户提到孩子：教育金需求"
    assert hints(said)[0].priority is Priority.INFORMATION


def test_a_hint_names_the_product_that_fits() -> None:
    facts = Facts(event=("deposit_maturing",))
    said = Call().customer("存单要到期了", profile(facts=facts, turns=4), facts=facts)
    assert strategies(said) == ["match_product"]
    assert "三年大额存单" in hints(said)[0].script


# --- the machine


def test_time_alone_takes_a_stale_hint_away() -> None:
    call = Call()
    call.customer("我不信", profile(), objection="doubt")
    assert expiries(call.wait(14)) == []
    assert expiries(call.wait(2)) == ["ttl"]


def test_lasting_anger_alerts_the_supervisor_even_while_nobody_speaks() -> None:
    call = Call()
    for _ in range(2):
        call.customer("太过分了", profile(state="angry", since=5), emotion="angry")
    assert alerts(call.advice) == []
    assert alerts(call.wait(60)) == ["anger"]
    assert alerts(call.wait(60)) == []


def test_a_clock_that_goes_back_does_not_upset_the_coach() -> None:
    call = Call()
    call.customer("我不信", profile(), objection="doubt")
    call.now = 3.0
    assert strategies(call.customer("还是不信", profile(), after=0, objection="doubt")) == []
    assert isinstance(call.coach.finish(0.0)[0], HintExpired)


def test_a_coach_with_nothing_said_says_nothing() -> None:
    call = Call()
    assert call.wait(100) == []
    assert call.coach.finish(101) == ()


def test_the_english_pack_speaks_english() -> None:
    said = Call("en").customer("你们太过分了", ANGRY, emotion="angry", objection="accusation")
    (hint,) = hints(said)
    assert hint.line == "Angry: sorry, stop"
    assert hint.script.startswith("I am sorry")
