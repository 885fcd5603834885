"""Speech as it leaves the speech stage: utterances with words and voice."""

from __future__ import annotations

from dataclasses import dataclass

from rid_telephony.calls.messages import Party
from rid_telephony.media.messages import Samples


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """The audio of one utterance, cut out by endpointing.

    Attributes:
        utterance_id: Unique in the installation; a draft and its final share it.
        begin: Seconds on the call's clock where speech begins (without the pre-roll).
        end: Seconds on the call's clock where speech ends (without the hang-over).
        decided: Seconds on the call's clock at which the segment was handed on.
        samples: int16 mono 8000 Hz, pre-roll and some trailing silence included.
        speech_seconds: How much of it the voice activity detector calls speech.
        draft: True for a speculative cut: the speaker paused and may go on.
        pause_seconds: Pauses between ``begin`` and ``end``; shorter silences do not count.
    """

    call_id: str
    utterance_id: str
    party: Party
    begin: float
    end: float
    decided: float
    samples: Samples
    speech_seconds: float
    draft: bool = False
    pause_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """A party began to speak; drafts, then one final segment or a drop follow under the id.

    Attributes:
        begin: Seconds on the call's clock where speech begins.
        decided: Seconds on the call's clock at which that was known.
    """

    call_id: str
    utterance_id: str
    party: Party
    begin: float
    decided: float


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The speaker went on after a pause: the drafts so far are void."""

    call_id: str
    utterance_id: str
    party: Party
    decided: float


@dataclass(frozen=True, slots=True)
class SpeechDropped:
    """What began as speech held too little of it: the id is never used again."""

    call_id: str
    utterance_id: str
    party: Party
    decided: float


SpeechEvent = SpeechStarted | SpeechResumed | SpeechDropped | SpeechSegment
"""What segmentation yields for one leg, in order of ``decided``."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser made of a segment.

    Attributes:
        text: Simplified Chinese, numbers as spoken in Chinese numerals; empty if rejected.
        confidence: 0..1, the mean token probability.
        no_speech: 0..1, the recogniser's own probability that nobody spoke.
        rejected: Why the text was thrown away (``silence``, ``no_speech``, ``prompt_leak``,
            ``loop``, ``empty``), or empty when it was kept.
    """

    text: str
    confidence: float
    no_speech: float
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class Prosody:
    """How an utterance was spoken, absolute and against the speaker's running baseline.

    A ``*_delta`` is None until the baseline has enough speech behind it. Pitch is None where
    no voiced frame was found.

    Attributes:
        pitch_hz: Median fundamental frequency of the voiced frames, Hz.
        pitch_range_st: 10th to 90th percentile of pitch, semitones.
        pitch_delta_st: Median pitch against the baseline, semitones.
        loudness_db: Active speech level, dB relative to full scale.
        loudness_delta_db: Against the baseline, dB.
        rate_sps: Syllables (Chinese characters) a second of speech without pauses.
        rate_delta: Ratio to the baseline, 1.0 is the usual rate.
        pause_ratio: 0..1, silence inside the utterance.
        response_gap: Seconds from the other party's end to this begin; negative where the
            speaker came in early; None where the other has said nothing since this speaker's
            last utterance (or nothing at all).
        overlap: Seconds of this utterance during which the other party spoke as well.
        interrupted: True if the speaker came in while the other was in the middle of speech.
    """

    pitch_hz: float | None = None
    pitch_range_st: float | None = None
    pitch_delta_st: float | None = None
    loudness_db: float | None = None
    loudness_delta_db: float | None = None
    rate_sps: float | None = None
    rate_delta: float | None = None
    pause_ratio: float = 0.0
    response_gap: float | None = None
    overlap: float = 0.0
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Utterance:
    """One party's speech segment with its words: what the RID stage hears.

    Attributes:
        begin: Seconds on the call's clock.
        end: Seconds on the call's clock.
        text: Simplified Chinese as recognised; never empty.
        confidence: 0..1, of the words; 1.0 for typed text.
        prosody: None where only text is known.
    """

    call_id: str
    utterance_id: str
    party: Party
    begin: float
    end: float
    text: str
    confidence: float = 1.0
    prosody: Prosody | None = None
