"""Where ``explain`` gets its calls: the store, a recording, an exported call, or written turns."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rid_telephony.app import App
from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.cli.progress import loaded_app, position_bar
from rid_telephony.cli.stopping import stop_on_signals
from rid_telephony.cli.transcripts import read_transcript
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed
from rid_telephony.errors import InputError
from rid_telephony.media.capture.container import is_capture
from rid_telephony.media.source import open_recording
from rid_telephony.pipeline.publisher import CallPublisher
from rid_telephony.pipeline.replay import replay_fast
from rid_telephony.pipeline.texts import Turn, publish_all, timed
from rid_telephony.records import DialogueRecord, parse
from rid_telephony.settings import Settings
from rid_telephony.store.events import EventStore

MAX_TEXT_BYTES = 64_000_000
STDIN = "-"
_AUDIO = (b"RIFF", b"fLaC", b"RF64")
_START = datetime(1970, 1, 1, tzinfo=UTC)
"""Wall clock of written calls: they have none, and the same text gives the same events."""


@dataclass(frozen=True, slots=True)
class Channels:
    """Who is who in a recording, where it does not tell.

    Attributes:
        agent_channel: Of a stereo file.
        agent_number: Of a capture.
    """

    agent_channel: int | None = None
    agent_number: str | None = None


def events_for(
    target: str, settings: Settings, store: str | None, channels: Channels
) -> list[CloudEvent]:
    """The events of every call of a file, or of the stored call with this id.

    Args:
        target: A file, ``-`` for text on stdin, or the id of a call.
        settings: Of the analysis, for a file that has to be analysed.
        store: URL of the store, that of the settings when None.
        channels: Who is who in a recording.

    Raises:
        InputError: There is no such file or call, or the file is none that can be explained.
        StoreError: The store cannot be read.
    """
    if target == STDIN:
        return _of_text(sys.stdin.buffer.read(MAX_TEXT_BYTES + 1), "stdin", settings)
    path = Path(target)
    if path.is_dir():
        raise InputError(f"{path} is a folder.", "Name one file in it, or the id of a call.")
    if path.exists():
        return _of_file(path, settings, channels)
    return _of_store(target, store or settings.store.url)


def _of_store(call_id: str, url: str) -> list[CloudEvent]:
    events = EventStore(url)
    try:
        found = events.events_of(call_id)
        if found:
            return found
        near = [one.call_id for one in events.calls() if one.call_id.startswith(call_id)]
    finally:
        events.close()
    advice = "Run `rid-telephony export` for the calls, or name a file."
    if near:
        advice = f"Calls that begin so: {', '.join(near[:5])}."
    raise InputError(f"There is no file {call_id}, and no call of that id in the store.", advice)


def _of_file(path: Path, settings: Settings, channels: Channels) -> list[CloudEvent]:
    with path.open("rb") as stream:
        begin = stream.read(16)
    if is_capture(begin) or begin.startswith(_AUDIO):
        return _of_recording(path, settings, channels)
    if channels != Channels():
        raise InputError(
            f"{path} is no recording: it has no agent's channel or number.",
            "Leave --agent-channel and --agent-number out.",
        )
    with path.open("rb") as stream:
        return _of_text(stream.read(MAX_TEXT_BYTES + 1), str(path), settings)


def _of_recording(path: Path, settings: Settings, channels: Channels) -> list[CloudEvent]:
    recording = open_recording(
        path,
        settings.media,
        agent_channel=channels.agent_channel,
        agent_number=channels.agent_number,
    )
    events: list[CloudEvent] = []
    with ExitStack() as stack:
        app = loaded_app(settings)
        feed = Feed(settings.feed.source)
        feed.listen(lambda event: events.append(event) if _is_kept(event) else None)
        on_progress = stack.enter_context(position_bar(recording.duration, wanted=True))
        stop = stack.enter_context(stop_on_signals())
        items = stop.until(recording.items())
        replay_fast(items, app.inline_recogniser(), app.maker_for(feed), on_progress)
    return events


def _of_text(content: bytes, name: str, settings: Settings) -> list[CloudEvent]:
    if len(content) > MAX_TEXT_BYTES:
        raise InputError(f"{name} is longer than {MAX_TEXT_BYTES} bytes.", "Split it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is no recording (pcap, pcapng, wav, flac), and no text in UTF-8: "
            f"{error.reason} at byte {error.start}.",
            "Convert it first: ffmpeg for audio, iconv for text.",
        ) from error
    if not text.strip():
        raise InputError(f"{name} is empty.", "It needs a call: see rid-telephony explain --help.")
    if not text.lstrip().startswith("{"):
        stem = Path(name).stem
        return _analysed(settings, [(stem, CustomerContext(), read_transcript(text, name))])
    return _of_json(text, settings)


def _of_json(text: str, settings: Settings) -> list[CloudEvent]:
    values = _whole(text)
    if values is not None and isinstance(values.get("events"), list):
        return [_event(one, "events") for one in values["events"]]
    lines = [text.strip()] if values is not None else text.splitlines()
    events: list[CloudEvent] = []
    calls: list[tuple[str, CustomerContext, list[Turn]]] = []
    for number, line in enumerate(lines, start=1):
        if '"specversion"' in line[:200]:
            events.append(_event(_whole(line), f"Line {number}"))
        elif line.strip():
            calls.append(_written(line.encode(), number))
    return [*filter(_is_kept, events), *(_analysed(settings, calls) if calls else ())]


def _whole(text: str) -> dict[str, Any] | None:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _event(values: object, place: str) -> CloudEvent:
    try:
        return CloudEvent.model_validate(values)
    except ValidationError as error:
        raise InputError(
            f"{place}: not an event of the feed: {error.errors(include_url=False)[0]['msg']}.",
            "Give the output of `rid-telephony export CALL_ID` or `replay --json` unchanged.",
        ) from error


def _written(line: bytes, number: int) -> tuple[str, CustomerContext, list[Turn]]:
    record = parse(line, number)
    if isinstance(record, DialogueRecord):
        return record.id, record.crm.context(), record.as_turns()
    party = Party(record.party)
    before = [Turn(party.other, record.context)] if record.context else []
    return record.id, CustomerContext(), [*before, Turn(party, record.text)]


def _analysed(
    settings: Settings, calls: Iterable[tuple[str, CustomerContext, list[Turn]]]
) -> list[CloudEvent]:
    app = App(settings)
    feed = Feed(settings.feed.source)
    events: list[CloudEvent] = []
    feed.listen(events.append)
    for call_id, context, turns in calls:
        publisher = CallPublisher(feed, feed.open_call(call_id, _START), app.translator)
        publisher.analysis_started(0.0, "", app.detector.name, app.guide.playbook_name)
        publish_all(app.analyst(call_id, context), publisher, timed(call_id, turns))
    return events


def _is_kept(event: CloudEvent) -> bool:
    return event.type != "utterance.partial"
