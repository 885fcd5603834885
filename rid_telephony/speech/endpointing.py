"""Endpointing: where utterances begin, pause and end, from one decision per frame.

A counter machine without a clock: it is fed the detector's decisions and counts frames. The
style is that of the voice command segmenter in Home Assistant's assist_pipeline; the figures
(70 of 100 ms to start, 500 ms hang-over) were measured on G.711, see docs/decisions.md.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from rid_telephony.settings.speech import EndpointingSettings


@dataclass(frozen=True, slots=True)
class Started:
    """An utterance has begun.

    Attributes:
        begin: Frame in which speech begins.
        at: Frame count at which this became known.
    """

    begin: int
    at: int


@dataclass(frozen=True, slots=True)
class Paused:
    """The speaker has been silent for ``speculate_after``; the utterance may be over.

    Attributes:
        begin: First frame of speech.
        end: Frame after the last frame of speech.
        at: Frame count at which this became known.
        speech: Frames the detector called speech.
        pauses: Frames of pauses between ``begin`` and ``end``.
    """

    begin: int
    end: int
    at: int
    speech: int
    pauses: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The speaker went on: what the pause suggested is void."""

    begin: int
    at: int


@dataclass(frozen=True, slots=True)
class Ended:
    """An utterance is over.

    Attributes:
        begin: First frame of speech.
        end: Frame after the last frame of speech.
        at: Frame count at which this became known.
        speech: Frames the detector called speech.
        pauses: Frames of pauses between ``begin`` and ``end``.
        cut: True where the length limit ended it and the speaker goes on.
        kept: False where it holds too little speech to be an utterance.
    """

    begin: int
    end: int
    at: int
    speech: int
    pauses: int
    cut: bool = False
    kept: bool = True


EndpointEvent = Started | Paused | Resumed | Ended


class Completeness(Enum):
    """Whether the words so far make a whole sentence."""

    COMPLETE = auto()
    INCOMPLETE = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class _Limits:
    """The settings in frames."""

    start_window: int
    start_speech: int
    resume: int
    hang_over: dict[Completeness, int]
    speculate: int
    min_speech: int
    min_pause: int
    soft_limit: int
    max_length: int

    @classmethod
    def of(cls, settings: EndpointingSettings, frame_seconds: float) -> _Limits:
        def frames(seconds: float) -> int:
            # The tolerance keeps 0.1 / 0.02 at 5 frames in spite of binary fractions.
            return max(1, math.ceil(seconds / frame_seconds - 1e-6))

        return cls(
            start_window=frames(settings.start_window),
            start_speech=frames(settings.start_speech),
            resume=frames(settings.resume_speech),
            hang_over={
                Completeness.COMPLETE: frames(settings.hang_over_complete),
                Completeness.UNKNOWN: frames(settings.hang_over),
                Completeness.INCOMPLETE: frames(settings.hang_over_incomplete),
            },
            speculate=frames(settings.speculate_after),
            min_speech=frames(settings.min_speech),
            min_pause=frames(settings.min_pause),
            soft_limit=frames(settings.soft_limit),
            max_length=frames(settings.max_utterance),
        )


@dataclass(slots=True)
class _Open:
    """The utterance in progress, in frames.

    ``run`` counts the frames of speech since the last silence. Until the run is long enough to
    end a pause its frames wait there and belong to the pause, as a blip of noise would.
    """

    begin: int
    end: int
    speech: int
    pauses: int = 0
    run: int = 0
    paused: bool = False


