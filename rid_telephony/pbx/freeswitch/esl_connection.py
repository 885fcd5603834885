"""One connection to the event socket, from connecting to its end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from uuid import uuid4

import structlog

from rid_telephony.pbx.freeswitch.esl_inbox import Inbox
from rid_telephony.pbx.freeswitch.esl_limits import (
    MAX_PENDING_COMMANDS,
    MAX_QUEUED_BYTES,
    MAX_UNSENT_BYTES,
)
from rid_telephony.pbx.freeswitch.esl_link import EslLink
from rid_telephony.pbx.freeswitch.esl_login import Login
from rid_telephony.pbx.freeswitch.esl_protocol import Address, EslRefusedError, Item
from rid_telephony.pbx.freeswitch.esl_stats import EslCounters
from rid_telephony.pbx.freeswitch.esl_subscription import (
    NEEDED,
    SUBCLASSES,
    WANTED,
    everything,
    one,
)
from rid_telephony.pbx.freeswitch.esl_thread import EslThread
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.messages import (
    PbxDownError,
    PbxError,
    PbxRefusedError,
    PbxTimeoutError,
)
from rid_telephony.settings.freeswitch import FreeSwitchSettings

log = structlog.get_logger(__name__)

PING = "nolog"
"""Asks for nothing and changes nothing: we never ask for log lines. mod_event_socket answers it
whatever a user's rights are, and without asking the core, so a busy core is not a dead one."""


