"""After the call: an honest outcome, what was promised, and a note that an agent can use."""

from __future__ import annotations

import pytest
from strategy_builders import Call, finding, playbook, profile

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.datafile import read_data
from rid_telephony.rid.messages import Facts
from rid_telephony.rid.profile.loading import DATA
from rid_telephony.rid.profile.messages import AgentConduct, Profile
from rid_telephony.rid.profile.state import StateRules
from rid_telephony.strategy.messages import CallSummary


def summary(call: Call, now: Profile) -> CallSummary:
    call.coach.finish(call.now)
    return call.coach.summarise(now, call.now + 1)


def test_a_done_deal_is_a_purchase() -> None:
    call = Call()
    now = profile("trust", purchase_intent=85)
    call.customer("那就买两万", now, act="purchase_signal")
    call.customer("好，点完了，成功了", now, act="inform")
    assert summary(call, now).outcome == "purchase"


def test_an_agreed_visit_is_an_appointment_and_noted_in_the_customers_words() -> None:
    call = Call()
    now = profile("trust", purchase_intent=75)
    call.agent("那您来网点我陪您办", now, "propose")
    call.customer("好，周五上午我去网点找你", now, act="purchase_signal")
    done = summary(call, now)
    assert done.outcome == "appointment"
    assert done.follow_up["appointment"] == "好，周五上午我去网点找你"


def test_an_agreed_time_is_a_callback_and_noted() -> None:
    call = Call()
    facts = Facts(callback_time="下周三晚上")
    now = profile(facts=facts)
    call.customer("下周三晚上打吧", now, act="agree", facts=facts)
    done = summary(call, now)
    assert (done.outcome, done.follow_up["callback_time"]) == ("callback", "下周三晚上")


def test_promised_material_is_noted() -> None:
    call = Call()
    call.agent("好的，我今天把说明书发给您", profile(), "propose")
    assert "说明书发给您" in summary(call, profile()).follow_up["promised_material"]


def test_a_refusal_that_stood_is_a_refusal() -> None:
    call = Call()
    now = profile(refusals=1, purchase_intent=15)
    call.customer("不用了谢谢", now, objection="polite_refusal")
    call.customer("再见", now, act="closing")
    assert summary(call, now).outcome == "refused"


def test_a_customer_who_complains_or_hangs_up_is_seen_as_that() -> None:
    angry = profile(
        "stranger",
        state="angry",
        risks=(0.9, 0.8),
        purchase_intent=2,
        objections={"accusation": 1},
    )
    complained = Call()
    complained.customer("找你们主管，我要投诉", angry, emotion="angry", objection="accusation")
    done = summary(complained, angry)
    assert (done.outcome, done.complaint_risk, done.churn_risk) == ("complaint", "high", "high")
    left = Call()
    left.customer("听不懂是吧，挂了", angry, emotion="angry", objection="accusation", act="closing")
    assert summary(left, angry).outcome == "hung_up"


def test_an_open_end_is_interest_without_commitment() -> None:
    call = Call()
    call.customer("我再看看", profile(), objection="hesitation")
    assert summary(call, profile()).outcome == "interested_no_commitment"


def test_a_call_in_which_nobody_spoke_still_has_a_summary() -> None:
    call = Call()
    done = summary(call, profile(turns=0))
    assert done.duration == 1
    assert done.hints == {}
    assert done.coaching_note == ""


def test_hints_and_findings_of_the_call_are_listed() -> None:
    call = Call()
    call.agent("肯定不会亏", profile(), "present", finding())
    call.customer("我不信", profile(), after=20, objection="doubt")
    done = summary(call, profile(conduct=AgentConduct(talk_share=0.4)))
    assert done.hints == {"stop_violation": 2}
    assert [one.finding.rule for one in done.findings] == ["M01"]
    assert done.talk_share == 0.4


@pytest.mark.parametrize(
    ("risk", "level"),
    [(0.0, "low"), (0.34, "low"), (0.35, "medium"), (0.65, "high"), (1.0, "high")],
)
def test_risks_are_given_as_the_profile_grades_them(risk: float, level: str) -> None:
    now = profile(risks=(risk, risk))
    done = summary(Call(), now)
    assert done.complaint_risk == done.churn_risk == level
    rules = read_data(DATA / "profile" / "state.yaml", StateRules)
    assert rules.risk_level(risk) == level


@pytest.mark.parametrize(
    ("now", "context", "wanted"),
    [
        (profile(turns=6), CustomerContext(), True),
        (profile(turns=3), CustomerContext(), False),
        (profile(turns=6), CustomerContext(do_not_call=True), False),
    ],
)
def test_a_survey_goes_only_to_those_who_talked_and_may_be_contacted(
    now: Profile, context: CustomerContext, wanted: bool
) -> None:
    call = Call(context=context)
    call.customer("嗯", now, act="backchannel")
    assert summary(call, now).send_survey is wanted


def test_the_note_praises_first_then_names_at_most_two_things_with_the_words_said() -> None:
    call = Call()
    now = profile(refusals=1, conduct=AgentConduct(talk_share=0.9))
    call.agent("您别担心，肯定不会亏", now, "empathy", finding())
    call.customer("不用了谢谢", now, objection="polite_refusal")
    call.agent("再听我说一款", now, "present")
    note = summary(call, now).coaching_note.splitlines()
    assert note[0].startswith("做得好")
    assert "「不用了谢谢」之后又推荐了1次" in note[1]
    assert "「肯定不会亏」" in note[2]
    assert note[3].startswith("下一步")
    assert len(note) == 4


def test_the_note_is_in_the_playbooks_language() -> None:
    call = Call("en")
    call.customer("嗯", profile(), act="backchannel")
    assert summary(call, profile()).coaching_note.startswith("Well done")


def test_every_outcome_of_the_labels_can_be_reached_or_is_the_default() -> None:
    named = {rule.outcome for rule in playbook().summary.outcomes}
    assert named | {"interested_no_commitment"} == {
        "purchase",
        "appointment",
        "callback",
        "interested_no_commitment",
        "refused",
        "complaint",
        "hung_up",
    }
