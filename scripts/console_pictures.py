"""Writes pictures of the panel and of every console page: light and dark, Chinese and English.

usage: .venv/bin/python scripts/console_pictures.py [FOLDER]     (default: build/pictures)
       .venv/bin/python scripts/console_pictures.py --readme     (the two of docs/pictures)

Needs Chromium (`make live-tools`). The calls are the dialogues of fixtures/, put through the
shipped models, profile and playbook; every page is served by the real server.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browser_kit import Look, Theatre, launched, visiting  # noqa: E402 - found by the line above

from rid_telephony.app import App, RidGuide  # noqa: E402 - likewise
from rid_telephony.calls.messages import CustomerContext, Party  # noqa: E402 - likewise
from rid_telephony.cti.server.ports import HintFeedback  # noqa: E402 - likewise
from rid_telephony.settings import Settings  # noqa: E402 - likewise
from rid_telephony.speech.messages import Utterance  # noqa: E402 - likewise
from rid_telephony.strategy.messages import HintVerdict  # noqa: E402 - likewise

SPEECH_RATE = 4.5
"""Characters a second."""
PAUSE = 1.6
"""Seconds between two turns on the stage."""
SETTLED = 900
"""Milliseconds until a page has drawn its curves and ended its fades."""
NAMES = ("陈建国", "刘芳", "潘晓丽", "赵伟", "孙丽华", "周敏", "吴强", "郑秀英")
FATES: tuple[HintVerdict, ...] = ("used", "useful", "wrong")
REVIEWED = "20261122-0001"
LIVE = (("dd03", 10), ("dd09", 16), ("dd05", 12), ("dd02", 10), ("dd07", 8), ("dd10", 6))
"""Dialogues that go on, and how many turns of them have been spoken."""
ENDED = ("dd08", "dd04", "dd06")
FOLLOWED = "live-3"


@dataclass(frozen=True, slots=True)
class Shot:
    """A page and the size of its picture."""

    name: str
    path: str
    width: int = 1280
    height: int = 860


SHOTS = (
    Shot("wallboard", "/console/"),
    Shot("following", f"/console/#{FOLLOWED}"),
    Shot("calls", "/console/calls", height=620),
    Shot("call", f"/console/call?id={REVIEWED}", height=1100),
    Shot("explain", f"/console/explain?call={REVIEWED}", height=900),
    Shot("agent", "/console/agent?agent=1004", width=900, height=760),
    Shot("panel", "/console/agent?agent=1004", width=352, height=900),
    Shot("embedded", "/panel/demo.html", width=1000, height=760),
)
LOGIN = Shot("login", "/console/login", width=900, height=560)
README = {
    "panel.png": (Shot("agent", "/console/agent?agent=1005", width=860, height=650), Look()),
    "wallboard.png": (Shot("wallboard", "/console/"), Look(dark=True)),
}


def main() -> None:
    """Play the calls, then look at every page."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "pictures")
    app = App(Settings())
    with _stage(app.guide) as theatre, launched() as browser:
        _play(theatre, app)
        if sys.argv[1:] == ["--readme"]:
            for file, (shot, look) in README.items():
                _take(browser, theatre, shot, look, ROOT / "docs" / "pictures" / file)
            return
        for shot, look, suffix in _looks(SHOTS):
            _take(browser, theatre, shot, look, folder / f"{shot.name}-{suffix}.png")
    with _stage(app.guide, require_token=True) as theatre, launched() as browser:
        for shot, look, suffix in _looks((LOGIN,)):
            _take(browser, theatre, shot, look, folder / f"{shot.name}-{suffix}.png")


@contextmanager
def _stage(coaching: RidGuide, *, require_token: bool = False) -> Iterator[Theatre]:
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        with Theatre(folder, coaching, require_token=require_token) as theatre:
            yield theatre


def _looks(shots: tuple[Shot, ...]) -> Iterator[tuple[Shot, Look, str]]:
    for shot, dark, language in product(shots, (False, True), ("zh-CN", "en-GB")):
        suffix = f"{'dark' if dark else 'light'}-{language[:2]}"
        yield shot, Look(shot.width, shot.height, dark, language), suffix


