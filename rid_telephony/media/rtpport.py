"""UDP ports on which forks arrive as RTP, whoever asked for them."""

from __future__ import annotations

import asyncio
import errno

import structlog

from rid_telephony.media.forkwatch import ForkWatch, MediaError, WatchedFork, no_address_error
from rid_telephony.media.jitter import JitterBuffer
from rid_telephony.media.messages import SAMPLE_RATE
from rid_telephony.media.payloads import PayloadMap
from rid_telephony.media.playout import Stretch
from rid_telephony.media.rtp import RtpPacket, is_rtcp, is_rtp_or_rtcp, parse_rtp
from rid_telephony.settings.forks import ForkSettings

log = structlog.get_logger(__name__)

REORDER_SECONDS = 0.06
"""How long a missing packet is waited for: the PBX is near, and hints are awaited."""
CONCEALED_SECONDS = 0.1
QUIET_SECONDS = 0.05
"""How long a port must be silent before it is given to a fork: a channel that outlived its fork
(a restart, a lost connection to the PBX) sends every 20 ms, and another call's audio must never
be taken for this one's."""
POLL_SECONDS = 0.03
"""How often held packets are looked after when none arrive."""

Address = tuple[str, int] | tuple[str, int, int, int]
Source = tuple[str, int]
"""IP address and UDP port of a sender."""


class RtpPorts:
    """The even ports of ``rtp_ports``, used in turn.

    Args:
        settings: Address and ports.
        watch: Gets what arrives, and the counts.
        payloads: Meaning of the payload types, until a port is told otherwise.
    """

    def __init__(self, settings: ForkSettings, watch: ForkWatch, payloads: PayloadMap) -> None:
        first, last = settings.rtp_ports
        self._ports = range(first + first % 2, last + 1, 2)
        self._turn = 0
        self._host = settings.listen
        self._watch = watch
        self._payloads = payloads

    async def take(self) -> RtpPort:
        """Bind the next port that nobody uses, and nobody sends to.

        Raises:
            MediaError: Every port is taken, or the address cannot be bound.
        """
        loop = asyncio.get_running_loop()
        for _ in self._ports:
            number = self._ports[self._turn]
            self._turn = (self._turn + 1) % len(self._ports)
            try:
                _, port = await loop.create_datagram_endpoint(
                    lambda: RtpPort(self._watch, self._payloads), local_addr=(self._host, number)
                )
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise no_address_error(f"{self._host}:{number} (UDP)", error) from error
                continue
            await asyncio.sleep(QUIET_SECONDS)
            if not port.haunted:
                return port
            port.close()
            self._watch.counters.turned_away["port_in_use"] += 1
        raise MediaError(
            "Every UDP port of rtp_ports is in use.",
            "Widen rtp_ports: each fork, two a call, takes one even port.",
        )


class RtpPort(asyncio.DatagramProtocol):
    """The packets of one port; those before ``fork`` is set mean that the port is in use."""

    def __init__(self, watch: ForkWatch, payloads: PayloadMap) -> None:
        self.fork: WatchedFork | None = None
        self.haunted = False
        self._watch = watch
        self._allowed: frozenset[Source] | None = None
        self._source: Address | None = None
        self._jitter = JitterBuffer(payloads, REORDER_SECONDS, CONCEALED_SECONDS)
        self._poll: asyncio.TimerHandle | None = None

    @property
    def number(self) -> int:
        """The local port."""
        return int(self._transport.get_extra_info("sockname")[1])

    def allow(self, sources: frozenset[Source], payloads: PayloadMap | None = None) -> None:
        """Hear nobody else from now on; where this is never called, whoever sends first.

        Args:
            sources: Senders that may be heard; the first of them to send is.
            payloads: Meaning of the payload types from now on; as before where left out.
        """
        if self._source and self._source[:2] not in sources:
            self._source = None
        self._allowed = sources
        if payloads is not None:
            self._jitter.use(payloads)

    def flush(self) -> None:
        """Hand on what is held back: the sender said that it has ended."""
        self._hand_on(self._jitter.flush())

    def close(self) -> None:
        """Free the port."""
        self._transport.close()

    # asyncio.DatagramProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The port is bound."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """A packet came."""
        fork = self.fork
        if fork is None or fork.over:
            self.haunted = True
            return
        packet = self._packet(data, addr)
        if packet is None:
            return
        arrival = asyncio.get_running_loop().time()
        if self._source is None:
            self._source = addr
        if not fork.heard:
            self._watch.came(fork)
        fork.alive(arrival)
        self._hand_on(self._jitter.push(packet, arrival))
        if self._jitter.waiting and self._poll is None:
            self._later()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """The port is free."""
        if self._poll:
            self._poll.cancel()
        skipped = self._jitter.counters.skipped
        if self.fork and skipped:
            log.warning("rtp_skipped", fork_id=self.fork.fork_id, packets=dict(skipped))
            self._watch.counters.skipped.update(skipped)

    def _packet(self, data: bytes, addr: Address) -> RtpPacket | None:
        """Parse what is RTP of the fork's own source; the first valid packet decides on it."""
        stranger = self._allowed is not None and addr[:2] not in self._allowed
        if stranger or self._source not in (None, addr):
            self._watch.counters.turned_away["foreign_source"] += 1
            return None
        packet = None
        if is_rtp_or_rtcp(data) and not is_rtcp(data):
            packet = parse_rtp(data)
        if packet is None:
            self._watch.counters.turned_away["not_rtp"] += 1
        return packet

    def _later(self) -> None:
        self._poll = asyncio.get_running_loop().call_later(POLL_SECONDS, self._look_after)

    def _look_after(self) -> None:
        self._poll = None
        self._hand_on(self._jitter.poll(asyncio.get_running_loop().time()))
        if self._jitter.waiting and self.fork and not self.fork.over:
            self._later()

    def _hand_on(self, stretches: list[Stretch]) -> None:
        for at, samples, _ in stretches:
            if self.fork:
                self.fork.audio(samples, at + len(samples) / SAMPLE_RATE)
