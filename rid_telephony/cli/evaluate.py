"""``rid-telephony evaluate``: how right ``analyze`` is on labelled data."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from rid_telephony.app import App
from rid_telephony.cli.evaluate_tables import print_report
from rid_telephony.cli.options import ConfigOption, JsonOption
from rid_telephony.cli.screen import say
from rid_telephony.errors import InputError
from rid_telephony.evaluation.decisions import confusions, reliability, worst
from rid_telephony.evaluation.dialogues import DialogueReport, evaluate_dialogues
from rid_telephony.evaluation.labelled import Report, score_utterances
from rid_telephony.evaluation.reliability_svg import reliability_svg
from rid_telephony.settings import load_settings

WORST = 12
"""Errors shown where nobody asks for more."""


def evaluate(
    directory: Annotated[
        Path, typer.Argument(help="With customer.jsonl, agent.jsonl and dialogues.jsonl.")
    ],
    worst_count: Annotated[
        int,
        typer.Option("--worst", metavar="N", min=0, max=10_000, help="Surest errors to show."),
    ] = WORST,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.svg", help="Write a reliability diagram."),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Score the analysis on a labelled directory: signals, profile, hints.

    Each figure stands beside what a trivial detector reaches that always says the most frequent
    label. `asr_noise` are the utterances with recognition errors.

    Then, by head (objection, emotion, act, agent act): the scores of every label; the confusion
    of labels; the calibration, whether 80 % sure is right 8 times in 10; and the worst errors,
    those that were surest. `--plot` draws the calibration; any browser opens it.

    Example: `rid-telephony evaluate labelled/ --worst 30 --plot reliability.svg`
    """
    if plot is not None and plot.suffix.lower() != ".svg":
        raise InputError(
            f"{plot}: the diagram is written as SVG.",
            f"Name it {plot.with_suffix('.svg')}; a browser opens it and prints or saves it as "
            "another kind.",
        )
    app = App(load_settings(config))
    utterances = score_utterances(app.detector, directory)
    dialogues = evaluate_dialogues(directory, app.analyst)
    if plot is not None:
        _write_plot(plot, utterances, f"Reliability on {directory.resolve().name}")
    if as_json:
        document = _document(utterances, dialogues, worst_count)
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        return
    print_report(Console(highlight=False), utterances, dialogues, worst_count)


def _write_plot(path: Path, report: Report, title: str) -> None:
    heads = list(reliability(report.decisions).values())
    try:
        path.write_text(reliability_svg(heads, title), encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror}.", "Name a file in a folder that exists."
        ) from error
    say(f"Wrote {path}.")


def _document(report: Report, dialogues: DialogueReport | None, count: int) -> dict[str, Any]:
    confused = confusions(report.decisions)
    document: dict[str, Any] = {
        "figures": [asdict(figure) for figure in report.figures],
        "labels": {
            signal: {label: asdict(score) for label, score in scores.items()}
            for signal, scores in report.labels.items()
        },
        "objection_confusion": confused.get("objection", {}),
        "confusion": confused,
        "calibration": {
            head: asdict(found) for head, found in reliability(report.decisions).items()
        },
        "worst": [asdict(one) for one in worst(report.decisions, count)],
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
