"""``rid-telephony serve``: live calls of a PBX."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from contextlib import ExitStack, suppress
from typing import Annotated

import structlog
import typer

from rid_telephony.cli.options import (
    ConfigOption,
    JsonOption,
    LanguageOption,
    StoreOption,
    with_language,
)
from rid_telephony.cli.progress import loaded_app
from rid_telephony.cti.feed import Feed, Subscription
from rid_telephony.live import LiveService, chosen_pbx
from rid_telephony.settings import Settings, load_settings
from rid_telephony.store.events import EventStore

log = structlog.get_logger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL = 0.02
"""Seconds between two looks at the events to print."""
LAST_LINES = 2.0
"""Seconds that a reader of stdout may take for the last events when we stop."""


def serve(
    as_json: JsonOption = False,
    language: LanguageOption = None,
    store: StoreOption = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep no events.")] = False,
    config: ConfigOption = None,
) -> None:
    """Listen to a PBX and coach its agents, until stopped (SIGTERM or Ctrl-C).

    Connects to the Asterisk that `[asterisk]` names, analyses the calls that its dialplan marks,
    and writes hints back to the agents' softphones. Calls never wait for it: it can be started,
    stopped and killed at any time.

    First: `rid-telephony dialplan asterisk` (what to add to the PBX) and `rid-telephony check`
    (whether it is right). `--json` writes every event of the feed to stdout, one CloudEvent a
    line; the log goes to stderr.

    The feed's server (console, agent panel, API) opens `[server]`'s port, by default on this
    machine only; `rid-telephony token make` lets somebody in. It needs
    `pip install 'rid-telephony[server]'`; without it, calls are analysed all the same.
    """
    settings = with_language(load_settings(config), language)
    chosen_pbx(settings)
    app = loaded_app(settings)
    app.warm_up()
    _keep_loaded()
    with ExitStack() as stack:
        kept, url = None, store or settings.store.url
        if not no_store and settings.store.enabled:
            kept = EventStore(url, on_trouble=_store_trouble)
            stack.callback(_close, kept)
            kept.claim()
        feed = Feed(settings.feed.source, kept)
        service = LiveService(app, feed, kept, url)
        asyncio.run(_run(service, feed, settings, as_json=as_json))


def _keep_loaded() -> None:
    """Take what was loaded (models, libraries) out of garbage collection.

    A full collection would look at these 300,000 objects again and again, and each time hold up
    the calls for a tenth of a second; at the end of the program as well.
    """
    gc.collect()
    gc.freeze()


async def _run(service: LiveService, feed: Feed, settings: Settings, *, as_json: bool) -> None:
    loop = asyncio.get_running_loop()
    serving = asyncio.create_task(service.run())
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, serving.cancel)
    printer = _Printer(feed, settings) if as_json else None
    try:
        with suppress(asyncio.CancelledError):
            await serving
    finally:
        if printer:
            await printer.close()
        _stop_listening(loop)
        log.info("stopped")


def _stop_listening(loop: asyncio.AbstractEventLoop) -> None:
    """One more signal must not end the program while the store writes its last events."""
    for number in SIGNALS:
        if loop.remove_signal_handler(number):
            signal.signal(number, signal.SIG_IGN)


class _Printer:
    """Writes the feed to stdout without ever holding up the calls."""

    def __init__(self, feed: Feed, settings: Settings) -> None:
        limits = settings.feed
        self._waiting = Subscription(limits.consumer_queue, limits.consumer_bytes)
        self._unlisten = feed.listen(self._waiting.offer)
        self._closing = False
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Write what waits; who does not read it in time does not get it."""
        self._closing = True
        try:
            async with asyncio.timeout(LAST_LINES):
                await self._task
        except TimeoutError:
            log.warning("stdout_not_read", waiting=len(self._waiting))

    async def _run(self) -> None:
        try:
            while self._waiting or not self._closing:
                lines = []
                while event := self._waiting.take():
                    lines.append(event.line() + "\n")
                if lines:
                    await _written("".join(lines).encode())
                else:
                    await asyncio.sleep(POLL)
        except OSError as error:
            log.warning("stdout_gone", error=type(error).__name__)
            self._unlisten()


async def _written(data: bytes) -> None:
    """Write to stdout in a thread that nobody has to wait for.

    Where nobody reads, a write blocks for ever. The pool of ``asyncio.to_thread``, and the lock of
    ``sys.stdout``, would then keep the program from ending.

    Raises:
        OSError: Stdout is closed, or its disk is full.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: OSError | None) -> None:
        if done.done():
            return
        if error:
            done.set_exception(error)
        else:
            done.set_result(None)

    def work() -> None:
        failed = None
        try:
            _write(data)
        except OSError as error:
            failed = error
        with suppress(RuntimeError):  # the loop is closed: we did not wait
            loop.call_soon_threadsafe(settle, failed)

    threading.Thread(target=work, name="stdout", daemon=True).start()
    await done


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]


def _close(kept: EventStore) -> None:
    lost = kept.close()
    if lost:
        log.error("store_incomplete", events_lost=lost)


def _store_trouble(error: str, lost: int) -> None:
    log.error("store_refuses", error=error, lost=lost)
