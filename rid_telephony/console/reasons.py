"""Reasons of a figure as rows: one for each utterance, with its signals and what it moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from rid_telephony.console.parts import ROLE_STYLE
from rid_telephony.console.signalwords import signal_name
from rid_telephony.console.words import Words
from rid_telephony.explain.messages import Figure, Reason, Unit

SHOWN = 3
"""Utterances listed of a figure where all figures are shown."""


_STARTED = ("points", "share")
"""Units of figures that begin somewhere and are moved from there."""


@dataclass(frozen=True, slots=True)
class Row:
    """The reasons that one utterance, or one other source, gives.

    Attributes:
        moved: Sum of their deltas.
    """

    reasons: tuple[Reason, ...]
    moved: float


def rows_of(reasons: Sequence[Reason]) -> list[Row]:
    """Reasons by utterance, in the order of the call; other sources each by itself."""
    grouped: dict[tuple[object, ...], list[Reason]] = {}
    for one in reasons:
        key = (one.turn,) if one.turn else (one.source, one.signal)
        grouped.setdefault(key, []).append(one)
    return [Row(tuple(group), sum(one.delta for one in group)) for group in grouped.values()]


def reason_table(figure: Figure, words: Words, *, number: str, whole: bool) -> Table:
    """The reasons of a figure, the strongest :data:`SHOWN` or all of them.

    Args:
        figure: The figure, or an entry of one that is a list.
        words: Language.
        number: What ``--number`` takes to show all of them.
        whole: All of them.
    """
    table = _grid(words)
    rows = rows_of(figure.reasons)
    shown = rows if whole else _strongest(rows)
    if figure.start is not None or figure.unit in _STARTED:
        table.add_row(words.say("起点", "start"), "", *_start(figure, words))
    for row in shown:
        table.add_row(*_cells(row, figure.unit, words, whole=whole))
    left = [row for row in rows if row not in shown]
    if left:
        more = words.say(f"另有 {len(left)} 处", f"{len(left)} more")
        see = f"--number {number}"
        moved = _merged(left, figure.unit)
        table.add_row("…", "", Text(more, "dim"), Text(see, "dim"), Text(moved, "dim"))
    if figure.rest:
        small = words.say("其余微小变动", "moves too small to keep one by one")
        table.add_row("…", "", Text(small, "dim"), "", Text(change(figure.rest, figure.unit)))
    return table


def moves_table(moved: Sequence[tuple[str, tuple[Reason, ...], Unit]], words: Words) -> Table:
    """What one utterance moved, figure by figure."""
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column(words.say("数值", "figure"), no_wrap=True)
    table.add_column(words.say("变动", "moved"), justify="right", no_wrap=True)
    table.add_column(words.say("信号", "by these signals"))
    for name, reasons, unit in moved:
        total = sum(one.delta for one in reasons)
        table.add_row(
            words.name("figure", name),
            Text(change(total, unit), colour(total)),
            _signals(reasons, unit, words, sized=True),
        )
    return table


def change(delta: float, unit: Unit) -> str:
    """A reason's size as people read it."""
    match unit:
        case "points" | "level":
            return f"{delta:+.1f}"
        case "share":
            return f"{delta * 100:+.1f}%"
        case "log_odds":
            return f"×{math.exp(delta):.2f}"
        case "weight" | "valence":
            return f"{delta:+.2f}"
        case "probability":
            return f"{delta:.0%}"
        case _:
            return ""


def amount(value: float, unit: Unit) -> str:
    """A figure's value as people read it."""
    if unit == "share":
        return f"{value:.0%}"
    return f"{value:.2f}" if unit in {"weight", "valence"} else f"{value:.1f}"


def colour(delta: float) -> str:
    """Green up, red down."""
    return "green" if delta > 0 else "red" if delta < 0 else "dim"


def _grid(words: Words) -> Table:
    role = max(cell_len(words.name("role", name)) for name in ROLE_STYLE)
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=5, justify="right", style="dim", no_wrap=True)
    table.add_column(width=role, no_wrap=True)
    table.add_column(ratio=5, overflow="fold")
    table.add_column(ratio=4, overflow="fold")
    table.add_column(width=8, justify="right", no_wrap=True)
    return table


def _start(figure: Figure, words: Words) -> tuple[Text, str, str]:
    if figure.start is None:
        missing = words.say("旧版本的通话没有保存起点", "not kept in calls of earlier versions")
        return Text(missing, "dim"), "", "?"
    known = words.say("对客户还一无所知时", "before anything was known")
    return Text(known, "dim"), "", amount(figure.start, figure.unit)


def _cells(row: Row, unit: Unit, words: Words, *, whole: bool) -> tuple[str | Text, ...]:
    first = row.reasons[0]
    signals = _signals(row.reasons, unit, words, sized=whole and len(row.reasons) > 1)
    style = "" if unit in {"probability", "decides"} else colour(row.moved)
    moved = Text(change(row.moved, unit), style)
    if first.turn is None:
        return _origin(first, words), "", Text(first.quote, "dim"), signals, moved
    quote = max((one.quote for one in row.reasons), key=len)
    role = Text(words.name("role", first.role), ROLE_STYLE[first.role])
    return f"#{first.turn}", role, f"「{quote}」", signals, moved


def _origin(reason: Reason, words: Words) -> str:
    return {
        "crm": "CRM",
        "profile": words.say("画像", "file"),
        "model": words.say("规则", "rule"),
        "utterance": "?",
    }[reason.source]


def _signals(reasons: Sequence[Reason], unit: Unit, words: Words, *, sized: bool) -> Text:
    strongest = sorted(reasons, key=lambda one: -abs(one.delta))
    names = [
        signal_name(one.signal, words) + (f" {change(one.delta, unit)}" if sized else "")
        for one in strongest
    ]
    return Text(words.say("，", ", ").join(dict.fromkeys(names)), "dim")


def _strongest(rows: list[Row]) -> list[Row]:
    chosen = sorted(rows, key=lambda row: -abs(row.moved))[:SHOWN]
    return [row for row in rows if row in chosen]


def _merged(rows: Sequence[Row], unit: Unit) -> str:
    if unit in {"probability", "decides"}:
        return ""
    return change(sum(row.moved for row in rows), unit)
