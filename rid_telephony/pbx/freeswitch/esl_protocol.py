"""greenswitch's protocol with its faults made harmless. Runs in its own thread and gevent hub.

greenswitch 0.0.19 keeps the socket, two greenlets and the queue of commands that wait for their
answer. What it does otherwise is overridden here: it unquotes before it splits lines, reads event
bodies as headers, dies of JSON events and of invalid UTF-8 without saying so, spins at the end of
the stream, writes only part of a long command, waits for ever for a greeting or an answer, knows
no ``userauth``, and runs handlers where they hold up the answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gevent
import structlog
from gevent import socket
from gevent.event import Event
from gevent.queue import SimpleQueue
from greenswitch import InboundESL

from rid_telephony.pbx.freeswitch.esl_inbox import Inbox
from rid_telephony.pbx.freeswitch.esl_limits import (
    CUT_REPLY_SECONDS,
    PACE_SECONDS,
    READ_BYTES,
)
from rid_telephony.pbx.freeswitch.esl_wire import EslFramingError, Frame, Framer, read_event
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.messages import PbxDownError

log = structlog.get_logger(__name__)

Address = tuple[int, tuple[Any, ...]]
"""Address family and socket address, numeric: nothing is looked up in this thread."""


class EslRefusedError(PbxDownError):
    """FreeSWITCH is there, but does not let us in: trying again soon is of no use."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """The peer is an event socket and asks who we are."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The frame that answers a command."""

    command: asyncio.Future[Frame]
    frame: Frame


@dataclass(frozen=True, slots=True)
class Damaged:
    """A frame that could not be read: how it begins."""

    begins: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection has ended: why, and how many events were thrown away unread."""

    why: PbxDownError
    dropped: int = 0


Item = EslEvent | Greeting | Answer | Damaged | Lost


class GuardedEsl(InboundESL):  # type: ignore[misc]  # greenswitch has no types
    """One connection, used once. Every method runs in the thread that made it.

    Args:
        addresses: Where to connect to, tried in turn.
        inbox: Gets everything that comes; :class:`Lost` is the last.
        now: The event loop's clock.
        sent: Told of the bytes that were handed to the kernel.

    Attributes:
        ended: Set when the connection is over.
        last_read: Seconds on the event loop's clock at which bytes came last.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        inbox: Inbox[Item],
        now: Callable[[], float],
        sent: Callable[[int], None],
    ) -> None:
        super().__init__(host="", port=0, password="")
        self._run: bool = True
        self._addresses = addresses
        self._inbox = inbox
        self._now = now
        self._sent = sent
        self._framer = Framer()
        self._outgoing: SimpleQueue = SimpleQueue()
        self.sock: socket.socket | None = None
        self.ended = Event()
        self.last_read = now()

    def connect(self) -> None:
        """Connect to the first address that answers.

        Raises:
            OSError: None does; the last one's reason.
        """
        problem = OSError("no address")
        for family, address in self._addresses:
            self.sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                self.sock.connect(address)
            except OSError as error:
                self.sock.close()
                problem = error
            else:
                self.connected = True
                return
        raise problem

    def receive_events(self) -> None:
        """Connect and read until the end (greenswitch starts it in a greenlet)."""
        try:
            self.connect()
        except OSError as error:
            self.drop(PbxDownError(f"{error.strerror or error}."))
            return
        try:
            self._read()
        except EslFramingError as error:
            self.drop(PbxDownError(error.message, "Check host and port in [freeswitch]."))
        except OSError as error:
            self.drop(PbxDownError(f"The connection failed: {error.strerror or error}."))
        except Exception:
            log.exception("esl_reader_failed")
            self.drop(PbxDownError("The reader of the event socket failed; see the log."))

    def _read(self) -> None:
        while self._run:
            data = self._receive()
            if not data:
                where = " in the middle of a message" if self._framer.in_frame else ""
                self.drop(PbxDownError(f"The connection was closed by FreeSWITCH{where}."))
                return
            self.last_read = self._now()
            for frame in self._framer.feed(data):
                self.handle_event(frame)
                if not self._run:
                    return
            # Without a rest a flood would keep the other greenlets from running, and asyncio
            # from the interpreter lock.
            gevent.sleep(PACE_SECONDS if self._inbox.crowded else 0)

    def _receive(self) -> bytes:
        assert self.sock is not None  # noqa: S101  # connected before
        if self._framer.maybe_cut:
            with gevent.Timeout(CUT_REPLY_SECONDS, False):
                return bytes(self.sock.recv(READ_BYTES))
            self.handle_event(self._framer.take_cut())
        return bytes(self.sock.recv(READ_BYTES))

    def handle_event(self, frame: Frame) -> None:
        """Hand on what came."""
        if frame.kind in {"text/event-json", "text/event-plain"}:
            self._event(frame)
        elif frame.kind in {"command/reply", "api/response"}:
            self._answer(frame)
        elif frame.kind == "auth/request":
            self._inbox.put(Greeting())
        elif frame.kind == "text/rude-rejection":
            text = frame.text.strip() or "no reason given"
            self.drop(
                EslRefusedError(
                    f"FreeSWITCH refused our address: {text:.200}",
                    "Check apply-inbound-acl in event_socket.conf.xml.",
                )
            )
        elif frame.kind == "text/disconnect-notice":
            if frame.head.get("Content-Disposition") != "linger":
                text = frame.text.strip().partition("\n")[0]
                self.drop(PbxDownError(f"FreeSWITCH ended the connection: {text:.200}"))
        elif frame.kind != "log/data":
            self._damaged(frame)

    def _event(self, frame: Frame) -> None:
        event = read_event(frame, self.last_read)
        if event is None:
            self._damaged(frame)
        elif not self._inbox.put(event, len(frame.body)):
            dropped = self._inbox.clear()
            self.drop(PbxDownError(f"{dropped} events were waiting: too many."), dropped)

    def _answer(self, frame: Frame) -> None:
        if not self._commands_sent:
            self.drop(PbxDownError("FreeSWITCH answered what was not asked."))
            return
        self._inbox.put(Answer(self._commands_sent.pop(0), frame))

    def _damaged(self, frame: Frame) -> None:
        self._inbox.put(Damaged(frame.body[:80]))

    def send(self, command: asyncio.Future[Frame], data: bytes) -> None:
        """Send a command when those before it are sent; never waits."""
        self._outgoing.put((command, data))

    def process_events(self) -> None:
        """Write what is to be sent (greenswitch starts it in a greenlet)."""
        while True:
            command, data = self._outgoing.get()
            if self.sock is None or not self._run:
                return
            self._commands_sent.append(command)
            try:
                self.sock.sendall(data)
            except OSError as error:
                self.drop(PbxDownError(f"The connection failed: {error.strerror or error}."))
                return
            self._sent(len(data))

    def drop(self, why: PbxDownError, dropped: int = 0) -> None:
        """End the connection, for the first reason given."""
        if not self._run:
            return
        self._run = False
        self.connected = False
        self._inbox.put(Lost(why, dropped))
        self.ended.set()

    def stop(self) -> None:
        """End both greenlets and close the socket; may be called at any time."""
        self._run = False
        greenlets = (self._receive_events_greenlet, self._process_events_greenlet)
        gevent.killall([greenlet for greenlet in greenlets if greenlet is not None])
        if self.sock is not None:
            self.sock.close()
