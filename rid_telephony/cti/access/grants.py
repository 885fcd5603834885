"""What a credential gives: who asks, what it may do, and until when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rid_telephony.cti.access.scope import Principal, Right, Scope, matches

LOCAL = "local"
"""Name of whoever asks where no token is required."""
SCOPE_FIELDS = ("tenants", "agents", "queues", "types")


@dataclass(frozen=True, slots=True)
class Grant:
    """A credential that was found good.

    Attributes:
        principal: Who asks.
        token_id: The token behind it; empty where none is required.
        until: When it ends, seconds since the epoch; infinite where it does not.
        session: Hash of the session that it came by; empty where by a token or a ticket.
    """

    principal: Principal
    token_id: str = ""
    until: float = math.inf
    session: str = ""

    def alive(self, now: float) -> bool:
        """Whether it has not ended by itself (its token may have been revoked)."""
        return now < self.until


LOCAL_GRANT = Grant(Principal(LOCAL, frozenset(Right)))
"""Everything, for whoever reaches a loopback port that requires no token."""


class TooWideError(ValueError):
    """More was asked for than the bearer has."""


def narrowed(
    principal: Principal, wanted: Mapping[str, Iterable[str]], rights: Iterable[Right] | None
) -> Principal:
    """The same bearer with less: what a CRM gives to one agent's browser.

    Args:
        principal: Who asks.
        wanted: For any of :data:`SCOPE_FIELDS`, the names or patterns to narrow to. A pattern
            must be one of the bearer's own, unless the bearer's scope is open there.
        rights: What it may do; everything the bearer may where None.

    Raises:
        TooWideError: The bearer has not got it. The message names it.
    """
    fields = {name: getattr(principal.scope, name) for name in SCOPE_FIELDS}
    for name, values in wanted.items():
        chosen = tuple(values)
        if not chosen:
            continue
        for value in chosen:
            _check_within(name, value, fields[name])
        fields[name] = chosen
    kept = principal.rights if rights is None else frozenset(rights)
    if not kept <= principal.rights:
        missing = ", ".join(sorted(kept - principal.rights))
        raise TooWideError(f"the right {missing}")
    return Principal(principal.name, kept, Scope(**fields))


def _check_within(name: str, value: str, own: tuple[str, ...]) -> None:
    if not own or value in own:
        return
    # A pattern cannot be matched with patterns: `a*` is wider than `ab*` and also fits it.
    if "*" in value or not matches(value, own):
        raise TooWideError(f"{name} {value}")
