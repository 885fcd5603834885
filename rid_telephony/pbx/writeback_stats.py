"""How the write-back fares, counted by kind."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

KEPT_LATENCIES = 2000
"""Newest latencies kept of each kind."""


class Kind(StrEnum):
    """What is written."""

    MESSAGE = "message"
    """A SIP MESSAGE to the agent's softphone."""
    VARIABLES = "variables"
    """Channel variables."""
    EVENT = "event"
    """An event on the PBX's own bus."""
    DISPLAY = "display"
    """The connected line on the agent's phone."""


@dataclass(frozen=True, slots=True)
class KindStats:
    """Counts of one kind since the start.

    Attributes:
        delivered: Writes that the PBX accepted; of a message that is not yet the softphone.
        failed: Reason (an error's code, ``no_endpoint``, ``internal``) to writes given up.
        retried: Writes tried again after the PBX did not answer.
        dropped: Writes that found no room.
        late: Writes given up because what they say was over, or nobody was there to see it.
        merged: Values replaced by a newer one before they were written.
        latencies: Seconds from the offering of a hint to the PBX's answer, the newest
            :data:`KEPT_LATENCIES`, oldest first.
    """

    delivered: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    retried: int = 0
    dropped: int = 0
    late: int = 0
    merged: int = 0
    latencies: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteBackStats:
    """A snapshot.

    Attributes:
        kinds: Every kind to its counts.
        waiting: Messages and events that wait.
        calls: Calls written to now.
        faults: Events of the feed that could not be understood: a fault of this program.
    """

    kinds: Mapping[Kind, KindStats]
    waiting: int
    calls: int
    faults: int


class Tally:
    """Counts while it goes on."""

    def __init__(self) -> None:
        self._counts: dict[Kind, Counter[str]] = {kind: Counter() for kind in Kind}
        self._failed: dict[Kind, Counter[str]] = {kind: Counter() for kind in Kind}
        self._latencies: dict[Kind, deque[float]] = {
            kind: deque(maxlen=KEPT_LATENCIES) for kind in Kind
        }

    def delivered(self, kind: Kind, latency: float | None) -> None:
        """A write was accepted; ``latency`` in seconds where it is a hint's."""
        self._counts[kind]["delivered"] += 1
        if latency is not None:
            self._latencies[kind].append(latency)

    def failed(self, kind: Kind, reason: str) -> None:
        """A write was given up."""
        self._failed[kind][reason] += 1

    def retried(self, kind: Kind) -> None:
        """A write is to be tried again."""
        self._counts[kind]["retried"] += 1

    def dropped(self, kind: Kind) -> None:
        """A write found no room."""
        self._counts[kind]["dropped"] += 1

    def late(self, kind: Kind) -> None:
        """What a write says is over."""
        self._counts[kind]["late"] += 1

    def merged(self, kind: Kind, count: int) -> None:
        """Values were replaced before they were written."""
        self._counts[kind]["merged"] += count

    def snapshot(self) -> Mapping[Kind, KindStats]:
        """The counts now."""
        return {
            kind: KindStats(
                delivered=counts["delivered"],
                failed=dict(self._failed[kind]),
                retried=counts["retried"],
                dropped=counts["dropped"],
                late=counts["late"],
                merged=counts["merged"],
                latencies=tuple(self._latencies[kind]),
            )
            for kind, counts in self._counts.items()
        }
