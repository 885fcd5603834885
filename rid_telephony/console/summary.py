"""The summary of a call, printed when it is over."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from rid_telephony.console.parts import bar, clock
from rid_telephony.console.view import CallView
from rid_telephony.console.words import Words


def summary_panel(view: CallView, words: Words) -> RenderableType:
    """Outcome, profile, findings, hints and the coaching note; empty without a summary."""
    data = view.summary
    if not data:
        return Text("")
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right", no_wrap=True)
    table.add_column()
    outcome = words.name("outcome", data["outcome"])
    table.add_row(words.say("结果", "outcome"), Text(outcome, "bold"))
    table.add_row(words.say("时长", "duration"), clock(data["duration_ms"]))
    share = f"{data['talk_share']:.0%}"
    table.add_row(words.say("坐席话量", "agent's talk share"), share)
    stage = words.name("stage", data["stage"])
    table.add_row(words.say("关系", "relationship"), bar(data["relationship"]) + Text(f" {stage}"))
    if data["style"]:
        table.add_row(words.say("风格", "style"), words.name("style", data["style"]))
    for index in ("satisfaction", "trust", "purchase_intent"):
        table.add_row(words.name("index", index), bar(data[index]))
    risks = (
        f"{words.say('投诉', 'complaint')} {words.name('risk', data['complaint_risk'])}  "
        f"{words.say('流失', 'churn')} {words.name('risk', data['churn_risk'])}"
    )
    table.add_row(words.say("风险", "risks"), risks)
    needs = " > ".join(words.name("need", need) for need in data["needs"][:4])
    table.add_row(words.say("需求", "needs"), needs)
    _objections(table, view, words)
    _findings(table, view, words)
    hints = sum(data["hints"].values())
    table.add_row(words.say("提示数", "hints"), str(hints))
    for key, value in data["follow_up"].items():
        table.add_row(words.name("follow_up", key), value)
    table.add_row(words.say("教练点评", "coaching note"), data["coaching_note"])
    return Group(Panel(table, title=words.say("通话小结", "call summary"), border_style="green"))


def _objections(table: Table, view: CallView, words: Words) -> None:
    data = view.summary or {}
    for item in data["objections"]:
        status = {
            "open": words.say("未解决", "open"),
            "resolved": words.say("已化解", "resolved"),
        }[item["status"]]
        name = words.name("objection", item["label"])
        table.add_row(words.say("异议", "objection"), f"{name} ×{item['count']} {status}")


def _findings(table: Table, view: CallView, words: Words) -> None:
    data = view.summary or {}
    for alert in data["findings"]:
        finding = alert["finding"]
        name = words.name("compliance", finding["label"])
        text = f"{clock(alert['at_ms'])} {name} {finding['quote']}"
        table.add_row(words.say("合规", "compliance"), Text(text, "red"))
