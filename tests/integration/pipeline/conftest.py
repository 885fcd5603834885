"""The whole program, loaded once: real models, shipped data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from integration_support import run_once

from rid_telephony.app import App
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.settings import Settings

Replay = Callable[[Path], list[CloudEvent]]


@pytest.fixture(scope="session")
def app() -> Iterator[App]:
    app = App(Settings())
    app.load_all()
    yield app


@pytest.fixture(scope="session")
def replay(app: App) -> Replay:
    """Replays a recording as fast as it goes; the same file is replayed once."""
    known: dict[Path, list[CloudEvent]] = {}

    def run(path: Path) -> list[CloudEvent]:
        if path not in known:
            known[path] = run_once(app, path)
        return known[path]

    return run
