"""The client of Asterisk's Manager Interface: stays connected, hands on events, runs actions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

import structlog

from rid_telephony.pbx.asterisk.ami_connection import AmiConnection, LoginRefusedError
from rid_telephony.pbx.asterisk.ami_limits import check_action
from rid_telephony.pbx.asterisk.ami_login import read_login
from rid_telephony.pbx.asterisk.ami_stats import AmiCounters, AmiStats
from rid_telephony.pbx.asterisk.messages import AmiEvent, AmiReply
from rid_telephony.pbx.backoff import Backoff
from rid_telephony.pbx.loglines import worth_a_log_line
from rid_telephony.pbx.messages import PbxDownError, PbxError
from rid_telephony.settings.asterisk import AsteriskSettings

log = structlog.get_logger(__name__)

NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class AmiClient:
    """Stays connected to one Asterisk.

    The callbacks run in the event loop, in the order of the stream, and must be quick. What they
    raise is logged and counted. Events of a connection come after its ``on_up`` and before its
    ``on_down``; FullyBooted is an event like any other.

    Args:
        settings: The ``[asterisk]`` section.
        on_event: Gets every event, the items of lists included.
        on_up: Called after each login: what happened before is unknown, so reconcile.
        on_down: Called with the reason, and advice where there is one, when the connection is
            lost, and when there is none and the reason is a new one (unreachable, then refused).
            Not called when :meth:`run` is cancelled.

    Raises:
        SettingsError: User or secret are missing, or their files cannot be read.
    """

    def __init__(
        self,
        settings: AsteriskSettings,
        *,
        on_event: Callable[[AmiEvent], None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._login = read_login(settings)
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._counters = AmiCounters()
        self._connection: AmiConnection | None = None
        self._reason = ""
        self._was_up = False

    @property
    def connected(self) -> bool:
        """Whether we are logged in and the connection stands."""
        return self._connection is not None and self._connection.alive

    @property
    def stats(self) -> AmiStats:
        """Counts since the start."""
        return self._counters.snapshot()

    async def run(self) -> None:
        """Connect, and connect again whenever that ends, until cancelled.

        A connection that ends is tried again after exponential backoff with full jitter; a
        refused login only slowly, because a person has to change something.
        """
        backoff = Backoff(*self._settings.backoff)
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                error: PbxError = await self._connect_once()
                wait = backoff.after_failure(lasted=loop.time() - began)
            except LoginRefusedError as refused:
                error, wait = refused, backoff.after_refusal()
            except PbxError as failed:
                error, wait = failed, backoff.after_failure()
            self._tell_down(error, wait)
            await asyncio.sleep(wait)

    async def action(
        self, name: str, fields: Mapping[str, str] = NO_FIELDS, *, timeout: float | None = None
    ) -> AmiReply:
        """Run an action and return its answer; a list action returns when its list is complete.

        Nothing is kept for later: while Asterisk is away, an action fails at once.

        Args:
            name: The action (``Setvar``).
            fields: Its headers; an ``ActionID`` of one's own is taken.
            timeout: Seconds that it may take; ``action_timeout`` of the settings when None.

        Raises:
            PbxError: A header has a line end or is too long, or a list has too many items.
            PbxDownError: Asterisk is away, or went away before it answered.
            PbxTimeoutError: It did not answer in time; a late answer is ignored.
            PbxRefusedError: It answered with an error; ``message`` is Asterisk's own.
        """
        check_action(name, fields)
        if self._connection is None:
            raise PbxDownError("Asterisk is not connected.", self._reason)
        seconds = self._settings.action_timeout if timeout is None else timeout
        return await self._connection.ask(name, fields, seconds)

    async def _connect_once(self) -> PbxDownError:
        connection = AmiConnection(self._settings, self._login, self._hand_on, self._counters)
        try:
            version = await connection.open()
            self._tell_up(connection, version)
            return await connection.until_lost()
        finally:
            self._connection = None
            await connection.close()

    def _tell_up(self, connection: AmiConnection, version: str) -> None:
        self._counters.reconnects += self._was_up
        self._was_up = True
        self._reason = ""
        self._connection = connection
        log.info("ami_connected", host=self._settings.host, version=version)
        self._guard("on_up", self._on_up)
        connection.go_live()

    def _tell_down(self, error: PbxError, wait: float) -> None:
        reason = str(error)
        log.warning("ami_down", code=error.code, reason=reason, retry_in=round(wait, 2))
        if reason != self._reason:
            self._reason = reason
            self._guard("on_down", self._on_down, reason)

    def _hand_on(self, event: AmiEvent) -> None:
        self._counters.events += 1
        self._guard(event.name, self._on_event, event)

    def _guard(self, what: str, call: Callable[..., None], *arguments: object) -> None:
        try:
            call(*arguments)
        except Exception:
            self._counters.handler_errors += 1
            if worth_a_log_line(self._counters.handler_errors):
                count = self._counters.handler_errors
                log.exception("ami_handler_failed", handling=what, count=count)
