"""What the server needs of the rest of the program; the composition root connects it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.cti.access.scope import EVERYTHING, Scope
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.store.events import StoredCall
from rid_telephony.store.pages import Page, Wanted
from rid_telephony.strategy.messages import HintVerdict


class Outcome(StrEnum):
    """What became of a request to a call."""

    DONE = "done"
    KEPT = "kept"
    """The call does not exist yet: it will be used when the call begins."""
    UNKNOWN = "unknown"
    """There is no such call or hint."""
    TOO_LATE = "too_late"
    """It is over, or was decided otherwise before."""


@dataclass(frozen=True, slots=True)
class HintFeedback:
    """What an agent says of a hint.

    Attributes:
        verdict: ``displayed`` becomes ``hint.displayed``, ``used`` and ``useful`` become
            ``hint.accepted``, ``wrong`` and ``dismissed`` become ``hint.dismissed``; the word
            itself is the event's ``reason``.
        by: Who says so.
        note: Free text, at most 500 characters, may be empty.
    """

    hint_id: str
    verdict: HintVerdict
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CallKey:
    """How an integrator names a call.

    Attributes:
        kind: ``call`` (our id), ``channel`` (the PBX's channel id) or ``customer`` (the CRM's id).
    """

    kind: Literal["call", "channel", "customer"]
    value: str


class Control(Protocol):
    """What can be asked of the calls in progress. Belongs to the event loop."""

    def give_context(
        self, key: CallKey, context: CustomerContext, scope: Scope = EVERYTHING
    ) -> Outcome:
        """Take what the CRM knows, before the call (kept for a bounded time) or during it.

        Args:
            key: The call.
            context: What is known; empty fields say nothing.
            scope: It is used for a call that this covers, and for no other.
        """

    def feedback(self, feedback: HintFeedback) -> Outcome:
        """Put what became of a hint on the feed."""

    def owner(self, hint_id: str) -> tuple[str, str, str] | None:
        """Tenant, agent and queue of the call that a hint belongs to; None where unknown."""

    def locate(self, key: CallKey) -> tuple[str, str, str] | None:
        """Tenant, agent and queue of a call that goes on; None where there is none."""

    @property
    def ready(self) -> dict[str, bool]:
        """What must be true to be of use: ``pbx``, ``models``, ``store`` …, each with its state."""

    @property
    def figures(self) -> dict[str, float]:
        """Operating figures for ``/metrics``; names in snake case, totals end in ``_total``."""


class Archive(Protocol):
    """The store as the server reads it; blocking, so call it in a thread."""

    def last_cursor(self) -> int:
        """The highest cursor kept."""

    def replay(self, after: int = 0, until: int | None = None) -> Iterator[CloudEvent]:
        """Events in order of their cursor."""

    def page(self, after: int, until: int, limit: int, wanted: Wanted | None = None) -> Page:
        """At most ``limit`` events with ``after < cursor <= until``, unparsed."""

    def queues(self, calls: Sequence[str]) -> dict[str, str]:
        """The queues of those of the calls that it knows."""

    def events_of(self, call_id: str) -> list[CloudEvent]:
        """All events of a call in order; empty where it is unknown."""

    def calls(self, limit: int = 50) -> list[StoredCall]:
        """The latest calls, newest first."""


class Analyze(Protocol):
    """Text in, signals out: what ``rid-telephony analyze`` does with one record. Blocking."""

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Analyse a record.

        Raises:
            InputError: It is not one.
        """


Events = Sequence[CloudEvent]
