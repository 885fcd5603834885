"""``[speech]``: voice activity, endpointing, recognition, prosody."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from rid_telephony.settings.section import Section

WHISPER_SECONDS = 29.9
"""Whisper hears no more than this of one utterance."""


class VadSettings(Section):
    """Voice activity: webrtcvad and Silero together (both must agree)."""

    webrtc_mode: int = Field(default=3, ge=0, le=3)
    """webrtcvad aggressiveness; 3 rejects most noise."""
    silero_threshold: float = Field(default=0.35, gt=0, lt=1)
    """Silero speech probability above which a window is speech."""


class EndpointingSettings(Section):
    """Where an utterance begins and ends. All times in seconds."""

    start_window: float = Field(default=0.1, gt=0, le=1)
    """Speech starts when enough of this window is speech."""
    start_speech: float = Field(default=0.07, gt=0, le=1)
    """How much of the start window must be speech."""
    resume_speech: float = Field(default=0.04, gt=0, le=0.5)
    """Speech in one piece that ends a pause; a shorter blip is part of the pause."""
    pre_roll: float = Field(default=0.3, ge=0, le=1)
    """Audio kept from before the start."""
    hang_over: float = Field(default=0.5, ge=0.1, le=3)
    """Silence that ends an utterance."""
    hang_over_complete: float = Field(default=0.35, ge=0.1, le=3)
    """Silence that ends an utterance whose words so far are complete."""
    hang_over_incomplete: float = Field(default=0.8, ge=0.1, le=5)
    """Silence that ends an utterance whose words so far are not complete."""
    speculate_after: float = Field(default=0.16, ge=0.05, le=1)
    """Silence after which recognition starts on trial; also the silence kept at the end."""
    min_speech: float = Field(default=0.1, ge=0, le=1)
    """Segments with less speech are dropped."""
    min_pause: float = Field(default=0.14, ge=0.02, le=1)
    """Silence inside an utterance that counts as a pause; a shorter one is a stop consonant."""
    soft_limit: float = Field(default=18.0, ge=4, le=29)
    """Past this length the first pause of ``speculate_after`` ends the utterance."""
    max_utterance: float = Field(default=25.0, ge=5, le=29)
    """An utterance is cut at this length (Whisper sees 30 s at most)."""
    gap_tolerance: float = Field(default=0.06, ge=0, le=1)
    """Difference between time stamps and samples counted that is jitter and not a gap."""
    stall_after: float = Field(default=0.5, ge=0.1, le=10)
    """A stream that sends nothing for so long is silent (hold, discontinuous transmission)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.start_speech > self.start_window:
            raise ValueError("start_speech must not be longer than start_window")
        if self.hang_over_complete > self.hang_over or self.hang_over > self.hang_over_incomplete:
            raise ValueError("hang_over must lie between hang_over_complete and _incomplete")
        if self.speculate_after > self.hang_over_complete:
            raise ValueError("speculate_after must not be longer than hang_over_complete")
        if self.soft_limit > self.max_utterance:
            raise ValueError("soft_limit must not be longer than max_utterance")
        if self.pre_roll + self.max_utterance + self.speculate_after > WHISPER_SECONDS:
            raise ValueError(
                f"pre_roll, max_utterance and speculate_after together exceed {WHISPER_SECONDS} s"
            )
        return self


class RecognitionSettings(Section):
    """Whisper through faster-whisper."""

    model: str = "base"
    """``base`` (embedded weights, or the hub), any other faster-whisper name, or a directory."""
    device: str = "cpu"
    """``cpu``, ``cuda`` or ``auto``."""
    compute_type: str = "int8"
    """CTranslate2 compute type."""
    workers: int = Field(default=0, ge=0, le=64)
    """Recognitions at once; 0 means one for each core."""
    language: str = "zh"
    """Whisper's code; fixed, so that noise is not taken for another language."""
    prompt: str = "以下是普通话的句子。"
    """Neutral on purpose: a domain prompt leaks its words onto noise."""
    beam_size: int = Field(default=5, ge=1, le=10)
    """Hypotheses followed; 3 costs 4 % less, 1 costs 13 % less and errs 9 % more."""
    context_frames: int = Field(default=1200, ge=500, le=3000)
    """Encoder frames (10 ms each) for short speech; more where speech is longer."""
    context_margin_frames: int = Field(default=50, ge=0, le=500)
    """Frames past the content when it is longer than ``context_frames``."""
    tokens_base: int = Field(default=10, ge=1)
    """Tokens granted to the shortest utterance, see ``tokens_per_second``."""
    tokens_per_second: float = Field(default=12.0, gt=0)
    """At most ``tokens_base + tokens_per_second * seconds`` tokens are decoded."""
    max_no_speech: float = Field(default=0.45, gt=0, le=1)
    """Above this no-speech probability a result is thrown away."""
    queue_size: int = Field(default=64, ge=1)
    """Segments that may wait; when full the oldest agent draft goes first, counted and told."""
    draft_wait: float = Field(default=0.3, ge=0)
    """Busy: a draft that would wait longer is not recognised, seconds."""
    hurry_wait: float = Field(default=1.0, ge=0)
    """Busier: while a segment would wait longer, the beam is 1, seconds."""
    agent_wait: float = Field(default=20.0, ge=0)
    """Busier still: agents' words that have waited longer are left out, and told, seconds."""
    call_wait: float = Field(default=4.0, ge=0)
    """Too busy: while a segment would wait longer, new calls are not taken, seconds."""


class ProsodySettings(Section):
    """Pitch and the running baseline."""

    pitch_floor: float = Field(default=70.0, ge=40)
    """Lowest fundamental frequency searched, Hz."""
    pitch_ceiling: float = Field(default=450.0, le=1000)
    """Highest fundamental frequency searched, Hz."""
    baseline_utterances: float = Field(default=8.0, gt=1)
    """Memory of the running baseline, utterances."""
    baseline_min_seconds: float = Field(default=4.0, ge=0)
    """Speech heard before deltas are given, seconds."""
    interruption_after: float = Field(default=0.5, ge=0)
    """Who comes in sooner after the other's begin did not interrupt; both began, seconds."""
    interruption_overlap: float = Field(default=0.3, ge=0)
    """Who comes in at the other's end, with less overlap than this, did not interrupt, seconds."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.pitch_ceiling < 2 * self.pitch_floor:
            raise ValueError("pitch_ceiling must be at least twice pitch_floor")
        return self


class SpeechSettings(Section):
    """The speech stage."""

    vad: VadSettings = VadSettings()
    endpointing: EndpointingSettings = EndpointingSettings()
    recognition: RecognitionSettings = RecognitionSettings()
    prosody: ProsodySettings = ProsodySettings()
