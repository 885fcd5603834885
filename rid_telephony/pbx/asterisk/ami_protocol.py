"""panoramisk's protocol and manager with their faults made harmless.

panoramisk 1.4 connects, writes actions, numbers them and finds the action that an answer belongs
to. What it does otherwise is overridden here: it decodes reads before joining them, lets
exceptions end the connection, starts a task per event, keeps actions for the next connection,
reconnects by itself, and logs actions with the secrets in them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from rid_telephony.pbx.asterisk.ami_action import PendingAction
from rid_telephony.pbx.asterisk.ami_limits import MAX_QUEUED_BYTES, SLICE_SECONDS
from rid_telephony.pbx.asterisk.ami_stats import AmiCounters
from rid_telephony.pbx.asterisk.ami_wire import END, AmiFramingError, Framer, Incoming
from rid_telephony.pbx.asterisk.messages import AmiEvent
from rid_telephony.pbx.loglines import worth_a_log_line
from rid_telephony.pbx.messages import PbxDownError

log = structlog.get_logger(__name__)

SILENT = logging.Logger("panoramisk.silenced", logging.CRITICAL + 1)
"""panoramisk logs actions in full, the secret with them."""


class GuardedProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One connection's reading side: bounded, in order, and never raising.

    Messages wait in a queue that is worked off in slices, so that a flood neither holds up the
    event loop nor makes Asterisk wait for us.

    Args:
        on_event: Gets every event, once :meth:`go_live` was called.
        counters: Where it counts.
        queue_limit: Messages that may wait; more end the connection.

    Attributes:
        banner: Done when the greeting was read: the version; empty when the connection ended.
        lost: Done when the connection has ended and what was read before is handed on; tells why.
        gone: Set when the socket is closed.
        last_read: Seconds on the event loop's clock at which bytes came last.
        responses: The actions that wait for an answer, by ActionID (panoramisk's).
        closed: Whether the end has begun (panoramisk's).
    """

    responses: dict[str, PendingAction]
    closed: bool

    def __init__(
        self, on_event: Callable[[AmiEvent], None], counters: AmiCounters, queue_limit: int
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_event = on_event
        self._counters = counters
        self._queue_limit = queue_limit
        self._framer = Framer()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._waiting_bytes = 0
        self._current: Incoming | None = None
        self._live = False
        self._drain_handle: asyncio.Handle | None = None
        self._why: PbxDownError | None = None
        self.banner: asyncio.Future[str] = self._loop.create_future()
        self.lost: asyncio.Future[PbxDownError] = self._loop.create_future()
        self.gone = asyncio.Event()
        self.last_read = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio calls it)."""
        super().connection_made(transport)
        self.log = SILENT
        self.last_read = self._loop.time()

    def data_received(self, data: bytes) -> None:
        """Cut into messages and queue them (asyncio calls it)."""
        if self._why is not None:
            return
        self.last_read = self._loop.time()
        try:
            messages = self._framer.feed(data)
        except AmiFramingError as error:
            self.drop(PbxDownError(error.message, "Check host and port in [asterisk]."))
            return
        if self._framer.version and not self.banner.done():
            self.version = self._framer.version  # panoramisk looks for no banner any more
            self.banner.set_result(self.version)
        self._waiting.extend((self.last_read, message) for message in messages)
        self._waiting_bytes += sum(map(len, messages))
        if len(self._waiting) > self._queue_limit or self._waiting_bytes > MAX_QUEUED_BYTES:
            self.drop(PbxDownError(f"More than {self._queue_limit} events were waiting."))
            return
        self._schedule()

    def go_live(self) -> None:
        """Hand on events from now on; until then only answers are read."""
        self._live = True
        self._schedule()

    def _schedule(self) -> None:
        if self._drain_handle is None:
            self._drain_handle = self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        """Handle what waits for a while, then let the event loop do other things."""
        self._drain_handle = None
        until = self._loop.time() + SLICE_SECONDS
        while self._readable():
            at, message = self._waiting.popleft()
            self._waiting_bytes -= len(message)
            self._handle(at, message)
            if self._loop.time() >= until:
                break
        if self._readable():
            self._schedule()
        elif self._why is not None:
            self._end(self._why)

    def _readable(self) -> bool:
        return bool(self._waiting) and (self._live or bool(self.responses))

    def _handle(self, at: float, message: bytes) -> None:
        """Give one whole message to panoramisk, which so has nothing to join or to cut."""
        self._current = Incoming.read(at, message)
        if self._current is None:
            self._count_malformed(message)
            return
        try:
            super().data_received(message + END)
        except Exception:
            self._count_malformed(message)
            log.exception("ami_message_failed")

    def _count_malformed(self, message: bytes) -> None:
        self._counters.malformed += 1
        if worth_a_log_line(self._counters.malformed):
            begins, count = repr(message[:80]), self._counters.malformed
            log.warning("ami_malformed", pii_begins=begins, count=count)

    def handle_message(self, message: Message) -> None:
        """Hand on an event, then let panoramisk find the action (panoramisk calls it).

        The headers are those that :class:`Incoming` read from the same bytes: panoramisk's own
        lose a header named Content, mix those that differ in case, and unquote Result.
        """
        incoming = self._current
        if incoming is None:
            return
        if incoming.is_event:
            self._on_event(incoming.event)
        if incoming.action_id in self.responses:
            message.incoming = incoming
            super().handle_message(message)
        if incoming.is_event and incoming.event.name == "Shutdown":
            self.drop(PbxDownError("Asterisk is shutting down."))

    def forget(self, action_id: str) -> None:
        """No longer wait for an answer."""
        self.responses.pop(action_id, None)

    def drop(self, why: PbxDownError) -> None:
        """End the connection at once; what waits unread is thrown away and counted."""
        if self._why is None:
            self._why = why
        self._counters.dropped += len(self._waiting)
        self._end(self._why)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed (asyncio calls it); what was read before is still handed on."""
        self.gone.set()
        if self._why is None:
            what = f"failed: {exc}" if exc else "was closed by the peer"
            self._why = PbxDownError(f"The connection to Asterisk {what}.")
        self._schedule()

    def close(self) -> None:
        """End the connection (panoramisk calls it); unlike panoramisk's, keeps no action."""
        self.drop(PbxDownError("The connection to Asterisk was closed."))

    def _end(self, why: PbxDownError) -> None:
        if self._drain_handle is not None:
            self._drain_handle.cancel()
            self._drain_handle = None
        self._waiting.clear()
        self._waiting_bytes = 0
        if not self.closed:
            self.closed = True
            self.transport.abort()
        pending, self.responses = self.responses, {}
        for action in pending.values():
            if not action.future.done():
                action.future.set_exception(PbxDownError(why.message, why.advice))
        if not self.banner.done():
            self.banner.set_result("")
        if not self.lost.done():
            self.lost.set_result(why)


class GuardedManager(Manager):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's manager for one connection: it neither logs in, pings nor reconnects itself.

    Args:
        protocol_factory: Makes the protocol.
        host: Address of the manager interface.
        port: Its port.
        ssl: An ``ssl.SSLContext``, or False.
    """

    def __init__(self, protocol_factory: Callable[[], GuardedProtocol], **config: Any) -> None:  # noqa: ANN401  # panoramisk's own options
        super().__init__(
            protocol_factory=protocol_factory,
            loop=asyncio.get_running_loop(),
            log=SILENT,
            **config,
        )

    def connection_made(self, f: asyncio.Task[Any]) -> None:
        """Wire the protocol; a failure is the caller's, who awaits the same task."""
        if f.cancelled() or f.exception() is not None:
            return
        super().connection_made(f)
        self.pinger.cancel()

    def ping(self) -> None:
        """Nothing: whether the peer is alive is watched elsewhere."""

    def dispatch(self, event: Message) -> list[str]:
        """Nothing: the protocol hands events on itself, in order."""
        del event
        return []

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing: reconnecting is the client's."""
