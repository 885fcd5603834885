"""A telephone: registers, calls, is called, gets messages."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiosipua import Dialog, SipRequest, create_dialog_from_request

from rid_telephony.bench.phone.call import Call
from rid_telephony.bench.phone.line import Line, check_accepted
from rid_telephony.bench.phone.messages import CallState, Changes, Peer, PhoneError, TextMessage
from rid_telephony.bench.phone.transport import SipSocket
from rid_telephony.media.g711 import G711Law

MAX_MESSAGES = 10_000
MAX_CALLS = 1_000
"""Calls, over ones included, that one telephone remembers."""
REGISTER_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Answer:
    """Let it ring for ``after`` seconds, then answer."""

    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Ring:
    """Let it ring; the script answers or refuses."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse at once: 486 busy, 603 decline."""

    status: int = 486


class Phone:
    """A softphone on one UDP socket. Use it as an async context manager.

    Args:
        user: SIP user; the name for authentication too.
        server: The PBX, or another telephone.
        password: For digest authentication.
        local_host: Address to bind; IPv4.
        sip_port: 0 takes a free one.
        laws: Companding laws, best first.
        keep_audio: Keep what calls hear, for :meth:`RtpStream.heard`.
        on_incoming: What to do with calls that come in; may be changed at any time.
        on_message: Called with each SIP MESSAGE, besides :attr:`messages`.
    """

    def __init__(
        self,
        user: str,
        server: Peer,
        *,
        password: str = "",
        local_host: str = "127.0.0.1",
        sip_port: int = 0,
        laws: tuple[G711Law, ...] = (G711Law.PCMU,),
        keep_audio: bool = False,
        on_incoming: Answer | Ring | Reject = Answer(),
        on_message: Callable[[TextMessage], None] = lambda _: None,
    ) -> None:
        self.user = user
        self.on_incoming = on_incoming
        self.messages: deque[TextMessage] = deque(maxlen=MAX_MESSAGES)
        """SIP MESSAGEs, in order of arrival."""
        self.calls: list[Call] = []
        """All calls, in order."""
        self._on_message = on_message
        self._bind = (local_host, sip_port)
        self._by_id: dict[str, Call] = {}
        self._seen: set[str] = set()
        self._socket = SipSocket(self._on_request)
        self._line = Line(self._socket, user, password, server, laws, keep_audio=keep_audio)
        self._registration: Dialog | None = None
        self._refresher: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._changes = Changes()

    async def __aenter__(self) -> Self:
        """Open the socket."""
        await self._socket.open(*self._bind)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up, unregister (for two seconds at most), close."""
        await self.close()

    @property
    def address(self) -> Peer:
        """Where the telephone listens for SIP."""
        return self._socket.address

    @property
    def uri(self) -> str:
        """SIP URI by which it can be called directly."""
        return f"sip:{self.user}@{self.address[0]}:{self.address[1]}"

    async def register(self, seconds: int = REGISTER_SECONDS) -> None:
        """Register, and again before it runs out.

        Raises:
            CallFailedError: Refused, e.g. 401 for a wrong password.
            PhoneError: No answer.
        """
        await self._register(seconds)
        if self._refresher is None:
            self._refresher = asyncio.create_task(self._keep_registered(seconds))

    def call(self, target: str, ring_timeout: float = 60.0) -> Call:
        """Call a number, or a SIP URI through the server. Returns at once."""
        dialog = self._line.new_dialog(self._line.uri(target))
        call = Call(self._line, dialog, self._line.server, None)
        self._add(call)
        call.start(ring_timeout)
        return call

    async def next_call(self, timeout: float = 10.0) -> Call:
        """The next incoming call that this method has not returned yet.

        Raises:
            PhoneError: None came in time.
        """
        await self._changes.until(lambda: bool(self._unseen()), timeout, "incoming call")
        call = self._unseen()[0]
        self._seen.add(call.call_id)
        return call

    async def received(self, count: int, timeout: float = 10.0) -> list[TextMessage]:
        """Wait until at least ``count`` SIP MESSAGEs arrived in all; returns all of them."""
        await self._changes.until(
            lambda: len(self.messages) >= count, timeout, f"SIP MESSAGE number {count}"
        )
        return list(self.messages)

    async def send_message(self, target: str, text: str) -> None:
        """Send a SIP MESSAGE outside of any call. Raises CallFailedError if refused."""
        dialog = self._line.new_dialog(self._line.uri(target))

        def make() -> SipRequest:
            request = self._line.request(dialog, "MESSAGE")
            request.content_type, request.text = "text/plain;charset=UTF-8", text
            return request

        _, response = await self._line.ask(make, self._line.server)
        check_accepted(response, "MESSAGE")

    async def close(self) -> None:
        """Hang up, unregister (for two seconds at most), close. May be called twice."""
        registered = self._refresher is not None
        for task in (*self._tasks, *([self._refresher] if self._refresher else [])):
            task.cancel()
        self._refresher = None
        with suppress(PhoneError, TimeoutError):
            async with asyncio.timeout(2):
                running = [call for call in self.calls if call.state is not CallState.ENDED]
                await asyncio.gather(*(call.hang_up() for call in running), return_exceptions=True)
                if registered:
                    await self._register(0)
        self.drop()

    def drop(self) -> None:
        """Vanish without a word, as a telephone does that loses its power."""
        if self._refresher:
            self._refresher.cancel()
        for call in self.calls:
            call.abandon()
        self._socket.close()

    # inside

    async def _register(self, seconds: int) -> None:
        dialog = self._registration or self._line.new_dialog(self._line.address_of_record)
        self._registration = dialog

        def make() -> SipRequest:
            request = self._line.request(dialog, "REGISTER")
            request.uri = f"sip:{self._line.server[0]}:{self._line.server[1]}"
            request.set_header("Expires", str(seconds))
            return request

        _, response = await self._line.ask(make, self._line.server, within=8.0)
        check_accepted(response, "REGISTER")

    async def _keep_registered(self, seconds: int) -> None:
        while True:
            await asyncio.sleep(seconds * 0.7)
            with suppress(PhoneError):
                await self._register(seconds)

    def _add(self, call: Call) -> None:
        self._by_id[call.call_id] = call
        self.calls.append(call)
        if len(self.calls) > MAX_CALLS:
            oldest = self.calls.pop(0)
            self._by_id.pop(oldest.call_id, None)
            self._seen.discard(oldest.call_id)

    def _unseen(self) -> list[Call]:
        return [call for call in self.calls if call.incoming and call.call_id not in self._seen]

    def _on_request(self, request: SipRequest, peer: Peer) -> None:
        call = self._by_id.get(request.call_id or "")
        to = request.to_addr
        inside = call is not None and to is not None and to.tag is not None
        if request.method == "INVITE" and not (to and to.tag):
            self._on_call(request, peer)
        elif request.method == "CANCEL":
            self._line.reply(request, 200 if call else 481)
            if call:
                call.on_cancel()
        elif request.method == "MESSAGE":
            self._on_text(request)
        elif inside and call:
            self._in_dialog(call, request)
        elif request.method in {"OPTIONS", "NOTIFY"} and not (to and to.tag):
            self._line.reply(request, 200)
        elif request.method != "ACK":
            self._line.reply(request, 481 if to and to.tag else 405)

    def _in_dialog(self, call: Call, request: SipRequest) -> None:
        if request.method == "ACK":
            call.on_ack(request)
        elif call.state is CallState.ENDED and request.method != "NOTIFY":
            # A BYE that crossed ours is fine all the same.
            self._line.reply(request, 200 if request.method == "BYE" else 481)
        elif request.method in {"INVITE", "UPDATE"}:
            call.on_offer(request)
        elif request.method == "BYE":
            self._line.reply(request, 200)
            call.finish(by="them")
        elif request.method == "NOTIFY":
            self._line.reply(request, 200)
            call.on_notify(request)
        else:
            self._line.reply(request, 200 if request.method in {"INFO", "OPTIONS"} else 501)

    def _on_call(self, request: SipRequest, peer: Peer) -> None:
        if isinstance(self.on_incoming, Reject):
            self._line.reply(request, self.on_incoming.status)
            return
        call = Call(self._line, create_dialog_from_request(request), peer, request)
        self._add(call)
        call.ring()
        self._changes.notify()
        if isinstance(self.on_incoming, Answer):
            task = asyncio.create_task(self._answer_after(call, self.on_incoming.after))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer_after(self, call: Call, seconds: float) -> None:
        await asyncio.sleep(seconds)
        call.answer()

    def _on_text(self, request: SipRequest) -> None:
        self._line.reply(request, 200)
        inside = request.call_id or ""
        message = TextMessage(
            at=asyncio.get_running_loop().time(),
            text=request.text,
            sender=request.get_header("From") or "",
            content_type=request.content_type or "",
            call_id=inside if inside in self._by_id else "",
        )
        self.messages.append(message)
        self._changes.notify()
        self._on_message(message)
