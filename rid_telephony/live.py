"""The composition root of ``serve``: puts the live parts together and runs them.

Everything but recognition and the store's writer runs in one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import structlog

from rid_telephony.app import App
from rid_telephony.calls.book import CallBook
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.recovery import end_unfinished
from rid_telephony.errors import SettingsError
from rid_telephony.media.listeners import make_listener
from rid_telephony.pbx.asterisk.adapter import AsteriskAdapter
from rid_telephony.pbx.asterisk.ami_login import read_login
from rid_telephony.pbx.forkdesk import ForkDesk
from rid_telephony.pbx.freeswitch import esl_login
from rid_telephony.pbx.messages import PbxAdapter
from rid_telephony.pbx.writeback import WriteBack
from rid_telephony.pbx.writeback_stats import Kind, KindStats
from rid_telephony.pipeline.live import LiveCalls
from rid_telephony.pipeline.naming import CallNames
from rid_telephony.pipeline.replay import Deliver
from rid_telephony.pipeline.switchboard import Switchboard
from rid_telephony.settings import Settings
from rid_telephony.settings.asterisk import AsteriskSettings
from rid_telephony.settings.freeswitch import FreeSwitchSettings
from rid_telephony.store.events import EventStore

log = structlog.get_logger(__name__)

TICK = 0.05
"""Seconds between two looks at what time alone brings."""
STATUS_INTERVAL = 60.0
LAST_WORDS = 10.0
"""Seconds that the last recognitions, and hanging up the forks, may take when we stop."""


PbxSettings = AsteriskSettings | FreeSwitchSettings


def chosen_pbx(settings: Settings) -> PbxSettings:
    """The PBX to serve: FreeSWITCH where that is enabled, else Asterisk.

    Raises:
        SettingsError: User or secret are missing, or a file of theirs cannot be read. This is
            looked at before anything is loaded.
    """
    if settings.freeswitch.enabled:
        esl_login.read_login(settings.freeswitch)
        return settings.freeswitch
    if not settings.asterisk.username:
        raise SettingsError(
            "Neither [asterisk] username nor [freeswitch] enabled is set.",
            "`rid-telephony dialplan asterisk --part manager` shows the user to make;"
            " `rid-telephony dialplan freeswitch` what FreeSWITCH needs.",
        )
    read_login(settings.asterisk)
    return settings.asterisk


def make_adapter(settings: PbxSettings, now: Callable[[], float]) -> PbxAdapter:
    """The adapter of a PBX."""
    if isinstance(settings, AsteriskSettings):
        return AsteriskAdapter(settings, now)
    # Its libraries (greenswitch, gevent) are an extra, for sites with a FreeSWITCH.
    from rid_telephony.pbx.freeswitch.adapter import FreeSwitchAdapter  # noqa: PLC0415

    return FreeSwitchAdapter(settings, now)


class LiveService:
    """One PBX, its calls, and their analysis.

    Args:
        app: The models, loaded.
        feed: Where the events go.
        store: What keeps them, if anything does.
    """

    def __init__(self, app: App, feed: Feed, store: EventStore | None) -> None:
        self._app = app
        self._feed = feed
        self._store = store
        self._settings = chosen_pbx(app.settings)

    async def run(self) -> None:
        """Serve until cancelled; then end the calls on the feed and the forks on the PBX."""
        if self._store:
            broken_off = end_unfinished(self._feed, self._store)
            if broken_off:
                log.warning("calls_broken_off_earlier", calls=broken_off)
        names = CallNames(self._store.recent_calls() if self._store else ())
        async with AsyncExitStack() as stack:
            parts = await _Parts.build(self._app, self._settings, self._feed, names, stack)
            log.info("serving", host=self._settings.host, port=self._settings.port)
            await parts.run()


class _Parts:
    """The parts of a running service."""

    def __init__(
        self, app: App, settings: PbxSettings, feed: Feed, names: CallNames, deliver: Deliver
    ) -> None:
        loop = asyncio.get_running_loop()
        self._lag = 0.0
        self._pool = app.recogniser_pool()
        self.board = Switchboard(app.maker_for(feed)(self._pool, deliver), loop.time)
        self.desk = ForkDesk(self.board.accept, self.board.degrade, settings.fork.attempts)
        self.listener = make_listener(settings.fork, self.desk)
        self.adapter = make_adapter(settings, loop.time)
        self.desk.connect(self.listener, self.adapter.forks)
        self.write_back = WriteBack(self.adapter.writer, settings.write_back)
        feed.listen(self.write_back.listener)
        self.book = make_book(settings, app.settings.privacy.analyse_without_consent, loop.time)
        self.calls = LiveCalls(
            self.book,
            self.board,
            self.desk,
            self.write_back.talk,
            names.free,
            settings.max_calls,
            lambda: self._pool.overloaded,
        )

    @classmethod
    async def build(
        cls, app: App, settings: PbxSettings, feed: Feed, names: CallNames, stack: AsyncExitStack
    ) -> _Parts:
        """Make the parts; what they need to be closed is pushed to ``stack``."""
        loop = asyncio.get_running_loop()

        def deliver(action: Callable[[], None]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop may be closed by then
                loop.call_soon_threadsafe(action)

        parts = cls(app, settings, feed, names, deliver)
        stack.enter_context(parts._pool)
        await parts.listener.start()
        stack.push_async_callback(parts.listener.close)
        return parts

    async def run(self) -> None:
        """Run until cancelled, then end in good order."""
        background = [asyncio.create_task(work) for work in (self._tick(), self._status())]
        observing = asyncio.create_task(self.adapter.run(self.calls))
        try:
            await asyncio.shield(observing)
        finally:
            # The manager connection is needed to the end: the forks are hung up through it.
            await self._end()
            for task in (observing, *background):
                task.cancel()
            await asyncio.gather(observing, *background, return_exceptions=True)

    async def _end(self) -> None:
        self.calls.close()
        self.board.end_all("lost")
        await _patiently(asyncio.gather(self._last_words(), self.desk.close()))
        self.board.close("lost")
        await _patiently(self.write_back.close())
        self._log_status()

    async def _last_words(self) -> None:
        while self.board.calls:
            await asyncio.sleep(TICK)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            self._lag = max(self._lag, loop.time() - due)
            self.board.tick()

    async def _status(self) -> None:
        while True:
            await asyncio.sleep(STATUS_INTERVAL)
            self._log_status()

    def _log_status(self) -> None:
        heard, written = self.listener.counters, self.write_back.stats()
        log.info(
            "status",
            calls_now=self.board.calls,
            forks_now=len(self.desk.forks),
            tasks_now=len(asyncio.all_tasks()),
            loop_lag_ms=round(self._lag * 1000),
            **_keyed("calls", self.calls.counts),
            **_keyed("book", self.book.counts),
            **_keyed("forks", self.desk.counts),
            **_keyed("recognition", asdict(self._pool.stats)),
            **_keyed("skipped", heard.skipped),
            **_keyed("turned_away", heard.turned_away),
            **_keyed("manager", self.adapter.counts),
            **_keyed("faults", {"forks": heard.sink_errors, "write_back": written.faults}),
            **flat(written.kinds),
        )
        self._lag = 0.0


async def _patiently(work: Awaitable[object]) -> None:
    """Wait for the end of something, but not for ever; another signal (a cancel) cuts it short."""
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(LAST_WORDS):
            await work


def make_book(settings: PbxSettings, without_consent: bool, now: Callable[[], float]) -> CallBook:
    """The call book, with a wall clock that goes by the loop's."""

    def wall(at: float) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=now() - at)

    return CallBook(settings.agent_pattern, wall=wall, analyse_without_consent=without_consent)


def _keyed(prefix: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Counts as log keys; what never happened is left out."""
    return {f"{prefix}_{name}": count for name, count in counts.items() if count}


def flat(stats: Mapping[Kind, KindStats]) -> dict[str, int]:
    """What was written back, and how soon hints were (newest 2000), as log keys; no zeros."""
    found: dict[str, int] = {}
    for kind, of_kind in stats.items():
        counts = {
            "delivered": of_kind.delivered,
            "failed": sum(of_kind.failed.values()),
            "retried": of_kind.retried,
            "dropped": of_kind.dropped,
            "late": of_kind.late,
            "merged": of_kind.merged,
            "p95_ms": round(1000 * _p95(of_kind.latencies)),
        }
        found |= _keyed(kind.value, counts)
    return found


def _p95(seconds: Sequence[float]) -> float:
    """The 95th percentile (nearest rank); 0 of nothing."""
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1] if seconds else 0.0
