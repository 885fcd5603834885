"""A server without a port, on calls that a test makes: routers, store and tokens are real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from call_kit import Floor
from starlette.testclient import TestClient

from rid_telephony.cti.access.access import Access
from rid_telephony.cti.access.scope import Right, Scope
from rid_telephony.cti.access.tokens import TokenBook
from rid_telephony.cti.server.app import make_app
from rid_telephony.cti.server.hub import Hub
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.errors import InputError
from rid_telephony.settings.server import ServerSettings
from rid_telephony.store.access import AccessStore
from rid_telephony.store.events import EventStore

NOW = 1_800_000_000.0


def analyzed(record: dict[str, Any]) -> dict[str, Any]:
    """Stands for the models: the record's id, or an error where there is none."""
    if "id" not in record:
        raise InputError("The record: id: Field required.")
    return {"id": record["id"], "objection": "none"}


@dataclass
class Site:
    """A server without a port, on calls that a test makes."""

    floor: Floor
    store: EventStore
    http: TestClient
    book: TokenBook

    def token(self, *rights: Right, **scope: tuple[str, ...]) -> dict[str, str]:
        """Headers with a new token."""
        name = f"t{len(self.book.list())}"
        given = frozenset(rights or Right)
        token, *_ = self.book.make(name, given, Scope(**scope), NOW, None)
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def calls_site(path: Path) -> Iterator[Site]:
    """A site whose databases are in this folder."""
    store = EventStore(f"sqlite:///{path / 'calls.sqlite'}")
    floor = Floor(log=store)
    access = AccessStore(f"sqlite:///{path / 'access.sqlite'}")
    settings = ServerSettings()
    parts = ServerParts(
        settings=settings,
        hub=Hub(floor.feed, store),
        control=floor.control,
        access=Access(settings, access, lambda: NOW),
        archive=store,
        analyze=analyzed,
        board=floor.board,
        clock=lambda: NOW,
    )
    yield Site(
        floor, store, TestClient(make_app(parts), "http://127.0.0.1:8787"), TokenBook(access)
    )
    parts.hub.close()
    access.close()
    store.close()
