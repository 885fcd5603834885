"""The client of FreeSWITCH's event socket: stays connected, hands on events, runs commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from rid_telephony.pbx.backoff import Backoff
from rid_telephony.pbx.freeswitch.esl_connection import EslConnection
from rid_telephony.pbx.freeswitch.esl_limits import command_line, event_lines
from rid_telephony.pbx.freeswitch.esl_login import read_login
from rid_telephony.pbx.freeswitch.esl_protocol import EslRefusedError
from rid_telephony.pbx.freeswitch.esl_stats import EslCounters, EslStats
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.loglines import worth_a_log_line
from rid_telephony.pbx.messages import PbxDownError, PbxError
from rid_telephony.settings.freeswitch import FreeSwitchSettings

log = structlog.get_logger(__name__)


class EslClient:
    """Stays connected to one FreeSWITCH.

    The callbacks run in the event loop, in the order of the stream, and must be quick. What they
    raise is logged and counted. Events of a connection come after its ``on_up`` and before its
    ``on_down``; an answer comes after the events that FreeSWITCH sent before it. Nothing is kept
    for later: while FreeSWITCH is away, a command fails at once.

    Args:
        settings: The ``[freeswitch]`` section.
        on_event: Gets every event, ``BACKGROUND_JOB`` excepted.
        on_up: Called after each login: what happened before is unknown, so reconcile.
        on_down: Called with the reason, and advice where there is one, when the connection is
            lost, and when there is none and the reason is a new one (unreachable, then refused).
            Not called when :meth:`run` is cancelled.

    Raises:
        SettingsError: The password is missing, or its file cannot be read.
    """

    def __init__(
        self,
        settings: FreeSwitchSettings,
        *,
        on_event: Callable[[EslEvent], None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._login = read_login(settings)
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._counters = EslCounters()
        self._connection: EslConnection | None = None
        self._reason = ""
        self._was_up = False

    @property
    def connected(self) -> bool:
        """Whether we are logged in and the connection stands."""
        return self._connection is not None and self._connection.alive

    @property
    def stats(self) -> EslStats:
        """Counts since the start."""
        return self._counters.snapshot()

    async def run(self) -> None:
        """Connect, and connect again whenever that ends, until cancelled.

        A connection that ends is tried again after exponential backoff with full jitter; a
        refused login or address only slowly, because a person has to change something.
        """
        backoff = Backoff(*self._settings.backoff)
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                error: PbxError = await self._connect_once()
                wait = backoff.after_failure(lasted=loop.time() - began)
            except EslRefusedError as refused:
                error, wait = refused, backoff.after_refusal()
            except PbxError as failed:
                error, wait = failed, backoff.after_failure()
            self._tell_down(error, wait)
            await asyncio.sleep(wait)

    async def api(self, command: str, *arguments: str, timeout: float | None = None) -> str:
        """Run an API command that is quick: while it runs, FreeSWITCH sends us no events.

        Args:
            command: ``uuid_setvar``, for example.
            arguments: Its arguments; only the last may contain blanks.
            timeout: Seconds that it may take; ``command_timeout`` of the settings when None.

        Returns:
            The body of the answer as it came (``+OK`` and a line feed, JSON, a value).

        Raises:
            PbxError: The command cannot be sent as it is, or too many are waiting.
            PbxDownError: FreeSWITCH is away, or went away before it answered.
            PbxTimeoutError: It did not answer in time; a late answer is ignored.
            PbxRefusedError: It answered ``-ERR`` or ``-USAGE``; ``message`` is its own. An empty
                answer is one of these: FreeSWITCH says ``-ERR no reply``.
        """
        line = command_line(command, arguments)
        return await self._open_connection().ask(f"api {line}", self._seconds(timeout))

    async def bgapi(self, command: str, *arguments: str, timeout: float | None = None) -> str:
        """Run an API command in the background and wait for its result; see :meth:`api`."""
        line = command_line(command, arguments)
        return await self._open_connection().run_job(line, self._seconds(timeout))

    async def send_event(
        self,
        name: str,
        headers: Mapping[str, str],
        body: str = "",
        *,
        timeout: float | None = None,
    ) -> str:
        """Put an event on FreeSWITCH's event bus.

        Args:
            name: ``CUSTOM`` (with an ``Event-Subclass`` header), ``SEND_MESSAGE`` …
            headers: Its headers. ``Unique-ID`` is refused: an event with the id of a live channel
                goes to that channel instead of the bus.
            body: Its body; may have several lines.
            timeout: Seconds that it may take; ``command_timeout`` of the settings when None.

        Returns:
            The answer, ``+OK`` and the event's UUID.

        Raises:
            PbxError: As :meth:`api`.
        """
        lines = event_lines(name, headers, body)
        return await self._open_connection().ask(lines, self._seconds(timeout))

    def _open_connection(self) -> EslConnection:
        if self._connection is None:
            raise PbxDownError("FreeSWITCH is not connected.", self._reason)
        return self._connection

    def _seconds(self, timeout: float | None) -> float:
        return self._settings.command_timeout if timeout is None else timeout

    async def _connect_once(self) -> PbxDownError:
        connection = EslConnection(self._settings, self._login, self._hand_on, self._counters)
        try:
            await connection.open()
            self._tell_up(connection)
            return await connection.until_lost()
        finally:
            self._connection = None
            await connection.close()

    def _tell_up(self, connection: EslConnection) -> None:
        self._counters.reconnects += self._was_up
        self._was_up = True
        self._reason = ""
        self._connection = connection
        log.info("esl_connected", host=self._settings.host)
        self._guard("on_up", self._on_up)
        connection.go_live()

    def _tell_down(self, error: PbxError, wait: float) -> None:
        reason = str(error)
        log.warning("esl_down", code=error.code, reason=reason, retry_in=round(wait, 2))
        if reason != self._reason:
            self._reason = reason
            self._guard("on_down", self._on_down, reason)

    def _hand_on(self, event: EslEvent) -> None:
        self._counters.events += 1
        self._guard(event.name, self._on_event, event)

    def _guard(self, what: str, call: Callable[..., None], *arguments: object) -> None:
        try:
            call(*arguments)
        except Exception:
            self._counters.handler_errors += 1
            if worth_a_log_line(self._counters.handler_errors):
                count = self._counters.handler_errors
                log.exception("esl_handler_failed", handling=what, count=count)
