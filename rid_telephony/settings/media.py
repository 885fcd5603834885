"""``[media]``: how audio is read, and how much of it is believed."""

from __future__ import annotations

from pydantic import Field

from rid_telephony.settings.patterns import Pattern
from rid_telephony.settings.section import Section


class MediaSettings(Section):
    """Limits of the media stage."""

    max_capture_bytes: int = Field(default=2_000_000_000, gt=0)
    """Largest capture or audio file that is opened, bytes."""
    max_audio_seconds: float = Field(default=86_400.0, gt=0)
    """Longest audio file that is analysed, seconds; what comes after is left out."""
    max_calls_per_capture: int = Field(default=1000, gt=0)
    """Calls followed in one capture; more are counted and left out."""
    max_sip_message_bytes: int = Field(default=65_535, gt=0)
    """Longest SIP message that is parsed, bytes."""
    reorder_seconds: float = Field(default=0.2, ge=0, le=2)
    """How long a missing RTP packet is waited for before its gap is concealed, seconds."""
    max_concealed_seconds: float = Field(default=0.1, ge=0, le=1)
    """Longest loss that is filled in; a longer one is a gap, seconds."""
    agent_pattern: Pattern = r"^(?:\d{3,5}|agent.*)$"
    """Regular expression of the SIP users and numbers that are agents."""
