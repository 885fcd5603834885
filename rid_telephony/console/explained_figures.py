"""One figure with its reasons on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from rid_telephony.console.parts import bar, trend
from rid_telephony.console.reasons import amount, reason_table
from rid_telephony.console.words import Words
from rid_telephony.explain.messages import Figure

GROUPS = {
    "stage": "stage",
    "gate": "gate",
    "style": "style",
    "mood": "emotion",
    "stratum": "stratum",
    "age_stage": "age_stage",
    "state": "state",
    "complaint_risk": "risk",
    "churn_risk": "risk",
    "needs": "need",
    "objections": "objection",
}
"""Figure to the group in which its labels are named."""
PRODUCTS = 3
"""Products listed where all figures are shown."""


def figure_lines(figure: Figure, words: Words, *, whole: bool) -> Iterator[RenderableType]:
    """The figure's line, what it means, and its reasons.

    Args:
        figure: The figure.
        words: Language.
        whole: All reasons, not only the strongest.
    """
    yield Padding(_headline(figure, words), (1 if whole else 0, 0, 0, 1))
    note = _note(figure, words)
    if whole and figure.at_turn is not None:
        told = words.say(f"第 {figure.at_turn} 句后", f"as told after turn {figure.at_turn}")
        note = f"{told}  {note}" if note else told
    if note:
        yield Padding(Text(note, "dim"), (0, 0, 0, 6))
    if figure.reasons:
        yield reason_table(figure, words, number=figure.name, whole=whole)
    parts = figure.parts if whole or figure.name != "products" else figure.parts[:PRODUCTS]
    for part in parts:
        yield Padding(_part_line(figure.name, part, words), (0, 0, 0, 6))
        if part.reasons:
            table = reason_table(part, words, number=figure.name, whole=whole)
            yield Padding(table, (0, 0, 0, 2))


def _headline(figure: Figure, words: Words) -> Text:
    head = Text(f"{words.name('figure', figure.name)} ", "bold cyan")
    if figure.at_turn is None:
        return head + Text(words.say("尚未报告", "not reported yet"), "dim")
    if figure.unit == "points" and figure.value is not None:
        return head + bar(figure.value) + trend(figure.trend)
    found = _found(figure, words)
    if found or figure.parts:
        return head + Text(found, "bold")
    return head + Text(words.say("证据不足，暂不判断", "not enough evidence: withheld"), "dim")


def _found(figure: Figure, words: Words) -> str:
    """Label and number as one phrase; empty while both are withheld."""
    label = words.name(GROUPS.get(figure.name, ""), figure.label) if figure.label else ""
    value = figure.value
    if value is None or figure.name in {"stage", "gate"}:
        return label
    if figure.unit in {"share", "valence"}:
        return f"{label} {amount(value, figure.unit)}"
    if figure.unit == "log_odds":
        return f"{label} {value:.0%}" if label else ""
    return f"{value:.0%}" if figure.name == "talk_share" else f"{value:.0f}"


def _note(figure: Figure, words: Words) -> str:
    match figure.name:
        case "stage" | "gate":
            after = words.say("由关系分得出", "read from the relationship")
            return f"{after} {figure.value or 0.0:.1f}：{_steps(figure, words, 0)}"
        case "complaint_risk" | "churn_risk":
            return _steps(figure, words, 2)
        case "style" | "stratum":
            shares = (
                f"{words.name(GROUPS[figure.name], label)} {share:.0%}"
                for label, share in figure.scale.items()
            )
            return "  ".join(shares) + _odds(figure, words)
        case "products":
            return (
                words.say("由需求得出，见上", "read from the needs above") if figure.parts else ""
            )
        case "talk_share":
            return _seconds(figure.scale, words)
        case _:
            return ""


def _odds(figure: Figure, words: Words) -> str:
    if figure.name != "style" or not figure.reasons:
        return ""
    return words.say(
        "\n每个特征只引最近一次的原话；没有出现的特征也计入，所以各行相乘不等于总概率。",
        "\nEach trait is quoted where it was last heard; traits that were not heard count too, "
        "so the lines do not multiply to the whole.",
    )


def _steps(figure: Figure, words: Words, digits: int) -> str:
    held = words.say("≥", "from ")
    return "  ".join(
        f"{words.name(GROUPS[figure.name], label)} {held}{bound:.{digits}f}"
        for label, bound in figure.scale.items()
    )


def _seconds(spoken: Mapping[str, float], words: Words) -> str:
    unit = words.say("秒", "s")
    return "  ".join(f"{words.name('role', role)} {s:.0f} {unit}" for role, s in spoken.items())


def _part_line(figure: str, part: Figure, words: Words) -> Text:
    if figure == "needs":
        return Text.assemble(
            (words.name("need", part.name), "bold"), f" {amount(part.value or 0.0, part.unit)}"
        )
    if figure == "objections":
        status = (
            words.say("已化解", "resolved")
            if part.label == "resolved"
            else words.say("未解决", "open")
        )
        name = words.name("objection", part.name)
        return Text.assemble((name, "bold"), f" ×{part.value or 0.0:.0f} {status}")
    fits = (
        Text("")
        if part.label == "suitable"
        else Text(words.say(" 超出风险等级", " above the risk level"), "red")
    )
    notes = words.say("；", "; ").join(part.notes)
    return Text.assemble(
        (part.name, "bold"), f" {part.value or 0.0:.0f}", fits, (f"  {notes}", "dim")
    )
