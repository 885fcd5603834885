"""The words that a playbook may use: labels fixed by the model, names that its files declare.

A misspelt word is an error at its line and column, with the nearest known word beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Annotated, cast

from pydantic import AfterValidator, ValidationInfo

from rid_telephony.rid import messages as rid
from rid_telephony.strategy.messages import STRATEGIES

GATES = ("greet", "probe", "present", "close")
"""What the relationship allows, each including those before it."""
TRIGGERS = ("customer", "agent", "clock")
"""When a rule is looked at: after a party's utterance, or as time passes."""
STANCES = ("angry", "refused")
"""When only what is marked as fit for it may be offered."""
GAUGES = (
    "relationship",
    "satisfaction",
    "trust",
    "purchase_intent",
    "motive",
    "perceived_risk",
    "product_cognition",
    "product_involvement",
)
OUTCOMES = (
    "purchase",
    "appointment",
    "callback",
    "interested_no_commitment",
    "refused",
    "complaint",
    "hung_up",
)
FOLLOW_UPS = ("callback_time", "promised_material", "appointment")
SUPERVISOR_KINDS = ("anger", "complaint_threat", "do_not_call", "violation")
SEVERITIES = ("critical", "major", "minor")
SCRIPT_KEYS = ("default", *rid.STYLES)

_FACT_VALUES = {
    "holdings": (
        "deposit",
        "wealth_product",
        "fund",
        "stock",
        "insurance",
        "gold",
        "property",
    ),
    "liabilities": ("mortgage", "car_loan", "business_loan", "consumer_loan"),
    "family": ("spouse", "child", "elderly_parents"),
    "risk_attitude": ("averse", "moderate", "seeking"),
    "age_stage": rid.AGE_STAGES,
    "event": (
        "deposit_maturing",
        "bonus",
        "buying_house",
        "child_school",
        "retirement_soon",
        "business_turnover",
        "medical",
    ),
}
FACTS = (
    *(item.name for item in fields(rid.Facts) if item.name != "quotes"),
    *(f"{name}.{value}" for name, values in _FACT_VALUES.items() for value in values),
)
"""A field of ``Facts``, or a field with one of its values: ``family``, ``family.child``."""


def fact_tokens(facts: rid.Facts) -> frozenset[str]:
    """Which of :data:`FACTS` are given."""
    tokens: set[str] = set()
    for item in fields(facts):
        value = getattr(facts, item.name)
        if item.name == "quotes" or value is None or value in ("", ()):
            continue
        tokens.add(item.name)
        values = value if isinstance(value, tuple) else (value,)
        tokens.update(f"{item.name}.{each}" for each in values if item.name in _FACT_VALUES)
    return frozenset(tokens)


def unknown(kind: str, value: str, allowed: Collection[str]) -> str:
    """The complaint about a word that is none of ``allowed``."""
    near = get_close_matches(value, list(allowed), n=1)
    return f"unknown {kind} {value!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def _label(kind: str, allowed: Collection[str]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(unknown(kind, value, allowed))
        return value

    return AfterValidator(check)


def _declared(kind: str) -> AfterValidator:
    """A name that another file of the playbook declares, given in the validation context."""

    def check(value: str, info: ValidationInfo) -> str:
        known = cast("Mapping[str, Collection[str]]", info.context or {})
        if kind in known and value not in known[kind]:
            raise ValueError(unknown(kind, value, known[kind]))
        return value

    return AfterValidator(check)


Objection = Annotated[str, _label("objection", rid.OBJECTIONS)]
Emotion = Annotated[str, _label("emotion", rid.EMOTIONS)]
CustomerAct = Annotated[str, _label("customer act", rid.CUSTOMER_ACTS)]
AgentAct = Annotated[str, _label("agent act", rid.AGENT_ACTS)]
Topic = Annotated[str, _label("topic", rid.TOPICS)]
Style = Annotated[str, _label("style", rid.STYLES)]
Stage = Annotated[str, _label("stage", rid.STAGES)]
State = Annotated[str, _label("state", rid.STATES)]
Need = Annotated[str, _label("need", rid.NEEDS)]
Violation = Annotated[str, _label("violation", rid.COMPLIANCE_LABELS)]
Fact = Annotated[str, _label("fact", FACTS)]
GaugeName = Annotated[str, _label("gauge", GAUGES)]
Gate = Annotated[str, _label("gate", GATES)]
Trigger = Annotated[str, _label("trigger", TRIGGERS)]
Stance = Annotated[str, _label("stance", STANCES)]
Strategy = Annotated[str, _label("strategy", STRATEGIES)]
Outcome = Annotated[str, _label("outcome", OUTCOMES)]
FollowUpKey = Annotated[str, _label("follow-up", FOLLOW_UPS)]
SupervisorKind = Annotated[str, _label("alert kind", SUPERVISOR_KINDS)]
Severity = Annotated[str, _label("severity", SEVERITIES)]
ScriptKey = Annotated[str, _label("style", SCRIPT_KEYS)]
WordList = Annotated[str, _declared("word list")]
Item = Annotated[str, _declared("must-say item")]
Cause = Annotated[str, _declared("cause")]
RuleId = Annotated[str, _declared("rule")]
