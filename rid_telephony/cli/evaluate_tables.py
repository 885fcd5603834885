"""What ``evaluate`` prints: tables of figures, labels, confusion, calibration, worst errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rid_telephony.evaluation.decisions import Decision, Reliability, confusions, reliability, worst
from rid_telephony.evaluation.dialogues import DialogueReport
from rid_telephony.evaluation.labelled import Report
from rid_telephony.evaluation.metrics import LabelScore

HOT = 0.15
"""A share of a label's utterances that goes to one wrong label and is worth a colour."""
SHADY = 0.1
"""A difference of claim and truth that is worth a colour."""


def print_report(
    console: Console, report: Report, dialogues: DialogueReport | None, count: int
) -> None:
    """Print everything; of the errors the ``count`` worst of all heads."""
    console.print(_figures(report))
    for signal, scores in report.labels.items():
        console.print(_labels(signal, scores))
    for head, table in confusions(report.decisions).items():
        console.print(_confusion(head, table))
    for head, found in reliability(report.decisions).items():
        console.print(_calibration(head, found))
    errors = worst(report.decisions, count)
    if errors:
        console.print(_errors(errors))
    if dialogues:
        console.print(_dialogues(dialogues))


def _figures(report: Report) -> Table:
    table = Table("figure", "on", "value", "trivial", "n", title="signals")
    for figure in report.figures:
        trivial = "" if figure.trivial is None else f"{figure.trivial:.3f}"
        table.add_row(figure.name, figure.group, f"{figure.value:.3f}", trivial, str(figure.count))
    return table


def _labels(signal: str, scores: Mapping[str, LabelScore]) -> Table:
    table = Table("label", "F1", "precision", "recall", "n", title=signal)
    for label, score in scores.items():
        numbers = (f"{x:.2f}" for x in (score.f1, score.precision, score.recall))
        table.add_row(label, *numbers, str(score.right + score.missed))
    return table


def _confusion(head: str, rows: Mapping[str, Mapping[str, int]]) -> Table:
    """Rows are labelled, columns found, by number: twelve names side by side fit no terminal."""
    numbers = {label: str(number) for number, label in enumerate(rows, start=1)}
    table = Table("", "labelled ↓ found →", title=f"{head}: confusion")
    for number in numbers.values():
        table.add_column(number, justify="right", min_width=3)
    for label, row in rows.items():
        total = sum(row.values())
        cells = (_cell(count, total, found == label) for found, count in row.items())
        table.add_row(numbers[label], label, *cells)
    return table


def _cell(count: int, total: int, right: bool) -> Text:
    if not count:
        return Text("·", "dim")
    if right:
        return Text(str(count), "bold green")
    return Text(str(count), "red" if count >= HOT * total else "")


def _calibration(head: str, found: Reliability) -> Table:
    title = f"{head}: calibration (ECE {found.error:.3f}, n {found.count})"
    table = Table("claimed", "mean", "right", "95 % interval", "n", "gap", title=title)
    for one in found.bins:
        gap = one.accuracy - one.confidence
        table.add_row(
            f"{one.low:.0%} to {one.high:.0%}",
            f"{one.confidence:.2f}",
            f"{one.accuracy:.2f}",
            f"{one.accuracy_low:.2f} to {one.accuracy_high:.2f}",
            str(one.count),
            Text(f"{gap:+.2f}", _shade(gap)),
        )
    return table


def _shade(gap: float) -> str:
    if abs(gap) < SHADY:
        return "dim"
    return "red" if gap < 0 else "yellow"


def _errors(errors: Iterable[Decision]) -> Table:
    table = Table(title="worst errors: wrong, and sure of it", show_lines=True)
    for name in ("sure", "head", "labelled", "found"):
        table.add_column(name, no_wrap=True)
    table.add_column("text (after what the other party had said)", overflow="fold")
    for one in errors:
        words = Text.assemble((f"{one.id}  ", "dim"), (f"{one.context} → ", "dim"), one.text)
        if not one.context:
            words = Text.assemble((f"{one.id}  ", "dim"), one.text)
        labelled = Text.assemble((one.gold, "green"), (f" {one.gold_probability:.0%}", "dim"))
        table.add_row(f"{one.confidence:.0%}", one.head, labelled, Text(one.found, "red"), words)
    return table


def _dialogues(report: DialogueReport) -> Table:
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
