"""Receives forks as Asterisk's UnicastRTP channel sends them: RTP over UDP, a port for each.

Seen on Asterisk 22.10 (one SSRC, 20 ms, no marker, no RTCP, no goodbye), by dial string:

========================  ============  =================================================
``UnicastRTP/host:port``  Payload type  Payload
========================  ============  =================================================
``/c(slin)``              10            L16 big endian, 8000 Hz: **recommended**, bit exact
                                        for both G.711 laws
``/c(ulaw)`` or nothing   0             PCMU: exact, and half the bytes, on a mu-law leg
``/c(alaw)``              8             PCMA
``/c(slin16)``            118           L16 at 16 kHz: nothing to gain, not decoded
========================  ============  =================================================

All come 20 ms apart and first after 122 ms. Packets are ordered, concealed and placed by
:class:`~rid_telephony.media.jitter.JitterBuffer`. What is handed on carries the arrival that it
would have had without jitter, so that gaps in the RTP time stamps stay gaps.
"""

from __future__ import annotations

import asyncio
import errno

import structlog

from rid_telephony.media.forks import Destination, ForkSink
from rid_telephony.media.forkwatch import (
    ForkCounters,
    ForkWatch,
    MediaError,
    WatchedFork,
    advertised_host,
    no_address_error,
)
from rid_telephony.media.jitter import JitterBuffer
from rid_telephony.media.messages import SAMPLE_RATE
from rid_telephony.media.payloads import ASTERISK_PAYLOADS
from rid_telephony.media.playout import Stretch
from rid_telephony.media.rtp import RtpPacket, is_rtcp, is_rtp_or_rtcp, parse_rtp
from rid_telephony.settings.asterisk import ForkSettings

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


class UnicastListener:
    """A ``MediaListener`` for RTP. Even ports of ``rtp_ports`` are used in turn.

    The end of a fork does not show in its packets: it is dropped by who asked for it, or stalls.

    Args:
        settings: Address, ports, limits and time-outs.
        sink: Takes what arrives.
    """

    def __init__(self, settings: ForkSettings, sink: ForkSink) -> None:
        self.watch = ForkWatch(settings, sink)
        self._settings = settings
        first, last = settings.rtp_ports
        self._ports = range(first + first % 2, last + 1, 2)
        self._turn = 0
        self._host = settings.listen

    @property
    def counters(self) -> ForkCounters:
        """What happened so far."""
        return self.watch.counters

    async def start(self) -> None:
        """Check that the address can be bound; the ports are bound fork by fork."""
        self._host = advertised_host(self._settings)
        (await self._bind()).close()

    async def expect(self, fork_id: str) -> Destination:
        """Bind a port for this fork; see ``MediaListener``.

        Raises:
            MediaError: Every port is taken, there are too many forks, or it is there already.
        """
        stream = await self._bind()
        try:
            stream.fork = self.watch.expect(fork_id, stream.close)
        except MediaError:
            stream.close()
            raise
        return Destination(self._host, stream.port)

    def drop(self, fork_id: str) -> None:
        """Free its port. That does not end Asterisk's channel: hang it up."""
        self.watch.drop(fork_id)

    async def close(self) -> None:
        """Free every port; the sink hears no more."""
        self.watch.drop_all()

    async def _bind(self) -> _Stream:
        """Bind the next port that nobody uses, and nobody sends to."""
        loop = asyncio.get_running_loop()
        for _ in self._ports:
            port = self._ports[self._turn]
            self._turn = (self._turn + 1) % len(self._ports)
            try:
                _, stream = await loop.create_datagram_endpoint(
                    lambda: _Stream(self.watch), local_addr=(self._settings.listen, port)
                )
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise no_address_error(
                        f"{self._settings.listen}:{port} (UDP)", error
                    ) from error
                continue
            await asyncio.sleep(QUIET_SECONDS)
            if not stream.haunted:
                return stream
            stream.close()
            self.counters.turned_away["port_in_use"] += 1
        raise MediaError(
            "Every UDP port of rtp_ports in [asterisk.fork] is in use.",
            "Widen rtp_ports: each fork, two a call, takes one even port.",
        )


class _Stream(asyncio.DatagramProtocol):
    """The packets of one port; those before ``fork`` is set mean that the port is in use."""

    def __init__(self, watch: ForkWatch) -> None:
        self.fork: WatchedFork | None = None
        self.haunted = False
        self._watch = watch
        self._source: Address | None = None
        self._jitter = JitterBuffer(ASTERISK_PAYLOADS, REORDER_SECONDS, CONCEALED_SECONDS)
        self._poll: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        """The local port."""
        return int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        """Free the port."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
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
            self._watch.came(fork)
        fork.alive(arrival)
        self._hand_on(self._jitter.push(packet, arrival))
        if self._jitter.waiting and self._poll is None:
            self._later()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        if self._poll:
            self._poll.cancel()
        skipped = self._jitter.counters.skipped
        if self.fork and skipped:
            log.warning("rtp_skipped", fork_id=self.fork.fork_id, packets=dict(skipped))
            self._watch.counters.skipped.update(skipped)

    def _packet(self, data: bytes, addr: Address) -> RtpPacket | None:
        """Parse what is RTP of the fork's own source; the first valid packet decides on it."""
        if self._source not in (None, addr):
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
