"""Utterances to event data."""

from __future__ import annotations

from typing import Any

from rid_telephony.cti import events
from rid_telephony.cti.translate.base import MaskingTranslator, milliseconds
from rid_telephony.speech import messages as speech


class SpeechTranslator(MaskingTranslator):
    """``utterance.*`` events."""

    def partial(self, utterance: speech.Utterance, at: float) -> events.UtterancePartial:
        """``utterance.partial``."""
        return events.UtterancePartial(at_ms=milliseconds(at), **self._words(utterance))

    def final(self, utterance: speech.Utterance, at: float) -> events.UtteranceFinal:
        """``utterance.final``."""
        voice = utterance.prosody
        return events.UtteranceFinal(
            at_ms=milliseconds(at),
            prosody=_prosody(voice) if voice else None,
            **self._words(utterance),
        )

    def _words(self, utterance: speech.Utterance) -> dict[str, Any]:
        return {
            "utterance_id": utterance.utterance_id,
            "role": utterance.party.value,
            "begin_ms": milliseconds(utterance.begin),
            "end_ms": milliseconds(utterance.end),
            "text": self.text(utterance.text),
            "confidence": round(utterance.confidence, 4),
        }


def _prosody(voice: speech.Prosody) -> events.ProsodyData:
    return events.ProsodyData(
        pitch_hz=_short(voice.pitch_hz),
        pitch_delta_st=_short(voice.pitch_delta_st),
        loudness_db=_short(voice.loudness_db),
        loudness_delta_db=_short(voice.loudness_delta_db),
        rate_sps=_short(voice.rate_sps),
        rate_delta=_short(voice.rate_delta),
        pause_ratio=round(voice.pause_ratio, 3),
        response_gap=_short(voice.response_gap),
        overlap=round(voice.overlap, 3),
        interrupted=voice.interrupted,
    )


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