class Endpointer:
    """The machine of one leg.

    Args:
        settings: All thresholds.
        frame_seconds: Length of the frames whose decisions are fed in, seconds.
    """

    def __init__(self, settings: EndpointingSettings, frame_seconds: float) -> None:
        self._limits = _Limits.of(settings, frame_seconds)
        self._recent: deque[bool] = deque(maxlen=self._limits.start_window)
        self._open: _Open | None = None
        self._hang_over = self._limits.hang_over[Completeness.UNKNOWN]
        self._at = 0

    @property
    def at(self) -> int:
        """Frames fed so far, gaps included."""
        return self._at

    @property
    def in_speech(self) -> bool:
        """True while an utterance is open, its pauses included."""
        return self._open is not None

    @property
    def longest_silence(self) -> int:
        """Frames of silence after which no utterance is open, whatever came before."""
        return max(self._limits.hang_over.values())

    def push(self, decisions: Iterable[bool]) -> list[EndpointEvent]:
        """Take one decision for each frame; return what they bring about, in order."""
        events: list[EndpointEvent] = []
        for speech in decisions:
            self._at += 1
            if self._open is None:
                self._wait(speech, events)
            else:
                self._follow(self._open, speech, events)
        return events

    def judge_words(self, completeness: Completeness) -> list[EndpointEvent]:
        """Adapt the hang-over of the pause in progress to the words recognised so far.

        It holds until the speaker resumes. Returns the end of the utterance where the silence
        has already lasted as long as the new hang-over. Without a pause nothing changes.
        """
        if self._open is None or not self._open.paused:
            return []
        self._hang_over = self._limits.hang_over[completeness]
        events: list[EndpointEvent] = []
        self._end_if_silent(self._open, events)
        return events

    def skip(self, frames: int) -> None:
        """Pass over frames of silence in one step.

        Raises:
            ValueError: An utterance is open; feed :attr:`longest_silence` frames first.
        """
        if self._open is not None:
            raise ValueError("cannot skip inside an utterance")
        self._recent.clear()
        self._at += frames

    def flush(self) -> list[EndpointEvent]:
        """End the utterance in progress, if any, because no more audio follows."""
        events: list[EndpointEvent] = []
        if self._open is not None:
            self._end(self._open, events)
        self._recent.clear()
        return events

    def _wait(self, speech: bool, events: list[EndpointEvent]) -> None:
        self._recent.append(speech)
        heard = sum(self._recent)
        if not speech or heard < self._limits.start_speech:
            return
        begin = self._at - len(self._recent) + self._recent.index(True)
        self._recent.clear()
        self._open = _Open(begin=begin, end=self._at, speech=heard, run=self._limits.resume)
        events.append(Started(begin=begin, at=self._at))

    def _follow(self, current: _Open, speech: bool, events: list[EndpointEvent]) -> None:
        if speech:
            self._hear(current, events)
        else:
            current.run = 0
            self._pause_if_silent(current, events)
        self._end_if_silent(current, events)
        if self._open is current and self._at - current.begin >= self._limits.max_length:
            self._cut(current, events)

    def _hear(self, current: _Open, events: list[EndpointEvent]) -> None:
        current.run += 1
        if current.run < self._limits.resume:
            return
        silence = self._at - current.run - current.end
        if silence >= self._limits.min_pause:
            current.pauses += silence
        first = current.run == self._limits.resume
        current.speech += current.run if first else 1
        current.end = self._at
        if current.paused:
            current.paused = False
            self._hang_over = self._limits.hang_over[Completeness.UNKNOWN]
            events.append(Resumed(begin=current.begin, at=self._at))

    def _pause_if_silent(self, current: _Open, events: list[EndpointEvent]) -> None:
        silent_enough = self._at - current.end >= self._limits.speculate
        if current.paused or not silent_enough or current.speech < self._limits.min_speech:
            return
        current.paused = True
        events.append(Paused(current.begin, current.end, self._at, current.speech, current.pauses))

    def _end_if_silent(self, current: _Open, events: list[EndpointEvent]) -> None:
        long = current.end - current.begin >= self._limits.soft_limit
        hang_over = self._limits.speculate if long else self._hang_over
        # A run that may yet end the pause is waited for; it lasts a frame or two.
        if current.run == 0 and self._at - current.end >= hang_over:
            self._end(current, events)

    def _cut(self, current: _Open, events: list[EndpointEvent]) -> None:
        """End at the length limit; a speaker in full flow begins the next one at once."""
        speaking = current.end == self._at
        self._end(current, events, cut=speaking)
        if speaking:
            self._open = _Open(begin=self._at, end=self._at, speech=0, run=self._limits.resume)
            events.append(Started(begin=self._at, at=self._at))

    def _end(self, current: _Open, events: list[EndpointEvent], *, cut: bool = False) -> None:
        self._open = None
        self._hang_over = self._limits.hang_over[Completeness.UNKNOWN]
        kept = current.speech >= self._limits.min_speech
        events.append(
            Ended(
                current.begin,
                current.end,
                self._at,
                current.speech,
                current.pauses,
                cut=cut,
                kept=kept,
            )
        )
