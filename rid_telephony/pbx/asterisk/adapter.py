"""Asterisk as the rest of the program sees it: observations out, forks and write-back in.

After every (re)connection it asks for all channels (``CoreShowChannels``), so that calls which
went on meanwhile are picked up, and forks that nobody wants any more are ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict

import structlog

from rid_telephony.calls.marks import read_mark
from rid_telephony.calls.observations import (
    ChannelKind,
    ChannelMarked,
    ChannelSeen,
    Observation,
)
from rid_telephony.pbx.asterisk.ami import AmiClient
from rid_telephony.pbx.asterisk.forks import PREFIX, AsteriskForks
from rid_telephony.pbx.asterisk.messages import AmiEvent
from rid_telephony.pbx.asterisk.translate import Translator
from rid_telephony.pbx.asterisk.writer import AsteriskWriter
from rid_telephony.pbx.messages import PbxDownError, PbxError, PbxListener, PbxTimeoutError
from rid_telephony.settings.asterisk import AsteriskSettings

log = structlog.get_logger(__name__)

RECONCILE_PAUSE = 2.0
"""Seconds before the list of channels is asked for again."""


class AsteriskAdapter:
    """One Asterisk.

    Args:
        settings: ``[asterisk]``.
        now: The event loop's clock.
    """

    def __init__(self, settings: AsteriskSettings, now: Callable[[], float]) -> None:
        self._now = now
        self._listener: PbxListener | None = None
        self._translator = Translator()
        self._reconciling: asyncio.Task[None] | None = None
        self.client = AmiClient(settings, on_event=self._event, on_up=self._up, on_down=self._down)
        self.forks = AsteriskForks(self.client, settings.fork)
        self.writer = AsteriskWriter(self.client, settings.write_back)

    @property
    def counts(self) -> Mapping[str, int]:
        """What was counted on the manager connection."""
        return asdict(self.client.stats)

    async def run(self, listener: PbxListener) -> None:
        """Observe until cancelled, whatever happens to the connection."""
        self._listener = listener
        try:
            await self.client.run()
        finally:
            self._stop_reconciling()

    def _event(self, event: AmiEvent) -> None:
        self.forks.observe(event)
        for observation in self._translator.translate(event):
            self._observed(observation)

    def _observed(self, observation: Observation) -> None:
        if self._listener:
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
        """Learn every channel, then the marks of those that we never saw begin."""
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
        # The items reach the translator as events, in their place among the others.
        reply = await self.client.action("CoreShowChannels")
        channels = [
            seen
            for item in reply.items
            for seen in Translator().translate(item)
            if isinstance(seen, ChannelSeen)
        ]
        for seen in channels:
            if seen.kind is ChannelKind.FORK:
                await self._end_orphan(seen.channel)
            elif seen.kind is ChannelKind.PHONE:
                await self._learn_mark(seen.channel)

    async def _end_orphan(self, fork_channel: str) -> None:
        if not self._listener:
            return
        _, _, listened_to = fork_channel.removeprefix(PREFIX).partition("-")
        if not self._listener.is_forked(listened_to):
            log.info("orphan_fork_ended", channel=fork_channel)
            await self.forks.hang_up(fork_channel)

    async def _learn_mark(self, channel: str) -> None:
        if self._listener is None or self._listener.is_marked(channel):
            return
        if (await self._variable(channel, "RID_ASSIST")).lower() != "on":
            return
        mark = read_mark(await self._variable(channel, "RID_MARK"))
        self._observed(ChannelMarked(self._now(), channel, mark))

    async def _variable(self, channel: str, name: str) -> str:
        try:
            reply = await self.client.action("Getvar", {"Channel": channel, "Variable": name})
        except (PbxDownError, PbxTimeoutError):
            raise  # whether it is marked is still to be learnt
        except PbxError:
            return ""  # the channel is gone by now, or never had it
        return reply.fields.get("value", "")
