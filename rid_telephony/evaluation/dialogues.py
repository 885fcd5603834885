"""Scores whole labelled dialogues: profile and hints, through the analyst that serves calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.evaluation.dialogue_scores import CallView, DialogueScores, score_dialogues
from rid_telephony.evaluation.hint_scores import HintCall, HintScores, HintTurn, score_hints
from rid_telephony.evaluation.records import read_records
from rid_telephony.pipeline.analyst import CallAnalyst, Heard
from rid_telephony.pipeline.texts import Turn, hear_all, timed
from rid_telephony.strategy.messages import CallSummary, HintOffered

DIALOGUE_FILE = "dialogues.jsonl"
MakeAnalyst = Callable[[str, CustomerContext], CallAnalyst]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class LabelledTurn(_Part):
    """A turn with what a coach would say of it."""

    speaker: Party
    text: str
    objection: str = "none"
    emotion: str = "neutral"
    relationship: float | None = None
    expected_hints: tuple[str, ...] = ()
    wrong_hints: tuple[str, ...] = ()


class LabelledCall(_Part):
    """What the whole call is labelled with."""

    style: str
    stratum: str
    age_stage: str
    needs: tuple[str, ...]
    satisfaction: float
    trust: float
    purchase_intent: float
    complaint_risk: str
    churn_risk: str
    outcome: str


class LabelledCrm(_Part):
    """What the bank knew."""

    age: int | None = None
    occupation: str = ""
    education: str = ""
    holdings: tuple[str, ...] = ()
    tenure_years: float | None = None
    past_calls: int | None = None

    def context(self) -> CustomerContext:
        """As the engine takes it."""
        return CustomerContext(**self.model_dump())


class LabelledDialogue(_Part):
    """A labelled dialogue."""

    id: str
    turns: tuple[LabelledTurn, ...]
    call: LabelledCall
    crm: LabelledCrm = LabelledCrm()


@dataclass(frozen=True, slots=True)
class DialogueReport:
    """Scores of profile and hints.

    Attributes:
        outcome_accuracy: Share of calls whose outcome was estimated right.
    """

    profile: DialogueScores
    hints: HintScores
    outcome_accuracy: float


def evaluate_dialogues(directory: Path, make_analyst: MakeAnalyst) -> DialogueReport | None:
    """Run every dialogue of ``dialogues.jsonl``; None where there is no such file.

    Raises:
        InputError: A record breaks its format.
    """
    path = directory / DIALOGUE_FILE
    if not path.exists():
        return None
    dialogues = [dialogue for _, dialogue in read_records(path, LabelledDialogue)]
    results = [_run(dialogue, make_analyst) for dialogue in dialogues]
    right = [
        dialogue.call.outcome == summary.outcome
        for dialogue, (_, summary) in zip(dialogues, results, strict=True)
    ]
    return DialogueReport(
        profile=score_dialogues(
            [
                (_labelled(dialogue), _given(heard, summary))
                for dialogue, (heard, summary) in zip(dialogues, results, strict=True)
            ]
        ),
        hints=score_hints(
            _hints(dialogue, heard) for dialogue, (heard, _) in zip(dialogues, results, strict=True)
        ),
        outcome_accuracy=sum(right) / len(right) if right else 0.0,
    )


def _run(dialogue: LabelledDialogue, make: MakeAnalyst) -> tuple[list[Heard], CallSummary]:
    turns = [Turn(turn.speaker, turn.text) for turn in dialogue.turns]
    return hear_all(make(dialogue.id, dialogue.crm.context()), timed(dialogue.id, turns))


def _labelled(dialogue: LabelledDialogue) -> CallView:
    call = dialogue.call.model_dump(exclude={"outcome"})
    path = [turn.relationship for turn in dialogue.turns if turn.relationship is not None]
    return CallView(relationship=tuple(path), **call)


def _given(heard: list[Heard], summary: CallSummary) -> CallView:
    influence, demand = summary.profile.influence, summary.profile.demand
    return CallView(
        relationship=tuple(
            item.after.relationship.score.value
            for item in heard
            if item.utterance.party is Party.CUSTOMER
        ),
        style=influence.style.label,
        stratum=demand.stratum,
        age_stage=demand.age_stage,
        needs=tuple(need.label for need in demand.needs),
        satisfaction=influence.satisfaction.value,
        trust=influence.trust.value,
        purchase_intent=influence.purchase_intent.value,
        complaint_risk=summary.complaint_risk,
        churn_risk=summary.churn_risk,
    )


def _hints(dialogue: LabelledDialogue, heard: list[Heard]) -> HintCall:
    offered: list[list[str]] = []
    for item in heard:
        if item.utterance.party is Party.CUSTOMER:
            offered.append([])
        for advice in item.advice:
            if offered and isinstance(advice, HintOffered):
                offered[-1].append(advice.hint.strategy)
    turns = [turn for turn in dialogue.turns if turn.speaker is Party.CUSTOMER]
    return HintCall(
        turns=tuple(
            HintTurn(
                offered=tuple(strategies),
                expected=frozenset(turn.expected_hints),
                wrong=frozenset(turn.wrong_hints),
                tense=turn.emotion == "angry" or turn.objection in {"accusation", "polite_refusal"},
            )
            for turn, strategies in zip(turns, offered, strict=True)
        ),
        seconds=heard[-1].utterance.end if heard else 0.0,
    )
