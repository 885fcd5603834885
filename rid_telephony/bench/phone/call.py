"""One call of a telephone, as a script drives it."""

from __future__ import annotations

from urllib.parse import quote

from aiosipua import SipRequest

from rid_telephony.bench.phone.dialog import CallDialog
from rid_telephony.bench.phone.line import check_accepted
from rid_telephony.bench.phone.messages import CallState, Step
from rid_telephony.bench.phone.report import RtpReport
from rid_telephony.bench.phone.rtp import Speech


class Call(CallDialog):
    """A call in or out; made by :class:`~rid_telephony.bench.phone.phone.Phone`.

    Times are seconds on the event loop's clock.
    """

    @property
    def trail(self) -> list[Step]:
        """The SIP messages of this call so far."""
        return [step for step in self._line.socket.trail if step.call_id == self.call_id]

    async def ringing(self, timeout: float = 10.0) -> None:
        """Wait until it rings (or was answered at once).

        Raises:
            CallFailedError: It was refused.
            PhoneError: It did neither in time.
        """
        await self._changes.until(lambda: self.state is not CallState.CALLING, timeout, "ringing")
        self._check_not_failed()

    async def answered(self, timeout: float = 10.0) -> None:
        """Wait until it is answered.

        Raises:
            CallFailedError: It was refused, or it ended before.
            PhoneError: Neither in time.
        """
        waiting = (CallState.CALLING, CallState.RINGING)
        await self._changes.until(lambda: self.state not in waiting, timeout, "answer")
        self._check_not_failed()

    async def held(self, held: bool = True, timeout: float = 10.0) -> None:
        """Wait until the other side holds us, or does no longer."""
        await self._changes.until(lambda: self.held_by_them is held, timeout, "change of hold")

    def answer(self) -> None:
        """Take an incoming call."""
        if self.state is not CallState.RINGING or not self._invite:
            return
        response = self._dialog.create_response(self._invite, 200, contact=self._line.contact)
        response.content_type, response.text = "application/sdp", self._session.answer()
        self._line.socket.respond(self._invite, response)
        self._dialog.confirm()
        self._establish()

    async def hold(self) -> None:
        """Hold: offer sendonly and send nothing. Raises PhoneError if refused."""
        self._session.holding = True
        await self._offer()

    async def unhold(self) -> None:
        """End our hold. Raises PhoneError if refused."""
        self._session.holding = False
        await self._offer()

    async def refer(self, target: str, timeout: float = 15.0) -> int:
        """Blind transfer (RFC 3515): have the other side call ``target``.

        When the other side reports success we hang up, as telephones do.

        Returns:
            The status that the other side reports of that call; 0 where it hung up without.

        Raises:
            CallFailedError: The transfer was refused.
            PhoneError: Nothing was heard of it in time.
        """
        return await self._refer(f"<{self._line.uri(target)}>", timeout)

    async def refer_replaces(self, other: Call, timeout: float = 15.0) -> int:
        """Attended transfer (RFC 3891): connect this call's party with the other call's.

        Returns and raises as :meth:`refer`.
        """
        theirs = other._dialog
        replaces = f"{theirs.call_id};to-tag={theirs.remote_tag};from-tag={theirs.local_tag}"
        return await self._refer(
            f"<{theirs.remote_uri}?Replaces={quote(replaces, safe='')}>", timeout
        )

    async def message(self, text: str) -> None:
        """Send a SIP MESSAGE in this call. Raises CallFailedError if refused."""

        def make() -> SipRequest:
            request = self._line.request(self._dialog, "MESSAGE")
            request.content_type, request.text = "text/plain;charset=UTF-8", text
            return request

        _, response = await self._line.ask(make, self._peer)
        check_accepted(response, "MESSAGE")

    def play(self, speech: Speech, start: float = 0.0) -> None:
        """Say this from the next packet on; see :meth:`RtpStream.play`."""
        self.media.play(speech, start)

    def report(self, since: float = float("-inf"), until: float = float("inf")) -> RtpReport:
        """Figures of the RTP that arrived."""
        return self.media.report(since, until)
