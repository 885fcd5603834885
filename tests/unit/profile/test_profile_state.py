"""State, risks, conduct: an angry customer must be seen at once, a label must not flicker."""

from __future__ import annotations

import pytest
from profile_replay import agent_signals, customer_signals, utterance

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.rid.messages import CustomerSignals
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.messages import Profile
from rid_telephony.rid.profile.model import ProfileModel
from rid_telephony.rid.profile.tracker import ProfileTracker
from rid_telephony.settings.rid import RidSettings
from rid_telephony.speech.messages import Prosody

FURY = ("你们就是骗人", customer_signals("accusation", "angry", "objection"))
CALM = ("那你说吧", customer_signals("none", "neutral", "inform"))
QUESTION = ("利率是多少", customer_signals("none", "neutral", "question"))
HESITATION = ("我再考虑考虑", customer_signals("hesitation", "neutral", "objection"))


@pytest.fixture(scope="module")
def model() -> ProfileModel:
    return load_profile_model(RidSettings())


def talk(model: ProfileModel, *turns: tuple[str, CustomerSignals]) -> list[Profile]:
    tracker = ProfileTracker(model, CustomerContext())
    return [
        tracker.hear(utterance(text, number=number), signals)
        for number, (text, signals) in enumerate(turns)
    ]


def test_strong_anger_makes_the_state_angry_at_once(model: ProfileModel) -> None:
    profile = talk(model, QUESTION, FURY)[-1]
    assert profile.state.label == "angry"
    assert profile.state.since == pytest.approx(10.0 + len(FURY[0]) / 4)
    assert any(one.signal == "emotion.angry" for one in profile.state.evidence)


def test_anger_passes_only_after_calm_utterances_in_a_row(model: ProfileModel) -> None:
    sour = ("快点说", customer_signals("none", "impatient", "inform"))
    states = [one.state.label for one in talk(model, FURY, CALM, sour, CALM, CALM)]
    assert states == ["angry", "angry", "angry", "angry", "dissatisfied"]


def test_one_odd_utterance_does_not_change_the_state(model: ProfileModel) -> None:
    states = [one.state.label for one in talk(model, *[QUESTION] * 4, HESITATION, QUESTION)]
    assert states[3] == "engaged"
    assert states[4:] == ["engaged", "engaged"]


def test_persistent_hesitation_changes_the_state(model: ProfileModel) -> None:
    states = [one.state.label for one in talk(model, *[QUESTION] * 4, *[HESITATION] * 3)]
    assert states[-1] == "hesitant"


def test_a_threat_to_the_regulator_is_a_high_complaint_risk(model: ProfileModel) -> None:
    threat = ("再打我就打12378投诉", customer_signals("accusation", "angry", "objection"))
    profile = talk(model, threat)[-1]
    assert model.data.state.risk_level(profile.state.complaint_risk) == "high"
    assert profile.do_not_call_requests == 1
    named = {one.signal for one in profile.state.evidence}
    assert {"complaint_risk/cue.regulator", "complaint_risk/cue.threat"} <= named


def test_a_calm_call_has_low_risks(model: ProfileModel) -> None:
    state = talk(model, QUESTION, CALM, QUESTION)[-1].state
    level = model.data.state.risk_level
    assert (level(state.complaint_risk), level(state.churn_risk)) == ("low", "low")


@pytest.mark.parametrize(
    "text",
    ["我不是要投诉啊", "我的律师朋友也买了", "监管怎么规定的", "钱滚钱嘛", "娃他妈管账"],
)
def test_harmless_words_are_no_threat_and_no_anger(model: ProfileModel, text: str) -> None:
    """A false alarm calls the supervisor into a good call."""
    state = talk(model, (text, customer_signals("none", "neutral", "inform")))[-1].state
    assert state.label != "angry"
    assert model.data.state.risk_level(state.complaint_risk) == "low"


def test_words_recognised_with_little_confidence_move_nothing(model: ProfileModel) -> None:
    tracker = ProfileTracker(model, CustomerContext())
    before = tracker.profile
    unsure = utterance("再打我投诉你们", confidence=model.min_text_confidence - 0.01)
    assert tracker.hear(unsure, FURY[1]) == before
    nonsense = utterance("再打我投诉你们", confidence=float("nan"))
    assert tracker.hear(nonsense, FURY[1]) == before
    assert tracker.hear(utterance("再打我投诉你们"), FURY[1]) != before


def test_conduct_counts_share_interruptions_rate_acts_and_must_say_items(
    model: ProfileModel,
) -> None:
    def said(text: str) -> tuple[str, ...]:
        return ("recording",) if "录音" in text else ()

    tracker = ProfileTracker(model, CustomerContext(), detect_said=said)
    first = utterance("您好通话有录音", Party.AGENT, 0, prosody=Prosody(rate_sps=4.0))
    second = utterance("通话有录音说过", Party.AGENT, 2, prosody=Prosody(rate_sps=6.0))
    rude = utterance("您听我说", Party.AGENT, 4, prosody=Prosody(rate_sps=5.0, interrupted=True))
    tracker.hear(first, agent_signals("identify"))
    tracker.hear(utterance("你讲讲看嘛行不", number=1), customer_signals())
    tracker.hear(second, agent_signals("present"))
    conduct = tracker.hear(rude, agent_signals("present")).conduct
    assert conduct.talk_share == pytest.approx(18 / 25)
    assert conduct.interruptions == 1
    assert conduct.rate_sps == pytest.approx(5.0)
    assert conduct.said == {"recording": first.end}
    assert conduct.acts == {"identify": 1, "present": 2}
    assert conduct.last_act == "present"


def test_without_audio_the_agent_has_no_rate(model: ProfileModel) -> None:
    tracker = ProfileTracker(model, CustomerContext())
    tracker.hear(utterance("您好", Party.AGENT), agent_signals("greeting"))
    assert tracker.profile.conduct.rate_sps is None
    assert tracker.profile.conduct.interruptions == 0
