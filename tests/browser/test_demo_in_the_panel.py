"""The main job as an agent sees it: the demo's call in a browser, from sound to feedback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser_kit import Visit, visiting
from playwright.sync_api import Browser

from rid_telephony.store.events import EventStore

SPEED = os.environ.get("RID_DEMO_SPEED", "4")
"""Times real time."""
LONGEST = 150.0
READING = 500
"""Milliseconds before an agent can mean a new hint: a key at once still means the one before."""
WATCH_HINTS = """
(() => {
  window.ridShown = [];
  addEventListener("rid-hint", ({ target, detail: { hint } }) =>
    // After the frame with the hint is drawn.
    requestAnimationFrame(() => setTimeout(() => {
      const line = target.shadowRoot.querySelector(".line");
      const isThere = line.textContent === hint.line && line.getClientRects().length > 0;
      ridShown.push([hint.id, performance.timeOrigin + performance.now(), isThere]);
    })));
})();
"""


class Demo:
    """``rid-telephony demo --console`` and what it tells."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.url = ""
        for read in (self._follow, self._listen):
            threading.Thread(target=read, daemon=True).start()

    def of(self, event_type: str) -> list[tuple[float, dict[str, Any]]]:
        """When events of a type were on the feed, milliseconds of the wall clock, and what."""
        return [(at, event) for at, event in list(self.events) if event["type"] == event_type]

    def _follow(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.events.append((time.time() * 1000, json.loads(line)))

    def _listen(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            if line.startswith("Console: "):
                self.url = line.removeprefix("Console: ").strip()


@contextmanager
def demo(database: str) -> Iterator[Demo]:
    command = [sys.executable, "-m", "rid_telephony", "demo", "--console", "--json"]
    command += ["--speed", SPEED, "--store", database]
    # Nobody sits at this machine whose browser could be opened.
    away = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=away
    )
    try:
        yield Demo(process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def until(visit: Visit, test: Any, what: str) -> None:
    end = time.monotonic() + LONGEST
    while not test():
        assert time.monotonic() < end, what
        visit.page.wait_for_timeout(20)


def shown(visit: Visit) -> dict[str, float]:
    """Hints on the screen: when each was drawn, milliseconds of the wall clock."""
    found = visit.page.evaluate("ridShown")
    assert all(is_there for _, _, is_there in found)
    return {hint: at for hint, at, _ in found}


def test_the_demo_in_the_panel(
    browser: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hints of a recorded call appear, and what the agent says of them is kept."""
    database = f"sqlite:///{tmp_path / 'demo.sqlite'}"
    with demo(database) as running, visiting(browser) as visit:
        until(visit, lambda: running.url, "the console's address")
        visit.page.add_init_script(WATCH_HINTS)
        visit.page.goto(f"{running.url}agent")
        visit.wait_until_live()
        until(visit, lambda: len(shown(visit)) >= 1, "a hint")
        visit.page.locator("rid-hints [data-verdict=used]").click()
        until(visit, lambda: running.of("hint.accepted"), "what was clicked on the feed")
        until(visit, lambda: len(shown(visit)) >= 2, "another hint")
        visit.page.wait_for_timeout(READING)
        visit.page.locator("rid-hints [part=hint]").focus()
        visit.page.keyboard.press("3")
        until(visit, lambda: running.of("hint.dismissed"), "what was typed on the feed")
        until(visit, lambda: running.of("call.ended"), "the end of the call")
        visit.wait_for_panel("panel.state.call.phase === 'ended' && panel.state.summary")
        drawn = shown(visit)
        assert visit.faults == []
    offered = {event["data"]["hint_id"]: at for at, event in running.of("hint.offered")}
    assert set(drawn) <= set(offered)
    delays = sorted(at - offered[hint] for hint, at in drawn.items())
    with capsys.disabled():
        print(f"\n{len(delays)} hints, from the feed to the screen: {_told(delays)}")
    store = EventStore(database)
    kept = {event.type: event.data for event in store.events_of(running.events[0][1]["subject"])}
    store.close()
    assert kept["hint.accepted"]["reason"] == "used"
    assert kept["hint.dismissed"]["reason"] == "wrong"
    assert "hint.displayed" in kept


def _told(delays: list[float]) -> str:
    median = delays[len(delays) // 2]
    return f"median {median:.0f} ms, longest {delays[-1]:.0f} ms at {SPEED} times real time"
