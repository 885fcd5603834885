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

from rid_telephony.media.forks import Destination, ForkSink
from rid_telephony.media.forkwatch import ForkCounters, ForkWatch, MediaError, advertised_host
from rid_telephony.media.payloads import ASTERISK_PAYLOADS
from rid_telephony.media.rtpport import RtpPorts
from rid_telephony.settings.forks import ForkSettings


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
        self._ports = RtpPorts(settings, self.watch, ASTERISK_PAYLOADS)
        self._host = settings.listen

    @property
    def counters(self) -> ForkCounters:
        """What happened so far."""
        return self.watch.counters

    async def start(self) -> None:
        """Check that the address can be bound; the ports are bound fork by fork."""
        self._host = advertised_host(self._settings)
        (await self._ports.take()).close()

    async def expect(self, fork_id: str) -> Destination:
        """Bind a port for this fork; see ``MediaListener``.

        Raises:
            MediaError: Every port is taken, there are too many forks, or it is there already.
        """
        port = await self._ports.take()
        try:
            port.fork = self.watch.expect(fork_id, port.close)
        except MediaError:
            port.close()
            raise
        return Destination(self._host, port.number)

    def drop(self, fork_id: str) -> None:
        """Free its port. That does not end Asterisk's channel: hang it up."""
        self.watch.drop(fork_id)

    async def close(self) -> None:
        """Free every port; the sink hears no more."""
        self.watch.drop_all()
