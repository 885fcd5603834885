"""Which events a subscriber asks for, joined with what it may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rid_telephony.cti.access.scope import Scope, matches
from rid_telephony.cti.events import EVENT_TYPES
from rid_telephony.cti.server.problems import Problem
from rid_telephony.store.pages import Wanted

MAX_VALUES = 100
"""Values in one list."""
MAX_STARS = 20
"""Stars in one list: every event is compared with each piece between them."""
MAX_LENGTH = 128
"""Characters of one value: as many as the store's columns hold."""
MAX_CURSOR = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""

DESCRIPTIONS = {
    "types": "Event types by comma; `*` stands for any characters, as in `hint.*`.",
    "agent": "Agents by comma, with `*`.",
    "tenant": "Tenants by comma, with `*`.",
    "call": "Call ids by comma, with `*`.",
}
"""The parameters, for the OpenAPI document."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter and a scope; an event must pass both. An empty tuple does not narrow.

    Attributes:
        types: Patterns of event types; ``feed.gap`` always passes.
        agents: Patterns of agents.
        tenants: Patterns of tenants.
        calls: Patterns of call ids.
        scope: What the bearer may see.
    """

    types: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)

    @property
    def is_all(self) -> bool:
        """Whether every event passes."""
        return self == Selection()

    @property
    def needs_queue(self) -> bool:
        """Whether the queue of a call matters."""
        return bool(self.scope.queues)

    def admits(
        self,
        event_type: str,
        tenant: str,
        agent: str,
        call_id: str,
        queue: str,
        left: str = "",
    ) -> bool:
        """Whether an event passes; one by which a call leaves an agent is of both agents."""
        scope = self.scope
        if event_type != "feed.gap" and not (
            matches(event_type, self.types) and matches(event_type, scope.types)
        ):
            return False
        return (
            matches(tenant, self.tenants)
            and matches(call_id, self.calls)
            and any(
                matches(one, self.agents) and scope.covers(tenant, one, queue)
                for one in ((agent, left) if left else (agent,))
            )
        )

    def wanted(self) -> Wanted:
        """What the store need not even read of it (queues are looked up afterwards)."""
        scope = self.scope
        return Wanted(
            types=_given(self.types, scope.types),
            agents=_given(self.agents, scope.agents),
            tenants=_given(self.tenants, scope.tenants),
            calls=_given(self.calls),
        )


def selection_of(query: Mapping[str, str], scope: Scope) -> Selection:
    """The selection of a request's ``types``, ``agent``, ``tenant`` and ``call``.

    Raises:
        Problem: 400, a list is too long or names an event type that does not exist.
    """
    types = _patterns(query, "types")
    for pattern in types:
        if not any(matches(known, (pattern,)) for known in EVENT_TYPES):
            raise Problem(400, f"types: no event type is {pattern}.", "filter")
    return Selection(
        types=types,
        agents=_patterns(query, "agent"),
        tenants=_patterns(query, "tenant"),
        calls=_patterns(query, "call"),
        scope=scope,
    )


def cursor_of(text: str | None, name: str = "after") -> int | None:
    """A cursor as a subscriber sends it; None where it sends none.

    Raises:
        Problem: 400, it is no cursor.
    """
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= MAX_CURSOR):
        raise Problem(400, f"{name} is the cursor of an event, or 0 for all of them.", "cursor")
    return int(text)


def _patterns(query: Mapping[str, str], name: str) -> tuple[str, ...]:
    values = [part.strip() for part in query.get(name, "").split(",")]
    values = list(dict.fromkeys(filter(None, values)))
    if len(values) > MAX_VALUES or any(len(value) > MAX_LENGTH for value in values):
        limits = f"at most {MAX_VALUES} values of {MAX_LENGTH} characters"
        raise Problem(400, f"{name} takes {limits}.", "filter")
    if sum(value.count("*") for value in values) > MAX_STARS:
        raise Problem(400, f"{name} takes at most {MAX_STARS} `*`.", "filter")
    return tuple(values)


def _given(*lists: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(patterns) for patterns in lists if patterns)
