"""One leg that the PBX made to us: its dialog, from the 200 to the BYE."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from rid_telephony.media.rtpport import Source
from rid_telephony.media.sipforkwire import Request, goodbye


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 3261, table 4, in seconds.

    Attributes:
        t1: First retransmission.
        t2: Longest time between two.
    """

    t1: float = 0.5
    t2: float = 4.0

    @property
    def give_up(self) -> float:
        """Nothing is sent again after this long (timers F, H and J)."""
        return 64 * self.t1


RFC_TIMERS = Timers()


class Repeater:
    """Sends a message, and again at growing intervals, until it is told to stop.

    Args:
        send: Puts the message on the wire.
        timers: When to send again, and when to give up.
        gave_up: Called once if nobody stopped it in time.
    """

    def __init__(
        self, send: Callable[[bytes], None], timers: Timers, gave_up: Callable[[], None]
    ) -> None:
        self._send = send
        self._timers = timers
        self._gave_up = gave_up
        self._timer: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether it would send again."""
        return self._timer is not None

    def start(self, data: bytes) -> None:
        """Send this now, and instead of what was sent before."""
        self.stop()
        self._send(data)
        self._later(data, self._timers.t1, 0.0)

    def stop(self) -> None:
        """It arrived."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _later(self, data: bytes, delay: float, spent: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(delay, self._again, data, delay, spent + delay)

    def _again(self, data: bytes, delay: float, spent: float) -> None:
        if spent >= self._timers.give_up:
            self._timer = None
            self._gave_up()
            return
        self._send(data)
        self._later(data, min(2 * delay, self._timers.t2), spent)


class Leg:
    """The dialog that an INVITE of the PBX began.

    Args:
        invite: What began it.
        tag: Ours.
        here: Where we take SIP.
        timers: See ``Timers``.
        send: Puts a message on the wire.
        unheard: Called if no ACK came in time; the leg is still there.
        over: Called once nothing more is to be said.
    """

    def __init__(
        self,
        invite: Request,
        tag: str,
        here: Source,
        timers: Timers,
        send: Callable[[bytes, Source], None],
        unheard: Callable[[Leg], None],
        over: Callable[[Leg], None],
    ) -> None:
        self.fork_id = invite.fork_id
        self.remote_tag = invite.from_tag
        self.number = invite.number
        """The other side's last CSeq."""
        self.key = (invite.call_id, tag)
        """Names the dialog, together with ``remote_tag``."""
        self.versions = 0
        """Session descriptions that we wrote."""
        self.leaving = False
        """True once we hung up."""
        self.bye, self.branch = goodbye(invite, tag, here)
        """Our BYE and its branch."""
        self._invite = invite
        self._answer = b""
        self._send = send
        self._over = over
        self._answering = Repeater(self._out, timers, lambda: unheard(self))
        self._closing = Repeater(self._out, timers, self.end)

    def accept(self, number: int, answer: bytes) -> None:
        """Send the 200 of an INVITE until its ACK comes (RFC 3261, section 13.3.1.4)."""
        self.number, self._answer = number, answer
        self._answering.start(answer)

    def answer_again(self) -> None:
        """The INVITE was repeated."""
        self._out(self._answer)

    def acknowledged(self, number: int) -> None:
        """An ACK came."""
        if number != self.number or not self._answering.running:
            return
        self._answering.stop()
        if self.leaving:
            self._closing.start(self.bye)

    def hang_up(self, *, at_once: bool = False) -> None:
        """Send BYE; before the ACK that is not allowed (RFC 3261, section 15), unless at once."""
        self.leaving = True
        if at_once:
            self._answering.stop()
        if not self._answering.running and not self._closing.running:
            self._closing.start(self.bye)

    def end(self) -> None:
        """It is over: they hung up, answered our BYE, or never will."""
        self._answering.stop()
        self._closing.stop()
        self._over(self)

    def _out(self, data: bytes) -> None:
        self._send(data, self._invite.source)
