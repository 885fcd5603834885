"""One HTTP connection, bounded: in number, and in the time that a request's head may take."""

from __future__ import annotations

import asyncio
from typing import cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from rid_telephony.cti.server.problems import problem_response

HEAD_SECONDS = 10.0


def bounded_protocol(
    max_connections: int, head_seconds: float = HEAD_SECONDS
) -> type[asyncio.Protocol]:
    """The class of a connection for uvicorn.

    uvicorn lets a peer that sends nothing, or half a request, stay for ever. Its connections
    would use up the file descriptors that this process needs for calls.

    Args:
        max_connections: Connections at the same time; for a further one the peer is cut that has
            said nothing longest, or the new one where all have asked something.
        head_seconds: Longest time for a request's first line and headers, and for what still
            comes of a request that was answered.
    """
    silent: dict[H11Protocol, None] = {}

    class BoundedProtocol(H11Protocol):
        _patience: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            if len(self.connections) > max_connections:
                # Peers that open connections and say nothing must not keep the others out.
                longest = next(iter(silent), cast(H11Protocol, self))
                longest.transport.abort()
                if longest is self:
                    return
                silent.pop(longest)
            self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head_came()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            # After an answer to half a request the rest is read and thrown away, for a while: a
            # peer that is cut off while it sends would not see the answer.
            if self.conn.their_state is h11.IDLE or self.conn.our_state is h11.DONE:
                self._await_head()
            else:
                self._head_came()

        def send_400_response(self, msg: str) -> None:
            document = problem_response(400, msg)
            headers = [
                (b"content-type", b"application/problem+json"),
                (b"content-length", str(len(document.body)).encode()),
                (b"connection", b"close"),
            ]
            head = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
            for event in (head, h11.Data(data=bytes(document.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

        def _await_head(self) -> None:
            if self._patience is None:
                silent[self] = None
                self._patience = self.loop.call_later(head_seconds, self.transport.close)

        def _head_came(self) -> None:
            silent.pop(self, None)
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None

    return BoundedProtocol
