"""Opens a recording, whatever it is."""

from __future__ import annotations

import stat
from pathlib import Path

from rid_telephony.errors import InputError
from rid_telephony.media.recording import Recording
from rid_telephony.settings.media import MediaSettings

__all__ = ["Recording", "open_recording"]

_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"PK": "zip", b"(\xb5": "zstd"}


def open_recording(
    path: Path,
    settings: MediaSettings,
    *,
    agent_channel: int | None = None,
    agent_number: str | None = None,
) -> Recording:
    """Open a packet capture or an audio file.

    Args:
        path: pcap or pcapng with SIP and RTP (also RTP alone), wav, or flac; known by its
            first bytes, not by its name.
        settings: Bounds, jitter buffer, pattern of agents.
        agent_channel: Of an audio file, the agent's channel: 0 where not given. A mono file is
            the customer unless this is 0. Refused for a capture.
        agent_number: Of a capture, the agent's number, SIP user or RTP address, where the
            pattern does not tell. Refused for an audio file.

    Returns:
        The recording, found readable. Its items can be read once.

    Raises:
        InputError: The file is missing, too large, foreign, or has no call in it; or an option
            is given that means nothing for its kind.
        SettingsError: ``media.agent_pattern`` is no regular expression.
    """
    begin = _first_bytes(path, settings)
    # The readers are imported where they are needed: each brings a library of its own.
    from rid_telephony.media.capture.container import is_capture  # noqa: PLC0415

    if is_capture(begin):
        from rid_telephony.media.capture.recording import CaptureRecording  # noqa: PLC0415

        if agent_channel is not None:
            raise InputError(
                f"{path} is a capture: an agent's channel means nothing there.",
                "Give the agent's number instead.",
            )
        return CaptureRecording(path, settings, agent_number)
    kind = _COMPRESSED.get(begin[:2])
    if kind:
        raise InputError(f"{path} is compressed ({kind}).", "Unpack it first.")
    if agent_number is not None:
        raise InputError(
            f"{path} is an audio file: an agent's number means nothing there.",
            "Give the agent's channel instead, 0 or 1.",
        )
    from rid_telephony.media.audiofile import AudioFileRecording  # noqa: PLC0415

    return AudioFileRecording(path, settings, agent_channel)


def _first_bytes(path: Path, settings: MediaSettings) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is not a file.")
        limit = settings.max_capture_bytes
        if status.st_size > limit:
            raise InputError(
                f"{path} has {status.st_size} bytes; at most {limit} are read.",
                "Split it, or raise media.max_capture_bytes.",
            )
        with path.open("rb") as stream:
            begin = stream.read(16)
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    if not begin:
        raise InputError(f"{path} is empty.")
    return begin
