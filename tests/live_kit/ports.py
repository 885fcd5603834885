"""Blocks of ports on loopback, so that tests side by side do not meet."""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

HOST = "127.0.0.1"
WIDTH = 1000
FIRST, LAST = 20_000, 31_000  # below the ports that the kernel hands out by itself


class PhonePorts(NamedTuple):
    """Of one phone: SIP, where it is driven, where it prints, and its first RTP port."""

    sip: int
    control: int
    console: int
    rtp: int


class PortBlock:
    """1000 ports, held by one of them being bound while the block is in use.

    RID_LIVE_PORTS names the only block to use (such as 23000).
    """

    def __init__(self) -> None:
        chosen = os.environ.get("RID_LIVE_PORTS")
        bases = [int(chosen)] if chosen else range(FIRST, LAST + 1, WIDTH)
        for base in bases:
            holder = socket.socket()
            try:
                holder.bind((HOST, base))
            except OSError:
                holder.close()
                continue
            self.base, self._holder = base, holder
            break
        else:
            raise RuntimeError(f"no free block of ports on {HOST}: {list(bases)}")
        self.sip = self.base + 1
        self.ami = self.base + 2
        self.fork = self.base + 4
        self.fork_rtp = (self.base + 150, self.base + 198)
        self.rtp = (self.base + 200, self.base + 998)

    def spare(self, index: int) -> int:
        """One of ten ports that the kit does not use."""
        if not 0 <= index < 10:
            raise ValueError(index)
        return self.base + 10 + index

    def phone(self, slot: int) -> PhonePorts:
        """The ports of a phone; SIP + 1 (TLS) and RTP + 1 (RTCP) are its too."""
        if not 0 <= slot < 20:
            raise ValueError(slot)
        first = self.base + 20 + 4 * slot
        return PhonePorts(first, first + 2, first + 3, self.base + 100 + 2 * slot)

    def close(self) -> None:
        self._holder.close()
