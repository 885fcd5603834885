"""How the findings of a check are shown: to a person, in a pipe, to a program."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from rid_telephony.pbx.check import Finding, Level, Step

_MARKS = {
    Level.OK: ("✓", "green"),
    Level.SKIPPED: ("–", "dim"),
    Level.WARNING: ("!", "yellow"),
    Level.ERROR: ("✗", "bold red"),
}
_HEADINGS = {
    "asterisk": "Asterisk",
    "freeswitch": "FreeSWITCH",
    "installation": "This installation",
}


class Report(Protocol):
    """Shows findings as they come."""

    def begin(self, step: Step) -> None:
        """A step begins."""

    def show(self, finding: Finding) -> None:
        """Something was found."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop showing."""


class _Progress:
    """What is being done now, on stderr, where somebody watches."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._status = Status("", console=console) if console.is_terminal else None

    def begin(self, step: Step) -> None:
        if self._status:
            self._status.update(f"{step.title} …")
            self._status.start()

    def pause(self) -> None:
        if self._status:
            self._status.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pause()


class JsonReport(_Progress):
    """One finding a line on stdout."""

    def show(self, finding: Finding) -> None:
        """Print it."""
        self.pause()
        sys.stdout.write(json.dumps(asdict(finding), ensure_ascii=False) + "\n")
        sys.stdout.flush()


class ScreenReport(_Progress):
    """A mark and a sentence for each finding, and below it what to do."""

    def __init__(self) -> None:
        super().__init__()
        self._console = Console(highlight=False)
        self._part = ""
        self._counts: Counter[Level] = Counter()
        self._skipped: list[Finding] = []

    def show(self, finding: Finding) -> None:
        """Print it, under the heading of its part; what was skipped for one reason, on one line."""
        self._counts[finding.level] += 1
        self.pause()
        if self._skipped and finding.needs != self._skipped[0].needs:
            self._show_skipped()
        if finding.needs:
            self._skipped.append(finding)
            return
        part = finding.what.partition(".")[0]
        if part != self._part:
            self._part = part
            self._console.print(Text(_HEADINGS.get(part, part), "bold"))
        mark, style = _MARKS[finding.level]
        rows = [(Text(mark, style), Text(finding.detail))]
        if finding.advice:
            rows.append((Text(" "), Text(f"→ {finding.advice}", "italic")))
        self._print(rows)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say how it went over all."""
        super().__exit__(kind, error, trace)
        self._show_skipped()
        if error is None and self._counts:
            self._console.print(Text(_summary(self._counts), "bold"))

    def _show_skipped(self) -> None:
        if not self._skipped:
            return
        titles = ", ".join(f"{f.detail[:1].lower()}{f.detail[1:]}" for f in self._skipped)
        reason = self._skipped[0].needs
        self._skipped = []
        self._print([(Text("–", "dim"), Text(f"Not done, for want of {reason}: {titles}."))])

    def _print(self, rows: Iterable[tuple[Text, Text]]) -> None:
        if not self._console.is_terminal:
            for mark, text in rows:
                self._console.print(Text.assemble("  ", mark, " ", text), soft_wrap=True)
            return
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=2, justify="right", no_wrap=True)
        grid.add_column()
        for row in rows:
            grid.add_row(*row)
        self._console.print(grid)


def _summary(counts: Counter[Level]) -> str:
    wrong, doubtful, unseen = (
        counts[level] for level in (Level.ERROR, Level.WARNING, Level.SKIPPED)
    )
    if not wrong and not doubtful:
        said = "Everything that was tested is in order"
    else:
        said = f"Errors: {wrong}, warnings: {doubtful}"
    return f"{said}; not tested: {unseen}." if unseen else f"{said}."
