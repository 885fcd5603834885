"""Every condition that a playbook may use holds when it should, and only then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from profile_replay import agent_signals, customer_signals
from strategy_builders import finding, playbook, profile

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.rid.messages import AgentSignals, CustomerSignals, Facts
from rid_telephony.rid.profile.messages import AgentConduct
from rid_telephony.speech.messages import Prosody, Utterance
from rid_telephony.strategy.conditions import certainty
from rid_telephony.strategy.memory import CallMemory
from rid_telephony.strategy.situation import Situation
from rid_telephony.strategy.when import When, impossible


def situation(
    text: str = "好",
    signals: CustomerSignals | AgentSignals | None = None,
    *,
    memory: dict[str, Any] | None = None,
    context: CustomerContext | None = None,
    prosody: Prosody | None = None,
    **fields: Any,
) -> Situation:
    """A customer's turn at second 20 unless the signals are the agent's; None is the clock."""
    party = Party.AGENT if isinstance(signals, AgentSignals) else Party.CUSTOMER
    known = context or CustomerContext()
    remembered = CallMemory(playbook().about, known, **(memory or {}))
    values: dict[str, Any] = {
        "trigger": "clock" if signals is None else party.value,
        "now": 20.0,
        "utterance": Utterance("c", "u9", party, 15.0, 20.0, text, prosody=prosody),
        "customer": signals if isinstance(signals, CustomerSignals) else None,
        "agent": signals if isinstance(signals, AgentSignals) else None,
        "findings": (),
        "profile": profile(),
        "context": known,
        "memory": remembered,
        "overdue": {},
        "said": frozenset(),
        "product": None,
    }
    return Situation(**{**values, **fields})


DOUBT = customer_signals("doubt", "anxious", "objection", topics={"risk": 0.8}, probability=0.9)
RICH = customer_signals(facts=Facts(age=40, family=("child",), amount_cny=500_000.0))
PRESENT = agent_signals("present")
FAST = Prosody(rate_sps=6.0, interrupted=True)

CASES: list[tuple[dict[str, Any], Situation, Situation]] = [
    ({"objection": ["doubt"]}, situation(signals=DOUBT), situation(signals=RICH)),
    ({"emotion": ["anxious", "angry"]}, situation(signals=DOUBT), situation(signals=RICH)),
    ({"act": ["inform"]}, situation(signals=RICH), situation(signals=DOUBT)),
    ({"topics": ["risk", "fee"]}, situation(signals=DOUBT), situation(signals=RICH)),
    ({"facts": ["family.child"]}, situation(signals=RICH), situation(signals=DOUBT)),
    ({"facts": ["amount_cny"]}, situation(signals=RICH), situation(signals=DOUBT)),
    ({"arousal": {"min": 0.5}}, situation(signals=DOUBT), situation(signals=RICH)),
    ({"agent_act": ["present"]}, situation(signals=PRESENT), situation(signals=RICH)),
    (
        {"violation": ["guarantee"]},
        situation(signals=PRESENT, findings=(finding(),)),
        situation(signals=PRESENT),
    ),
    (
        {"pace": {"min": 1.4}},
        situation(signals=PRESENT, prosody=FAST, memory={"customer_rate": 4.0}),
        situation(signals=PRESENT, prosody=FAST),
    ),
    ({"mentions": ["complain"]}, situation("我要投诉", RICH), situation("好", RICH)),
    (
        {"seconds": {"max": 6}},
        situation(signals=RICH),
        situation(signals=RICH, utterance=Utterance("c", "u", Party.CUSTOMER, 0, 20, "好")),
    ),
    ({"interrupts": True}, situation(signals=PRESENT, prosody=FAST), situation(signals=PRESENT)),
    (
        {"last_objection": ["doubt"]},
        situation(signals=PRESENT, memory={"latest": DOUBT, "previous": RICH}),
        situation(signals=RICH, memory={"latest": DOUBT, "previous": RICH}),
    ),
    (
        {"last_emotion": ["anxious"]},
        situation(signals=RICH, memory={"latest": RICH, "previous": DOUBT}),
        situation(signals=RICH),
    ),
    (
        {"last_act": ["inform"]},
        situation(signals=PRESENT, memory={"latest": RICH}),
        situation(signals=PRESENT),
    ),
    (
        {"last_agent_act": ["propose"]},
        situation(signals=RICH, memory={"latest_agent_act": "propose"}),
        situation(signals=PRESENT, memory={"latest_agent_act": "propose"}),
    ),
    (
        {"times": {"min": 2}},
        situation(signals=DOUBT, profile=profile(objections={"doubt": 2})),
        situation(signals=DOUBT, profile=profile(objections={"doubt": 1})),
    ),
    (
        {"last_violation": ["guarantee"]},
        situation(signals=DOUBT, memory={"last_violations": frozenset({"guarantee"})}),
        situation(signals=DOUBT, memory={"uncorrected": "guarantee"}),
    ),
    ({"raised": ["doubt"]}, situation(profile=profile(objections={"doubt": 1})), situation()),
    (
        {"resolved": ["doubt"]},
        situation(profile=profile(objections={"doubt": 1}, resolved=("doubt",))),
        situation(profile=profile(objections={"doubt": 1})),
    ),
    ({"heard": ["superior"]}, situation(memory={"heard": {"superior"}}), situation()),
    ({"told": ["recording"]}, situation(memory={"told": {"recording"}}), situation()),
    (
        {"subject": ["risky_product"]},
        situation(memory={"subject": "risky_product"}),
        situation(memory={"subject": "plain_product"}),
    ),
    ({"agent_did": ["empathy"]}, situation(memory={"agent_acts": {"empathy"}}), situation()),
    ({"turns": {"min": 4}}, situation(profile=profile(turns=4)), situation()),
    ({"refusals": {"min": 2}}, situation(profile=profile(refusals=2)), situation()),
    ({"refused": True}, situation(memory={"refused": True}), situation()),
    ({"refused": False}, situation(), situation(memory={"refused": True})),
    ({"no_contact": True}, situation(context=CustomerContext(do_not_call=True)), situation()),
    ({"no_contact_requests": {"min": 1}}, situation(profile=profile(no_contact=1)), situation()),
    ({"pushes": {"min": 1}}, situation(memory={"pushes": 1}), situation()),
    ({"purchase_signals": {"min": 1}}, situation(memory={"purchase_signals": 2}), situation()),
    ({"angry": True}, situation(memory={"angry": True}), situation()),
    ({"angry_turns": {"min": 2}}, situation(memory={"angry_turns": 2}), situation()),
    (
        {"angry_seconds": {"min": 15}},
        situation(profile=profile(state="angry", since=5)),
        situation(profile=profile(state="angry", since=6)),
    ),
    ({"violations": {"min": 3}}, situation(memory={"violations": 3}), situation()),
    ({"uncorrected": True}, situation(memory={"uncorrected": "guarantee"}), situation()),
    ({"said": ["risk"]}, situation(said=frozenset({"risk"})), situation()),
    (
        {"said": ["risk", "identity"]},
        situation(said=frozenset({"risk", "identity"})),
        situation(said=frozenset({"risk"})),
    ),
    ({"unsaid": ["risk"]}, situation(), situation(said=frozenset({"risk"}))),
    ({"overdue": ["risk"]}, situation(overdue={"risk": "风险揭示"}), situation()),
    (
        {"talk_share": {"min": 0.7}},
        situation(profile=profile(conduct=AgentConduct(talk_share=0.8))),
        situation(),
    ),
    (
        {"interruptions": {"min": 2}},
        situation(profile=profile(conduct=AgentConduct(interruptions=2))),
        situation(),
    ),
    ({"style": ["owl"]}, situation(profile=profile(style="owl")), situation()),
    ({"stage": ["trust"]}, situation(profile=profile("trust")), situation()),
    ({"state": ["resistant"]}, situation(profile=profile(state="resistant")), situation()),
    ({"needs": ["growth"]}, situation(profile=profile(needs=("growth",))), situation()),
    ({"known": ["age"]}, situation(context=CustomerContext(age=70)), situation()),
    (
        {"known": ["event.bonus"]},
        situation(profile=profile(facts=Facts(event=("bonus",)))),
        situation(profile=profile(facts=Facts(event=("medical",)))),
    ),
    ({"unknown": ["age", "event"]}, situation(), situation(context=CustomerContext(age=70))),
    (
        {"gauges": {"purchase_intent": {"min": 60}, "trust": {"max": 80}}},
        situation(profile=profile(purchase_intent=61)),
        situation(profile=profile(purchase_intent=61, trust=81)),
    ),
    ({"complaint_risk": {"min": 0.5}}, situation(profile=profile(risks=(0.6, 0))), situation()),
    ({"churn_risk": {"min": 0.5}}, situation(profile=profile(risks=(0, 0.6))), situation()),
    ({"age": {"min": 65}}, situation(context=CustomerContext(age=70)), situation()),
    (
        {"age": {"min": 65}},
        situation(profile=profile(facts=Facts(age=66)), context=CustomerContext(age=60)),
        situation(context=CustomerContext(age=64)),
    ),
    ({"risk_level_known": True}, situation(context=CustomerContext(risk_level=2)), situation()),
    ({"has_product": True}, situation(product=profile().demand.products[0]), situation()),
]


@pytest.mark.parametrize(("when", "holds", "fails"), CASES, ids=[str(case[0]) for case in CASES])
def test_a_condition_holds_where_it_should_and_nowhere_else(
    when: dict[str, Any], holds: Situation, fails: Situation
) -> None:
    condition = When.model_validate(when)
    assert certainty(condition, holds) > 0
    assert certainty(condition, fails) == 0


def test_no_condition_of_the_playbook_is_left_untested() -> None:
    assert {name for when, *_ in CASES for name in when} == set(When.model_fields)


def test_a_rule_is_as_certain_as_its_least_certain_condition() -> None:
    signals = replace(DOUBT, topics={"risk": 0.6})
    when = When.model_validate({"objection": ["doubt"], "topics": ["risk"]})
    assert certainty(when, situation(signals=signals)) == pytest.approx(0.6)


def test_labels_listed_together_are_as_certain_as_their_sum() -> None:
    when = When.model_validate({"objection": ["doubt", "accusation"]})
    assert certainty(when, situation(signals=DOUBT)) == pytest.approx(0.9 + 0.1 / 6)


def test_a_label_that_is_only_second_best_does_not_make_a_condition_hold() -> None:
    signals = customer_signals("doubt", probability=0.3)
    assert (
        certainty(When.model_validate({"objection": ["accusation"]}), situation(signals=signals))
        == 0
    )


def test_a_rule_without_conditions_always_holds() -> None:
    assert certainty(When(), situation()) == 1


@pytest.mark.parametrize(
    ("when", "trigger", "slips"),
    [
        ({"act": ["question"]}, "agent", {"act"}),
        ({"violation": ["guarantee"]}, "customer", {"violation"}),
        ({"mentions": ["visit"], "turns": {"min": 1}}, "clock", {"mentions"}),
        ({"mentions": ["visit"]}, "agent", set()),
    ],
)
def test_conditions_that_can_never_hold_are_found(
    when: dict[str, Any], trigger: str, slips: set[str]
) -> None:
    assert impossible(When.model_validate(when), trigger) == slips
