"""An explained call on the terminal, for a reviewer of the bank."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from rid_telephony.console.explained_figures import figure_lines
from rid_telephony.console.parts import PRIORITY_STYLE, ROLE_STYLE, clock
from rid_telephony.console.reasons import moves_table
from rid_telephony.console.words import Words
from rid_telephony.explain.messages import AlertReasons, Explanation, HintReasons, Turn

PARTS = {
    "relationship": ("R 关系", "R relationship"),
    "influence": ("I 决策影响", "I influence"),
    "demand": ("D 客户需求", "D demand"),
    "state": ("状态与风险", "state and risks"),
    "agent": ("坐席", "agent"),
}
MIN_PROBABILITY = 0.15
"""A less probable label is not shown beside the one that was found."""


def show_explanation(
    console: Console, explanation: Explanation, words: Words, *, whole: bool
) -> None:
    """Print a call with its reasons.

    Args:
        console: Where to.
        explanation: The call.
        words: Language.
        whole: All reasons of every figure, not only the strongest.
    """
    console.print(_header(explanation, words))
    if explanation.until is not None:
        _show_turn(console, explanation, words)
    part = ""
    for figure in explanation.figures:
        if figure.part != part:
            part = figure.part
            console.print(Rule(Text(words.say(*PARTS[part]), "bold"), align="left", style="dim"))
        for line in figure_lines(figure, words, whole=whole):
            console.print(line)
    for title, blocks in (
        (words.say("提示", "hints"), [_hint(one, words) for one in explanation.hints]),
        (words.say("警示", "alerts"), [_alert(one, words) for one in explanation.alerts]),
    ):
        if blocks:
            console.print(Rule(Text(title, "bold"), align="left", style="dim"))
            for block in blocks:
                console.print(block)


def show_transcript(console: Console, explanation: Explanation, words: Words) -> None:
    """Print the words of the call with the numbers that ``--turn`` takes."""
    console.print(Rule(Text(words.say("原文", "transcript"), "bold"), align="left", style="dim"))
    table = Table.grid(padding=(0, 1))
    for turn in explanation.turns:
        number, begin, role, text = _spoken(turn, words)
        found = Text(f"  {_summed(turn, words)}", "dim")
        table.add_row(number, begin, role, text + found)
    console.print(table)


def _header(explanation: Explanation, words: Words) -> RenderableType:
    rows = Table.grid(padding=(0, 1))
    if explanation.until is None:
        count = words.say(f"{len(explanation.turns)} 句话", f"{len(explanation.turns)} turns")
        if explanation.summary:
            outcome = words.name("outcome", explanation.summary["outcome"])
            duration = clock(explanation.summary["duration_ms"])
            count += words.say(f"，时长 {duration}，结果：{outcome}", f", {duration}, {outcome}")
    else:
        count = words.say(f"第 {explanation.until} 句之后", f"after turn {explanation.until}")
    rows.add_row(Text(count))
    made = "  ".join(f"{key} {value}" for key, value in explanation.made_with.items() if value)
    if made:
        rows.add_row(Text(made, "dim"))
    rows.add_row(
        Text(
            words.say(
                "每个数值下面是推动它的原话、其中的信号和变动幅度；# 是第几句（--turn 单看一句）。",
                "Under every figure: the words that moved it, the signals in them, and how far. "
                "# is the turn (--turn looks at one).",
            ),
            "dim",
        )
    )
    return Panel(rows, title=Text(explanation.call_id), title_align="left", border_style="cyan")


def _show_turn(console: Console, explanation: Explanation, words: Words) -> None:
    (turn,) = explanation.turns
    title = words.say(f"第 {turn.number} 句", f"turn {turn.number}")
    console.print(Rule(Text(title, "bold"), align="left", style="dim"))
    line = Table.grid(padding=(0, 1))
    line.add_row(*_spoken(turn, words))
    console.print(line)
    console.print(Padding(_signal_table(turn, words), (0, 0, 0, 6)))
    units = {figure.name: figure.unit for figure in explanation.figures}
    moved = [(name, reasons, units[name]) for name, reasons in explanation.moved.items()]
    if moved:
        console.print(Padding(moves_table(moved, words), (1, 0, 0, 5)))
    else:
        nothing = words.say("这一句没有推动任何数值。", "This turn moved no number.")
        console.print(Padding(Text(nothing, "dim"), (0, 0, 0, 6)))


def _spoken(turn: Turn, words: Words) -> tuple[Text, Text, Text, Text]:
    return (
        Text(f"#{turn.number:<3}", "dim"),
        Text(clock(turn.begin_ms), "dim"),
        Text(words.name("role", turn.role), ROLE_STYLE[turn.role]),
        Text(turn.text),
    )


def _signal_table(turn: Turn, words: Words) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in _signals(turn, words):
        table.add_row(Text(name, "dim"), Text(value))
    return table


def _signals(turn: Turn, words: Words) -> Iterator[tuple[str, str]]:
    data = turn.signals
    if data is None:
        yield words.say("信号", "signals"), words.say("未保存", "not kept")
        return
    act = "agent_act" if turn.role == "agent" else "act"
    for key, group, title in (
        ("objection", "objection", words.say("异议", "objection")),
        ("emotion", "emotion", words.say("情绪", "emotion")),
        ("act", act, words.say("行为", "act")),
    ):
        if data[key]:
            yield title, _choice(data[key], group, words)
    if data["topics"]:
        named = (f"{words.name('topic', name)} {p:.0%}" for name, p in data["topics"].items())
        yield words.say("话题", "topics"), "  ".join(named)
    if data["facts"]:
        told = (f"{name}={value}" for name, value in data["facts"].items())
        yield words.say("事实", "facts"), "  ".join(told)
    for finding in data["findings"]:
        name = words.name("compliance", finding["label"])
        yield words.say("合规", "compliance"), f"{name}「{finding['quote']}」{finding['rule']}"


def _choice(choice: dict[str, object], group: str, words: Words) -> str:
    shares: dict[str, float] = choice["probabilities"]  # type: ignore[assignment]  # of ChoiceData
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    kept = [item for item in ranked if item[1] >= MIN_PROBABILITY] or ranked[:1]
    return "  ".join(f"{words.name(group, label)} {share:.0%}" for label, share in kept)


def _summed(turn: Turn, words: Words) -> str:
    data = turn.signals or {}
    found = [
        f"{words.name(group, data[group]['label'])} {data[group]['probability']:.0%}"
        for group, plain in (("objection", "none"), ("emotion", "neutral"))
        if data.get(group) and data[group]["label"] != plain
    ]
    found += [f"⚠ {words.name('compliance', one['label'])}" for one in data.get("findings", ())]
    return "  ".join(found)


def _hint(one: HintReasons, words: Words) -> RenderableType:
    hint = one.hint
    priority = words.name("priority", str(hint["priority"]))
    head = Text.assemble(
        (f"#{one.turn:<3} {clock(hint['at_ms'])} ", "dim"),
        (f" {priority} ", PRIORITY_STYLE.get(hint["priority"], "bold")),
        (f" {hint['line']}", "bold"),
    )
    table = Table.grid(padding=(0, 1))
    table.add_row(Text(words.say("原因", "reason"), "dim"), Text(hint["reason"]))
    rule = hint.get("rule") or words.say("（旧通话未记录）", "(not kept in this call)")
    detail = f"{rule} → {hint['strategy']}  {hint['cause']}  {hint['confidence']:.0%}"
    table.add_row(Text(words.say("规则", "rule"), "dim"), Text(detail))
    for turn in one.behind:
        table.add_row(Text(words.say("依据", "behind"), "dim"), _behind(turn, words))
    if one.ended:
        ended = words.name("hint_end", one.ended)
        after = words.say(f"第 {one.ended_turn} 句后", f"after turn {one.ended_turn}")
        table.add_row(Text(words.say("结束", "ended"), "dim"), Text(f"{ended}（{after}）", "dim"))
    return Group(head, Padding(table, (0, 0, 1, 5)))


def _alert(one: AlertReasons, words: Words) -> RenderableType:
    data = one.data
    if one.kind == "compliance.alert":
        finding = data["finding"]
        name = words.name("compliance", finding["label"])
        detail = f"{finding['rule']}  {finding['confidence']:.0%}  {finding['reference']}".strip()
        reason = f"「{finding['quote']}」" if finding["quote"] else finding["safe_wording"]
    else:
        name, detail, reason = words.name("alert", data["kind"]), data["kind"], data["reason"]
    head = Text.assemble(
        (f"#{one.turn:<3} {clock(data['at_ms'])} ", "dim"), (f" ⚠ {name} ", "bold red"), reason
    )
    table = Table.grid(padding=(0, 1))
    table.add_row(Text(words.say("规则", "rule"), "dim"), Text(detail))
    for turn in one.behind:
        table.add_row(Text(words.say("依据", "behind"), "dim"), _behind(turn, words))
    return Group(head, Padding(table, (0, 0, 1, 5)))


def _behind(turn: Turn, words: Words) -> Text:
    role = words.name("role", turn.role)
    found = _summed(turn, words)
    return Text.assemble(
        (f"#{turn.number} ", "dim"),
        (f"{role} ", ROLE_STYLE[turn.role]),
        f"「{turn.text}」",
        (f" {found}" if found else "", "dim"),
    )
