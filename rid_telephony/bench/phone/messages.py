"""What passes between the parts of the telephone and its user."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from rid_telephony.errors import RidTelephonyError

Peer = tuple[str, int]
"""IPv4 address and UDP port."""


class PhoneError(RidTelephonyError):
    """The telephone could not do what it was told to."""

    code = "phone"


class CallFailedError(PhoneError):
    """The other side refused.

    Attributes:
        status: SIP status code, 300..699; 0 where the call ended without one.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class CallState(StrEnum):
    """Where a call stands, seen from one telephone."""

    CALLING = "calling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A SIP MESSAGE (RFC 3428).

    Attributes:
        at: Arrival, seconds on the event loop's clock.
        text: The body, read as UTF-8.
        sender: The From header as sent.
        content_type: As sent, empty where left out.
        call_id: SIP Call-ID of the call that it came in, empty outside of calls.
    """

    at: float
    text: str
    sender: str
    content_type: str
    call_id: str


@dataclass(frozen=True, slots=True)
class Step:
    """One SIP message that was sent or received.

    Attributes:
        at: Seconds on the event loop's clock.
        sent: True if it was sent.
        line: Method, or status and method: ``INVITE``, ``200 INVITE``.
        call_id: SIP Call-ID.
    """

    at: float
    sent: bool
    line: str
    call_id: str


class Changes:
    """Lets coroutines wait until something about an object is true."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Say that the object changed."""
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, test: Callable[[], bool], timeout: float, what: str) -> None:
        """Return as soon as ``test`` holds.

        Raises:
            PhoneError: It did not within ``timeout`` seconds; the message names ``what``.
        """
        try:
            async with asyncio.timeout(timeout):
                while not test():
                    await self._event.wait()
        except TimeoutError:
            raise PhoneError(f"No {what} within {timeout:g} s.") from None
