"""What the feed leaves by over the network: server, webhooks, NATS. Needs the extra ``server``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from rid_telephony.cti.access.access import Access
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.server.hub import Hub, HubLimits
from rid_telephony.cti.server.pages import HOME
from rid_telephony.cti.server.parts import Figures, ServerParts
from rid_telephony.cti.server.service import FeedServer
from rid_telephony.cti.sinks.making import make_nats, make_webhooks
from rid_telephony.errors import StoreError
from rid_telephony.explain.loading import load_steps
from rid_telephony.outlets import Desk
from rid_telephony.settings import Settings
from rid_telephony.store.access import AccessStore
from rid_telephony.store.events import EventStore
from rid_telephony.store.sinks import SinkStore

log = structlog.get_logger(__name__)

CLOSE_SECONDS = 12.0
"""Longest time for one of them to end."""


class NetworkOutlets:
    """The server, the webhooks and NATS, as far as the settings want them.

    Make it in the event loop. Whatever becomes of them, the calls go on.

    Args:
        settings: All of them.
        feed: What leaves.
        store: Keeps the feed; None where nothing does.
        url: Of the database with tokens and cursors.
        desk: The calls, for the server.

    Raises:
        SettingsError: Something is wrong with a setting, or a library is missing.
        StoreError: The database cannot be opened.
    """

    def __init__(
        self, settings: Settings, feed: Feed, store: EventStore | None, url: str, desk: Desk
    ) -> None:
        server = settings.server
        limits = HubLimits(
            streams=server.max_connections,
            waiting_events=settings.feed.consumer_queue,
            waiting_bytes=settings.feed.consumer_bytes,
        )
        self._hub = Hub(feed, store, limits)
        # Where events are not kept, a cursor would be of another feed after the next start.
        self._kept = SinkStore(url, settings.webhooks.dead_letters) if store else None
        self._webhooks = make_webhooks(settings.webhooks, self._hub, self._kept)
        self._nats = make_nats(settings.nats, self._hub, self._kept)
        self._tokens = _tokens(url, needed=store is not None) if server.enabled else None
        self._server: FeedServer | None = None
        if server.enabled:
            sources: list[Figures] = [lambda: self._hub.figures]
            sources += [one.figures for one in (self._webhooks, self._nats) if one]
            self._server = FeedServer(
                ServerParts(
                    settings=server,
                    hub=self._hub,
                    control=desk.control,
                    access=Access(server, self._tokens, time.time),
                    archive=store,
                    analyze=desk.analyze,
                    board=desk.board,
                    figures=tuple(sources),
                    steps=load_steps(settings.rid),
                )
            )

    @property
    def console(self) -> str:
        """Where the console is; empty where no server runs."""
        return f"{self._server.url}{HOME}" if self._server else ""

    async def start(self) -> None:
        """Open the port and begin to deliver.

        Raises:
            SettingsError: The port is in use, or the certificate cannot be used.
            StoreError: A cursor cannot be read.
        """
        if self._server:
            await self._server.start()
        for sink in (self._webhooks, self._nats):
            if sink:
                await sink.start()

    async def close(self) -> None:
        """Deliver what is there, for some seconds, and end; never raises."""
        sinks = [one.close for one in (self._webhooks, self._nats) if one]
        await asyncio.gather(*(_ended(ending) for ending in sinks))
        # Ends the streams: the server would wait for their subscribers otherwise.
        self._hub.close()
        if self._server:
            await _ended(self._server.close)
        for store in (self._kept, self._tokens):
            if store:
                store.close()


def _tokens(url: str, *, needed: bool) -> AccessStore | None:
    """Where tokens are kept; None where nothing can be: then nobody with a token is let in."""
    try:
        return AccessStore(url)
    except StoreError as error:
        if needed:
            raise
        log.warning("tokens_not_kept", error=str(error))
        return None


async def _ended(ending: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await ending()
    except Exception as error:
        log.warning("outlet_not_closed", error=repr(error))
