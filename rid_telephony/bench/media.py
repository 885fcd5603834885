"""CPU that one leg costs before recognition: reading, decoding, voice activity, endpointing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rid_telephony.calls.messages import Party
from rid_telephony.media.messages import AudioFrame, Samples, SourceItem
from rid_telephony.speech.segmenter import LegSegmenter
from rid_telephony.speech.vad import Detector


@dataclass(frozen=True, slots=True)
class MediaReport:
    """Milliseconds of CPU for each second of each leg's audio.

    Attributes:
        legs: Legs in the recording.
        seconds: Seconds of audio, all legs together.
        reading: Reading, SIP, RTP, decoding.
        detecting: webrtcvad and Silero.
        endpointing: The endpointing machine and the audio history.
    """

    legs: int
    seconds: float
    reading: float
    detecting: float
    endpointing: float

    @property
    def total(self) -> float:
        """All three."""
        return self.reading + self.detecting + self.endpointing


class _Timed:
    """A detector that adds up its own CPU time."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.seconds = 0.0

    def push(self, samples: Samples) -> list[bool]:
        begin = time.process_time()
        decisions = self._detector.push(samples)
        self.seconds += time.process_time() - begin
        return decisions

    def reset(self) -> None:
        self._detector.reset()


def measure_media(
    items: Iterator[tuple[float, SourceItem]],
    make_detector: Callable[[], Detector],
    make_segmenter: Callable[[str, Party, Detector], LegSegmenter],
) -> MediaReport:
    """Run a recording through the media and speech stages, without recognition."""
    begin = time.process_time()
    frames = [item for _, item in items if isinstance(item, AudioFrame)]
    reading = time.process_time() - begin
    detectors: dict[tuple[str, Party], _Timed] = {}
    segmenters: dict[tuple[str, Party], LegSegmenter] = {}
    for frame in frames:
        leg = (frame.call_id, frame.party)
        if leg not in segmenters:
            detectors[leg] = _Timed(make_detector())
            segmenters[leg] = make_segmenter(*leg, detectors[leg])
    begin = time.process_time()
    for frame in frames:
        segmenters[frame.call_id, frame.party].push(frame)
    spent = time.process_time() - begin
    detecting = sum(detector.seconds for detector in detectors.values())
    seconds = sum(frame.end - frame.at for frame in frames)
    per_second = 1000 / seconds if seconds else 0.0
    return MediaReport(
        legs=len(segmenters),
        seconds=seconds,
        reading=reading * per_second,
        detecting=detecting * per_second,
        endpointing=(spent - detecting) * per_second,
    )
