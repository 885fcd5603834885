"""Segmentation: one leg's audio frames in, speech events and utterance segments out."""

from __future__ import annotations

import numpy as np

from rid_telephony.calls.messages import Party
from rid_telephony.media.messages import SAMPLE_RATE, AudioFrame, Samples
from rid_telephony.settings.speech import EndpointingSettings
from rid_telephony.speech.endpointing import (
    Completeness,
    Ended,
    Endpointer,
    EndpointEvent,
    Paused,
    Resumed,
    Started,
)
from rid_telephony.speech.history import AudioHistory
from rid_telephony.speech.messages import (
    SpeechDropped,
    SpeechEvent,
    SpeechResumed,
    SpeechSegment,
    SpeechStarted,
)
from rid_telephony.speech.vad import FRAME_SAMPLES, FRAME_SECONDS, Detector

_CHUNK = SAMPLE_RATE
"""Samples taken at once, so that a long frame costs no more memory than a short one."""


class LegSegmenter:
    """Cuts one party's audio into utterances.

    A draft is cut when the speaker pauses, its final when the hang-over has passed; where the
    speaker did not go on in between, both hold the very same samples. Utterances are named
    ``<call_id>-a-0001`` (agent) or ``-c-`` (customer), counted from 1 for each leg.

    Time stamps rule: where a frame comes later than the samples so far account for, the gap is
    silence (hold, discontinuous transmission); what overlaps is dropped and counted.

    Args:
        call_id: The call.
        party: Whose leg it is.
        detector: Fresh voice activity detector of this leg.
        settings: Thresholds.
    """

    def __init__(
        self, call_id: str, party: Party, detector: Detector, settings: EndpointingSettings
    ) -> None:
        self._call_id = call_id
        self._party = party
        self._detector = detector
        self._endpointer = Endpointer(settings, FRAME_SECONDS)
        self._history = AudioHistory()
        self._pre_roll = round(settings.pre_roll * SAMPLE_RATE)
        self._trail = round(settings.speculate_after * SAMPLE_RATE)
        self._look_back = round(settings.start_window * SAMPLE_RATE) + FRAME_SAMPLES
        self._tolerance = round(settings.gap_tolerance * SAMPLE_RATE)
        self._stall = round(settings.stall_after * SAMPLE_RATE)
        self._origin: float | None = None
        self._count = 0
        self._last_end = 0
        self._begin: int | None = None
        self.overlapping_samples = 0
        """Samples dropped because their time was already past."""

    @property
    def speaking(self) -> str | None:
        """Id of the utterance in progress, its pauses included."""
        return self._utterance_id if self._begin is not None else None

    def push(self, frame: AudioFrame) -> list[SpeechEvent]:
        """Take the leg's next audio frame; return what it brings about, in order."""
        if self._origin is None:
            self._origin = frame.at
        events: list[SpeechEvent] = []
        samples = frame.samples
        ahead = self._position(frame.at) - self._history.end
        if ahead > self._tolerance:
            self._fill(ahead, events)
        elif ahead < -self._tolerance:
            self.overlapping_samples += min(-ahead, len(samples))
            samples = samples[-ahead:]
        self._take(samples, events)
        return events

    def advance(self, at: float) -> list[SpeechEvent]:
        """Tell that nothing more was captured up to ``at`` (seconds on the call's clock).

        Needed where a stream stops sending: without it an utterance before a hold would stay
        open until the next frame. Within ``stall_after`` of the last sample nothing happens.
        Only the utterance ends; the position stays, because what the network held up may still
        come, in a burst, and is then the beginning of the next utterance.
        """
        if self._begin is None or self._position(at) - self._history.end < self._stall:
            return []
        return self.flush()

    def judge_words(self, utterance_id: str, completeness: Completeness) -> list[SpeechEvent]:
        """Adapt the hang-over of the pause in progress to the words of the draft.

        A judgement on an utterance that has ended, or has resumed, changes nothing.
        """
        if utterance_id != self.speaking:
            return []
        events: list[SpeechEvent] = []
        self._translate(self._endpointer.judge_words(completeness), events)
        return events

    def flush(self) -> list[SpeechEvent]:
        """End the utterance in progress, if any: the call or this leg is over, or on hold."""
        events: list[SpeechEvent] = []
        self._translate(self._endpointer.flush(), events)
        return events

    @property
    def _utterance_id(self) -> str:
        return f"{self._call_id}-{self._party.value[0]}-{self._count:04d}"

    def _position(self, at: float) -> int:
        return round((at - (self._origin or 0.0)) * SAMPLE_RATE)

    def _time(self, position: int) -> float:
        return (self._origin or 0.0) + position / SAMPLE_RATE

    def _fill(self, samples: int, events: list[SpeechEvent]) -> None:
        """Let a gap pass: as silence until any utterance is over, then in one step."""
        heard = self._endpointer.longest_silence * FRAME_SAMPLES
        skipped = max(samples - heard, 0) // FRAME_SAMPLES
        self._take(np.zeros(samples - skipped * FRAME_SAMPLES, dtype=np.int16), events)
        if not skipped:
            return
        self._translate(self._endpointer.flush(), events)
        self._endpointer.skip(skipped)
        self._history.skip(skipped * FRAME_SAMPLES)
        self._detector.reset()

    def _take(self, samples: Samples, events: list[SpeechEvent]) -> None:
        for start in range(0, len(samples), _CHUNK):
            chunk = samples[start : start + _CHUNK]
            self._history.append(chunk)
            self._translate(self._endpointer.push(self._detector.push(chunk)), events)
            self._forget()

    def _forget(self) -> None:
        newest = self._endpointer.at * FRAME_SAMPLES
        wanted = newest - self._look_back if self._begin is None else self._begin
        self._history.forget_before(wanted - self._pre_roll)

    def _translate(self, found: list[EndpointEvent], events: list[SpeechEvent]) -> None:
        events.extend(self._message(event) for event in found)

    def _message(self, event: EndpointEvent) -> SpeechEvent:
        decided = self._time(event.at * FRAME_SAMPLES)
        if isinstance(event, Started):
            self._count += 1
            self._begin = event.begin * FRAME_SAMPLES
            begin = self._time(self._begin)
            return SpeechStarted(self._call_id, self._utterance_id, self._party, begin, decided)
        if isinstance(event, Resumed):
            return SpeechResumed(self._call_id, self._utterance_id, self._party, decided)
        if isinstance(event, Paused):
            return self._segment(event, decided, draft=True)
        self._begin = None
        if not event.kept:
            return SpeechDropped(self._call_id, self._utterance_id, self._party, decided)
        segment = self._segment(event, decided, draft=False)
        self._last_end = event.end * FRAME_SAMPLES
        return segment

    def _segment(self, event: Paused | Ended, decided: float, *, draft: bool) -> SpeechSegment:
        begin, end = event.begin * FRAME_SAMPLES, event.end * FRAME_SAMPLES
        newest = event.at * FRAME_SAMPLES
        return SpeechSegment(
            call_id=self._call_id,
            utterance_id=self._utterance_id,
            party=self._party,
            begin=self._time(begin),
            end=self._time(end),
            decided=decided,
            samples=self._history.cut(
                max(begin - self._pre_roll, self._last_end), min(end + self._trail, newest)
            ),
            speech_seconds=event.speech * FRAME_SECONDS,
            draft=draft,
            pause_seconds=event.pauses * FRAME_SECONDS,
        )
