"""I tells how a customer decides; a wrong style or a stale objection misleads every hint."""

from __future__ import annotations

import pytest
from profile_replay import agent_signals, customer_signals, dialogues, heard, utterance

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.messages import Profile
from rid_telephony.rid.profile.model import ProfileModel
from rid_telephony.rid.profile.tracker import ProfileTracker
from rid_telephony.settings.rid import RidSettings
from rid_telephony.speech.messages import Prosody

OWLISH = (
    "管理费加托管费一共多少，合同第几条写的",
    "过去四个季度实际收益分别是多少，官网能查到吗",
    "最大回撤具体是多少，持仓明细发我邮箱核对一下",
)


@pytest.fixture(scope="module")
def model() -> ProfileModel:
    return load_profile_model(RidSettings())


def talk(model: ProfileModel, *turns: tuple[str, str, str, str]) -> list[Profile]:
    """Profiles after (party or text, objection, emotion, act) turns; agents give only the act."""
    tracker = ProfileTracker(model, CustomerContext())
    profiles = []
    for number, (text, objection, emotion, act) in enumerate(turns):
        if text == "agent":
            words = utterance("好的", Party.AGENT, number)
            profiles.append(tracker.hear(words, agent_signals(act)))
        else:
            words = utterance(text, number=number)
            profiles.append(tracker.hear(words, customer_signals(objection, emotion, act)))
    return profiles


def test_style_is_withheld_before_three_substantive_utterances(model: ProfileModel) -> None:
    profiles = talk(model, *((text, "none", "neutral", "question") for text in OWLISH))
    assert [one.influence.style.label for one in profiles] == ["", "", "owl"]


def test_backchannels_are_no_evidence_of_style(model: ProfileModel) -> None:
    """A customer who only says 嗯 has not shown how they talk."""
    idle = [("嗯好的好的", "none", "neutral", "backchannel")] * 8
    posterior = talk(model, *idle)[-1].influence.style
    assert posterior.label == ""
    assert list(posterior.posterior.values()) == pytest.approx([0.2] * 5)


def test_a_mixed_customer_gets_no_style_before_it_is_likely(model: ProfileModel) -> None:
    rules = model.data.style
    for dialogue in dialogues("design"):
        tracker = ProfileTracker(model, CustomerContext())
        for one, signals in heard(dialogue):
            style = tracker.hear(one, signals).influence.style
            second = sorted(style.posterior.values())[-2]
            given = bool(style.label)
            sure = style.probability >= rules.min_probability
            assert not given or (sure and style.probability - second >= rules.min_margin)
            assert sum(style.posterior.values()) == pytest.approx(1.0)


def test_the_style_names_the_indicators_behind_it(model: ProfileModel) -> None:
    style = talk(model, *((text, "none", "neutral", "question") for text in OWLISH))[-1]
    strongest = style.influence.style.evidence[0]
    assert strongest.signal in {"focus.evidence", "expression.precision"}
    assert strongest.delta > 0
    assert strongest.quote in "".join(OWLISH)


def test_a_voice_counts_where_it_was_measured_and_is_no_evidence_where_it_was_not(
    model: ProfileModel,
) -> None:
    """Text-only use must not read a missing voice as a slow one."""

    def koala(prosody: Prosody | None) -> float:
        tracker = ProfileTracker(model, CustomerContext())
        for number in range(4):
            words = utterance("我先听你讲完这个产品吧", number=number, prosody=prosody)
            profile = tracker.hear(words, customer_signals())
        return profile.influence.style.posterior["koala"]

    slow, fast = Prosody(rate_sps=2.5, response_gap=2.0), Prosody(rate_sps=7.0, response_gap=0.2)
    assert koala(slow) > koala(None) > koala(fast)


def test_a_bad_mood_shows_at_once_and_fades(model: ProfileModel) -> None:
    calm = ("这样啊我知道了", "none", "neutral", "inform")
    profiles = talk(model, calm, ("你们骗人", "accusation", "angry", "objection"), calm, calm, calm)
    moods = [one.influence.mood for one in profiles]
    assert [mood.emotion for mood in moods[:2]] == ["neutral", "angry"]
    assert moods[1].valence < -0.5
    assert moods[1].valence_trend < 0 < moods[3].valence_trend
    assert moods[-1].emotion == "neutral"


def test_an_objection_is_open_until_the_customer_moves_on_after_the_answer(
    model: ProfileModel,
) -> None:
    profiles = talk(
        model,
        ("锁三年太长了", "product_objection", "neutral", "objection"),
        ("行吧", "none", "neutral", "agree"),
        ("agent", "", "", "handle_objection"),
        ("那一年的可以", "none", "neutral", "agree"),
    )
    records = [one.influence.objections[0] for one in profiles]
    assert [one.status for one in records] == ["open", "open", "open", "resolved"]
    assert records[-1].count == 1
    assert records[-1].last_utterance_id == "u0"


def test_an_objection_raised_again_is_counted_and_open_again(model: ProfileModel) -> None:
    objection = ("收益太低了", "product_objection", "neutral", "objection")
    answer = ("agent", "", "", "handle_objection")
    agree = ("那也行", "none", "neutral", "agree")
    record = talk(model, objection, answer, agree, objection)[-1].influence.objections
    assert [(one.label, one.count, one.status) for one in record] == [
        ("product_objection", 2, "open")
    ]


def test_backchannels_alone_do_not_resolve_an_objection_at_once(model: ProfileModel) -> None:
    profiles = talk(
        model,
        ("是不是骗子", "doubt", "neutral", "objection"),
        ("agent", "", "", "handle_objection"),
        ("嗯", "none", "neutral", "backchannel"),
    )
    assert profiles[-1].influence.objections[0].status == "open"


def test_resolved_doubt_lowers_perceived_risk_and_raises_trust(model: ProfileModel) -> None:
    profiles = talk(
        model,
        ("真的假的，你是不是骗子", "doubt", "neutral", "objection"),
        ("agent", "", "", "identify"),
        ("哦查到了，那没问题", "none", "neutral", "agree"),
    )
    before, after = profiles[0].influence, profiles[-1].influence
    assert after.factors["perceived_risk"].value < before.factors["perceived_risk"].value
    assert after.trust.value > before.trust.value


def test_purchase_signals_raise_intent_and_refusals_take_it_away(model: ProfileModel) -> None:
    buying = ("那我先买两万，怎么操作", "none", "neutral", "purchase_signal")
    profiles = talk(model, buying, buying, ("算了不要了", "polite_refusal", "neutral", "objection"))
    values = [one.influence.purchase_intent.value for one in profiles]
    assert values[1] > 70
    assert values[2] < values[1] - 20
    trends = [one.influence.purchase_intent.trend for one in profiles]
    assert trends[1] > trends[2]
    assert trends[1] > 0


def test_a_friendly_word_beside_a_refusal_raises_nothing(model: ProfileModel) -> None:
    """谢谢，不用了 is a refusal, not a sign of satisfaction."""
    plain = talk(model, ("不用了", "polite_refusal", "neutral", "objection"))[-1]
    thanks = talk(model, ("谢谢你啊，不用了", "polite_refusal", "neutral", "objection"))[-1]
    assert thanks.influence.satisfaction.value <= plain.influence.satisfaction.value
