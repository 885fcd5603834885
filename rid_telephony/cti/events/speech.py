"""Events of what was said."""

from __future__ import annotations

from rid_telephony.cti.events.base import EventData, Model, Probability, Role


class ProsodyData(Model):
    """How an utterance was spoken; null where it could not be measured."""

    pitch_hz: float | None
    pitch_delta_st: float | None
    loudness_db: float | None
    loudness_delta_db: float | None
    rate_sps: float | None
    """Syllables a second."""
    rate_delta: float | None
    pause_ratio: float
    response_gap: float | None
    """Seconds; negative where the speaker came in early."""
    overlap: float
    interrupted: bool


class UtterancePartial(EventData):
    """Words so far of an utterance that may go on; replaced by the final of the same id."""

    utterance_id: str
    role: Role
    begin_ms: int
    end_ms: int
    text: str
    confidence: Probability


class UtteranceFinal(UtterancePartial):
    """An utterance with its words."""

    prosody: ProsodyData | None
