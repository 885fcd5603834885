"""Sessions: what a browser holds in its cookie; kept, so that a restart logs nobody out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Protocol

from rid_telephony.cti.access.grants import Grant
from rid_telephony.cti.access.tokens import SECRET_BYTES, digest_of

SESSION_PREFIX = "rids_"


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is kept.

    Attributes:
        digest: SHA-256 of its text, hexadecimal.
        grant: What it gives, and until when.
    """

    digest: str
    grant: Grant


class SessionTable(Protocol):
    """Where sessions are kept, in bounded number; blocking."""

    def add_session(self, session: Session, now: float) -> None:
        """Keep a new one; those that have ended may go."""

    def session(self, digest: str) -> Session | None:
        """One by the hash of its text."""

    def end_session(self, digest: str) -> None:
        """Forget one."""


def new_session(grant: Grant, life: float, now: float) -> tuple[str, Session]:
    """A session of a grant, no longer than the grant itself.

    Returns:
        Its text, for the browser, and what is kept of it.
    """
    text = SESSION_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    digest = digest_of(text)
    limited = replace(grant, until=min(grant.until, now + life), session=digest)
    return text, Session(digest, limited)
