"""R decides what an agent may try: it must fall fast, rise slowly, and explain itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from profile_replay import agent_signals, customer_signals, utterance

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.rid.messages import Choice, CustomerSignals, Facts
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.messages import Gauge, Profile
from rid_telephony.rid.profile.model import ProfileModel
from rid_telephony.rid.profile.relationship import GATES, step
from rid_telephony.rid.profile.tracker import ProfileTracker
from rid_telephony.settings.rid import RidSettings
from rid_telephony.speech.messages import Prosody

KNOWN = CustomerContext(tenure_years=12, past_calls=6, holdings=("deposit", "fund", "gold"))
WARM = ("好的，这个听着踏实，就按你说的办", customer_signals("none", "pleased", "agree"))
QUESTION = ("这个利率是多少", customer_signals("none", "neutral", "question"))
ACCUSATION = ("你们怎么又打来", customer_signals("accusation", "neutral", "objection"))
FURY = ("你们这是骗人，给我滚", customer_signals("accusation", "angry", "objection"))
REFUSAL = ("不用了，我不需要", customer_signals("polite_refusal", "neutral", "objection"))


@pytest.fixture(scope="module")
def model() -> ProfileModel:
    return load_profile_model(RidSettings())


class Call:
    """A call in the making."""

    def __init__(self, model: ProfileModel, context: CustomerContext | None = None) -> None:
        self.tracker = ProfileTracker(model, context or CustomerContext())
        self.number = 0

    def customer(
        self, text: str, signals: CustomerSignals, prosody: Prosody | None = None
    ) -> Profile:
        self.number += 1
        return self.tracker.hear(utterance(text, number=self.number, prosody=prosody), signals)

    def agent(
        self, act: str, prosody: Prosody | None = None, compliance: tuple[str, ...] = ()
    ) -> Profile:
        self.number += 1
        words = utterance("我们有款产品", Party.AGENT, self.number, prosody=prosody)
        return self.tracker.hear(words, agent_signals(act, compliance))

    @property
    def score(self) -> float:
        return self.tracker.profile.relationship.score.value

    def change(self, act: Callable[[], object]) -> float:
        before = self.score
        act()
        return self.score - before


def test_a_call_starts_from_what_the_crm_knows(model: ProfileModel) -> None:
    stranger, known = Call(model), Call(model, KNOWN)
    assert stranger.tracker.profile.relationship.stage == "stranger"
    assert known.score > stranger.score + 15
    fields = {piece.quote for piece in known.tracker.profile.relationship.score.evidence}
    assert fields == {"tenure_years=12", "past_calls=6", "holdings=3"}
    assert all(not one.utterance_id for one in known.tracker.profile.relationship.score.evidence)


def test_a_customer_who_asked_not_to_be_called_starts_lower_and_counts_as_one_request(
    model: ProfileModel,
) -> None:
    context = CustomerContext(tenure_years=12, do_not_call=True)
    asked = Call(model, context)
    assert asked.score < Call(model, CustomerContext(tenure_years=12)).score
    assert asked.tracker.profile.do_not_call_requests == 1


@pytest.mark.parametrize("emotion", ["neutral", "pleased", "impatient"])
@pytest.mark.parametrize("context", [CustomerContext(), KNOWN])
def test_one_backchannel_moves_it_by_a_point_at_most(
    model: ProfileModel, emotion: str, context: CustomerContext
) -> None:
    call = Call(model, context)
    words = ("嗯嗯好的谢谢", customer_signals("none", emotion, "backchannel"))
    assert abs(call.change(lambda: call.customer(*words))) <= 1


@pytest.mark.parametrize("context", [CustomerContext(), KNOWN])
@pytest.mark.parametrize("signals", [ACCUSATION, FURY])
def test_an_accusation_costs_ten_points_or_more(
    model: ProfileModel, signals: tuple[str, CustomerSignals], context: CustomerContext
) -> None:
    call = Call(model, context)
    assert call.change(lambda: call.customer(*signals)) <= -10


def test_an_uncertain_accusation_still_costs_ten_points_when_it_leads(model: ProfileModel) -> None:
    call = Call(model, KNOWN)
    unsure = customer_signals("accusation", "neutral", "objection", probability=0.55)
    assert call.change(lambda: call.customer("你们怎么又打来", unsure)) <= -10


def test_it_moves_slowly_up_and_fast_down(model: ProfileModel) -> None:
    call = Call(model, KNOWN)
    rises = [call.change(lambda: call.customer(*WARM)) for _ in range(4)]
    assert all(0 < rise <= 8 for rise in rises)
    assert -call.change(lambda: call.customer(*FURY)) > max(rises)


def test_every_further_warm_turn_raises_it_less_near_the_top(model: ProfileModel) -> None:
    call = Call(model, KNOWN)
    rises = [call.change(lambda: call.customer(*WARM)) for _ in range(20)]
    late = rises[8:]
    assert late == sorted(late, reverse=True)
    assert call.score < 100


def test_anger_lowers_it_at_once_and_is_forgotten_slowly(model: ProfileModel) -> None:
    angered, calm = Call(model, KNOWN), Call(model, KNOWN)
    lost = -angered.change(lambda: angered.customer(*FURY))
    assert lost >= 10
    for call in (angered, calm):
        call.customer(*QUESTION)
    angered_rise = angered.change(lambda: angered.customer(*QUESTION))
    calm_rise = calm.change(lambda: calm.customer(*QUESTION))
    assert angered_rise < 0.7 * calm_rise
    turns = 0
    while angered.score < Call(model, KNOWN).score:
        angered.customer(*QUESTION)
        turns += 1
    assert turns >= 3


def test_an_accusation_that_is_cleared_up_gives_back_part_of_what_it_took(
    model: ProfileModel,
) -> None:
    call = Call(model, KNOWN)
    lost = -call.change(lambda: call.customer(*ACCUSATION))
    call.agent("apology")
    relieved = customer_signals("none", "pleased", "agree")
    regained = call.change(lambda: call.customer("哦原来是你呀，没事没事", relieved))
    assert 3 < regained < lost


def test_repeated_refusals_and_offers_after_a_refusal_lower_it(model: ProfileModel) -> None:
    call = Call(model, KNOWN)
    first = call.change(lambda: call.customer(*REFUSAL))
    pushed = call.change(lambda: call.agent("present"))
    second = call.change(lambda: call.customer(*REFUSAL))
    assert first < 0
    assert pushed < 0
    assert second < first
    assert call.tracker.profile.refusals == 2


def test_an_offer_is_welcome_again_once_the_customer_asks_on(model: ProfileModel) -> None:
    call = Call(model, KNOWN)
    call.customer(*REFUSAL)
    call.customer(*QUESTION)
    assert call.change(lambda: call.agent("present")) >= 0


def test_being_interrupted_by_the_agent_lowers_it(model: ProfileModel) -> None:
    call = Call(model, KNOWN)
    assert call.change(lambda: call.agent("present", Prosody(interrupted=True))) < 0
    assert call.change(lambda: call.agent("present")) == 0


def test_self_disclosure_raises_it_once_for_each_fact(model: ProfileModel) -> None:
    told, plain = Call(model), Call(model)
    facts = Facts(occupation="做工程的", family=("child",))
    telling = customer_signals("none", "neutral", "inform", facts=facts)
    plainly = customer_signals("none", "neutral", "inform")
    text = "我做工程的，家里有个孩子"
    first = told.change(lambda: told.customer(text, telling))
    assert first > plain.change(lambda: plain.customer(text, plainly))
    again = told.change(lambda: told.customer(text, telling))
    assert again == pytest.approx(plain.change(lambda: plain.customer(text, plainly)))


def test_long_silences_lower_it_and_quick_replies_raise_it(model: ProfileModel) -> None:
    def rise(gap: float) -> float:
        call = Call(model)
        return call.change(lambda: call.customer(*QUESTION, prosody=Prosody(response_gap=gap)))

    assert rise(6.0) < rise(2.0) < rise(0.4)


@pytest.mark.parametrize(
    ("score", "stage", "gate"),
    [
        (0, "stranger", "greet"),
        (24.99, "stranger", "greet"),
        (25, "contact", "probe"),
        (44.99, "contact", "probe"),
        (45, "rapport", "present"),
        (64.99, "rapport", "present"),
        (65, "trust", "close"),
        (85, "partner", "close"),
        (100, "partner", "close"),
    ],
)
def test_stage_and_gate_follow_from_the_score(
    model: ProfileModel, score: float, stage: str, gate: str
) -> None:
    rules = model.data.relationship
    assert (step(score, rules.stages), step(score, rules.gates)) == (stage, gate)


def test_a_good_call_opens_the_gates_one_after_the_other(model: ProfileModel) -> None:
    call = Call(model)
    gates = [call.tracker.profile.relationship.gate]
    gates.extend(call.customer(*WARM).relationship.gate for _ in range(14))
    order = [GATES.index(gate) for gate in gates]
    assert order == sorted(order)
    assert set(gates) == set(GATES)


def test_the_evidence_of_every_turn_adds_up_to_its_move(model: ProfileModel) -> None:
    call = Call(model, KNOWN)
    for words in (QUESTION, WARM, ACCUSATION, QUESTION, REFUSAL, WARM, FURY):
        before = call.tracker.profile
        after = call.customer(*words)
        for old, new in zip(gauges(before), gauges(after), strict=True):
            latest = [one for one in new.evidence if one.utterance_id == f"u{call.number}"]
            moved = new.value - old.value
            assert sum(one.delta for one in latest) == pytest.approx(moved, abs=1e-6)
            assert all(one.quote for one in latest)


def test_probabilities_soften_the_move(model: ProfileModel) -> None:
    """A signal that is half sure must not count as a whole one."""

    def fall(probability: float) -> float:
        call = Call(model, KNOWN)
        doubt = Choice("doubt", {"doubt": probability, "none": 1 - probability})
        sure = customer_signals("none", "neutral", "objection")
        signals = CustomerSignals(doubt, sure.emotion, sure.act, {}, Facts(), 0.0, 0.2)
        return -call.change(lambda: call.customer("真的假的", signals))

    assert 0 < fall(0.5) < fall(1.0)


def gauges(profile: Profile) -> list[Gauge]:
    influence = profile.influence
    return [
        profile.relationship.score,
        influence.satisfaction,
        influence.trust,
        influence.purchase_intent,
        *influence.factors.values(),
    ]
