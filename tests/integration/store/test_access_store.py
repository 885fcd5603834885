"""Tokens and sessions in a real database file, beside a running writer of events."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from rid_telephony.cti.access import sessions
from rid_telephony.cti.access.grants import Grant
from rid_telephony.cti.access.scope import Principal, Right, Scope
from rid_telephony.cti.access.tokens import TokenBook
from rid_telephony.errors import StoreError
from rid_telephony.store import access
from rid_telephony.store.access import AccessStore
from rid_telephony.store.events import EventStore

pytestmark = pytest.mark.integration

T0 = 1_800_000_000.0
SCOPE = Scope(tenants=("甲",), agents=("10*",), queues=("vip",), types=("hint.*",))
RIGHTS = frozenset({Right.READ, Right.FEEDBACK})


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'events.sqlite'}"


def test_a_token_comes_back_as_it_was_made_after_a_restart(url: str) -> None:
    first = AccessStore(url)
    text, token = TokenBook(first).make("crm", RIGHTS, SCOPE, T0, 30)
    first.close()
    second = AccessStore(url)
    assert second.token(token.token_id) == token
    grant = TokenBook(second).verify(text, T0)
    assert grant == token.grant
    assert second.tokens()[0].last_used == T0
    second.close()


def test_tokens_are_made_while_another_process_writes_events(url: str) -> None:
    writer = EventStore(url)
    writer.claim()
    store = AccessStore(url)
    TokenBook(store).make("crm", RIGHTS, SCOPE, T0, None)
    assert len(store.tokens()) == 1
    store.close()
    writer.close()


def test_a_revoked_token_takes_its_sessions_with_it(url: str) -> None:
    store = AccessStore(url)
    _, token = TokenBook(store).make("crm", RIGHTS, SCOPE, T0, None)
    text, session = sessions.new_session(token.grant, 3600, T0)
    store.add_session(session, T0)
    assert store.session(session.digest) == session
    assert store.session(text) is None
    assert store.revoke_token(token.token_id, T0)
    assert not store.revoke_token(token.token_id, T0)
    assert store.session(session.digest) is None
    store.close()


def test_sessions_are_bounded_and_those_that_ended_go(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MAX_SESSIONS", 3)
    store = AccessStore(url)
    grant = Grant(Principal("crm", RIGHTS, SCOPE), "0123456789")
    kept = []
    for life in (10, 40, 50, 60, 70):
        kept.append(sessions.new_session(grant, life, T0)[1])
        store.add_session(kept[-1], T0)
    alive = [store.session(session.digest) is not None for session in kept]
    assert alive == [False, False, True, True, True]
    store.add_session(sessions.new_session(grant, 99, T0)[1], T0 + 65)
    assert store.session(kept[3].digest) is None
    store.close()


def test_a_right_of_a_newer_release_gives_nothing_here(url: str, tmp_path: Path) -> None:
    store = AccessStore(url)
    _, token = TokenBook(store).make("crm", RIGHTS, SCOPE, T0, None)
    with sqlite3.connect(tmp_path / "events.sqlite") as raw:
        raw.execute("UPDATE access_tokens SET rights = 'read rule_the_world'")
    found = store.token(token.token_id)
    assert found
    assert found.rights == {Right.READ}
    store.close()


def test_a_database_that_refuses_is_a_store_error(url: str, tmp_path: Path) -> None:
    store = AccessStore(url)
    with sqlite3.connect(tmp_path / "events.sqlite") as raw:
        raw.execute("DROP TABLE access_tokens")
    with pytest.raises(StoreError, match="refuses"):
        store.tokens()
    store.close()
