"""Takers of forks that do all that one can do wrong."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from typing import cast

from live_kit.ports import HOST

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def deaf() -> socket.socket:
    """Accepts connections, by the kernel, and never reads: the sender's buffers fill up."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    server.bind((HOST, 0))
    server.listen(8)
    return server


class Unreachable:
    """Does not even answer a SYN: the queue of connections is full."""

    def __init__(self) -> None:
        self._server = socket.socket()
        self._server.bind((HOST, 0))
        self._server.listen(0)
        self.port: int = self._server.getsockname()[1]
        self._fill: list[socket.socket] = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            with suppress(BlockingIOError):
                filler.connect((HOST, self.port))
            self._fill.append(filler)

    def close(self) -> None:
        """Close."""
        for each in (self._server, *self._fill):
            each.close()


async def resetting(after: float) -> asyncio.Server:
    """Reads for a while, then resets the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(after):
                while await reader.read(4096):
                    pass
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        writer.transport.abort()

    return await asyncio.start_server(serve, HOST, 0)


async def babbling(port: int = 0) -> asyncio.Server:
    """Sends junk back as long as it can, and reads nothing."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while not writer.transport.is_closing():
                writer.write(os.urandom(8192))
                await writer.drain()
                await asyncio.sleep(0.02)

    return await asyncio.start_server(serve, HOST, port)


class BabblingDatagrams(asyncio.DatagramProtocol):
    """Answers every RTP packet with junk, some of it nearly RTP."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(os.urandom(400), addr)
        self._transport.sendto(data[:12] + os.urandom(160), addr)
        self._transport.sendto(b"\x80\x00", addr)


def port_of(server: asyncio.Server) -> int:
    """Where it listens."""
    port: int = server.sockets[0].getsockname()[1]
    return port
