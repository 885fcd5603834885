"""``rid-telephony evaluate``: how right ``analyze`` is on labelled data."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from rid_telephony.app import App
from rid_telephony.cli.options import ConfigOption, JsonOption
from rid_telephony.evaluation.dialogues import DialogueReport, evaluate_dialogues
from rid_telephony.evaluation.labelled import Report, score_utterances
from rid_telephony.settings import load_settings


def evaluate(
    directory: Annotated[
        Path, typer.Argument(help="With customer.jsonl, agent.jsonl and dialogues.jsonl.")
    ],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Score the analysis on a labelled directory: signals, profile, hints.

    Each figure stands beside what a trivial detector reaches that always says the most frequent
    label. `asr_noise` are the utterances with recognition errors.
    """
    app = App(load_settings(config))
    utterances = score_utterances(app.detector, directory)
    dialogues = evaluate_dialogues(directory, app.analyst)
    if as_json:
        sys.stdout.write(json.dumps(_document(utterances, dialogues), ensure_ascii=False) + "\n")
        return
    console = Console(highlight=False)
    console.print(_signals_table(utterances))
    for signal, scores in utterances.labels.items():
        table = Table("label", "F1", "precision", "recall", "n", title=signal)
        for label, score in scores.items():
            numbers = (f"{x:.2f}" for x in (score.f1, score.precision, score.recall))
            table.add_row(label, *numbers, str(score.right + score.missed))
        console.print(table)
    console.print(_confusion_table(utterances))
    if dialogues:
        console.print(_dialogue_table(dialogues))


def _signals_table(report: Report) -> Table:
    table = Table("figure", "on", "value", "trivial", "n", title="signals")
    for figure in report.figures:
        trivial = "" if figure.trivial is None else f"{figure.trivial:.3f}"
        table.add_row(figure.name, figure.group, f"{figure.value:.3f}", trivial, str(figure.count))
    return table


def _confusion_table(report: Report) -> Table:
    labels = list(report.objections)
    table = Table("labelled ↓ found →", *labels, title="objection: confusion")
    for label in labels:
        row = report.objections[label]
        table.add_row(label, *(str(row.get(found, 0) or "") for found in labels))
    return table


def _dialogue_table(report: DialogueReport) -> Table:
    profile, hints = report.profile, report.hints
    table = Table("figure", "value", title=f"dialogues ({profile.calls} calls)")
    rows: list[tuple[str, float | None]] = [
        ("relationship: Spearman per call, mean", profile.spearman),
        ("relationship: mean absolute error", profile.relationship_mae),
        ("style: top 1 when given", profile.style_top1),
        ("style: share of calls given", profile.style_coverage),
        ("stratum: accuracy", profile.stratum_accuracy),
        ("age stage: accuracy", profile.age_stage_accuracy),
        ("needs: overlap", profile.needs_overlap),
        *((f"{name}: mean absolute error", value) for name, value in profile.mae.items()),
        *((f"{name}: agreement", value) for name, value in profile.risk_agreement.items()),
        ("outcome: accuracy", report.outcome_accuracy),
        ("hints: expected strategy within the turn or the next", hints.hit_rate),
        ("hints: wrong strategy, share of hints", hints.wrong_rate),
        ("hints: wrong on angry or refusing turns (count)", float(hints.tense_wrong)),
        ("hints in five minutes", hints.per_five_minutes),
    ]
    for name, value in rows:
        table.add_row(name, "-" if value is None else f"{value:.2f}")
    return table


def _document(report: Report, dialogues: DialogueReport | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "figures": [asdict(figure) for figure in report.figures],
        "labels": {
            signal: {label: asdict(score) for label, score in scores.items()}
            for signal, scores in report.labels.items()
        },
        "objection_confusion": report.objections,
    }
    if dialogues:
        hints = dialogues.hints
        document["dialogues"] = {
            **asdict(dialogues.profile),
            "outcome_accuracy": dialogues.outcome_accuracy,
            "hints": {
                **asdict(hints),
                "hit_rate": hints.hit_rate,
                "wrong_rate": hints.wrong_rate,
                "per_five_minutes": hints.per_five_minutes,
            },
        }
    return document
