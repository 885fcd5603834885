"""Which screen a person gets, and how the commands talk to people."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console

from rid_telephony.console.dashboard import Dashboard, fits
from rid_telephony.console.lines import LinePrinter
from rid_telephony.console.summary import summary_panel
from rid_telephony.console.view import CallView
from rid_telephony.console.words import Language, Words
from rid_telephony.cti.envelope import CloudEvent


class Screen(Protocol):
    """Something that shows events."""

    @property
    def views(self) -> list[CallView]:
        """Every call seen."""

    def show(self, event: CloudEvent) -> None:
        """Take an event in."""

    def __enter__(self) -> Self:
        """Begin to draw."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing."""


def say(message: str) -> None:
    """A remark for the person at the terminal, on stderr."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - this is how commands talk


@contextmanager
def screen_for(title: str, language: Language, *, live: bool) -> Iterator[Screen]:
    """A dashboard where there is a terminal with room for it, else plain lines; summaries last.

    Args:
        title: What is shown.
        language: Of the labels.
        live: False for a replay too fast to watch: plain lines then, too.
    """
    console, words = Console(highlight=False), Words(language)
    screen: Screen = LinePrinter(console, words)
    if live and fits(console):
        screen = Dashboard(console, words, title)
    with screen:
        yield screen
    for view in screen.views:
        if view.summary:
            console.print(summary_panel(view, words))
