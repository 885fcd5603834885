"""What every capture container yields, and how it says that it is damaged."""

from __future__ import annotations

MAX_RECORD = 262_144
"""Longest record believed, bytes: libpcap's own MAXIMUM_SNAPLEN."""

Record = tuple[float, int, bytes]
"""Wall-clock seconds since 1970 (UTC), link type (LINKTYPE_ registry), bytes as captured."""


class Damage(Exception):  # noqa: N818  a condition of the file, told to the user as a warning
    """A container cannot be read further.

    Args:
        reason: A clause for the message, such as ``the file ends within a packet``.
        truncated: True if bytes are missing, False if those there make no sense.
    """

    def __init__(self, reason: str, *, truncated: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.truncated = truncated
