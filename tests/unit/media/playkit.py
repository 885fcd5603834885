"""Plays a capture and sorts what comes out by call and party."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from unit.media.callkit import Bridge, Phone
from unit.media.capturekit import Scene, speech

from rid_telephony.calls.messages import CallEnded, CallStarted, Leg, Party
from rid_telephony.media.g711 import G711Law, decode_g711, encode_g711
from rid_telephony.media.messages import AudioFrame, Samples, SourceItem
from rid_telephony.media.report import RecordingReport
from rid_telephony.media.source import open_recording
from rid_telephony.settings.media import MediaSettings

AGENT, CUSTOMER = Party.AGENT, Party.CUSTOMER


@dataclass
class Heard:
    """One call as it came out."""

    events: list[tuple[float, SourceItem]] = field(default_factory=list)
    frames: dict[Party, list[AudioFrame]] = field(default_factory=lambda: {AGENT: [], CUSTOMER: []})

    @property
    def started(self) -> CallStarted:
        event = self.events[0][1]
        assert isinstance(event, CallStarted)
        return event

    @property
    def ended(self) -> CallEnded:
        event = self.events[-1][1]
        assert isinstance(event, CallEnded)
        return event

    def kinds(self) -> list[str]:
        return [type(event).__name__ for _, event in self.events]

    def event(self, kind: type) -> SourceItem:
        return next(event for _, event in self.events if isinstance(event, kind))

    def leg(self, party: Party) -> Leg:
        return next(leg for leg in self.started.legs if leg.party is party)

    def says(self, party: Party) -> Samples:
        return np.concatenate([frame.samples for frame in self.frames[party]])

    def check(self) -> None:
        assert self.kinds().count("CallStarted") == self.kinds().count("CallEnded") == 1
        assert self.started.at == 0.0
        for frames in self.frames.values():
            for before, after in pairwise(frames):
                assert after.at >= before.end - 1e-6


def play(
    path: Path, *, agent_number: str | None = None, **changes: object
) -> tuple[list[Heard], RecordingReport]:
    settings = MediaSettings().model_copy(update=changes)
    recording = open_recording(path, settings, agent_number=agent_number)
    calls: dict[str, Heard] = {}
    now = 0.0
    for arrival, item in recording.items():
        assert arrival >= now
        now = arrival
        call = calls.setdefault(item.call_id, Heard())
        assert "CallEnded" not in call.kinds()
        if isinstance(item, AudioFrame):
            assert call.events
            call.frames[item.party].append(item)
        else:
            call.events.append((arrival, item))
    for call in calls.values():
        call.check()
    return list(calls.values()), recording.report()


def codes(report: RecordingReport) -> set[str]:
    return {warning.code for warning in report.warnings}


def over_the_line(samples: Samples, law: G711Law = G711Law.PCMU) -> Samples:
    return decode_g711(law, encode_g711(law, samples))


def customer(**more: int) -> Phone:
    return Phone("13800138000", "10.0.0.20", name="张女士", **more)


def agent(user: str = "1001", host: str = "10.0.0.31", **more: int) -> Phone:
    return Phone(user, host, name="小李", **more)


C_SPEECH, A_SPEECH = speech(4.0, 1), speech(3.0, 2)


def simple(scene: Scene, **more: object) -> Bridge:
    bridge = Bridge(scene, customer(), agent(), **more)
    bridge.connect()
    bridge.customer_says(bridge.answer + 0.1, C_SPEECH)
    bridge.agent_says(bridge.answer + 2.0, A_SPEECH)
    bridge.hang_up(bridge.answer + 6.0)
    return bridge
