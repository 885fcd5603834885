"""What the two parties of a call say, and what was heard of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from live_kit.tools import ROOT

RATE = 8000
Samples = np.ndarray[Any, np.dtype[np.int16]]


@dataclass(frozen=True)
class Script:
    """A call's two files, and who says what when (seconds from the files' begin)."""

    agent: Path
    customer: Path
    turns: list[dict[str, Any]]
    seconds: float


def script(
    folder: Path,
    dialogue: str = "dd01",
    *,
    begin: float = 0.0,
    end: float | None = None,
    silence: float = 60.0,
) -> Script:
    """Write what both parties say in a dialogue of fixtures/audio, as mono files of 8 kHz.

    Args:
        folder: Where to write agent.wav and customer.wav.
        dialogue: dd01 or dd02.
        begin: Seconds of the dialogue to leave out.
        end: Seconds of the dialogue at which to stop; turns that are cut are not listed.
        silence: Seconds of room noise after it, because baresip hangs up where its file ends.
    """
    source = ROOT / "fixtures/audio" / f"{dialogue}.flac"
    sound, rate = soundfile.read(source, dtype="int16")
    if rate != RATE:
        raise ValueError(f"{source} has {rate} Hz")
    last = len(sound) / RATE if end is None else end
    listed = json.loads(source.with_suffix(".json").read_text(encoding="utf-8"))["turns"]
    turns = [
        {**turn, "begin": turn["begin"] - begin, "end": turn["end"] - begin}
        for turn in listed
        if begin <= turn["begin"] and turn["end"] <= last
    ]
    paths = {}
    for channel, party in enumerate(("agent", "customer")):
        voice = sound[:, channel]
        noise = voice[: int(0.9 * RATE)]  # nobody speaks in the first second of a dialogue
        tail = np.resize(np.concatenate([noise, noise[::-1]]), round(silence * RATE))
        paths[party] = folder / f"{party}.wav"
        said = voice[round(begin * RATE) : round(last * RATE)]
        soundfile.write(paths[party], np.concatenate([said, tail]), RATE, "PCM_16")
    return Script(paths["agent"], paths["customer"], turns, last - begin)


def read(path: Path) -> Samples:
    """The samples of a mono file of 8 kHz."""
    samples, rate = soundfile.read(path, dtype="int16")
    if rate != RATE or samples.ndim != 1:
        raise ValueError(f"{path} is not mono of {RATE} Hz")
    return samples
