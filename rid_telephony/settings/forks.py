"""What the fork settings of every PBX have in common."""

from __future__ import annotations

from pydantic import Field, field_validator

from rid_telephony.settings.section import Section


class ForkSettings(Section):
    """How the audio of a leg reaches us, whatever the PBX."""

    listen: str = "127.0.0.1"
    """Address that we listen on for the audio."""
    rtp_ports: tuple[int, int] = (40_000, 40_998)
    """UDP ports for audio by RTP, first and last."""
    port: int = Field(default=9092, ge=0, le=65_535)
    """Port that we listen on; 0 takes a free one."""
    advertise: str = ""
    """Address that the PBX sends to, where it is not the one we listen on."""
    open_timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds that the PBX may take to send the first byte of a fork."""
    stall_timeout: float = Field(default=30.0, gt=0, le=600)
    """Seconds without a byte after which a fork is given up."""
    attempts: int = Field(default=5, ge=1, le=100)
    """How often a leg's fork is tried while the call goes on."""
    max_forks: int = Field(default=400, gt=0, le=10_000)
    """Forks at the same time; a call beyond them is not analysed, and its feed says so."""

    @field_validator("rtp_ports")
    @classmethod
    def _has_ports(cls, value: tuple[int, int]) -> tuple[int, int]:
        first, last = value
        if not 1024 <= first < last <= 65_535:
            raise ValueError("not the first and the last of some ports between 1024 and 65535")
        return value
