"""Opens a packet capture and yields its records with steady times.

The containers are read here and not with dpkt's readers, which know one interface of a pcapng
file, read a negative length as "everything", believe any length, and take four times the CPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rid_telephony.errors import InputError
from rid_telephony.media.capture.clock import SteadyClock
from rid_telephony.media.capture.pcapfile import PCAP_MAGICS, read_pcap
from rid_telephony.media.capture.pcapng import PCAPNG_MAGIC, read_pcapng
from rid_telephony.media.capture.records import Damage, Record
from rid_telephony.media.report import Notes

_BUFFER = 1 << 20


def is_capture(first_bytes: bytes) -> bool:
    """Tell whether a file that begins with these bytes (at least 4) is pcap or pcapng."""
    return first_bytes[:4] == PCAPNG_MAGIC or first_bytes[:4] in PCAP_MAGICS


def read_capture(path: Path, clock: SteadyClock, notes: Notes) -> Iterator[Record]:
    """Yield a capture's records; memory does not grow with the file.

    Args:
        path: A file for which :func:`is_capture` holds.
        clock: A fresh clock, which will know the wall clock afterwards.
        notes: Gets ``truncated_capture``, ``damaged_capture`` and ``capture_clock_step``.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        with path.open("rb", buffering=_BUFFER) as stream:
            pcapng = stream.read(4) == PCAPNG_MAGIC
            stream.seek(0)
            records = read_pcapng(stream) if pcapng else read_pcap(stream)
            yield from clock.steady(_until_damage(records, notes))
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    if clock.steps:
        notes.warn(
            "capture_clock_step",
            f"The capture's clock was set {clock.steps} times; no time passes at such a step.",
        )


def _until_damage(records: Iterator[Record], notes: Notes) -> Iterator[Record]:
    count = 0
    try:
        for record in records:
            count += 1
            yield record
    except Damage as damage:
        code = "truncated_capture" if damage.truncated else "damaged_capture"
        notes.warn(
            code,
            f"The capture breaks off after {count} packets ({damage.reason});"
            " it is analysed up to there.",
        )
