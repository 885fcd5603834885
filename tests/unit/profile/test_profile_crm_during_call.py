"""The CRM answers in the middle of the call: it adds to what the customer said, never over it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profile_replay import customer_signals, utterance

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.messages import Evidence, Facts
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.messages import Gauge, Profile
from rid_telephony.rid.profile.tracker import ProfileTracker
from rid_telephony.settings.rid import RidSettings

MODEL = load_profile_model(RidSettings())
KNOWN = CustomerContext(
    customer_id="c1",
    age=58,
    occupation="中学老师",
    holdings=("deposit", "fund"),
    risk_level=2,
    tenure_years=6,
    past_calls=3,
)


def tracker(context: CustomerContext | None = None, *said: Facts) -> ProfileTracker:
    made = ProfileTracker(MODEL, context or CustomerContext())
    for number, facts in enumerate(said):
        made.hear(utterance("嗯，是这样", number=number), customer_signals(facts=facts))
    return made


def numbers(profile: Profile) -> dict[str, float]:
    influence = profile.influence
    return {
        "relationship": profile.relationship.score.value,
        "satisfaction": influence.satisfaction.value,
        "trust": influence.trust.value,
        "purchase_intent": influence.purchase_intent.value,
        "complaint_risk": profile.state.complaint_risk,
        "churn_risk": profile.state.churn_risk,
        **{name: gauge.value for name, gauge in influence.factors.items()},
    }


def crm_evidence(gauge: Gauge) -> list[Evidence]:
    return [one for one in gauge.evidence if one.signal.startswith("crm.")]


def test_what_the_crm_tells_during_the_call_moves_the_profile_and_says_that_it_was_the_crm() -> (
    None
):
    call = tracker()
    before = call.profile
    after = call.learn(KNOWN)
    assert after.relationship.score.value > before.relationship.score.value
    evidence = crm_evidence(after.relationship.score)
    assert {one.quote for one in evidence} >= {"tenure_years=6", "past_calls=3"}
    assert all(one.utterance_id == "" for one in evidence), "no utterance may be blamed for it"
    assert after.demand.facts.occupation == "中学老师"
    assert after.demand.facts.quotes["occupation"] == "CRM"
    assert after.demand.age_stage == "pre_retirement"
    assert after is call.profile


def test_told_before_or_at_the_first_moment_of_the_call_it_makes_the_same_profile() -> None:
    during = tracker().learn(KNOWN)
    before = tracker(KNOWN).profile
    assert during.demand == before.demand
    assert numbers(during) == pytest.approx(numbers(before))


def test_what_the_customer_said_of_themselves_stays() -> None:
    call = tracker(None, Facts(age=66, occupation="退休工人", holdings=("stock",)))
    facts = call.learn(KNOWN).demand.facts
    assert (facts.age, facts.occupation) == (66, "退休工人")
    assert facts.holdings == ("stock", "deposit", "fund"), "holdings add up"


def test_a_stage_of_life_said_in_words_is_not_overruled_by_the_crms_age() -> None:
    call = tracker(None, Facts(age_stage="retired"))
    assert call.learn(KNOWN).demand.age_stage == "retired"


def test_the_crm_may_correct_what_only_the_crm_said() -> None:
    call = tracker(KNOWN)
    assert call.learn(CustomerContext(age=38)).demand.facts.age == 38


def test_an_integrator_that_sends_the_same_twice_moves_nothing_twice() -> None:
    call = tracker()
    once = call.learn(KNOWN)
    assert call.learn(KNOWN) == once
    assert call.learn(CustomerContext(holdings=("deposit",))) == once


def test_a_risk_level_that_comes_late_makes_products_above_it_unsuitable() -> None:
    call = tracker(replace(KNOWN, risk_level=5))
    before = {one.product: one.suitable for one in call.profile.demand.products}
    after = call.learn(CustomerContext(risk_level=1)).demand.products
    assert after
    assert [one.product for one in after if before.get(one.product) and not one.suitable]


def test_a_do_not_call_entry_counts_once_and_not_beside_the_customers_own() -> None:
    call = tracker()
    barred = CustomerContext(do_not_call=True)
    assert call.learn(barred).do_not_call_requests == 1
    assert call.learn(barred).do_not_call_requests == 1


CONTEXTS = st.builds(
    CustomerContext,
    age=st.none() | st.integers(0, 130),
    occupation=st.sampled_from(("", "老师", "董事长")),
    holdings=st.lists(st.sampled_from(("deposit", "fund", "stock")), max_size=4).map(tuple),
    risk_level=st.none() | st.integers(1, 5),
    tenure_years=st.none() | st.floats(0, 60),
    past_calls=st.none() | st.integers(0, 500),
    do_not_call=st.booleans(),
)


@given(told=st.lists(CONTEXTS, max_size=4), said=st.lists(st.integers(18, 90), max_size=3))
def test_numbers_stay_on_their_scales_and_their_evidence_adds_up(
    told: list[CustomerContext], said: list[int]
) -> None:
    call = tracker(None, *(Facts(age=age) for age in said))
    for context in told:
        call.learn(context)
        assert call.learn(context) == call.profile
    for gauge in (call.profile.relationship.score, call.profile.influence.trust):
        assert 0 <= gauge.value <= 100
        if len(gauge.evidence) < MODEL.data.influence.evidence.kept:
            moved = sum(one.delta for one in gauge.evidence)
            assert gauge.start + moved == pytest.approx(gauge.value)
    if said:
        assert call.profile.demand.facts.age == said[-1]


def test_an_empty_context_changes_nothing() -> None:
    call = tracker(KNOWN, Facts(age=40))
    before = call.profile
    after = call.learn(replace(CustomerContext(), customer_id="x"))
    assert after == before
