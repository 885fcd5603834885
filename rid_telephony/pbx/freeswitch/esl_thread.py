"""The thread in which one connection to the event socket lives."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock, Thread

import gevent
import structlog

from rid_telephony.pbx.freeswitch.esl_inbox import Inbox
from rid_telephony.pbx.freeswitch.esl_limits import STOP_SECONDS
from rid_telephony.pbx.freeswitch.esl_protocol import Address, GuardedEsl, Item, Lost
from rid_telephony.pbx.freeswitch.esl_wire import Frame
from rid_telephony.pbx.messages import PbxDownError

log = structlog.get_logger(__name__)


class EslThread:
    """A thread with a gevent hub of its own, for one connection. Nothing is monkey-patched.

    Made and used in the event loop. Commands go in by ``run_callback_threadsafe``, everything
    else comes out through the inbox.

    Args:
        addresses: Where to connect to.
        inbox: Gets everything that comes.

    Attributes:
        unsent: Bytes of commands that the kernel has not taken yet.
    """

    def __init__(self, addresses: Sequence[Address], inbox: Inbox[Item]) -> None:
        self._addresses = addresses
        self._inbox = inbox
        self._loop = asyncio.get_running_loop()
        self._lock = Lock()
        self._hub: gevent.hub.Hub | None = None
        self._protocol: GuardedEsl | None = None
        self._stopped = False
        self._over = asyncio.Event()
        self.unsent = 0
        self._thread = Thread(target=self._run, name="freeswitch-esl", daemon=True)
        self._thread.start()

    @property
    def last_read(self) -> float:
        """Seconds on the event loop's clock at which bytes came last."""
        return 0.0 if self._protocol is None else self._protocol.last_read

    def submit(self, command: asyncio.Future[Frame], data: bytes) -> bool:
        """Send a command; False when the connection is over."""
        with self._lock:
            if self._hub is None or self._protocol is None:
                return False
            self.unsent += len(data)
            self._hub.loop.run_callback_threadsafe(self._protocol.send, command, data)
        return True

    def drop(self, why: PbxDownError) -> None:
        """End the connection for this reason."""
        with self._lock:
            if self._hub is not None and self._protocol is not None:
                self._hub.loop.run_callback_threadsafe(self._protocol.drop, why)

    async def close(self) -> bool:
        """End the connection and the thread; False when the thread did not end in time.

        A thread that does not end is left behind: waiting for it would stop everything else.
        """
        with self._lock:
            self._stopped = True
            if self._hub is not None and self._protocol is not None:
                self._hub.loop.run_callback_threadsafe(self._protocol.ended.set)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._over.wait()
        except TimeoutError:
            log.error("esl_thread_left_behind", waited=STOP_SECONDS)
            return False
        self._thread.join(STOP_SECONDS)  # it has said its last word: this takes microseconds
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._serve()
        except Exception:
            log.exception("esl_thread_failed")
            self._inbox.put(Lost(PbxDownError("The event socket's thread failed; see the log.")))
        with suppress(RuntimeError):  # where the loop is closed, nobody waits
            self._loop.call_soon_threadsafe(self._over.set)

    def _serve(self) -> None:
        hub = gevent.get_hub()
        protocol = GuardedEsl(self._addresses, self._inbox, self._loop.time, self._count_sent)
        try:
            with self._lock:
                self._hub, self._protocol = hub, protocol
                if self._stopped:
                    return
            protocol.start_event_handlers()
            protocol.ended.wait()
        finally:
            with self._lock:
                self._hub = None
            protocol.stop()
            hub.destroy(destroy_loop=True)

    def _count_sent(self, size: int) -> None:
        with self._lock:
            self.unsent -= size
