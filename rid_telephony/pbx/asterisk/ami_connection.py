"""One connection to the manager interface, from connecting to its end."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping

from rid_telephony.pbx.asterisk.ami_action import PendingAction
from rid_telephony.pbx.asterisk.ami_limits import (
    MAX_PENDING_ACTIONS,
    MAX_UNSENT_BYTES,
    check_action,
)
from rid_telephony.pbx.asterisk.ami_login import Login
from rid_telephony.pbx.asterisk.ami_protocol import GuardedManager, GuardedProtocol
from rid_telephony.pbx.asterisk.ami_stats import AmiCounters
from rid_telephony.pbx.asterisk.messages import AmiEvent, AmiReply
from rid_telephony.pbx.messages import (
    PbxDownError,
    PbxError,
    PbxRefusedError,
    PbxTimeoutError,
)
from rid_telephony.settings.asterisk import AsteriskSettings


class LoginRefusedError(PbxDownError):
    """Asterisk is there, but does not let us in: trying again soon is of no use."""


class AmiConnection:
    """Connects once, logs in, asks, and notices when the peer is dead.

    Args:
        settings: Address, time-outs and limits.
        login: User, secret and TLS.
        on_event: Gets every event after :meth:`go_live`.
        counters: Where it counts.
    """

    def __init__(
        self,
        settings: AsteriskSettings,
        login: Login,
        on_event: Callable[[AmiEvent], None],
        counters: AmiCounters,
    ) -> None:
        self._settings = settings
        self._login = login
        self._counters = counters
        self._manager = GuardedManager(
            lambda: GuardedProtocol(on_event, counters, settings.event_queue),
            host=settings.host,
            port=settings.port,
            ssl=login.tls or False,
        )

    @property
    def _protocol(self) -> GuardedProtocol:
        protocol: GuardedProtocol = self._manager.protocol
        return protocol

    @property
    def alive(self) -> bool:
        """Whether actions can be sent."""
        return self._manager.protocol is not None and not (
            self._protocol.closed or self._protocol.gone.is_set()
        )

    async def open(self) -> str:
        """Connect and log in; return the version of the manager interface.

        The secret is sent only to a peer that greeted as a manager interface.

        Raises:
            PbxDownError: It cannot be reached, is something else, or does not answer.
            LoginRefusedError: It refused the user.
        """
        peer = f"{self._settings.host}:{self._settings.port}"
        waiting_for = "a connection"
        try:
            async with asyncio.timeout(self._settings.connect_timeout):
                await self._connect(peer)
                waiting_for = "a greeting"
                version = await self._protocol.banner
                if self._protocol.lost.done():
                    raise self._protocol.lost.result()
                waiting_for = "an answer to Login"
                await self._log_in(peer)
        except TimeoutError:
            raise PbxDownError(
                f"No Asterisk at {peer}: waited {self._settings.connect_timeout:g} s for "
                f"{waiting_for}.",
                "Check [asterisk] host and port, and that manager.conf has enabled = yes.",
            ) from None
        return version

    async def _connect(self, peer: str) -> None:
        try:
            await self._manager.connect()
        except ssl.SSLError as error:
            raise PbxDownError(
                f"No TLS with {peer}: {error.reason or error}.",
                "Check tls, tls_ca and port in [asterisk], and tlsenable in manager.conf.",
            ) from None
        except (OSError, ValueError) as error:
            raise PbxDownError(
                f"No Asterisk at {peer}: {error}.",
                "Check [asterisk] host and port, and that manager.conf has enabled = yes.",
            ) from None

    async def _log_in(self, peer: str) -> None:
        fields = {
            "Username": self._login.username,
            "Secret": self._login.secret,
            "Events": "on",
        }
        try:
            # The time-out of open() is to strike first: it knows what to advise.
            await self.ask("Login", fields, 2 * self._settings.connect_timeout)
        except PbxRefusedError as error:
            raise LoginRefusedError(
                f"Asterisk at {peer} refused the manager user {self._login.username!r}: "
                f"{error.message}.",
                "Check username and secret in [asterisk] against manager.conf, and its "
                "deny and permit lines.",
            ) from None

    def go_live(self) -> None:
        """Hand on events from now on, those included that came right after the login."""
        self._protocol.go_live()

    async def ask(self, name: str, fields: Mapping[str, str], seconds: float) -> AmiReply:
        """Send an action and wait for its answer, at most so many seconds.

        Raises:
            PbxError: The action cannot be sent, or its list is too long.
            PbxDownError: The connection is closed, or ended before the answer.
            PbxTimeoutError: No answer came, or Asterisk does not read.
            PbxRefusedError: Asterisk answered with an error; the message is its own.
        """
        check_action(name, fields)
        if not self.alive:
            raise PbxDownError("Asterisk is not connected.")
        action = PendingAction(name, fields)
        self._check_room(action)
        try:
            async with asyncio.timeout(seconds):
                reply: AmiReply = await self._manager.send_action(action)
        except TimeoutError:
            self._counters.timeouts += 1
            raise PbxTimeoutError(f"Asterisk did not answer {name} in {seconds:g} s.") from None
        finally:
            self._protocol.forget(action.id)
        return reply

    def _check_room(self, action: PendingAction) -> None:
        if action.id in self._protocol.responses:
            raise PbxError(f"An action with the ActionID {action.id!r:.60} is under way.")
        if len(self._protocol.responses) >= MAX_PENDING_ACTIONS:
            raise PbxError(f"{MAX_PENDING_ACTIONS} actions wait for Asterisk's answer already.")
        if self._protocol.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._counters.timeouts += 1
            raise PbxTimeoutError("Asterisk does not read what we send.")

    async def until_lost(self) -> PbxDownError:
        """Wait for the end of the connection and return why; end it when the peer is dead."""
        protocol, loop = self._protocol, asyncio.get_running_loop()
        while not protocol.lost.done():
            silent = loop.time() - protocol.last_read
            if silent >= self._settings.ping_interval:
                await self._ping()
            else:
                await asyncio.wait((protocol.lost,), timeout=self._settings.ping_interval - silent)
        return protocol.lost.result()

    async def _ping(self) -> None:
        asked = asyncio.get_running_loop().time()
        try:
            await self.ask("Ping", {}, self._settings.action_timeout)
        except PbxTimeoutError:
            if self._protocol.last_read < asked:
                silent = asyncio.get_running_loop().time() - self._protocol.last_read
                self._protocol.drop(PbxDownError(f"Asterisk said nothing for {silent:.1f} s."))
        except PbxDownError:
            await asyncio.wait((self._protocol.lost,))  # what came before is still handed on
        except PbxRefusedError:
            pass  # an answer all the same

    async def close(self) -> None:
        """End the connection and wait until its socket is closed."""
        if self._manager.protocol is None:
            return
        self._protocol.close()
        await self._protocol.gone.wait()
