"""Labelled two-channel calls, and one leg of them through detection and endpointing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from rid_telephony.calls.messages import Party
from rid_telephony.media.messages import AudioFrame, Samples
from rid_telephony.settings.speech import EndpointingSettings, VadSettings
from rid_telephony.speech.messages import SpeechEvent
from rid_telephony.speech.segmenter import LegSegmenter
from rid_telephony.speech.vad import SileroSession, SpeechDetector

AUDIO = Path(__file__).parents[1] / "fixtures" / "audio"
CHANNELS = (Party.AGENT, Party.CUSTOMER)


@dataclass(frozen=True)
class Recording:
    """A labelled two-channel call."""

    name: str
    channels: dict[Party, Samples]
    turns: list[dict[str, Any]]

    def turns_of(self, party: Party) -> list[dict[str, Any]]:
        return [turn for turn in self.turns if CHANNELS[turn["channel"]] is party]

    def turn_audio(self, turn: dict[str, Any]) -> Samples:
        """The turn's audio, cut as endpointing would."""
        begin, end = round((turn["begin"] - 0.3) * 8000), round((turn["end"] + 0.2) * 8000)
        return self.channels[CHANNELS[turn["channel"]]][begin:end]


def read(name: str) -> Recording:
    samples, rate = soundfile.read(AUDIO / f"{name}.flac", dtype="int16")
    assert rate == 8000
    turns = json.loads((AUDIO / f"{name}.json").read_text("utf-8"))["turns"]
    channels = {party: np.ascontiguousarray(samples[:, i]) for i, party in enumerate(CHANNELS)}
    return Recording(name, channels, turns)


def segment_leg(recording: Recording, party: Party, silero: SileroSession) -> list[SpeechEvent]:
    """Run one leg through detection and endpointing, in packets of 20 ms."""
    detector = SpeechDetector(silero, VadSettings())
    leg = LegSegmenter(recording.name, party, detector, EndpointingSettings())
    samples = recording.channels[party]
    events: list[SpeechEvent] = []
    for start in range(0, len(samples), 160):
        packet = samples[start : start + 160]
        events += leg.push(AudioFrame(recording.name, party, start / 8000, packet))
    return events + leg.flush()
