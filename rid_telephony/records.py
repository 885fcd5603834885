"""The records of ``analyze``: what goes in, what comes out. Others script against them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import from_json

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.cti.translate.base import facts
from rid_telephony.errors import InputError
from rid_telephony.pipeline.analyst import Heard
from rid_telephony.pipeline.texts import Turn
from rid_telephony.rid.messages import AgentSignals, CustomerSignals, Signals
from rid_telephony.strategy.messages import CallSummary, HintOffered

MAX_LINE = 8_000_000
"""Longest line of input, bytes."""
MAX_TEXT = 4000
MAX_TURNS = 5000


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_left_out(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        return {key: value for key, value in values.items() if value is not None}


class UtteranceRecord(_Record):
    """``{"id", "party", "text", "context"?}``: one utterance by itself."""

    id: str
    party: Literal["agent", "customer"]
    text: str = Field(max_length=MAX_TEXT)
    context: str = Field(default="", max_length=MAX_TEXT)


class TurnRecord(_Record):
    """``{"speaker", "text"}``: one turn of a dialogue."""

    speaker: Literal["agent", "customer"]
    text: str = Field(max_length=MAX_TEXT)


class CrmRecord(_Record):
    """What the bank knew; unknown keys are ignored."""

    customer_id: str = ""
    age: int | None = Field(default=None, ge=0, le=130)
    occupation: str = ""
    education: str = ""
    income_monthly_cny: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    holdings: tuple[str, ...] = ()
    risk_level: int | str | None = None
    tenure_years: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    past_calls: int | None = Field(default=None, ge=0)
    do_not_call: bool = False

    def context(self) -> CustomerContext:
        """As the engine takes it; a risk level may be 3 or ``C3``."""
        values = self.model_dump()
        values["risk_level"] = _risk_level(self.risk_level)
        return CustomerContext(**values)


class DialogueRecord(_Record):
    """``{"id", "turns", "crm"?}``: a whole dialogue."""

    id: str
    turns: list[TurnRecord] = Field(max_length=MAX_TURNS)
    crm: CrmRecord = CrmRecord()

    def as_turns(self) -> list[Turn]:
        """The turns for the engine."""
        return [Turn(Party(turn.speaker), turn.text) for turn in self.turns]


def parse(line: bytes, number: int) -> UtteranceRecord | DialogueRecord:
    """Read one line.

    Raises:
        InputError: It is too long, not UTF-8, not JSON, or neither kind of record; names the line.
    """
    if len(line) > MAX_LINE:
        raise InputError(f"Line {number} is longer than {MAX_LINE} bytes.")
    try:
        values = from_json(line.decode("utf-8-sig"), allow_inf_nan=False)
    except UnicodeDecodeError as error:
        why = f"not UTF-8: {error.reason} at byte {error.start}"
        raise _refusal(f"Line {number}", why) from error
    except ValueError as error:
        raise _refusal(f"Line {number}", f"Invalid JSON: {error}") from error
    return read(values, f"Line {number}")


def read(values: object, where: str) -> UtteranceRecord | DialogueRecord:
    """Read one record; ``where`` says in an error which one.

    Raises:
        InputError: It is neither kind of record.
    """
    dialogue = isinstance(values, dict) and values.get("turns") is not None
    try:
        return (DialogueRecord if dialogue else UtteranceRecord).model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise _refusal(where, f"{place}: {first['msg']}" if place else first["msg"]) from error


def _refusal(where: str, why: str) -> InputError:
    return InputError(
        f"{where}: {why}.",
        'Records are {"id","party","text"} or {"id","turns":[{"speaker","text"}]}.',
    )


def utterance_result(record_id: str, signals: Signals) -> dict[str, Any]:
    """The result for one utterance; what does not fit the party is null or empty."""
    if isinstance(signals, AgentSignals):
        return {
            "id": record_id,
            "objection": None,
            "objection_probs": {},
            "emotion": None,
            "act": signals.act.label,
            "topics": [],
            "facts": {},
            "compliance": sorted({finding.label for finding in signals.findings}),
        }
    return {
        "id": record_id,
        "objection": signals.objection.label,
        "objection_probs": {
            label: round(value, 4) for label, value in signals.objection.probabilities.items()
        },
        "emotion": signals.emotion.label,
        "act": signals.act.label,
        "topics": sorted(signals.topics),
        "facts": facts(signals.facts),
        "compliance": [],
    }


def dialogue_result(record_id: str, heard: list[Heard], summary: CallSummary) -> dict[str, Any]:
    """The result for a dialogue: one entry for each turn, and the call."""
    return {
        "id": record_id,
        "turns": [_turn(item) for item in heard],
        "call": _call(summary),
    }


def _turn(heard: Heard) -> dict[str, Any]:
    signals, profile = heard.signals, heard.after
    customer = signals if isinstance(signals, CustomerSignals) else None
    findings = signals.findings if isinstance(signals, AgentSignals) else ()
    return {
        "relationship": round(profile.relationship.score.value, 1),
        "stage": profile.relationship.stage,
        "state": profile.state.label,
        "objection": customer.objection.label if customer else None,
        "emotion": customer.emotion.label if customer else None,
        "compliance": sorted({finding.label for finding in findings}),
        "hints": [
            {
                "strategy": item.hint.strategy,
                "priority": int(item.hint.priority),
                "text": item.hint.line,
                "reason": item.hint.reason,
            }
            for item in heard.advice
            if isinstance(item, HintOffered)
        ],
    }


def _call(summary: CallSummary) -> dict[str, Any]:
    influence, demand = summary.profile.influence, summary.profile.demand
    return {
        "style": influence.style.label or None,
        "style_probability": round(influence.style.probability, 4),
        "stratum": demand.stratum or None,
        "age_stage": demand.age_stage or None,
        "needs": [need.label for need in demand.needs],
        "satisfaction": round(influence.satisfaction.value, 1),
        "trust": round(influence.trust.value, 1),
        "purchase_intent": round(influence.purchase_intent.value, 1),
        "complaint_risk": summary.complaint_risk,
        "churn_risk": summary.churn_risk,
        "outcome": summary.outcome,
    }


def _risk_level(value: int | str | None) -> int | None:
    digits = str(value or "").strip().upper().lstrip("C")
    return int(digits) if digits in {"1", "2", "3", "4", "5"} else None