class EslConnection:
    """Connects once, logs in, asks, and notices when the peer is dead.

    Args:
        settings: Address, time-outs and limits.
        login: What logs us in.
        on_event: Gets every event after :meth:`go_live`.
        counters: Where it counts.
    """

    def __init__(
        self,
        settings: FreeSwitchSettings,
        login: Login,
        on_event: Callable[[EslEvent], None],
        counters: EslCounters,
    ) -> None:
        self._settings = settings
        self._login = login
        self._counters = counters
        self._peer = f"{settings.host}:{settings.port}"
        self._link = EslLink(on_event, counters, settings.event_queue)
        self._thread: EslThread | None = None

    @property
    def alive(self) -> bool:
        """Whether commands can be sent."""
        return self._thread is not None and not self._link.lost.done()

    async def open(self) -> None:
        """Connect, log in and ask for the events.

        The password is sent only to a peer that greeted as an event socket.

        Raises:
            PbxDownError: It cannot be reached, is something else, or does not answer.
            EslRefusedError: It refused our address or login, or the events that we need.
        """
        waiting_for = "a connection and a greeting"
        try:
            async with asyncio.timeout(self._settings.connect_timeout):
                await self._connect()
                waiting_for = "an answer to the login"
                await self._log_in()
                waiting_for = "an answer to the subscription"
                await self._subscribe()
        except TimeoutError:
            raise self._unreachable(
                f"waited {self._settings.connect_timeout:g} s for {waiting_for}."
            ) from None

    async def _connect(self) -> None:
        addresses = await self._addresses()
        loop = asyncio.get_running_loop()
        inbox: Inbox[Item] = Inbox(
            loop, self._link.take, self._settings.event_queue, MAX_QUEUED_BYTES
        )
        self._thread = EslThread(addresses, inbox)
        await asyncio.wait((self._link.greeted,))
        if self._link.lost.done():
            why = self._link.lost.result()
            raise why if isinstance(why, EslRefusedError) else self._unreachable(why.message)

    async def _addresses(self) -> Sequence[Address]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(
                self._settings.host, self._settings.port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:
            raise self._unreachable(f"the name cannot be resolved: {error}.") from None
        return [(family, address) for family, _, _, _, address in found]

    def _unreachable(self, why: str) -> PbxDownError:
        return PbxDownError(
            f"No FreeSWITCH at {self._peer}: {why}",
            "Check [freeswitch] host and port, and listen-ip in event_socket.conf.xml.",
        )

    async def _log_in(self) -> None:
        try:
            await self._ask(self._login.command)
        except PbxRefusedError as error:
            who = f"the user {self._login.user!r}" if self._login.user else "the password"
            raise EslRefusedError(
                f"FreeSWITCH at {self._peer} refused {who}: {error.message}.",
                "Check user and password in [freeswitch] against the directory (esl-password) or "
                "event_socket.conf.xml.",
            ) from None

    async def _subscribe(self) -> None:
        try:
            await self._ask(everything())
        except PbxRefusedError:
            await self._subscribe_to_each()

    async def _subscribe_to_each(self) -> None:
        """One event that the user has no right to makes FreeSWITCH refuse the rest of a list."""
        names = (*NEEDED, *WANTED, *SUBCLASSES)
        answers = await asyncio.gather(
            *(self._ask(one(name)) for name in names), return_exceptions=True
        )
        refused = []
        for name, answer in zip(names, answers, strict=True):
            if isinstance(answer, PbxRefusedError):
                refused.append(name)
            elif isinstance(answer, BaseException):
                raise answer
        missing = [name for name in refused if name in NEEDED]
        if missing:
            raise EslRefusedError(
                f"FreeSWITCH at {self._peer} does not let us have {', '.join(missing)}.",
                f"Add them to esl-allowed-events of {self._login.user or 'our user'}.",
            )
        log.warning("esl_events_refused", names=refused)

    def go_live(self) -> None:
        """Hand on events from now on, those included that came right after the login."""
        self._link.go_live()

    async def ask(self, line: str, seconds: float) -> str:
        """Send a command and wait for its answer, at most so many seconds.

        Args:
            line: Command and arguments, already checked.
            seconds: How long it may take.

        Raises:
            PbxError: Too many commands are waiting.
            PbxDownError: The connection is closed, or ended before the answer.
            PbxTimeoutError: No answer came, or FreeSWITCH does not read.
            PbxRefusedError: FreeSWITCH answered with an error; the message is its own.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(line)
        except TimeoutError:
            raise self._too_late(line, seconds) from None

    async def run_job(self, line: str, seconds: float) -> str:
        """Run ``bgapi`` and wait for what it results in; raises what :meth:`ask` does."""
        uuid = str(uuid4())
        result = self._link.job(uuid)
        try:
            async with asyncio.timeout(seconds):
                # The job's name is ours, so that even a result before the answer finds us.
                await self._ask(f"bgapi {line}\nJob-UUID: {uuid}")
                return _accepted(await result)
        except TimeoutError:
            raise self._too_late(f"bgapi {line}", seconds) from None
        finally:
            self._link.forget_job(uuid)

    def _too_late(self, line: str, seconds: float) -> PbxTimeoutError:
        self._counters.timeouts += 1
        what = " ".join(line.split(None, 2)[:2])
        return PbxTimeoutError(f"FreeSWITCH did not answer {what} in {seconds:g} s.")

    async def _ask(self, line: str) -> str:
        if self._thread is None or self._link.lost.done():
            raise PbxDownError("FreeSWITCH is not connected.")
        if self._link.outstanding >= MAX_PENDING_COMMANDS:
            raise PbxError(f"{MAX_PENDING_COMMANDS} commands wait for FreeSWITCH's answer already.")
        if self._thread.unsent > MAX_UNSENT_BYTES:
            self._counters.timeouts += 1
            raise PbxTimeoutError("FreeSWITCH does not read what we send.")
        command = self._link.command()
        try:
            end = "" if "\n\n" in line else "\n\n"
            if not self._thread.submit(command, f"{line}{end}".encode()):
                raise PbxDownError("FreeSWITCH is not connected.")
            return _accepted((await command).text)
        finally:
            self._link.forget(command)

    async def until_lost(self) -> PbxDownError:
        """Wait for the end of the connection and return why; end it when the peer is dead."""
        assert self._thread is not None  # noqa: S101  # open() came first
        lost, loop = self._link.lost, asyncio.get_running_loop()
        while not lost.done():
            silent = loop.time() - self._thread.last_read
            if silent >= self._settings.ping_interval:
                await self._ping(self._thread)
            else:
                await asyncio.wait((lost,), timeout=self._settings.ping_interval - silent)
        return lost.result()

    async def _ping(self, thread: EslThread) -> None:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        try:
            await self.ask(PING, self._settings.command_timeout)
        except PbxRefusedError:
            pass  # "-ERR not loging" is a sign of life
        except PbxTimeoutError:
            if thread.last_read < asked:
                silent = loop.time() - thread.last_read
                thread.drop(PbxDownError(f"FreeSWITCH said nothing for {silent:.1f} s."))
        except PbxDownError:
            await asyncio.wait((self._link.lost,))  # what came before is still handed on

    async def close(self) -> None:
        """End the connection; nothing of it remains, unless counted as left behind."""
        if self._thread is not None and not await self._thread.close():
            self._counters.threads_left += 1


def _accepted(answer: str) -> str:
    """The answer, if it is not an error.

    Raises:
        PbxRefusedError: It is.
    """
    if not answer.startswith(("-ERR", "-USAGE")):
        return answer
    message = answer.removeprefix("-ERR").strip()
    advice = "Add the command to esl-allowed-api of our user." if "permission" in message else ""
    raise PbxRefusedError(message or "FreeSWITCH refused without a reason.", advice)
