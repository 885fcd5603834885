"""Transcribes a recording without analysing it: every party's utterances with their times."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rid_telephony.calls.messages import Party
from rid_telephony.media.messages import AudioFrame, SourceItem
from rid_telephony.speech.messages import SpeechSegment, Transcript
from rid_telephony.speech.recogniser import Transcriber
from rid_telephony.speech.segmenter import LegSegmenter


@dataclass(frozen=True, slots=True)
class Spoken:
    """One utterance of a recording."""

    segment: SpeechSegment
    transcript: Transcript


def segments_of(
    items: Iterable[tuple[float, SourceItem]],
    make_segmenter: Callable[[str, Party], LegSegmenter],
) -> list[SpeechSegment]:
    """Cut every leg of a recording into utterances, in order of their ends."""
    legs: dict[tuple[str, Party], LegSegmenter] = {}
    found: list[SpeechSegment] = []

    def keep(events: Iterable[object]) -> None:
        found.extend(
            event for event in events if isinstance(event, SpeechSegment) and not event.draft
        )

    for _, item in items:
        if not isinstance(item, AudioFrame):
            continue
        leg = (item.call_id, item.party)
        if leg not in legs:
            legs[leg] = make_segmenter(*leg)
        keep(legs[leg].push(item))
    for segmenter in legs.values():
        keep(segmenter.flush())
    return found


def transcribe_all(segments: list[SpeechSegment], transcriber: Transcriber) -> list[Spoken]:
    """Recognise segments on all workers; in order of their begin, without what is not speech."""
    with ThreadPoolExecutor(max(1, transcriber.capabilities.workers)) as workers:
        transcripts = workers.map(lambda segment: transcriber.transcribe(segment.samples), segments)
        spoken = [
            Spoken(segment, transcript)
            for segment, transcript in zip(segments, transcripts, strict=True)
            if transcript.text
        ]
    return sorted(spoken, key=lambda item: item.segment.begin)
