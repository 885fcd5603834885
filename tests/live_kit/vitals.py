"""What a process holds: memory, files, sockets, threads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Vitals:
    """Of one process at one moment.

    Attributes:
        rss_mb: Resident memory, MiB.
        fds: Open file descriptors, sockets included.
        sockets: Of them, sockets.
        threads: Threads.
    """

    rss_mb: float
    fds: int
    sockets: int
    threads: int


def vitals(pid: int) -> Vitals:
    """Look at a process of this user."""
    folder = Path(f"/proc/{pid}")
    status = (folder / "status").read_text()

    def figure(name: str) -> int:
        found = re.search(rf"(?m)^{name}:\s*(\d+)", status)
        assert found, name
        return int(found[1])

    kinds = []
    for file in (folder / "fd").iterdir():
        try:
            kinds.append(str(file.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
    sockets = sum(kind.startswith("socket:") for kind in kinds)
    return Vitals(figure("VmRSS") / 1024, len(kinds), sockets, figure("Threads"))
