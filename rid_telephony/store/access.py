"""Tokens and sessions in the database; of both only hashes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Float, Index, Row, String, Table, Text, delete, func, select, update
from sqlalchemy import insert as add
from sqlalchemy.exc import SQLAlchemyError

from rid_telephony.cti.access.grants import SCOPE_FIELDS, Grant
from rid_telephony.cti.access.scope import Principal, Right, Scope
from rid_telephony.cti.access.sessions import Session
from rid_telephony.cti.access.tokens import Token
from rid_telephony.errors import StoreError
from rid_telephony.store.engine import open_engine
from rid_telephony.store.tables import metadata

MAX_SESSIONS = 50_000
"""Sessions kept; above it those that end first go."""

_tokens = Table(
    "access_tokens",
    metadata,
    Column("token_id", String(16), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("rights", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("created", Float(53), nullable=False),
    Column("expires", Float(53)),
    Column("last_used", Float(53)),
    Column("revoked", Float(53)),
)
_sessions = Table(
    "access_sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("token_id", String(16), nullable=False),
    Column("name", String(64), nullable=False),
    Column("rights", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("until", Float(53), nullable=False),
    Index("sessions_by_end", "until"),
)


class AccessStore:
    """Keeps tokens and sessions (an ``AccessTable``), in the database of the events.

    Another process may use it at the same time: ``rid-telephony token`` does while ``serve`` runs.

    Args:
        url: SQLAlchemy URL, the user's SQLite file when empty.

    Raises:
        StoreError: The database cannot be opened.
    """

    def __init__(self, url: str = "") -> None:
        self._engine = open_engine(url)

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def add_token(self, token: Token) -> None:
        """Keep a new token."""
        row = {
            "token_id": token.token_id,
            "name": token.name,
            "digest": token.digest,
            "rights": _written_rights(token.rights),
            "scope": _written_scope(token.scope),
            "created": token.created,
            "expires": None if math.isinf(token.expires) else token.expires,
        }
        with _guarded(), self._engine.begin() as connection:
            connection.execute(add(_tokens).values(row))

    def token(self, token_id: str) -> Token | None:
        """One token by its id."""
        query = select(_tokens).where(_tokens.c.token_id == token_id)
        with _guarded(), self._engine.connect() as connection:
            row = connection.execute(query).first()
        return _token(row) if row else None

    def tokens(self) -> list[Token]:
        """All tokens, oldest first, the dead ones too."""
        query = select(_tokens).order_by(_tokens.c.created, _tokens.c.token_id)
        with _guarded(), self._engine.connect() as connection:
            return [_token(row) for row in connection.execute(query)]

    def revoke_token(self, token_id: str, at: float) -> bool:
        """Revoke a token and end its sessions; False where it is unknown or revoked already."""
        revoke = (
            update(_tokens)
            .where(_tokens.c.token_id == token_id, _tokens.c.revoked.is_(None))
            .values(revoked=at)
        )
        with _guarded(), self._engine.begin() as connection:
            changed = connection.execute(revoke).rowcount
            connection.execute(delete(_sessions).where(_sessions.c.token_id == token_id))
        return bool(changed)

    def note_use(self, token_id: str, at: float) -> None:
        """Remember when a token was used."""
        query = update(_tokens).where(_tokens.c.token_id == token_id).values(last_used=at)
        with _guarded(), self._engine.begin() as connection:
            connection.execute(query)

    def add_session(self, session: Session, now: float) -> None:
        """Keep a session; those that have ended, and those above the limit, go."""
        grant = session.grant
        row = {
            "digest": session.digest,
            "token_id": grant.token_id,
            "name": grant.principal.name,
            "rights": _written_rights(grant.principal.rights),
            "scope": _written_scope(grant.principal.scope),
            "until": grant.until,
        }
        counted = select(func.count()).select_from(_sessions)
        with _guarded(), self._engine.begin() as connection:
            connection.execute(delete(_sessions).where(_sessions.c.until <= now))
            excess = (connection.execute(counted).scalar() or 0) - MAX_SESSIONS + 1
            if excess > 0:
                first = select(_sessions.c.digest).order_by(_sessions.c.until).limit(excess)
                connection.execute(delete(_sessions).where(_sessions.c.digest.in_(first)))
            connection.execute(add(_sessions).values(row))

    def session(self, digest: str) -> Session | None:
        """A session by the hash of its text."""
        query = select(_sessions).where(_sessions.c.digest == digest)
        with _guarded(), self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        principal = Principal(row.name, _read_rights(row.rights), _read_scope(row.scope))
        return Session(row.digest, Grant(principal, row.token_id, row.until, row.digest))

    def end_session(self, digest: str) -> None:
        """Forget a session."""
        with _guarded(), self._engine.begin() as connection:
            connection.execute(delete(_sessions).where(_sessions.c.digest == digest))


def _token(row: Row[Any]) -> Token:
    return Token(
        row.token_id,
        row.name,
        row.digest,
        _read_rights(row.rights),
        _read_scope(row.scope),
        row.created,
        math.inf if row.expires is None else row.expires,
        row.last_used,
        row.revoked,
    )


def _written_rights(rights: frozenset[Right]) -> str:
    return " ".join(sorted(rights))


def _read_rights(text: str) -> frozenset[Right]:
    # A right that this release does not know gives nothing.
    known = {right.value for right in Right}
    return frozenset(Right(word) for word in text.split() if word in known)


def _written_scope(scope: Scope) -> str:
    return json.dumps({name: getattr(scope, name) for name in SCOPE_FIELDS}, ensure_ascii=False)


def _read_scope(text: str) -> Scope:
    kept = json.loads(text)
    return Scope(**{name: tuple(kept[name]) for name in SCOPE_FIELDS})


@contextmanager
def _guarded() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        first = (str(error).splitlines() or [""])[0]
        raise StoreError(f"The store refuses: {first}.") from error
