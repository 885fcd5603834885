"""Tickets: what a browser is handed instead of a token, good once and for a short time."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from rid_telephony.cti.access.grants import Grant
from rid_telephony.cti.access.tokens import SECRET_BYTES, digest_of

TICKET_PREFIX = "ridk_"
MAX_TICKETS = 10_000


@dataclass(frozen=True, slots=True)
class _Ticket:
    grant: Grant
    until: float


class Tickets:
    """Tickets that nobody has used yet; they do not outlive the program.

    Times come in as seconds since the epoch.

    Args:
        life: Seconds that a ticket is good for.
        limit: Tickets that may wait; above it the oldest is void.
    """

    def __init__(self, life: float, limit: int = MAX_TICKETS) -> None:
        self._life = life
        self._limit = limit
        self._waiting: OrderedDict[str, _Ticket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def issue(self, grant: Grant, now: float) -> str:
        """A ticket for a grant."""
        self._forget_old(now)
        while len(self._waiting) >= self._limit:
            self._waiting.popitem(last=False)
        text = TICKET_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        self._waiting[digest_of(text)] = _Ticket(grant, now + self._life)
        return text

    def redeem(self, text: str, now: float) -> Grant | None:
        """What a ticket gives, the first time; None where it is unknown, used or too old."""
        ticket = self._waiting.pop(digest_of(text), None)
        if ticket is None or now >= ticket.until or not ticket.grant.alive(now):
            return None
        return ticket.grant

    def _forget_old(self, now: float) -> None:
        # All live equally long, so the oldest end first.
        while self._waiting:
            digest, ticket = next(iter(self._waiting.items()))
            if now < ticket.until:
                return
            del self._waiting[digest]
