"""``rid-telephony transcribe``: audio in, text with timings out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from rid_telephony.cli.options import ConfigOption, JsonOption
from rid_telephony.cli.progress import loaded_app
from rid_telephony.cli.screen import say
from rid_telephony.errors import RidTelephonyError
from rid_telephony.media.source import open_recording
from rid_telephony.pipeline.transcription import Spoken, segments_of, transcribe_all
from rid_telephony.settings import load_settings


def transcribe(
    files: Annotated[list[Path], typer.Argument(help="wav or flac, 8 or 16 kHz, mono or stereo.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Audio to text: utterances with times, each party by itself.

    With `--json` one line for each file: `{"file","duration","text","segments":[{"party",
    "begin","end","text","confidence"}]}`, times in seconds. In a stereo file the first channel is
    the agent's; a mono file is the customer's. `text` is everything in order of
    time. A file that cannot be read gives a line with `"error"`, the others are transcribed, and
    the exit code is that of the first failure.
    """
    app = loaded_app(load_settings(config), speech_only=True)
    failure: RidTelephonyError | None = None
    for file in files:
        try:
            recording = open_recording(file, app.settings.media)
            segments = segments_of(recording.items(), app.make_segmenter)
            spoken = transcribe_all(segments, app.transcriber)
        except RidTelephonyError as error:
            failure = failure or error
            _write({"file": str(file), "error": str(error)}, as_json=as_json)
            continue
        _write(_result(file, recording.duration, spoken), as_json=as_json)
    if failure:
        raise failure


def _result(file: Path, duration: float | None, spoken: list[Spoken]) -> dict[str, Any]:
    return {
        "file": str(file),
        "duration": None if duration is None else round(duration, 3),
        "text": "".join(item.transcript.text for item in spoken),
        "segments": [
            {
                "party": item.segment.party.value,
                "begin": round(item.segment.begin, 3),
                "end": round(item.segment.end, 3),
                "text": item.transcript.text,
                "confidence": round(item.transcript.confidence, 4),
            }
            for item in spoken
        ],
    }


def _write(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    elif "error" in result:
        say(f"{result['file']}: {result['error']}")
    else:
        sys.stdout.write(f"{result['file']}\n")
        for item in result["segments"]:
            times = f"{item['begin']:7.2f} {item['end']:7.2f}"
            sys.stdout.write(f"{times}  {item['party']:8}  {item['text']}\n")
    sys.stdout.flush()
