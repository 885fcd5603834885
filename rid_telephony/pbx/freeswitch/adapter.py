"""FreeSWITCH as the rest of the program sees it: observations out, forks and write-back in.

After every (re)connection it asks for all channels (``show channels``, ``uuid_dump``), so that
calls which went on meanwhile are picked up, and eavesdropping legs that nobody wants are ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict

import structlog

from rid_telephony.calls.observations import ChannelKind, ChannelSeen
from rid_telephony.pbx.freeswitch.esl import EslClient
from rid_telephony.pbx.freeswitch.forks import FreeSwitchForks
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.freeswitch.translate import Translator, listed_channels
from rid_telephony.pbx.freeswitch.writer import FreeSwitchWriter
from rid_telephony.pbx.messages import PbxDownError, PbxError, PbxListener, PbxRefusedError
from rid_telephony.settings.freeswitch import FreeSwitchSettings

log = structlog.get_logger(__name__)

RECONCILE_PAUSE = 2.0
"""Seconds before the list of channels is asked for again."""


class FreeSwitchAdapter:
    """One FreeSWITCH.

    Args:
        settings: ``[freeswitch]``.
        now: The event loop's clock.
    """

    def __init__(self, settings: FreeSwitchSettings, now: Callable[[], float]) -> None:
        self._now = now
        self._listener: PbxListener | None = None
        self._translator = Translator()
        self._reconciling: asyncio.Task[None] | None = None
        self.client = EslClient(settings, on_event=self._event, on_up=self._up, on_down=self._down)
        self.forks = FreeSwitchForks(self.client, settings.fork)
        self.writer = FreeSwitchWriter(self.client, settings)

    @property
    def counts(self) -> Mapping[str, int]:
        """What was counted on the event socket."""
        return asdict(self.client.stats)

    async def run(self, listener: PbxListener) -> None:
        """Observe until cancelled, whatever happens to the connection."""
        self._listener = listener
        try:
            await self.client.run()
        finally:
            self._stop_reconciling()

    def _event(self, event: EslEvent) -> None:
        if self._listener:
            for observation in self._translator.translate(event):
                self._listener.observe(observation)

    def _up(self) -> None:
        self._stop_reconciling()
        self._translator = Translator()
        self._reconciling = asyncio.get_running_loop().create_task(self._reconcile())

    def _down(self, reason: str) -> None:
        self._stop_reconciling()
        if self._listener:
            self._listener.pbx_down(reason)

    def _stop_reconciling(self) -> None:
        if self._reconciling:
            self._reconciling.cancel()
            self._reconciling = None

    async def _reconcile(self) -> None:
        while True:
            try:
                await self._learn()
                break
            except PbxDownError:
                return  # the next connection reconciles
            except PbxError as error:
                log.warning("reconcile_failed", reason=str(error))
                await asyncio.sleep(RECONCILE_PAUSE)
        if self._listener:
            self._listener.pbx_up()

    async def _learn(self) -> None:
        listing = await self.client.api("show", "channels as json")
        dumps: dict[str, str] = {}
        for uid in listed_channels(listing):
            try:
                dumps[uid] = await self.client.api("uuid_dump", f"{uid} json")
            except PbxRefusedError:
                continue  # it is gone by now
        if self._listener is None:
            return
        for observation in self._translator.snapshot(listing, dumps, self._now()):
            self._listener.observe(observation)
            if isinstance(observation, ChannelSeen) and observation.kind is ChannelKind.FORK:
                await self._end_orphan(observation.channel)

    async def _end_orphan(self, leg: str) -> None:
        """End an eavesdropping leg of an earlier run; its uuid is the fork's id."""
        if self._listener and not self._listener.is_forked(leg):
            log.info("orphan_fork_ended", channel=leg)
            await self.forks.hang_up(leg)
