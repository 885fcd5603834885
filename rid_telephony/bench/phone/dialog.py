"""The signalling of one call: its dialog, its offers and answers, its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

from aiosipua import CSeq, Dialog, SipRequest, SipResponse, stringify_uri

from rid_telephony.bench.phone.line import Line, check_accepted
from rid_telephony.bench.phone.messages import (
    CallFailedError,
    CallState,
    Changes,
    Peer,
    PhoneError,
)
from rid_telephony.bench.phone.rtp import RtpStream
from rid_telephony.bench.phone.session import MediaSession

GLARE = 491
"""Both sides offered at once (RFC 3261, section 14.1)."""


class CallDialog:
    """What a call does by itself; :class:`~rid_telephony.bench.phone.call.Call` adds the script.

    Times are seconds on the event loop's clock.
    """

    def __init__(self, line: Line, dialog: Dialog, peer: Peer, invite: SipRequest | None) -> None:
        self._line = line
        self._dialog = dialog
        self._peer = peer
        self._invite = invite
        self._sent_invite: SipRequest | None = None
        self._cancelling = False
        self._asking = False
        self._referred: int | None = None
        self._changes = Changes()
        self._tasks: set[asyncio.Task[None]] = set()
        self.media = RtpStream(line.host, keep_audio=line.keep_audio)
        """The RTP of this call."""
        self._session = MediaSession(self.media, line.laws)
        self.incoming = invite is not None
        self.state = CallState.CALLING
        self.status = 0
        """Status code that ended the attempt, 0 if there was none."""
        self.ended_by = ""
        """``us``, ``them``, or empty while it lasts or where it never was answered."""
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.identity = ""
        """Who the other side is, as last asserted: P-Asserted-Identity, Remote-Party-ID, From."""
        if invite:
            self.take_identity(invite)
            self._session.take(invite.text)

    @property
    def held_by_them(self) -> bool:
        """True while the other side's media direction says hold."""
        return self._session.held_by_them

    @property
    def call_id(self) -> str:
        """SIP Call-ID."""
        return self._dialog.call_id

    async def ended(self, timeout: float = 10.0) -> None:
        """Wait until it is over. Raises PhoneError if it is not in time."""
        await self._changes.until(lambda: self.state is CallState.ENDED, timeout, "end of the call")

    def reject(self, status: int = 486) -> None:
        """Refuse an incoming call: 486 busy, 603 decline, 480 not here."""
        if self.state is CallState.RINGING and self._invite:
            self._line.reply(self._invite, status, dialog=self._dialog)
            self.finish(status)

    async def hang_up(self) -> None:
        """End it, whatever its state: BYE, CANCEL or a refusal. Nothing if it is over."""
        if self.state is CallState.ENDED:
            return
        if self.state is CallState.ANSWERED:
            self.finish(by="us")
            await self._line.ask(lambda: self._line.request(self._dialog, "BYE"), self._peer)
        elif self.incoming:
            self.reject(603)
        else:
            await self.cancel()

    async def cancel(self) -> None:
        """Give up a call that is not answered yet, and wait until it is over."""
        self._cancelling = True
        if self.state is CallState.RINGING:
            self._send_cancel()
        await self.ended()

    def start(self, ring_timeout: float) -> None:
        """Send the INVITE."""
        self._spawn(self._dial(ring_timeout))

    def ring(self) -> None:
        """Say that it rings (180)."""
        if self._invite and self.state is CallState.CALLING:
            self._line.reply(self._invite, 180, dialog=self._dialog)
            self._become(CallState.RINGING)

    def take_identity(self, message: SipRequest | SipResponse) -> None:
        """Note who the other side is said to be."""
        for name in ("P-Asserted-Identity", "Remote-Party-ID"):
            if value := message.get_header(name):
                self.identity = value
                self._changes.notify()
                return
        if not self.identity and isinstance(message, SipRequest):
            self.identity = message.get_header("From") or ""

    def on_offer(self, request: SipRequest) -> None:
        """Answer a re-INVITE or an UPDATE."""
        if self._asking and request.text:
            self._line.reply(request, GLARE, "Request Pending", self._dialog)
            return
        self.take_identity(request)
        if request.text and not self._session.take(request.text):
            self._line.reply(request, 488, dialog=self._dialog)
            return
        contacts = request.contact
        if contacts:
            self._dialog.remote_target = stringify_uri(contacts[0].uri)
        response = self._dialog.create_response(request, 200, contact=self._line.contact)
        if request.text or request.method == "INVITE":
            response.content_type, response.text = "application/sdp", self._session.answer()
        self._line.socket.respond(request, response)
        self._apply()

    def on_ack(self, request: SipRequest) -> None:
        """Take the answer to an offer that went out in our 200."""
        if request.text and self._session.take(request.text):
            self._apply()

    def on_cancel(self) -> None:
        """The caller gave up."""
        if self._invite and self.state is CallState.RINGING:
            self._line.reply(self._invite, 487, "Request Terminated", self._dialog)
            self.finish(487)

    def on_notify(self, request: SipRequest) -> None:
        """Note what becomes of a transfer (RFC 3515, section 2.4.5)."""
        words = request.text.split(None, 2)
        if len(words) > 1 and words[1].isdigit() and int(words[1]) >= 200:
            self._referred = int(words[1])
            self._changes.notify()

    def finish(self, status: int = 0, by: str = "") -> None:
        """It is over."""
        if self.state is CallState.ENDED:
            return
        self.status, self.ended_by = status, by
        self.ended_at = asyncio.get_running_loop().time()
        self._dialog.terminate()
        self.media.close()
        self._become(CallState.ENDED)

    def abandon(self) -> None:
        """Drop everything without a word to the other side."""
        for task in self._tasks:
            task.cancel()
        self.finish()

    async def _dial(self, ring_timeout: float) -> None:
        try:
            invite, response = await self._line.ask(
                self._offering, self._peer, self._on_provisional, ring_timeout
            )
        except PhoneError:
            self.finish(408)
            return
        if response.status_code >= 300:
            self.finish(response.status_code)
            return
        self._adopt(response)
        self._dialog.confirm()
        self._acknowledge(invite)
        self._session.take(response.text)
        self._establish()
        if self._cancelling or not self._session.agreed:
            with suppress(PhoneError):
                await self.hang_up()

    def _on_provisional(self, response: SipResponse) -> None:
        if self.state is CallState.ENDED:
            return
        if response.status_code > 100:
            self._adopt(response)
            if response.text:
                self._session.take(response.text)
        if self._cancelling:
            self._send_cancel()
        if response.status_code > 100 and self.state is CallState.CALLING:
            self._become(CallState.RINGING)

    def _adopt(self, response: SipResponse) -> None:
        """Take over what the other side says of the dialog (RFC 3261, section 12.1.2)."""
        to, contacts = response.to_addr, response.contact
        self._dialog.remote_tag = (to.tag if to else None) or self._dialog.remote_tag
        if contacts:
            self._dialog.remote_target = stringify_uri(contacts[0].uri)
        if self._dialog.state.value == "early":
            self._dialog.route_set = list(reversed(response.get_header_values("Record-Route")))
        self.take_identity(response)

    def _acknowledge(self, invite: SipRequest) -> None:
        ack = self._line.request(self._dialog, "ACK")
        # An ACK has the number of its INVITE and takes none of its own.
        self._dialog.local_cseq -= 1
        ack.cseq = CSeq(invite.cseq.seq if invite.cseq else 1, "ACK")
        self._line.socket.acknowledge(invite, ack, self._peer)

    def _send_cancel(self) -> None:
        invite = self._sent_invite
        if invite is None:
            return
        cancel = SipRequest(method="CANCEL", uri=invite.uri)
        cancel.add_header("Via", invite.get_header_values("Via")[0])
        for name in ("From", "To", "Call-ID", "Max-Forwards"):
            cancel.set_header(name, invite.get_header(name) or "")
        cancel.cseq = CSeq(invite.cseq.seq if invite.cseq else 1, "CANCEL")
        self._sent_invite = None
        self._spawn(self._ask_only(cancel))

    async def _ask_only(self, request: SipRequest) -> None:
        with suppress(PhoneError):
            await self._line.socket.ask(request, self._peer)

    def _offering(self) -> SipRequest:
        request = self._line.request(self._dialog, "INVITE")
        request.content_type, request.text = "application/sdp", self._session.offer()
        self._sent_invite = request
        return request

    async def _offer(self) -> None:
        """Send a re-INVITE with the direction that we want now."""
        for patience in (1.0, 0.0):
            self._asking = True
            try:
                invite, response = await self._line.ask(self._offering, self._peer)
            finally:
                self._asking = False
            if response.status_code != GLARE or not patience:
                break
            await asyncio.sleep(patience)
        check_accepted(response, "INVITE")
        self._acknowledge(invite)
        self._session.take(response.text)
        self._apply()

    async def _refer(self, refer_to: str, within: float) -> int:
        def make() -> SipRequest:
            request = self._line.request(self._dialog, "REFER")
            request.set_header("Refer-To", refer_to)
            request.set_header("Referred-By", f"<{self._line.address_of_record}>")
            return request

        self._referred = None
        _, response = await self._line.ask(make, self._peer)
        check_accepted(response, "REFER")
        await self._changes.until(
            lambda: self._referred is not None or self.state is CallState.ENDED,
            within,
            "report of the transfer",
        )
        if self._referred and self._referred < 300:
            await self.hang_up()
        return self._referred or 0

    def _establish(self) -> None:
        self.answered_at = asyncio.get_running_loop().time()
        self._apply()
        self._become(CallState.ANSWERED)

    def _apply(self) -> None:
        if self.state is not CallState.ENDED:
            self._session.apply()
            self._changes.notify()

    def _become(self, state: CallState) -> None:
        self.state = state
        self._changes.notify()

    def _check_not_failed(self) -> None:
        if self.state is CallState.ENDED and self.answered_at is None:
            raise CallFailedError(f"The call ended with status {self.status}.", self.status)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
