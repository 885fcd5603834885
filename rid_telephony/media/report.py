"""What a reader has to say about what it read: counts, warnings, and each stream's fate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rid_telephony.calls.messages import Party

MAX_WARNINGS = 1000
"""Warnings kept; further ones are only counted, under ``warnings_left_out``."""


@dataclass(frozen=True, slots=True)
class MediaWarning:
    """Something that a person should know about a recording.

    Attributes:
        code: Stable, such as ``truncated_capture``; the documentation of each stands where
            it is raised.
        message: One sentence, without names or numbers of persons.
        call_id: The call concerned, empty for the recording as a whole.
    """

    code: str
    message: str
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class StreamReport:
    """One party's audio in one call.

    Attributes:
        source: ``address:port`` that sent it, or ``channel N`` of an audio file.
        codecs: Encoding names seen, most frequent first.
        packets: RTP packets taken, or blocks of a file.
        frames: Audio frames given out.
        audio_seconds: Audio given out, concealed stretches included.
        concealed_seconds: Of these, filled in for lost packets.
        lost: Packets that never came, or came too late to be used.
        late: Of these, those that came too late.
        duplicate: Packets that came more than once.
        reordered: Packets that came out of order and were put in order.
        gaps: Stretches without audio, longer than what is filled in.
        source_changes: Changes of SSRC.
        timestamp_jumps: Timestamps that arrival times overruled.
        skipped: Packets or frames not given out, by reason.
    """

    call_id: str
    party: Party
    source: str
    codecs: tuple[str, ...] = ()
    packets: int = 0
    frames: int = 0
    audio_seconds: float = 0.0
    concealed_seconds: float = 0.0
    lost: int = 0
    late: int = 0
    duplicate: int = 0
    reordered: int = 0
    gaps: int = 0
    source_changes: int = 0
    timestamp_jumps: int = 0
    skipped: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class RecordingReport:
    """A whole recording; complete only after its items were read to the end.

    Attributes:
        kind: ``capture`` or ``audio``.
        calls: Calls given out.
        packets: Packets in a capture, 0 for an audio file.
        counts: What was met, by kind (``sip``, ``rtp``, ``rtcp``, ``not_udp``, ``cut_short``…).
        streams: One for each party of each call.
        warnings: In the order in which they came up.
    """

    kind: str
    calls: int
    packets: int
    counts: Mapping[str, int]
    streams: tuple[StreamReport, ...]
    warnings: tuple[MediaWarning, ...]


class Notes:
    """Collects counts and warnings while a recording is read."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._warnings: dict[MediaWarning, None] = {}

    def warn(self, code: str, message: str, call_id: str = "") -> None:
        """Keep a warning, once, within the bound."""
        warning = MediaWarning(code, message, call_id)
        if warning in self._warnings:
            return
        if len(self._warnings) >= MAX_WARNINGS:
            self.counts["warnings_left_out"] += 1
            return
        self._warnings[warning] = None

    @property
    def warnings(self) -> tuple[MediaWarning, ...]:
        """All warnings so far, in order."""
        return tuple(self._warnings)
