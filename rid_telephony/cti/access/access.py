"""Who may see and do what, as the server asks it; belongs to the event loop."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from rid_telephony.cti.access.failures import FailedLogins
from rid_telephony.cti.access.grants import Grant
from rid_telephony.cti.access.scope import Principal
from rid_telephony.cti.access.sessions import SESSION_PREFIX, SessionTable, new_session
from rid_telephony.cti.access.tickets import Tickets
from rid_telephony.cti.access.tokens import TokenBook, TokenTable, digest_of
from rid_telephony.cti.threads import in_thread
from rid_telephony.settings.server import ServerSettings

__all__ = ["SESSION_PREFIX", "Access", "AccessTable", "TooManyFailuresError"]

REMEMBERED = 5.0
"""Seconds that a good token or session is believed before it is looked up again; a revocation
takes effect within them."""
MAX_REMEMBERED = 4096


class AccessTable(TokenTable, SessionTable, Protocol):
    """Where tokens and sessions are kept; blocking."""


class TooManyFailuresError(Exception):
    """This address has failed too often; nothing was looked up.

    Args:
        retry_after: Seconds until it may try again.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class Access:
    """Tokens, tickets and sessions.

    Every method that looks something up may raise ``StoreError``.

    Args:
        settings: Lives of tickets and sessions.
        table: Where tokens and sessions are kept; None where nothing is: then no token is good.
        clock: Wall clock, seconds since the epoch.
    """

    def __init__(
        self, settings: ServerSettings, table: AccessTable | None, clock: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._table = table
        self._book = TokenBook(table) if table else None
        self._clock = clock
        self._tickets = Tickets(settings.ticket_seconds)
        self._failures = FailedLogins()
        self._remembered: OrderedDict[str, tuple[Grant, float]] = OrderedDict()

    @property
    def failures(self) -> int:
        """Failed logins so far."""
        return self._failures.total

    async def by_token(self, text: str, address: str) -> Grant | None:
        """What a token gives; None where it is not good.

        Raises:
            TooManyFailuresError: Nor may this address try another one yet.
        """
        book = self._book
        return await self._looked_up(
            text, address, lambda now: book.verify(text, now) if book else None
        )

    async def by_session(self, text: str, address: str) -> Grant | None:
        """What a session gives; None where it is not good, or its token is no longer.

        Raises:
            TooManyFailuresError: Nor may this address try another one yet.
        """
        return await self._looked_up(text, address, lambda now: self._session(text, now))

    async def holds(self, grant: Grant) -> bool:
        """Whether a grant still stands; a stream asks this now and then."""
        now = self._clock()
        if not grant.alive(now):
            return False
        if not grant.token_id:
            return True
        key = grant.session or f"token {grant.token_id}"
        if self._recall(key, now):
            return True
        if not await in_thread(self._stands, grant, now):
            return False
        self._remember(key, grant, now)
        return True

    def ticket(self, grant: Grant, who: Principal) -> str:
        """A ticket of a grant, for the same bearer or one with less."""
        # A ticket outlives the session that asked for it no longer than its few seconds.
        given = replace(grant, principal=who, session="")
        return self._tickets.issue(given, self._clock())

    def redeem(self, ticket: str, address: str) -> Grant | None:
        """What a ticket gives, once; None where it is not good.

        Raises:
            TooManyFailuresError: Nor may this address try another one yet.
        """
        now = self._clock()
        self._check_failures(address, now)
        found = self._tickets.redeem(ticket, now)
        if found is None:
            self._failures.failed(address, now)
        return found

    async def open_session(self, grant: Grant) -> tuple[str, Grant]:
        """A session for a grant of a token: its text, and what it gives until when.

        Raises:
            ValueError: No token stands behind the grant, or nothing can be kept.
        """
        table = self._table
        if table is None or not grant.token_id:
            raise ValueError("only a kept token can have sessions")
        now = self._clock()
        text, session = new_session(grant, self._settings.session_hours * 3600, now)
        await in_thread(table.add_session, session, now)
        return text, session.grant

    async def end_session(self, text: str) -> None:
        """End a session; one that is none ends well."""
        digest = digest_of(text)
        self._remembered.pop(digest, None)
        if self._table:
            await in_thread(self._table.end_session, digest)

    def _session(self, text: str, now: float) -> Grant | None:
        session = self._table.session(digest_of(text)) if self._table else None
        if session is None or not session.grant.alive(now):
            return None
        return session.grant if self._stands(session.grant, now) else None

    def _stands(self, grant: Grant, now: float) -> bool:
        if self._table is None or self._book is None:
            return False
        if grant.session and self._table.session(grant.session) is None:
            return False
        return self._book.is_alive(grant.token_id, now)

    async def _looked_up(
        self, text: str, address: str, look_up: Callable[[float], Grant | None]
    ) -> Grant | None:
        now = self._clock()
        digest = digest_of(text)
        found = self._recall(digest, now)
        if found:
            return found
        if digest not in self._remembered:
            # What was good once is no guess: others at this address (behind a proxy, all) who
            # guess must not lock out those who hold a token.
            self._check_failures(address, now)
        found = await in_thread(look_up, now)
        if found is None:
            self._remembered.pop(digest, None)
            self._failures.failed(address, now)
            return None
        self._remember(digest, found, now)
        return found

    def _check_failures(self, address: str, now: float) -> None:
        seconds = self._failures.wait(address, now)
        if seconds:
            raise TooManyFailuresError(seconds)

    def _recall(self, key: str, now: float) -> Grant | None:
        grant, at = self._remembered.get(key, (None, 0.0))
        if grant is None or not 0 <= now - at < REMEMBERED or not grant.alive(now):
            return None
        return grant

    def _remember(self, key: str, grant: Grant, now: float) -> None:
        self._remembered[key] = (grant, now)
        self._remembered.move_to_end(key)
        while len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
