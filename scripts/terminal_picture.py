"""Draws docs/images/demo.svg: the dashboard at a moment of a real run of the demo.

usage: .venv/bin/python scripts/terminal_picture.py [SECOND] [OUTPUT.svg] [LANGUAGE]
"""

from __future__ import annotations

import io
import sys
from importlib.resources import as_file, files
from pathlib import Path

from rich.console import Console

from rid_telephony.app import App
from rid_telephony.console.dashboard import Dashboard
from rid_telephony.console.view import CallView
from rid_telephony.console.words import Words
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed
from rid_telephony.media.source import open_recording
from rid_telephony.pipeline.replay import replay_fast
from rid_telephony.settings import load_settings


def main() -> None:
    """Replay the demo's capture, fold its events up to a moment, draw the screen."""
    second = float(sys.argv[1]) if len(sys.argv) > 1 else 82.0
    output = Path(sys.argv[2] if len(sys.argv) > 2 else "docs/images/demo.svg")
    language = "en" if sys.argv[3:4] == ["en"] else "zh"
    settings = load_settings()
    app = App(settings)
    events: list[CloudEvent] = []
    feed = Feed(settings.feed.source)
    feed.listen(events.append)
    with as_file(files("rid_telephony").joinpath("data", "demo", "call.pcap")) as path:
        recording = open_recording(path, settings.media)
        replay_fast(recording.items(), app.inline_recogniser(), app.maker_for(feed))
    view = CallView(events[0].subject)
    for event in events:
        if event.data["at_ms"] <= second * 1000:
            view.apply(event)
    console = Console(record=True, width=118, height=36, file=io.StringIO(), force_terminal=True)
    console.print(Dashboard(console, Words(language), "demo").render(view), height=36)
    output.parent.mkdir(parents=True, exist_ok=True)
    console.save_svg(str(output), title="rid-telephony demo")


main()
