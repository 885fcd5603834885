"""CPU and memory of other processes, by Linux's /proc (proc(5))."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LISTEN = "0A"


def cpu_seconds(pid: int) -> float | None:
    """User and system time of all threads so far; None where there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The name in parentheses may hold blanks; fields 14 and 15 count from before it.
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def machine_cpu_seconds() -> float:
    """Time that all processes and the kernel of this machine were busy so far, all cores."""
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]
    user, nice, system, _idle, _waiting, irq, softirq, steal = map(int, first)
    return (user + nice + system + irq + softirq + steal) / _TICKS


def resident_bytes(pid: int) -> int | None:
    """Memory in use; None where there is no such process."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        return None


def listener_of(port: int) -> int | None:
    """The process that listens on a TCP port of this machine; None where none is seen.

    Processes of other users are seen by root only.
    """
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and inodes & _sockets(process):
            return int(process.name)
    return None


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            lines = Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
            rows = [line.split() for line in lines]
            found |= {
                f"socket:[{row[9]}]"
                for row in rows
                if row[3] == _LISTEN and int(row[1].rpartition(":")[2], 16) == port
            }
    return found


def _sockets(process: Path) -> set[str]:
    found = set()
    with suppress(OSError):
        for link in (process / "fd").iterdir():
            with suppress(OSError):
                found.add(str(link.readlink()))
    return found
