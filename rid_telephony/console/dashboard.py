"""The live screen of a call in a terminal."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from rid_telephony.console.parts import (
    PRIORITY_STYLE,
    clock,
    profile_table,
    transcript_table,
)
from rid_telephony.console.view import CallView
from rid_telephony.console.words import Words
from rid_telephony.cti.envelope import CloudEvent

SMALLEST_WIDTH = 70
SMALLEST_HEIGHT = 22
"""A terminal smaller than this gets plain lines instead."""


def fits(console: Console) -> bool:
    """Whether there is a terminal, and room for the dashboard."""
    size = console.size
    return console.is_terminal and size.width >= SMALLEST_WIDTH and size.height >= SMALLEST_HEIGHT


class Dashboard:
    """Redraws the screen as events come; shows the call that spoke last.

    Args:
        console: Where to draw.
        words: Language of the labels.
        title: What is being shown, such as the file's name.
    """

    def __init__(self, console: Console, words: Words, title: str) -> None:
        self._words = words
        self._title = title
        self._views: dict[str, CallView] = {}
        self._current: CallView | None = None
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, screen=True)

    def __enter__(self) -> Dashboard:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    @property
    def views(self) -> list[CallView]:
        """Every call seen."""
        return list(self._views.values())

    def show(self, event: CloudEvent) -> None:
        """Take an event in (a listener of the feed)."""
        view = self._views.setdefault(event.subject, CallView(event.subject))
        view.apply(event)
        self._current = view
        self._live.update(self.render(view))

    def render(self, view: CallView) -> Layout:
        """The whole screen for one call."""
        layout = Layout()
        layout.split_column(
            Layout(self._header(view), size=1),
            Layout(name="middle", ratio=1),
            Layout(self._hint(view), size=7),
            Layout(self._alerts(view), size=5),
        )
        layout["middle"].split_row(
            Layout(self._transcript(view), ratio=3),
            Layout(Panel(profile_table(view, self._words), title=self._profile_title()), ratio=2),
        )
        return layout

    def _profile_title(self) -> str:
        return self._words.say("客户画像 RID", "customer profile (RID)")

    def _header(self, view: CallView) -> RenderableType:
        agent, customer = view.address("agent"), view.address("customer")
        held = self._words.say("  保持中", "  on hold") if view.held_by else ""
        return Text.assemble(
            (" rid-telephony ", "bold reverse"),
            f" {self._title}  {agent} ↔ {customer}  ",
            (clock(view.at_ms), "bold"),
            (held, "yellow"),
            (f"  {len(self._views)} calls" if len(self._views) > 1 else "", "dim"),
        )

    def _transcript(self, view: CallView) -> RenderableType:
        size = self._console.size
        table = transcript_table(
            list(view.lines), self._words, size.width * 3 // 5 - 4, size.height - 15
        )
        return Panel(table, title=self._words.say("通话", "call"))

    def _hint(self, view: CallView) -> RenderableType:
        title = self._words.say("提示", "hint")
        hint = view.hint
        if not hint:
            return Panel(Text("", "dim"), title=title, border_style="dim")
        style = PRIORITY_STYLE.get(hint["priority"], "bold")
        kind = self._words.name("priority", str(hint["priority"]))
        body = Group(
            Text.assemble((f" {kind} ", style), ("  " + hint["line"], "bold")),
            Text(hint["script"]) if hint["script"] else Text(""),
            Text(self._words.say("依据：", "why: ") + hint["reason"], "dim"),
        )
        return Panel(body, title=title, border_style=style.rsplit(" ", maxsplit=1)[-1])

    def _alerts(self, view: CallView) -> RenderableType:
        rows = [alert_text(event, self._words) for event in list(view.alerts)[-3:]]
        for row in rows:
            row.no_wrap, row.overflow = True, "ellipsis"
        border = "red" if rows else "dim"
        title = self._words.say("合规与警示", "compliance and alerts")
        return Panel(Group(*rows), title=title, border_style=border)


def alert_text(event: CloudEvent, words: Words) -> Text:
    """One alert as a line."""
    data = event.data
    at = clock(data["at_ms"])
    if event.type == "supervisor.alert":
        who = words.say("主管", "supervisor")
        return Text.assemble((f"{at:>5} ", "dim"), (f"{who} ", "bold red"), data["reason"])
    finding = data["finding"]
    name = words.name("compliance", finding["label"])
    quote = f"“{finding['quote']}”" if finding["quote"] else ""
    return Text.assemble(
        (f"{at:>5} ", "dim"), (f"{name} ", "bold red"), quote, (f" → {finding['safe_wording']}", "")
    )
