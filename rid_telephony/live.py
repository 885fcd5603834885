"""The composition root of ``serve``: puts the live parts together and runs them.

Everything but recognition and the store's writer runs in one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import structlog

from rid_telephony.app import App
from rid_telephony.calls.book import CallBook
from rid_telephony.cti.callboard import CallBoard
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.recovery import end_unfinished
from rid_telephony.errors import SettingsError
from rid_telephony.media.listeners import make_listener
from rid_telephony.outlets import Desk, asked_for, make_outlets
from rid_telephony.pbx.asterisk.adapter import AsteriskAdapter
from rid_telephony.pbx.asterisk.ami_login import read_login
from rid_telephony.pbx.forkdesk import ForkDesk
from rid_telephony.pbx.freeswitch import esl_login
from rid_telephony.pbx.messages import PbxAdapter
from rid_telephony.pbx.writeback import WriteBack
from rid_telephony.pipeline.control import CallControl
from rid_telephony.pipeline.live import LiveCalls
from rid_telephony.pipeline.naming import CallNames
from rid_telephony.pipeline.replay import Deliver, MakerFactory
from rid_telephony.pipeline.switchboard import Switchboard
from rid_telephony.settings import Settings
from rid_telephony.settings.asterisk import AsteriskSettings
from rid_telephony.settings.freeswitch import FreeSwitchSettings
from rid_telephony.store.events import EventStore
from rid_telephony.vitals import flat, keyed, recognition_figures, written_figures

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
        url: Of the database with tokens and cursors.
    """

    def __init__(self, app: App, feed: Feed, store: EventStore | None, url: str = "") -> None:
        self._app = app
        self._feed = feed
        self._store = store
        self._url = url
        self._settings = chosen_pbx(app.settings)
        self._parts: _Parts | None = None

    async def run(self) -> None:
        """Serve until cancelled; then end the calls on the feed and the forks on the PBX."""
        if self._store:
            broken_off = end_unfinished(self._feed, self._store)
            if broken_off:
                log.warning("calls_broken_off_earlier", calls=broken_off)
        names = CallNames(self._store.recent_calls() if self._store else ())
        async with AsyncExitStack() as stack:
            control = await self._open_outlets(stack)
            maker = control.watching(self._app.maker_for(self._feed))
            parts = await _Parts.build(self._app, self._settings, self._feed, maker, names, stack)
            self._parts = parts
            log.info("serving", host=self._settings.host, port=self._settings.port)
            await parts.run()

    async def _open_outlets(self, stack: AsyncExitStack) -> CallControl:
        """Open what the feed leaves by; it closes after the calls have ended on the feed."""
        settings = self._app.settings
        clock = asyncio.get_running_loop().time
        control = CallControl(settings.server, clock, self._ready, self._figures)
        board = CallBoard()
        self._feed.listen(control.listener)
        self._feed.listen(board.listener)
        desk = Desk(control, board, self._app.analyzer)
        outlets = make_outlets(settings, self._feed, self._store, self._url, desk)
        if outlets is None:
            return control
        stack.push_async_callback(lambda: _patiently(outlets.close()))
        try:
            await outlets.start()
        except SettingsError as error:
            if asked_for(settings):
                raise
            log.error("feed_server_off", error=error.message, advice=error.advice)
        else:
            log.info("console", url=outlets.console)
        return control

    def _ready(self) -> dict[str, bool]:
        ready = {"models": True, "pbx": self._parts is not None and self._parts.calls.is_pbx_up}
        return ready if self._store is None else {**ready, "store": not self._store.refuses}

    def _figures(self) -> dict[str, float]:
        return self._parts.figures() if self._parts else {}


class _Parts:
    """The parts of a running service."""

    def __init__(
        self,
        app: App,
        settings: PbxSettings,
        feed: Feed,
        maker: MakerFactory,
        names: CallNames,
        deliver: Deliver,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._lag = 0.0
        self._pool = app.recogniser_pool()
        self.board = Switchboard(maker(self._pool, deliver), loop.time)
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
        cls,
        app: App,
        settings: PbxSettings,
        feed: Feed,
        maker: MakerFactory,
        names: CallNames,
        stack: AsyncExitStack,
    ) -> _Parts:
        """Make the parts; what they need to be closed is pushed to ``stack``."""
        loop = asyncio.get_running_loop()

        def deliver(action: Callable[[], None]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop may be closed by then
                loop.call_soon_threadsafe(action)

        parts = cls(app, settings, feed, maker, names, deliver)
        stack.enter_context(parts._pool)
        await parts.listener.start()
        stack.push_async_callback(parts.listener.close)
        return parts

    def figures(self) -> dict[str, float]:
        """Operating figures; totals end in ``_total``."""
        return {
            **recognition_figures(self._pool.stats),
            "calls_begun_total": self.calls.counts["calls"],
            "calls_refused_total": self.calls.counts["refused"],
            "forks": len(self.desk.forks),
            "loop_lag_seconds": self._lag,
            **written_figures(self.write_back.stats().kinds),
        }

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
            **keyed("calls", self.calls.counts),
            **keyed("book", self.book.counts),
            **keyed("forks", self.desk.counts),
            **keyed("recognition", asdict(self._pool.stats)),
            **keyed("skipped", heard.skipped),
            **keyed("turned_away", heard.turned_away),
            **keyed("manager", self.adapter.counts),
            **keyed("faults", {"forks": heard.sink_errors, "write_back": written.faults}),
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
