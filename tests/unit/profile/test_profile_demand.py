"""D: who the customer is and what fits; a product above the risk level must never be suggested."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profile_replay import customer_signals, utterance

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.messages import AGE_STAGES, NEEDS, Facts
from rid_telephony.rid.profile.agestage import age_stage
from rid_telephony.rid.profile.facts import merged
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.messages import Demand, Ranked
from rid_telephony.rid.profile.model import ProfileModel
from rid_telephony.rid.profile.tracker import ProfileTracker
from rid_telephony.settings.rid import RidSettings

MODEL = load_profile_model(RidSettings())


@pytest.fixture(scope="module")
def model() -> ProfileModel:
    return MODEL


def demand(
    model: ProfileModel, context: CustomerContext | None = None, *said: tuple[str, Facts]
) -> Demand:
    tracker = ProfileTracker(model, context or CustomerContext())
    for number, (text, facts) in enumerate(said):
        tracker.hear(utterance(text, number=number), customer_signals(facts=facts))
    return tracker.profile.demand


def test_nothing_is_known_of_a_stranger(model: ProfileModel) -> None:
    unknown = demand(model)
    assert (unknown.stratum, unknown.age_stage) == ("", "")
    assert unknown.needs == ()
    assert unknown.products == ()
    assert sum(unknown.strata.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("occupation", "tier"),
    [
        ("集团公司董事长", "upper"),
        ("软件工程师", "upper_middle"),
        ("三甲医院外科主任", "upper"),
        ("初中老师", "upper_middle"),
        ("公司文员", "middle"),
        ("开饭店的", "middle"),
        ("卖早点的，摆摊", "lower_middle"),
        ("出租车司机", "lower_middle"),
        ("我是纺织厂挡车工", "lower"),
        ("种粮农民", "lower"),
        ("下岗在家", "lower"),
    ],
)
def test_an_occupation_speaks_for_a_tier(model: ProfileModel, occupation: str, tier: str) -> None:
    known = demand(model, CustomerContext(occupation=occupation))
    assert known.stratum == tier
    assert known.stratum_evidence[0].quote == occupation


def test_property_alone_tells_no_stratum(model: ProfileModel) -> None:
    assert demand(model, CustomerContext(holdings=("property", "stock"))).stratum == ""


def test_a_high_income_outweighs_a_modest_title(model: ProfileModel) -> None:
    plain = demand(model, CustomerContext(occupation="公司职员"))
    rich = demand(model, CustomerContext(occupation="公司职员", income_monthly_cny=60_000))
    assert (plain.stratum, rich.stratum) == ("middle", "upper_middle")


def test_what_is_said_goes_before_the_crm_and_names_its_utterance(model: ProfileModel) -> None:
    context = CustomerContext(occupation="出租车司机", age=30)
    facts = Facts(occupation="开贸易公司", age=52, quotes={"occupation": "现在开贸易公司"})
    now = demand(model, context, ("早不跑车了，现在开贸易公司，五十二了", facts))
    assert (now.facts.occupation, now.facts.age) == ("开贸易公司", 52)
    assert now.facts.quotes["occupation"] == "现在开贸易公司"
    assert now.age_stage == "pre_retirement"
    assert now.stratum == "upper"
    assert now.stratum_evidence[0].utterance_id == "u0"


@pytest.mark.parametrize(
    ("age", "stage"),
    [
        (18, "youth"),
        (25, "youth"),
        (26, "early_career"),
        (35, "early_career"),
        (36, "midlife"),
        (50, "midlife"),
        (51, "pre_retirement"),
        (59, "pre_retirement"),
        (60, "retired"),
        (90, "retired"),
    ],
)
def test_age_stages_follow_the_labels(model: ProfileModel, age: int, stage: str) -> None:
    assert age_stage(Facts(age=age), model.data.needs.age) == stage


def test_facts_tell_the_age_stage_where_no_age_is_known(model: ProfileModel) -> None:
    rules = model.data.needs.age
    assert age_stage(Facts(occupation="退休教师"), rules) == "retired"
    assert age_stage(Facts(event=("child_school",)), rules) == "midlife"
    assert age_stage(Facts(age_stage="youth", event=("child_school",)), rules) == "youth"
    assert age_stage(Facts(), rules) == ""


def test_the_middle_stratum_under_a_mortgage_wants_safety_liquidity_and_housing(
    model: ProfileModel,
) -> None:
    """The example of the specification."""
    said = ("每月还房贷", Facts(liabilities=("mortgage",)))
    needs = demand(model, CustomerContext(age=33, occupation="公司文员"), said).needs
    assert {one.label for one in needs} == {"preservation", "liquidity", "housing"}


def test_what_the_customer_says_moves_the_need_and_is_quoted(model: ProfileModel) -> None:
    context = CustomerContext(age=40, occupation="公司文员")
    before = {one.label: one.weight for one in demand(model, context).needs}
    said = ("想给孩子存点学费", Facts(family=("child",), event=("child_school",)))
    top = demand(model, context, said).needs[0]
    assert top.label == "education"
    assert top.weight > before.get("education", 0.0)
    assert any(one.utterance_id == "u0" and one.quote for one in top.evidence)
    assert sum(one.delta for one in top.evidence) == pytest.approx(top.weight, abs=0.02)


def test_under_match_and_over_match_are_told_apart(model: ProfileModel) -> None:
    context = CustomerContext(age=45, risk_level=5)
    said = ("手上五万块，就图个随时能取", Facts(amount_cny=50_000))
    products = {one.product: one for one in demand(model, context, said).products}
    expensive, narrow, fitting = (
        products["cd_3y"],
        products["medical_cover"],
        products["cash_plus"],
    )
    assert expensive.over == pytest.approx(0.75)
    assert any("起购20万元" in reason for reason in expensive.reasons)
    assert narrow.under > 0.9
    assert any("不需要的保障" in reason for reason in narrow.reasons)
    assert fitting.over == 0.0
    assert fitting.score > max(expensive.score, narrow.score)


def test_a_customer_of_unknown_level_is_offered_low_risk_only(model: ProfileModel) -> None:
    products = demand(model, CustomerContext(age=30)).products
    risks = {one.id: one.risk for one in model.data.catalogue.products}
    assert all(one.suitable == (risks[one.product] <= 2) for one in products)
    risky = next(one for one in products if one.product == "mixed_fund")
    assert risky.reasons[0] == "客户风险等级未知，R4不得推荐"


def test_a_customer_who_says_they_fear_loss_is_offered_less_than_their_level(
    model: ProfileModel,
) -> None:
    context = CustomerContext(age=30, risk_level=4)
    said = ("我一分钱都亏不起", Facts(risk_attitude="averse"))
    products = demand(model, context, said).products
    assert not next(one for one in products if one.product == "gold_plan").suitable


@given(
    level=st.none() | st.integers(-3, 9),
    attitude=st.sampled_from(["", "averse", "moderate", "seeking"]),
    amount=st.none() | st.floats(0, 1e9),
    needs=st.lists(
        st.builds(Ranked, st.sampled_from(NEEDS), st.floats(0, 1)), min_size=1, max_size=8
    ),
)
def test_a_product_above_the_risk_level_is_never_suitable(
    level: int | None, attitude: str, amount: float | None, needs: list[Ranked]
) -> None:
    facts = Facts(risk_attitude=attitude, amount_cny=amount)
    risks = {one.id: one.risk for one in MODEL.data.catalogue.products}
    matches = MODEL.matcher.match(needs, facts, level)
    assert len(matches) == len(risks)
    for one in matches:
        bound = level if level is not None else MODEL.data.matching.unknown_level
        assert not one.suitable or risks[one.product] <= max(bound, 0)
        assert 0 <= one.under <= 1
        assert 0 <= one.over <= 1
        assert -1e-9 <= one.score <= 100 + 1e-9
    order = [(not one.suitable, -one.score) for one in matches]
    assert order == sorted(order)


def test_lists_of_facts_grow_without_repetition() -> None:
    known = merged(Facts(holdings=("deposit",)), Facts(holdings=("deposit", "fund", "fund")))
    assert known.holdings == ("deposit", "fund")
    assert merged(known, Facts(amount_cny=float("nan"))).amount_cny is None


def test_age_stages_are_those_of_the_labels(model: ProfileModel) -> None:
    assert tuple(model.data.needs.age.from_age) == AGE_STAGES
