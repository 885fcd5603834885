"""The manager connection that the check's steps share."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

from rid_telephony.pbx.asterisk.ami import AmiClient
from rid_telephony.pbx.asterisk.messages import AmiEvent, AmiReply
from rid_telephony.pbx.messages import PbxDownError
from rid_telephony.settings.asterisk import AsteriskSettings

GRACE = 1.0
"""Seconds beyond the connection's own time-out until we give up on it."""


class Manager(Protocol):
    """What the steps need of the connection."""

    async def action(
        self, name: str, fields: Mapping[str, str] = ..., *, timeout: float | None = None
    ) -> AmiReply:
        """Do something and wait for the answer."""


async def getvar(manager: Manager, expression: str) -> str:
    """The value of a dialplan function without a channel, empty where there is none.

    ``Getvar`` needs only write class ``call`` or ``reporting``; with functions such as
    ``IFMODULE(chan_rtp.so)`` it answers what ``ModuleCheck`` and ``PJSIPShowEndpoint`` tell only
    to the class ``system``.

    Raises:
        PbxError: As the manager says.
    """
    reply = await manager.action("Getvar", {"Variable": expression})
    return reply.fields.get("value", "").strip()


class CheckSession:
    """A manager connection that counts events and lets steps wait for one.

    Args:
        settings: ``[asterisk]``.
    """

    def __init__(self, settings: AsteriskSettings) -> None:
        self._settings = settings
        self._client = AmiClient(
            settings, on_event=self._event, on_up=self._went_up, on_down=self._went_down
        )
        self._up = asyncio.Event()
        self._reason = "no connection"
        self._task: asyncio.Task[None] | None = None
        self._watches: list[tuple[Callable[[AmiEvent], bool], asyncio.Event]] = []
        self.counts: Counter[str] = Counter()
        """Events so far, by name."""
        self.listeners: list[Callable[[AmiEvent], None]] = []
        """Told of every event."""

    @property
    def username(self) -> str:
        """The manager user."""
        return self._settings.username

    async def open(self) -> None:
        """Connect and log in.

        Raises:
            PbxDownError: It does not come about.
        """
        self._task = asyncio.create_task(self._client.run())
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.connect_timeout + GRACE):
                await self._up.wait()
                return
        raise PbxDownError(f"The manager connection does not come up: {self._reason}.")

    async def close(self) -> None:
        """End the connection."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def action(
        self, name: str, fields: Mapping[str, str] | None = None, *, timeout: float | None = None
    ) -> AmiReply:
        """Do something and wait for the answer, see :class:`AmiClient`."""
        return await self._client.action(name, fields or {}, timeout=timeout)

    async def comes(
        self,
        wanted: Callable[[AmiEvent], bool],
        trigger: Callable[[], Awaitable[object]],
        seconds: float,
    ) -> bool:
        """Whether such an event comes until ``seconds`` after what ``trigger`` does.

        Raises:
            PbxError: From the trigger.
        """
        came = asyncio.Event()
        watch = (wanted, came)
        self._watches.append(watch)
        try:
            await trigger()
            async with asyncio.timeout(seconds):
                await came.wait()
        except TimeoutError:
            return False
        finally:
            self._watches.remove(watch)
        return True

    def _event(self, event: AmiEvent) -> None:
        self.counts[event.name] += 1
        for wanted, came in self._watches:
            if wanted(event):
                came.set()
        for listener in self.listeners:
            listener(event)

    def _went_up(self) -> None:
        self._up.set()

    def _went_down(self, reason: str) -> None:
        self._reason = reason
