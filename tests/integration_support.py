"""Runs a recording through the whole program."""

from __future__ import annotations

from pathlib import Path

from rid_telephony.app import App
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed
from rid_telephony.media.source import open_recording
from rid_telephony.pipeline.replay import replay_fast


def run_once(app: App, path: Path) -> list[CloudEvent]:
    """All events of a recording, replayed as fast as it goes."""
    events: list[CloudEvent] = []
    feed = Feed(app.settings.feed.source)
    feed.listen(events.append)
    items = open_recording(path, app.settings.media).items()
    replay_fast(items, app.inline_recogniser(), app.maker_for(feed))
    return events
