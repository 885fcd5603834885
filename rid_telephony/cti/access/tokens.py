"""Bearer tokens: made once, kept as a hash, checked in constant time."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import secrets
from dataclasses import dataclass
from typing import Protocol

from rid_telephony.cti.access.grants import Grant
from rid_telephony.cti.access.scope import Principal, Right, Scope
from rid_telephony.errors import InputError

TOKEN_PREFIX = "ridt_"  # noqa: S105 - what secret scanners shall find, no secret
SECRET_BYTES = 32
ID_BYTES = 5
_FORM = re.compile(rf"{TOKEN_PREFIX}([0-9a-f]{{{2 * ID_BYTES}}})_[A-Za-z0-9_-]{{43}}")
_NAME = re.compile(r"[\w.@-]{1,60}")
MAX_PATTERN = 128
PATTERN = rf"[^?\[\]]{{1,{MAX_PATTERN}}}"
"""A name in a scope. Only the star is special in it; what else shells know is refused, so that
nobody is surprised."""
MAX_PATTERNS = 100
USED_STEP = 60.0
"""Seconds between two notes of when a token was last used."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept; the secret itself is not.

    Attributes:
        token_id: Ten hexadecimal digits, part of the token's text.
        name: Who or what it was made for.
        digest: SHA-256 of the token's text, hexadecimal.
        rights: What it may do.
        scope: What it may see.
        created: Seconds since the epoch, as all times here.
        expires: When it ends; infinite where it does not.
        last_used: To about a minute; None where it never was.
        revoked: When it was; None where it was not.
    """

    token_id: str
    name: str
    digest: str
    rights: frozenset[Right]
    scope: Scope
    created: float
    expires: float = math.inf
    last_used: float | None = None
    revoked: float | None = None

    def alive(self, now: float) -> bool:
        """Whether it is neither revoked nor too old."""
        return self.revoked is None and now < self.expires

    @property
    def grant(self) -> Grant:
        """What it gives while it is alive."""
        return Grant(Principal(self.name, self.rights, self.scope), self.token_id, self.expires)


class TokenTable(Protocol):
    """Where tokens are kept; blocking."""

    def add_token(self, token: Token) -> None:
        """Keep a new one."""

    def token(self, token_id: str) -> Token | None:
        """One by its id."""

    def tokens(self) -> list[Token]:
        """All, oldest first, the dead ones too."""

    def revoke_token(self, token_id: str, at: float) -> bool:
        """Revoke one; False where none of this id is alive."""

    def note_use(self, token_id: str, at: float) -> None:
        """Remember when it was used."""


class TokenBook:
    """Makes, lists, revokes and verifies tokens. Blocking, as its table is."""

    def __init__(self, table: TokenTable) -> None:
        self._table = table

    def make(
        self, name: str, rights: frozenset[Right], scope: Scope, now: float, days: float | None
    ) -> tuple[str, Token]:
        """Make a token.

        Args:
            name: Letters, digits and ``.@-_``, at most 60.
            rights: At least one.
            scope: What it may see.
            now: Seconds since the epoch.
            days: Its life; None for ever.

        Returns:
            Its text, which nobody can tell again, and what is kept of it.

        Raises:
            InputError: Name, rights or scope are not valid, or the name is taken.
            StoreError: It cannot be kept.
        """
        _check(name, rights, scope)
        if any(token.name == name and token.alive(now) for token in self._table.tokens()):
            raise InputError(
                f"There is a token named {name} already.", "Revoke it, or choose another name."
            )
        token_id = secrets.token_hex(ID_BYTES)
        text = f"{TOKEN_PREFIX}{token_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        expires = math.inf if days is None else now + days * 86_400
        token = Token(token_id, name, digest_of(text), rights, scope, now, expires)
        self._table.add_token(token)
        return text, token

    def list(self) -> list[Token]:
        """All tokens, oldest first, the dead ones too."""
        return self._table.tokens()

    def revoke(self, which: str, now: float) -> Token:
        """Revoke a token by its id or its name.

        Raises:
            InputError: No living token is called so.
            StoreError: It cannot be kept.
        """
        for token in self._table.tokens():
            if which not in (token.token_id, token.name) or not token.alive(now):
                continue
            if self._table.revoke_token(token.token_id, now):
                return token
        raise InputError(
            f"There is no living token {which}.", "`rid-telephony token list` shows them."
        )

    def verify(self, text: str, now: float) -> Grant | None:
        """What a token gives; None where it is unknown, revoked or too old.

        Raises:
            StoreError: The table cannot be read.
        """
        form = _FORM.fullmatch(text)
        if form is None:
            return None
        token = self._table.token(form[1])
        given = digest_of(text)
        # Compared also where there is none, so that the answer takes as long.
        same = hmac.compare_digest(given, token.digest if token else "0" * len(given))
        if token is None or not same or not token.alive(now):
            return None
        if token.last_used is None or now - token.last_used >= USED_STEP:
            self._table.note_use(token.token_id, now)
        return token.grant

    def is_alive(self, token_id: str, now: float) -> bool:
        """Whether the token behind a session still stands."""
        token = self._table.token(token_id)
        return token is not None and token.alive(now)


def digest_of(secret: str) -> str:
    """What is kept of a secret. Plain SHA-256 is enough for 256 random bits: nobody guesses."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _check(name: str, rights: frozenset[Right], scope: Scope) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is no name for a token.", "Use up to 60 letters, digits and . @ - _ signs."
        )
    if not rights:
        raise InputError("A token without a right is of no use.")
    for patterns in (scope.tenants, scope.agents, scope.queues, scope.types):
        if len(patterns) > MAX_PATTERNS:
            raise InputError(f"A scope has at most {MAX_PATTERNS} names of a kind.")
        for pattern in patterns:
            if not re.fullmatch(PATTERN, pattern):
                raise InputError(
                    f"{pattern!r} is no name for a scope.",
                    f"Use 1 to {MAX_PATTERN} characters without ? [ ]; * stands for any.",
                )
