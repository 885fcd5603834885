"""Steady rather than aggressive: nothing above the relationship, nothing above the risk level."""

from __future__ import annotations

import pytest
from strategy_builders import (
    FUND,
    STOCK_FUND,
    Call,
    candidate,
    findings,
    hints,
    playbook,
    profile,
    strategies,
)

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.messages import STAGES, Facts
from rid_telephony.rid.profile.messages import ProductMatch
from rid_telephony.strategy.gate import permits
from rid_telephony.strategy.memory import CallMemory
from rid_telephony.strategy.messages import STRATEGIES
from rid_telephony.strategy.suitability import product_to_name, unsuitable_in

ABOUT = playbook().about
SELLING = {name for name, info in ABOUT.strategies.items() if info.selling}


def memory(**fields: bool) -> CallMemory:
    return CallMemory(ABOUT, CustomerContext(), **fields)  # type: ignore[arg-type]  # flags only


def allowed(stage: str, **flags: bool) -> set[str]:
    now, remembered = profile(stage), memory(**flags)
    return {name for name, info in ABOUT.strategies.items() if permits(info, now, remembered)}


def test_what_sells_is_marked_as_selling() -> None:
    assert {
        "advance_close",
        "match_product",
        "narrow_choice",
        "reframe_value",
        "social_proof",
        "compare_alternatives",
        "lower_commitment",
    } <= SELLING


def test_the_gate_opens_step_by_step_with_the_relationship() -> None:
    assert not allowed("stranger") & (SELLING | {"probe_need"})
    assert "probe_need" in allowed("contact")
    assert not allowed("contact") & {"match_product", "narrow_choice", "advance_close"}
    assert allowed("rapport") >= {"match_product", "narrow_choice"}
    assert "advance_close" not in allowed("rapport")
    assert allowed("trust") == allowed("partner") == set(STRATEGIES)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("stance", ["angry", "refused"])
def test_nothing_that_sells_is_offered_to_an_angry_or_refusing_customer(
    stage: str, stance: str
) -> None:
    assert not allowed(stage, **{stance: True}) & SELLING


def test_an_angry_customer_can_still_be_soothed() -> None:
    assert allowed("stranger", angry=True, refused=True) >= {
        "soothe_first",
        "apologize_and_stop",
        "respect_and_exit",
        "escalate_supervisor",
        "stop_violation",
    }


@pytest.mark.parametrize(
    ("products", "named"),
    [
        ((FUND,), FUND),
        ((STOCK_FUND, FUND), FUND),
        ((STOCK_FUND,), None),
        ((ProductMatch("p", "小额理财", 49.0, 0.5, 0.0, suitable=True),), None),
        ((ProductMatch("p", "私行专属", 90.0, 0.0, 0.6, suitable=True),), None),
        ((), None),
    ],
)
def test_only_a_suitable_product_that_fits_is_ever_named(
    products: tuple[ProductMatch, ...], named: ProductMatch | None
) -> None:
    assert product_to_name(profile(products=products), ABOUT) == named


def test_an_agent_who_names_a_product_above_the_risk_level_is_warned() -> None:
    call = Call(context=CustomerContext(risk_level=2))
    now = profile("trust", products=(FUND, STOCK_FUND))
    advice = call.agent("给您推荐科技成长股票基金，涨得好", now)
    assert "suitability.named" in findings(advice)
    hint = hints(advice)[0]
    assert hint.strategy == "stop_violation"
    assert "科技成长股票基金" in hint.reason
    assert "测评" in hint.script


def test_nobody_is_blamed_while_the_risk_level_is_only_guessed() -> None:
    now = profile(products=(STOCK_FUND,))
    assert unsuitable_in("科技成长股票基金", now, None) is None
    averse = profile(products=(STOCK_FUND,), facts=Facts(risk_attitude="averse"))
    assert unsuitable_in("科技成长股票基金", averse, None) == STOCK_FUND


def test_a_buying_signal_leads_to_a_close_only_above_the_gate() -> None:
    for stage, offered in [
        ("contact", []),
        ("rapport", ["narrow_choice"]),
        ("trust", ["advance_close"]),
    ]:
        said = Call().customer("那怎么买", profile(stage), act="purchase_signal")
        assert strategies(said) == offered


def test_candidates_above_the_gate_do_not_reach_the_arbiter() -> None:
    assert candidate("advance_close").strategy not in allowed("rapport")
