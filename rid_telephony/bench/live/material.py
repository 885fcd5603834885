"""What the telephones of the bench say, and when somebody speaks in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rid_telephony.bench.phone import Speech
from rid_telephony.calls.messages import Party
from rid_telephony.errors import InputError
from rid_telephony.media.messages import SAMPLE_RATE, AudioFrame, Samples
from rid_telephony.media.source import open_recording
from rid_telephony.settings.media import MediaSettings

_FRAME = 160
_ABOVE_NOISE_DB = 15.0
_JOIN_SECONDS = 0.5
_SHORTEST_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Turn:
    """One stretch of speech of one party; seconds."""

    party: Party
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Material:
    """A dialogue to play.

    Attributes:
        speech: What each party says.
        turns: Who speaks when, by the ground truth, or by loudness where there is none.
        seconds: Length of the longer side.
    """

    speech: dict[Party, Speech]
    turns: tuple[Turn, ...]
    seconds: float


def load_material(path: Path, settings: MediaSettings) -> Material:
    """Read a stereo recording, agent on channel 0, and the ``.json`` beside it.

    Raises:
        InputError: It cannot be read, or does not have both parties.
    """
    pieces: dict[Party, list[Samples]] = {party: [] for party in Party}
    for _, item in open_recording(path, settings).items():
        if isinstance(item, AudioFrame):
            pieces[item.party].append(item.samples)
    if not all(pieces.values()):
        raise InputError(f"{path} does not have two parties.", "Give a stereo file.")
    samples = {party: np.concatenate(parts) for party, parts in pieces.items()}
    turns = _truth(path.with_suffix(".json")) or tuple(
        turn for party in Party for turn in loud_turns(party, samples[party])
    )
    return Material(
        speech={party: Speech(part) for party, part in samples.items()},
        turns=tuple(sorted(turns, key=lambda turn: turn.begin)),
        seconds=max(len(part) for part in samples.values()) / SAMPLE_RATE,
    )


def loud_turns(party: Party, samples: Samples) -> list[Turn]:
    """Stretches louder than the recording's noise, those with short pauses in them joined."""
    whole = samples[: len(samples) // _FRAME * _FRAME].astype(np.float64).reshape(-1, _FRAME)
    if not len(whole):
        return []
    level = 10 * np.log10(np.mean(whole**2, axis=1) + 1.0)
    # Quiet line or digital silence: 20 dB is a level of 10 in 32768.
    floor = max(float(np.percentile(level, 10)), 20.0)
    loud = np.flatnonzero(level > floor + _ABOVE_NOISE_DB)
    step = _FRAME / SAMPLE_RATE
    if not len(loud):
        return []
    edges = np.flatnonzero(np.diff(loud) * step > _JOIN_SECONDS) + 1
    runs = [(run[0] * step, (run[-1] + 1) * step) for run in np.split(loud, edges)]
    return [
        Turn(party, float(begin), float(end))
        for begin, end in runs
        if end - begin >= _SHORTEST_SECONDS
    ]


def _truth(path: Path) -> tuple[Turn, ...]:
    if not path.exists():
        return ()
    try:
        turns = json.loads(path.read_text(encoding="utf-8"))["turns"]
        return tuple(
            Turn(Party(turn["speaker"]), float(turn["begin"]), float(turn["end"])) for turn in turns
        )
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} does not say who speaks when.",
            'It needs "turns" of {"begin","end","speaker"}.',
        ) from error
