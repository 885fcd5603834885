"""A real feed server on a loopback port, with a call desk that answers as it is told."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.cti.access.access import Access
from rid_telephony.cti.access.scope import Right, Scope
from rid_telephony.cti.access.tokens import TokenBook
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.server.hub import Hub
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.ports import CallKey, HintFeedback, Outcome
from rid_telephony.cti.server.service import FeedServer
from rid_telephony.settings.server import ServerSettings
from rid_telephony.store.access import AccessStore

T0 = 1_800_000_000.0


@dataclass
class Desk:
    """A ``Control`` without calls."""

    ready: dict[str, bool] = field(default_factory=lambda: {"models": True, "pbx": True})
    figures: dict[str, float] = field(default_factory=lambda: {"calls_now": 2.0})
    given: list[tuple[CallKey, CustomerContext]] = field(default_factory=list)

    def give_context(
        self,
        key: CallKey,
        context: CustomerContext,
        scope: Scope = Scope(),  # noqa: B008 - frozen
    ) -> Outcome:
        self.given.append((key, context))
        return Outcome.DONE

    def feedback(self, feedback: HintFeedback) -> Outcome:
        return Outcome.UNKNOWN

    def owner(self, hint_id: str) -> tuple[str, str, str] | None:
        return None

    def locate(self, key: CallKey) -> tuple[str, str, str] | None:
        return None


@dataclass
class Clock:
    """A wall clock that stands until it is set."""

    now: float = T0

    def __call__(self) -> float:
        return self.now


@dataclass
class Site:
    """A server that runs, and what a test needs of it."""

    server: FeedServer
    http: httpx.AsyncClient
    access_store: AccessStore
    desk: Desk
    clock: Clock
    feed: Feed

    def token(self, *rights: Right, scope: Scope = Scope(), days: float | None = None) -> str:  # noqa: B008 - frozen
        """A new token; its name is counted."""
        book = TokenBook(self.access_store)
        name = f"t{len(book.list())}"
        return book.make(name, frozenset(rights or Right), scope, self.clock.now, days)[0]

    def bearer(self, *rights: Right, **more: Any) -> dict[str, str]:
        """Headers with a new token."""
        return {"Authorization": f"Bearer {self.token(*rights, **more)}"}


@asynccontextmanager
async def serving(*, verify: Any = True, **settings: Any) -> AsyncIterator[Site]:
    """A server with these settings of ``[server]``, on any free port."""
    chosen = ServerSettings(**{"port": 0, **settings})
    clock, desk, feed = Clock(), Desk(), Feed("/test")
    with tempfile.TemporaryDirectory() as directory:
        store = AccessStore(f"sqlite:///{Path(directory) / 'access.sqlite'}")
        parts = ServerParts(
            settings=chosen,
            hub=Hub(feed, None),
            control=desk,
            access=Access(chosen, store, clock),
            clock=clock,
        )
        server = FeedServer(parts)
        try:
            await server.start()
            async with httpx.AsyncClient(
                base_url=server.url, trust_env=False, verify=verify
            ) as http:
                yield Site(server, http, store, desk, clock, feed)
        finally:
            await server.close()
            store.close()
