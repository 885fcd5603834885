"""The same call as plain lines: for pipes, logs and small terminals."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from rid_telephony.console.dashboard import alert_text
from rid_telephony.console.parts import PRIORITY_STYLE, STATE_STYLE, clock, transcript_row
from rid_telephony.console.view import CallView
from rid_telephony.console.words import Words
from rid_telephony.cti.envelope import CloudEvent


class LinePrinter:
    """Prints each thing once, when it is settled: no partials, no redrawing.

    Args:
        console: Where to print.
        words: Language of the labels.
    """

    def __init__(self, console: Console, words: Words) -> None:
        self._console = console
        self._words = words
        self._views: dict[str, CallView] = {}

    def __enter__(self) -> LinePrinter:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @property
    def views(self) -> list[CallView]:
        """Every call seen."""
        return list(self._views.values())

    def show(self, event: CloudEvent) -> None:
        """Take an event in (a listener of the feed)."""
        view = self._views.setdefault(event.subject, CallView(event.subject))
        view.apply(event)
        text = self._text(event, view)
        if text:
            prefix = Text(f"[{event.subject[-6:]}] ", "dim") if len(self._views) > 1 else Text("")
            self._console.print(prefix + text, soft_wrap=True)

    def _text(self, event: CloudEvent, view: CallView) -> Text | None:
        if event.type == "signals.detected":
            return self._utterance(event, view)
        if event.type == "hint.offered":
            return self._hint(event.data)
        if event.type in ("compliance.alert", "supervisor.alert"):
            return alert_text(event, self._words)
        if event.type in ("analysis.degraded", "analysis.failed"):
            return self._trouble(event)
        return self._change(event, view)

    def _utterance(self, event: CloudEvent, view: CallView) -> Text | None:
        for line in view.lines:
            if line.utterance_id == event.data["utterance_id"]:
                return transcript_row(line, self._words)
        return None

    def _change(self, event: CloudEvent, view: CallView) -> Text | None:
        data, words = event.data, self._words
        match event.type:
            case "call.started":
                who = f"{view.address('agent')} ↔ {view.address('customer')}"
                return Text.assemble((words.say("通话开始 ", "call started "), "bold"), who)
            case "call.held":
                return self._note(data["at_ms"], words.say("保持", "on hold"))
            case "call.retrieved":
                return self._note(data["at_ms"], words.say("取回", "retrieved"))
            case "rid.relationship.updated":
                score, stage = data["score"], words.name("stage", data["stage"])
                name = words.say("关系", "relationship")
                change = f"{score['value']:.0f} ({score['trend']:+.0f})"
                return self._note(data["at_ms"], f"{name} {change} {stage}")
            case "customer.state.changed":
                label = data["state"]
                if label == data["previous"]:
                    return None
                text = self._note(data["at_ms"], words.say("客户状态 ", "customer is "))
                return text + Text(words.name("state", label), STATE_STYLE.get(label, ""))
            case "call.ended":
                return self._note(data["at_ms"], words.say("通话结束", "call ended"))
        return None

    def _trouble(self, event: CloudEvent) -> Text:
        data = event.data
        what = data.get("reason") or data["code"]
        detail = data.get("detail") or data.get("message", "")
        return self._note(data["at_ms"], f"{event.type}: {what} {detail}")

    def _note(self, at_ms: int, text: str) -> Text:
        return Text.assemble((f"{clock(at_ms):>5} ", "dim"), (f"  {text}", "dim"))

    def _hint(self, data: dict[str, object]) -> Text:
        priority = int(str(data["priority"]))
        kind = self._words.name("priority", str(priority))
        at = clock(int(str(data["at_ms"])))
        why = self._words.say("依据：", "why: ")
        script = f"\n          {data['script']}" if data["script"] else ""
        return Text.assemble(
            (f"{at:>5} ", "dim"),
            (f"▶ {kind} ", PRIORITY_STYLE.get(priority, "bold")),
            (f" {data['line']}", "bold"),
            script,
            (f"\n          {why}{data['reason']}", "dim"),
        )
