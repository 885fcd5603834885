"""A packet capture as a recording of calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rid_telephony.errors import InputError
from rid_telephony.media.capture.playback import Playback, Timed
from rid_telephony.media.capture.roles import AgentRules
from rid_telephony.media.capture.survey import survey
from rid_telephony.media.report import Notes, RecordingReport
from rid_telephony.settings.media import MediaSettings


class CaptureRecording:
    """The calls of a pcap or pcapng file.

    Opening reads the file once to know its calls; :meth:`items` reads it again. Memory grows
    with the number of calls, not with their length.

    Args:
        path: The capture.
        settings: Bounds, jitter buffer, pattern of agents.
        agent_number: The agent's number, SIP user or RTP address; overrides the pattern.

    Raises:
        InputError: The file cannot be read, or there is no call in it.
        SettingsError: ``media.agent_pattern`` is no regular expression.
    """

    def __init__(self, path: Path, settings: MediaSettings, agent_number: str | None) -> None:
        rules = AgentRules(settings.agent_pattern, agent_number)
        self._notes = Notes()
        self._survey = survey(path, settings, rules, self._notes)
        self._playback = Playback(path, settings, self._survey.calls)
        self._played = False

    @property
    def duration(self) -> float:
        """Seconds from the first packet to the last."""
        return self._survey.duration

    def items(self) -> Iterator[Timed]:
        """See :meth:`rid_telephony.media.recording.Recording.items`."""
        if self._played:
            raise InputError("The items of a recording can be read once; open it again.")
        self._played = True
        yield from self._playback.items()

    def report(self) -> RecordingReport:
        """See :meth:`rid_telephony.media.recording.Recording.report`."""
        return RecordingReport(
            kind="capture",
            calls=len(self._survey.calls),
            packets=self._notes.counts["packets"],
            counts=dict(self._notes.counts),
            streams=self._playback.reports(),
            warnings=self._notes.warnings,
        )