def _take(browser: Browser, theatre: Theatre, shot: Shot, look: Look, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    look = Look(shot.width, shot.height, look.dark, look.language)
    with visiting(browser, look) as visit:
        visit.page.goto(theatre.url + shot.path)
        visit.page.wait_for_load_state("networkidle")
        visit.page.wait_for_timeout(SETTLED)
        visit.page.screenshot(path=file)
    sys.stdout.write(f"{file} {file.stat().st_size // 1024} kB\n")


def _play(theatre: Theatre, app: App) -> None:
    lines = (ROOT / "fixtures/dialogues/dialogues.jsonl").read_text(encoding="utf-8").splitlines()
    known: dict[str, dict[str, Any]] = {one["id"]: one for one in map(json.loads, lines)}
    for number, name in enumerate(ENDED):
        call_id = REVIEWED if number == 0 else f"20261122-000{number + 1}"
        part = Part(theatre, app, known[name], call_id, f"100{7 + number}")
        part.begin(900.0 * (number + 1), len(part.turns))
        part.speak(part.turns)
        part.judge()
        theatre.do(lambda floor, call_id=call_id: floor.end(call_id))
    parts = [
        Part(theatre, app, known[name], f"live-{number}", f"100{number + 1}")
        for number, (name, _) in enumerate(LIVE)
    ]
    for part, (_, turns) in zip(parts, LIVE, strict=True):
        part.begin(0.0, turns)
        part.speak(part.turns[: turns - 1])
        part.judge()
    # Time goes on for all calls: what is to be seen at the end is said last.
    for part, (_, turns) in zip(parts, LIVE, strict=True):
        part.speak(part.turns[turns - 1 : turns])


class Part:
    """One dialogue as a call."""

    def __init__(
        self, theatre: Theatre, app: App, dialogue: dict[str, Any], call_id: str, agent: str
    ) -> None:
        self._theatre, self._app = theatre, app
        self._call_id, self._agent = call_id, agent
        self._number = int(dialogue["id"][2:])
        crm = dialogue["crm"].items()
        self._context = CustomerContext(
            customer_id=f"C10{4217 + 391 * self._number}",
            **{key: tuple(value) if isinstance(value, list) else value for key, value in crm},
        )
        self._last = {Party.AGENT: "", Party.CUSTOMER: ""}
        self.turns: list[dict[str, Any]] = dialogue["turns"]

    def begin(self, later: float, turns: int) -> None:
        """The call began so long ago that these turns, and some time, have passed."""
        ago = later + sum(_seconds(turn["text"]) + PAUSE for turn in self.turns[:turns])
        customer = NAMES[self._number % len(NAMES)]
        self._theatre.begin(
            self._call_id, self._agent, customer=customer, ago=ago, context=self._context
        )

    def speak(self, turns: list[dict[str, Any]]) -> None:
        """Say these turns."""
        for turn in turns:
            party, text = Party(turn["speaker"]), turn["text"]
            said = Utterance(self._call_id, "", party, 0.0, _seconds(text), text, 1.0)
            heard = self._last[party.other]
            signals = self._app.detector.detect(said, heard, self._context.risk_level)
            self._last[party] = text
            spoken = (party, text, signals, self._call_id, _seconds(text))
            self._theatre.do(lambda floor, spoken=spoken: floor.say(*spoken))

    def judge(self) -> None:
        """The agent says something of every other hint so far."""
        offered = self._theatre.stored(self._call_id, ["hint.offered"])
        for number, event in enumerate(offered[::2]):
            verdict = FATES[number % len(FATES)]
            said = HintFeedback(event.data["hint_id"], verdict, self._agent)
            self._theatre.do(lambda floor, said=said: floor.control.feedback(said))


def _seconds(text: str) -> float:
    return max(0.6, len(text) / SPEECH_RATE)


if __name__ == "__main__":
    main()
