"""The event socket that the check's steps share."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from rid_telephony.pbx.freeswitch.esl import EslClient
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.messages import PbxDownError
from rid_telephony.settings.freeswitch import FreeSwitchSettings

GRACE = 1.0
"""Seconds beyond the connection's own time-out until we give up on it."""


class CheckSession:
    """A connection that counts events and compares their time with ours.

    Args:
        settings: ``[freeswitch]``.
    """

    def __init__(self, settings: FreeSwitchSettings) -> None:
        self._settings = settings
        self._client = EslClient(
            settings, on_event=self._event, on_up=self._went_up, on_down=self._went_down
        )
        self._up = asyncio.Event()
        self._reason = "no connection"
        self._task: asyncio.Task[None] | None = None
        self.counts: Counter[str] = Counter()
        """Events so far, by name."""
        self.ahead: float | None = None
        """Seconds by which FreeSWITCH's clock was ahead of ours at its newest event."""

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
        raise PbxDownError(f"The event socket does not come up: {self._reason}")

    async def close(self) -> None:
        """End the connection."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def api(self, command: str, *arguments: str, timeout: float | None = None) -> str:
        """See :class:`EslClient`."""
        return await self._client.api(command, *arguments, timeout=timeout)

    async def bgapi(self, command: str, *arguments: str, timeout: float | None = None) -> str:
        """See :class:`EslClient`."""
        return await self._client.bgapi(command, *arguments, timeout=timeout)

    async def send_event(
        self,
        name: str,
        headers: Mapping[str, str],
        body: str = "",
        *,
        timeout: float | None = None,
    ) -> str:
        """See :class:`EslClient`."""
        return await self._client.send_event(name, headers, body, timeout=timeout)

    def _event(self, event: EslEvent) -> None:
        self.counts[event.name] += 1
        stamp = event.get("Event-Date-Timestamp")
        if stamp.isdecimal():
            self.ahead = int(stamp) / 1e6 - time.time()

    def _went_up(self) -> None:
        self._up.set()

    def _went_down(self, reason: str) -> None:
        self._reason = reason
