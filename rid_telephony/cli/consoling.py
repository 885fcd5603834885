"""``demo --console``: the console in a browser, beside the replay and for as long as wanted."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from rid_telephony.app import App
from rid_telephony.cli.screen import say
from rid_telephony.cti.callboard import CallBoard
from rid_telephony.cti.feed import Feed
from rid_telephony.errors import SettingsError
from rid_telephony.outlets import Desk, make_outlets
from rid_telephony.pipeline.control import CallControl
from rid_telephony.settings import Settings
from rid_telephony.settings.server import LOOPBACK, NatsSettings, WebhookSettings
from rid_telephony.store.events import EventStore


@asynccontextmanager
async def console_beside(
    app: App, feed: Feed, store: EventStore | None, url: str
) -> AsyncIterator[CallControl]:
    """The console, open in a browser where there is one; yields what the replay must tell.

    It answers on this machine only, and without a token: what it shows is the replay.

    Raises:
        SettingsError: The server's libraries are missing, or it cannot start.
    """
    ready = {"models": True}
    clock = asyncio.get_running_loop().time
    control = CallControl(app.settings.server, clock, lambda: ready)
    board = CallBoard()
    feed.listen(control.listener)
    feed.listen(board.listener)
    desk = Desk(control, board, app.analyzer)
    async with _opened(_for_one_person(app.settings), feed, store, url, desk) as address:
        say(f"Console: {address}")
        show_in_browser(address)
        yield control


@asynccontextmanager
async def _opened(
    settings: Settings, feed: Feed, store: EventStore | None, url: str, desk: Desk
) -> AsyncIterator[str]:
    """The server on its port, or on any free one where that is taken."""
    free = settings.server.model_copy(update={"port": 0})
    for chosen in (settings, settings.model_copy(update={"server": free})):
        outlets = make_outlets(chosen, feed, store, url, desk)
        assert outlets is not None  # noqa: S101 - the server is enabled and asked for
        try:
            try:
                await outlets.start()
            except SettingsError:
                if chosen is not settings:
                    raise
                continue
            yield outlets.console
        finally:
            await outlets.close()
        return


def _for_one_person(settings: Settings) -> Settings:
    """The settings, but for this machine alone; a replay's events leave it in no other way."""
    local = {
        "enabled": True,
        "host": settings.server.host if settings.server.host in LOOPBACK else LOOPBACK[0],
        "require_token": False,
        "tls_certificate": None,
        "tls_key": None,
    }
    return settings.model_copy(
        update={
            "server": settings.server.model_copy(update=local),
            "webhooks": WebhookSettings(),
            "nats": NatsSettings(),
        }
    )


def show_in_browser(address: str) -> None:
    """Open a browser without waiting for it; nothing happens where there is no screen for one."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return  # A browser for terminals would take this one away.
    threading.Thread(target=_open, args=(address,), name="browser", daemon=True).start()


def _open(address: str) -> None:
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(address)
