"""SIP transactions over one UDP socket (RFC 3261, section 17), at both ends.

Retransmissions, the ACK of a refusal, and repeated answers are dealt with here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiosipua import CSeq, SipMessage, SipRequest, SipResponse

from rid_telephony.bench.phone.messages import Peer, PhoneError, Step

T1, T2, GIVE_UP = 0.5, 4.0, 32.0
"""Seconds, RFC 3261 table 4: first and longest retransmission, and 64 * T1."""
MAX_TRANSACTIONS = 20_000
MAX_STEPS = 5_000

_Key = tuple[str, str]


@dataclass(slots=True)
class _Client:
    """A request of ours that waits for its final response."""

    request: SipRequest
    peer: Peer
    final: asyncio.Future[SipResponse]
    on_provisional: Callable[[SipResponse], None]
    proceeding: bool = False
    ack: bytes = b""
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class _Server:
    """A request that we got, and what we answered."""

    peer: Peer
    response: bytes = b""
    timer: asyncio.TimerHandle | None = None


class SipSocket(asyncio.DatagramProtocol):
    """Sends and receives SIP; calls ``on_request`` once for each request.

    Args:
        on_request: Gets a new request and where it came from. An ACK comes here too.
    """

    def __init__(self, on_request: Callable[[SipRequest, Peer], None]) -> None:
        self._on_request = on_request
        self._transport: asyncio.DatagramTransport | None = None
        self._loop = asyncio.get_running_loop()
        self._clients: dict[_Key, _Client] = {}
        self._servers: dict[_Key, _Server] = {}
        self._unacknowledged: dict[tuple[str, int], _Server] = {}
        self.trail: deque[Step] = deque(maxlen=MAX_STEPS)
        """The last SIP messages of this socket, retransmissions included."""
        self.malformed = 0
        """Datagrams that were no SIP message."""
        self.address: Peer = ("", 0)
        """Where the socket is bound."""

    async def open(self, host: str, port: int) -> None:
        """Bind; port 0 takes a free one."""
        self._transport, _ = await self._loop.create_datagram_endpoint(
            lambda: self, local_addr=(host, port)
        )
        self.address = self._transport.get_extra_info("sockname")[:2]

    def close(self) -> None:
        """Close at once; what still waits for a response fails."""
        if self._transport:
            self._transport.close()
            self._transport = None
        timers = [client.timer for client in self._clients.values()]
        timers += [server.timer for server in self._servers.values()]
        for timer in filter(None, timers):
            timer.cancel()
        for client in self._clients.values():
            if not client.final.done():
                client.final.set_exception(PhoneError("The telephone was closed."))
                client.final.exception()  # nobody may be waiting any more
        self._clients.clear()
        self._servers.clear()
        self._unacknowledged.clear()

    async def ask(
        self,
        request: SipRequest,
        peer: Peer,
        on_provisional: Callable[[SipResponse], None] = lambda _: None,
        within: float = GIVE_UP,
    ) -> SipResponse:
        """Send a request and return its final response.

        A refused INVITE is acknowledged here; an accepted one by the caller, who gives the
        ACK to :meth:`acknowledge`.

        Raises:
            PhoneError: No final response within ``within`` seconds, or the socket was closed.
        """
        key = (request.via[0].branch or "", request.method)
        client = _Client(request, peer, self._loop.create_future(), on_provisional)
        self._clients[key] = client
        self._send_again(client, T1)
        try:
            async with asyncio.timeout(within):
                return await client.final
        except TimeoutError:
            raise PhoneError(f"No answer to {request.method} within {within:g} s.") from None
        finally:
            if client.timer:
                client.timer.cancel()
            if self._transport:
                # A repeated response still has to find its ACK.
                self._loop.call_later(GIVE_UP, self._clients.pop, key, None)

    def acknowledge(self, invite: SipRequest, ack: SipRequest, peer: Peer) -> None:
        """Send the ACK of an accepted INVITE, and again for each repeated response."""
        data = bytes(ack)
        client = self._clients.get((invite.via[0].branch or "", "INVITE"))
        if client:
            client.ack = data
        self._note(ack, sent=True)
        self._write(data, peer)

    def respond(self, request: SipRequest, response: SipResponse) -> None:
        """Answer a request; the final answer of an INVITE is repeated until its ACK comes."""
        server = self._servers.get(_key(request))
        if server is None:
            return
        server.response = bytes(response)
        self._note(response, sent=True)
        self._write(server.response, server.peer)
        if request.method == "INVITE" and response.status_code >= 200:
            waiting = (request.call_id or "", _number(request))
            self._unacknowledged[waiting] = server
            server.timer = self._loop.call_later(T1, self._repeat, waiting, T1, T1)

    # asyncio.DatagramProtocol

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take a message in."""
        if not data.strip():
            return  # keep-alive
        try:
            message = SipMessage.parse(data)
            self._note(message, sent=False)
            if isinstance(message, SipRequest):
                self._received_request(message, addr)
            else:
                self._received_response(message)
        except (ValueError, IndexError):
            self.malformed += 1

    def error_received(self, exc: Exception) -> None:
        """A refused datagram is repeated by its timer, if at all."""

    # clients

    def _send_again(self, client: _Client, delay: float) -> None:
        if client.final.done() or client.proceeding or not self._transport:
            return
        self._note(client.request, sent=True)
        self._write(bytes(client.request), client.peer)
        longest = GIVE_UP if client.request.method == "INVITE" else T2
        client.timer = self._loop.call_later(
            delay, self._send_again, client, min(2 * delay, longest)
        )

    def _received_response(self, response: SipResponse) -> None:
        cseq = response.cseq
        client = self._clients.get((response.via[0].branch or "", cseq.method if cseq else ""))
        if client is None:
            return
        if response.status_code < 200:
            client.proceeding = client.request.method == "INVITE"
            client.on_provisional(response)
            return
        if client.request.method == "INVITE" and response.status_code >= 300 and not client.ack:
            ack = _refusal_ack(client.request, response)
            self._note(ack, sent=True)
            client.ack = bytes(ack)
        if client.ack:
            self._write(client.ack, client.peer)
        if not client.final.done():
            client.final.set_result(response)

    # servers

    def _received_request(self, request: SipRequest, peer: Peer) -> None:
        if request.method == "ACK":
            server = self._unacknowledged.pop((request.call_id or "", _number(request)), None)
            if server and server.timer:
                server.timer.cancel()
            self._on_request(request, peer)
            return
        key = _key(request)
        known = self._servers.get(key)
        if known:
            if known.response:
                self._write(known.response, known.peer)
            return
        if len(self._servers) >= MAX_TRANSACTIONS:
            return  # the other side will ask again
        self._servers[key] = _Server(peer)
        # An INVITE rings for longer than its transaction's rest lasts.
        lasts = 10 * GIVE_UP if request.method == "INVITE" else GIVE_UP
        self._loop.call_later(lasts, self._servers.pop, key, None)
        self._on_request(request, peer)

    def _repeat(self, waiting: tuple[str, int], delay: float, spent: float) -> None:
        server = self._unacknowledged.get(waiting)
        if server is None or not self._transport:
            return
        if spent >= GIVE_UP:
            del self._unacknowledged[waiting]
            return
        self._write(server.response, server.peer)
        longer = min(2 * delay, T2)
        server.timer = self._loop.call_later(longer, self._repeat, waiting, longer, spent + longer)

    def _write(self, data: bytes, peer: Peer) -> None:
        if self._transport:
            self._transport.sendto(data, peer)

    def _note(self, message: SipRequest | SipResponse, *, sent: bool) -> None:
        line = message.method if isinstance(message, SipRequest) else str(message.status_code)
        if isinstance(message, SipResponse) and message.cseq:
            line = f"{line} {message.cseq.method}"
        self.trail.append(Step(self._loop.time(), sent, line, message.call_id or ""))


def _key(request: SipRequest) -> _Key:
    return (request.via[0].branch or "", request.method)


def _number(request: SipRequest) -> int:
    return request.cseq.seq if request.cseq else 0


def _refusal_ack(invite: SipRequest, response: SipResponse) -> SipRequest:
    """The ACK of a refusal goes with the INVITE's own branch (RFC 3261, section 17.1.1.3)."""
    ack = SipRequest(method="ACK", uri=invite.uri)
    ack.add_header("Via", invite.get_header_values("Via")[0])
    for name, source in (("From", invite), ("To", response), ("Call-ID", invite)):
        ack.set_header(name, source.get_header(name) or "")
    ack.cseq = CSeq(_number(invite), "ACK")
    ack.set_header("Max-Forwards", "70")
    for route in invite.get_header_values("Route"):
        ack.add_header("Route", route)
    return ack
