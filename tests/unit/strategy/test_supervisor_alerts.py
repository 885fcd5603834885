"""A supervisor is called when it matters, and not again and again."""

from __future__ import annotations

import pytest
from strategy_builders import Call, alerts, finding, profile

from rid_telephony.strategy.messages import SupervisorAlert

ANGRY = profile("stranger", state="angry")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("滚，别让我再听见你们", "anger"),
        ("我这就去银保监反映", "complaint_threat"),
        ("我要投诉你", "complaint_threat"),
    ],
)
def test_extreme_anger_and_threats_alert_at_once(text: str, kind: str) -> None:
    said = Call().customer(text, ANGRY, emotion="angry", objection="accusation")
    assert alerts(said) == [kind]


def test_a_first_flash_of_anger_is_left_to_the_agent() -> None:
    said = Call().customer("太过分了", ANGRY, emotion="angry", objection="accusation")
    assert alerts(said) == []


def test_a_neutral_question_about_complaints_is_no_threat() -> None:
    assert alerts(Call().customer("投诉电话是多少", profile(), act="question")) == []


def test_each_kind_is_raised_once_in_a_call() -> None:
    call = Call()
    for _ in range(6):
        call.customer("我要投诉，滚", ANGRY, emotion="angry", objection="accusation")
    assert sorted(alerts(call.advice)) == ["anger", "complaint_threat"]


def test_a_third_violation_alerts() -> None:
    call = Call()
    for quote in ("肯定不会亏", "跟存款一样", "最高"):
        call.agent(quote, profile(), "present", finding(quote=quote))
    assert alerts(call.advice) == ["violation"]


def test_the_reason_quotes_what_was_said() -> None:
    said = Call().customer("我打12378举报", ANGRY, emotion="angry", objection="accusation")
    alert = next(one for one in said if isinstance(one, SupervisorAlert))
    assert "我打12378举报" in alert.reason
    assert alert.evidence == ("u1",)
    assert alert.at == 10
