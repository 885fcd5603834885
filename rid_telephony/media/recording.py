"""What every recording can do, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from rid_telephony.media.messages import SourceItem
from rid_telephony.media.report import RecordingReport


class Recording(Protocol):
    """A recording of one or more calls, opened and found readable."""

    @property
    def duration(self) -> float | None:
        """Seconds that :meth:`items` will cover, None where that is not known beforehand."""

    def items(self) -> Iterator[tuple[float, SourceItem]]:
        """Yield every call's events and audio in order of arrival.

        Yields:
            Arrival in seconds on the recording's clock (0 is its beginning; never decreasing,
            also over several calls, so that a player can pace by it), and the item. Of each
            call exactly one ``CallStarted`` comes first and one ``CallEnded`` last; frames of
            one party come in order and do not overlap.

        Raises:
            InputError: The file cannot be read any more, or the items were read before.
        """

    def report(self) -> RecordingReport:
        """Say what was read; complete after :meth:`items` was exhausted."""
