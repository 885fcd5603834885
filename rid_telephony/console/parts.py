"""The pieces of the terminal screen: bars, tags, panels."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from rid_telephony.console.view import CallView, Line
from rid_telephony.console.words import Words

ROLE_STYLE = {"agent": "cyan", "customer": "bold yellow"}
EMOTION_STYLE = {
    "pleased": "green",
    "anxious": "magenta",
    "impatient": "dark_orange",
    "angry": "bold red",
    "disappointed": "blue",
}
STATE_STYLE = {
    "engaged": "green",
    "hesitant": "magenta",
    "resistant": "dark_orange",
    "dissatisfied": "red",
    "angry": "bold red",
}
PRIORITY_STYLE = {1: "bold white on red", 2: "bold red", 3: "bold yellow", 4: "bold green"}
BAR = 20
REASONS = 3
"""Pieces of evidence shown under the relationship."""


def clock(milliseconds: int) -> str:
    """Minutes and seconds, ``1:05``."""
    seconds = milliseconds // 1000
    return f"{seconds // 60}:{seconds % 60:02d}"


def bar(value: float, style: str = "cyan") -> Text:
    """A gauge from 0 to 100 as a bar with its number."""
    full = round(value / 100 * BAR)
    return Text.assemble(("━" * full, style), ("─" * (BAR - full), "dim"), f" {value:3.0f}")


def trend(value: float) -> Text:
    """An arrow for a change in points; nothing for less than one."""
    if abs(value) < 1:
        return Text("")
    return Text(f" {'↑' if value > 0 else '↓'}{abs(value):.0f}", "green" if value > 0 else "red")


def tags(line: Line, words: Words) -> Text:
    """What was noticed in an utterance."""
    signals = line.signals
    if not signals:
        return Text("")
    found = Text()
    if signals["role"] == "agent":
        for finding in signals["findings"]:
            found.append(f" ⚠ {words.name('compliance', finding['label'])}", "bold red")
        return found
    objection, emotion = signals["objection"], signals["emotion"]
    if objection["label"] != "none":
        name = words.name("objection", objection["label"])
        found.append(f" {name} {objection['probability']:.0%}", "bold")
    if emotion["label"] != "neutral":
        label = emotion["label"]
        found.append(f" {words.name('emotion', label)}", EMOTION_STYLE.get(label, ""))
    return found


def transcript_row(line: Line, words: Words) -> Text:
    """One line of the transcript, for a stream of lines."""
    return Text.assemble(
        (f"{clock(line.begin_ms):>5} ", "dim"),
        (f"{words.name('role', line.role)} ", ROLE_STYLE[line.role]),
        spoken(line, words),
    )


def spoken(line: Line, words: Words) -> Text:
    """The words and what was noticed in them."""
    return Text.assemble((line.text, "" if line.final else "dim italic"), tags(line, words))


def transcript_table(lines: list[Line], words: Words, width: int, height: int) -> Table:
    """The newest lines that fit into a space of ``width`` x ``height`` characters."""
    role_width = max(cell_len(words.name("role", role)) for role in ROLE_STYLE)
    text_width = max(10, width - 5 - role_width - 2)
    table = Table.grid(padding=(0, 1))
    table.add_column(width=5, justify="right", style="dim", no_wrap=True)
    table.add_column(width=role_width, no_wrap=True)
    table.add_column(width=text_width, overflow="fold")
    chosen: list[tuple[Line, Text]] = []
    room = height
    for line in reversed(lines):
        text = spoken(line, words)
        room -= -(-text.cell_len // text_width)
        if room < 0 and chosen:
            break
        chosen.append((line, text))
    for line, text in reversed(chosen):
        role = Text(words.name("role", line.role), ROLE_STYLE[line.role])
        table.add_row(clock(line.begin_ms), role, text)
    return table


def profile_table(view: CallView, words: Words) -> Table:
    """The profile as it stands: relationship, style, emotion, state, indices, needs."""
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column()
    for name, value in (*_relationship(view, words), *_influence(view, words)):
        table.add_row(name, value)
    for name, value in (*_state(view, words), *_demand(view, words)):
        table.add_row(name, value)
    return table


def _relationship(view: CallView, words: Words) -> list[tuple[str, Text]]:
    data = view.relationship
    label = words.say("关系", "relationship")
    if not data:
        return [(label, Text("…", "dim"))]
    score = data["score"]
    stage = words.name("stage", data["stage"])
    rows = [
        (label, bar(score["value"], "green") + trend(score["trend"])),
        ("", Text(f"{stage} · {words.name('gate', data['gate'])}")),
    ]
    for delta, quote in strongest(score["evidence"]):
        reason = Text(f"{delta:+.0f} {quote}", "dim", overflow="ellipsis", no_wrap=True)
        rows.append(("", reason))
    return rows


def strongest(evidence: list[dict[str, Any]]) -> list[tuple[float, str]]:
    """The utterances that moved a number most, in order of time: their sum and their words."""
    sums: dict[str, tuple[float, str]] = {}
    for item in evidence:
        moved, _ = sums.get(item["quote"], (0.0, ""))
        sums[item["quote"]] = (moved + item["delta"], item["quote"])
    most = sorted(sums.values(), key=lambda pair: -abs(pair[0]))[:REASONS]
    return [pair for pair in sums.values() if pair in most and abs(pair[0]) >= 1]


def _influence(view: CallView, words: Words) -> list[tuple[str, Text]]:
    data = view.influence
    unknown = Text(words.say("证据不足", "not enough evidence yet"), "dim")
    if not data:
        return [(words.say("风格", "style"), unknown)]
    style = data["style"]
    known = Text(f"{words.name('style', style['label'])} {style['probability']:.0%}", "bold")
    mood = data["mood"]
    emotion = Text(words.name("emotion", mood["emotion"]), EMOTION_STYLE.get(mood["emotion"], ""))
    rows = [
        (words.say("风格", "style"), known if style["label"] else unknown),
        (words.say("情绪", "emotion"), emotion + trend(mood["valence_trend"] * 10)),
    ]
    for index in ("satisfaction", "trust", "purchase_intent"):
        gauge = data[index]
        rows.append((words.name("index", index), bar(gauge["value"]) + trend(gauge["trend"])))
    open_ones = [item for item in data["objections"] if item["status"] == "open"]
    if open_ones:
        names = " ".join(
            f"{words.name('objection', item['label'])}×{item['count']}" for item in open_ones
        )
        rows.append((words.say("未解异议", "open objections"), Text(names, "yellow")))
    return rows


def _state(view: CallView, words: Words) -> list[tuple[str, Text]]:
    data = view.state
    if not data:
        return []
    label = data["state"]
    state = Text(words.name("state", label), STATE_STYLE.get(label, ""))
    risk = words.say("投诉风险", "complaint risk")
    state.append(f"  {risk} {data['complaint_risk']:.0%}", "dim")
    return [(words.say("状态", "state"), state)]


def _demand(view: CallView, words: Words) -> list[tuple[str, Text]]:
    data = view.demand
    if not data:
        return []
    rows: list[tuple[str, Text]] = []
    if data["needs"]:
        names = " > ".join(words.name("need", need["label"]) for need in data["needs"][:3])
        rows.append((words.say("需求", "needs"), Text(names)))
    if data["age_stage"]:
        stage = words.name("age_stage", data["age_stage"])
        rows.append((words.say("年龄段", "age stage"), Text(stage)))
    suitable = [product for product in data["products"] if product["suitable"]]
    if suitable:
        best: dict[str, Any] = suitable[0]
        rows.append(
            (words.say("匹配", "match"), Text(f"{best['name']} {best['score']:.0f}", "green"))
        )
    return rows
