"""The voices of one call: each utterance's prosody against its speaker's usual one."""

from __future__ import annotations

import math
from dataclasses import replace

from rid_telephony.calls.messages import Party
from rid_telephony.settings.speech import ProsodySettings
from rid_telephony.speech.baseline import Baseline
from rid_telephony.speech.floor import Floor
from rid_telephony.speech.messages import Prosody, SpeechEvent, SpeechSegment, Utterance
from rid_telephony.speech.pitch import PitchSearch
from rid_telephony.speech.prosody import measure_voice


class _Speaker:
    """The baselines of one party: pitch in semitones, loudness in dB, rate as logarithm."""

    def __init__(self, settings: ProsodySettings) -> None:
        memory, least = settings.baseline_utterances, settings.baseline_min_seconds
        self.pitch = Baseline(memory, least)
        self.loudness = Baseline(memory, least)
        self.rate = Baseline(memory, least)


class VoiceMeter:
    """Measures the utterances of both parties of one call. No clock, no I/O.

    Args:
        settings: Pitch range, memory of the baselines, what is an interruption.
    """

    def __init__(self, settings: ProsodySettings) -> None:
        self._settings = settings
        self._search = PitchSearch(floor=settings.pitch_floor, ceiling=settings.pitch_ceiling)
        self._floor = Floor(settings)
        self._speakers = {party: _Speaker(settings) for party in Party}

    def observe(self, event: SpeechEvent) -> None:
        """Take every event of both legs' segmentation, in order."""
        self._floor.hear(event)

    def change_speaker(self, party: Party) -> None:
        """Forget a party's usual voice: another person took over (transfer)."""
        self._speakers[party] = _Speaker(self._settings)

    def complete(self, segment: SpeechSegment, utterance: Utterance) -> Utterance:
        """Return the utterance with its prosody; see :meth:`measure`."""
        return replace(utterance, prosody=self.measure(segment, utterance.text))

    def measure(self, segment: SpeechSegment, text: str) -> Prosody:
        """Measure a final segment with its words, and learn from it.

        Args:
            segment: As segmentation made it; :meth:`observe` must have had it before.
            text: Its words in normal form; empty where nothing was recognised.
        """
        voice = measure_voice(segment, text, self._search)
        turn = self._floor.relate(segment)
        speaker = self._speakers[segment.party]
        seconds = segment.speech_seconds
        semitones = None if voice.pitch_hz is None else 12 * math.log2(voice.pitch_hz)
        log_rate = None if voice.rate_sps is None else math.log(voice.rate_sps)
        rate_difference = speaker.rate.difference(log_rate, seconds)
        return Prosody(
            pitch_hz=voice.pitch_hz,
            pitch_range_st=voice.pitch_range_st,
            pitch_delta_st=speaker.pitch.difference(semitones, seconds),
            loudness_db=voice.loudness_db,
            loudness_delta_db=speaker.loudness.difference(voice.loudness_db, seconds),
            rate_sps=voice.rate_sps,
            rate_delta=None if rate_difference is None else math.exp(rate_difference),
            pause_ratio=voice.pause_ratio,
            response_gap=turn.response_gap,
            overlap=turn.overlap,
            interrupted=turn.interrupted,
        )
