"""Receives forks as Asterisk's AudioSocket channels send them (TCP).

Asterisk connects, names itself by UUID, and sends the audio in real time; we never send
anything. It ends with EOF; closing our side ends its channel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import numpy as np
import structlog

from rid_telephony.media.audiosocketframes import (
    AUDIO_RATES,
    ERROR,
    HANGUP,
    UUID_FRAME,
    FrameReader,
    SocketFrame,
)
from rid_telephony.media.forkserver import HANDSHAKE_SECONDS, ForkServer, PortServer
from rid_telephony.media.forkwatch import WatchedFork
from rid_telephony.media.linerate import LineRate
from rid_telephony.media.messages import SAMPLE_RATE

log = structlog.get_logger(__name__)

BACKLOG = 512
"""Connections that may wait to be taken: the forks of many calls at once."""
GOODBYE = bytes((HANGUP, 0, 0))


class AudioSocketListener(ForkServer):
    """A ``MediaListener`` for AudioSocket.

    8 kHz audio (``AudioSocket/host:port/uuid``) is passed on bit for bit; other rates are
    resampled, which costs 15 ms at 16 kHz and up to 30 ms. A fork's id is a UUID, in lower case.
    """

    async def _listen(self, host: str, port: int) -> PortServer:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: _Connection(self), host, port, backlog=BACKLOG)


class _Connection(asyncio.Protocol):
    """One connection: its fork once it has named itself."""

    def __init__(self, listener: AudioSocketListener) -> None:
        self._listener = listener
        self._reader = FrameReader()
        self._fork: WatchedFork | None = None
        self._line_rate = LineRate(SAMPLE_RATE)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_server gives
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._handshake = self._loop.call_later(HANDSHAKE_SECONDS, self._refuse, "silent")
        self._listener.door.enter(transport)

    def data_received(self, data: bytes) -> None:
        arrival = self._loop.time()
        if self._fork:
            self._fork.alive(arrival)
        frames = self._reader.feed(data)
        if self._fork is None and frames:
            self._name(frames.pop(0))
        if self._fork:
            self._take(frames, arrival)
        if self._reader.fault:
            self._malformed()

    def connection_lost(self, exc: Exception | None) -> None:
        left = self._listener.door.leave(self._transport)
        waited = not self._handshake.cancelled()
        self._handshake.cancel()
        if self._fork:
            self._fork.end("reset" if exc or self._reader.inside_frame else "ended")
        elif left and waited:
            self._listener.counters.turned_away["left_early"] += 1

    def _name(self, frame: SocketFrame) -> None:
        """Take the first frame; the reader makes sure that it is a UUID."""
        self._handshake.cancel()
        self._fork = self._listener.watch.claim(frame.fork_id, self._hang_up)
        if self._fork is None:
            self._transport.abort()
            return
        self._listener.door.named(self._transport)

    def _take(self, frames: Iterable[SocketFrame], arrival: float) -> None:
        pieces: list[bytes] = []
        for frame in frames:
            rate = AUDIO_RATES.get(frame.kind)
            if rate is None:
                self._pass_on(pieces, arrival)
                pieces = []
                self._control(frame)
                continue
            if rate != self._line_rate.rate:
                self._pass_on(pieces, arrival)
                pieces = []
                self._line_rate = LineRate(rate)
            pieces.append(frame.payload)
        self._pass_on(pieces, arrival)

    def _pass_on(self, pieces: list[bytes], arrival: float) -> None:
        if self._fork is None or not pieces:
            return
        samples = np.frombuffer(b"".join(pieces), "<i2").astype(np.int16, copy=False)
        converted = self._line_rate.push(samples)
        self._fork.audio(converted, arrival - self._line_rate.delay)

    def _control(self, frame: SocketFrame) -> None:
        assert self._fork  # noqa: S101 - only reached for a fork
        if frame.kind == HANGUP:
            self._fork.end("ended")
        elif frame.kind == ERROR:
            self._fork.end("reset")
        elif frame.kind != UUID_FRAME:  # DTMF, or a type of a later version
            self._listener.counters.skipped[f"type_{frame.kind:#04x}"] += 1

    def _malformed(self) -> None:
        if self._fork is None:
            self._refuse("malformed")
            return
        log.warning("fork_malformed", fork_id=self._fork.fork_id, fault=self._reader.fault)
        self._fork.end("malformed")

    def _refuse(self, reason: str) -> None:
        self._handshake.cancel()
        if not self._transport.is_closing():
            self._listener.counters.turned_away[reason] += 1
            self._transport.abort()

    def _hang_up(self) -> None:
        """Say goodbye, so that Asterisk logs no error; the close alone would do."""
        self._transport.write(GOODBYE)
        self._transport.close()
