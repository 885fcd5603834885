"""What a bearer of a token may see and do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rid_telephony.cti.envelope import CloudEvent


class Right(StrEnum):
    """What a token lets its bearer do."""

    READ = "read"
    """See events and calls within its scope."""
    CONTEXT = "context"
    """Tell what the CRM knows of a customer."""
    FEEDBACK = "feedback"
    """Say what became of a hint."""
    ANALYZE = "analyze"
    """Have text analysed."""
    METRICS = "metrics"
    """See the operating figures."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events a bearer may see; an empty tuple does not narrow.

    Attributes:
        tenants: Names, or patterns with ``*``.
        agents: Likewise.
        queues: Likewise; a call's queue, empty where the PBX names none.
        types: Event types, likewise; ``feed.gap`` is always seen.
    """

    tenants: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def allows(self, event: CloudEvent, queue: str = "") -> bool:
        """Whether the bearer may see an event of a call of this queue."""
        return self.covers(event.tenant, event.agent, queue) and (
            event.type == "feed.gap" or matches(event.type, self.types)
        )

    def covers(self, tenant: str, agent: str, queue: str = "") -> bool:
        """Whether the bearer may see a call."""
        return (
            matches(tenant, self.tenants)
            and matches(agent, self.agents)
            and matches(queue, self.queues)
        )


EVERYTHING = Scope()
"""A scope that narrows nothing."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Attributes:
        name: Of the token; ``local`` where none is required.
        rights: What it may do.
        scope: What it may see.
    """

    name: str
    rights: frozenset[Right]
    scope: Scope = Scope()

    def may(self, right: Right) -> bool:
        """Whether it has a right."""
        return right in self.rights


def matches(value: str, patterns: Sequence[str]) -> bool:
    """Whether a value fits any pattern (``*`` for any characters); true where there is none.

    Nothing is compiled: a pattern may come from outside, and the event loop waits for this.
    """
    return not patterns or any(_fits(value, pattern) for pattern in patterns)


def _fits(value: str, pattern: str) -> bool:
    if "*" not in pattern:
        return value == pattern
    first, *between, last = pattern.split("*")
    place, end = len(first), len(value) - len(last)
    if end < place or not (value.startswith(first) and value.endswith(last)):
        return False
    for piece in between:
        found = value.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True
