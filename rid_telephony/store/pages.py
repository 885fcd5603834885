"""Pages of the store's events as they lie there: lines, not models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, and_, or_, select

from rid_telephony.store.tables import KEY_LENGTH, events

PAGE_BYTES = 262_144
"""Characters of events after which a page ends before its limit."""
_ESCAPE = "\\"


class StoredLine(NamedTuple):
    """An event of the store and the columns that it is chosen by.

    Attributes:
        cursor: Its place on the feed.
        call_id: Its call, the first :data:`~rid_telephony.store.tables.KEY_LENGTH` characters.
        type: Event type.
        tenant: Of its call, likewise cut.
        agent: Of its call at that moment, likewise cut.
        line: The whole CloudEvent as one line of JSON.
    """

    cursor: int
    call_id: str
    type: str
    tenant: str
    agent: str
    line: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some events of the store.

    Attributes:
        lines: In the order of their cursors.
        more: Whether there may be more after the last of them; never where there is none.
    """

    lines: list[StoredLine]
    more: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to leave out while reading: for each column any number of lists of patterns.

    A value must fit one pattern (``*`` for any characters) of every list. The database may let
    more pass than fits (it may not tell upper from lower case, and passes transfers of every agent,
    for they are of two): look again at what it gives.
    """

    types: tuple[tuple[str, ...], ...] = ()
    agents: tuple[tuple[str, ...], ...] = ()
    tenants: tuple[tuple[str, ...], ...] = ()
    calls: tuple[tuple[str, ...], ...] = ()


def read_page(connection: Connection, after: int, until: int, limit: int, wanted: Wanted) -> Page:
    """At most ``limit`` events with ``after < cursor <= until``, in order.

    Fewer where they are large: a thousand of the largest would need too much memory. What is left
    out is decided on the narrow index ``events_chosen``; bodies are read only of what is given.
    """
    cursor = events.c.cursor
    span = and_(cursor > after, cursor <= until)
    conditions = list(_conditions(wanted))
    columns = (cursor, events.c.call_id, events.c.type, events.c.tenant, events.c.agent)
    query = select(*columns, events.c.body).order_by(cursor)
    if conditions:
        chosen = select(cursor).where(span, *conditions).order_by(cursor).limit(limit)
        query = query.where(cursor.in_(chosen))
    else:
        query = query.where(span).limit(limit)
    lines: list[StoredLine] = []
    room = PAGE_BYTES
    with connection.execute(query) as rows:
        for row in rows:
            line = StoredLine._make(row)
            lines.append(line)
            room -= len(line.line)
            if room <= 0:
                return Page(lines, more=True)
    return Page(lines, more=len(lines) == limit)


def read_queues(connection: Connection, calls: Sequence[str]) -> dict[str, str]:
    """The queues of calls, as their ``call.started`` says; without those that have none there."""
    query = select(events.c.call_id, events.c.body).where(
        events.c.call_id.in_([call[:KEY_LENGTH] for call in calls]),
        events.c.type == "call.started",
    )
    return {
        call_id: str(json.loads(body)["data"].get("queue", ""))
        for call_id, body in connection.execute(query)
    }


def _conditions(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    columns = (
        (events.c.type, (*_with_gap(wanted.types),)),
        (events.c.tenant, wanted.tenants),
        (events.c.call_id, wanted.calls),
    )
    found = [_fits(column, patterns) for column, lists in columns for patterns in lists]
    moves = events.c.type == "call.transferred"
    return [*found, *(or_(_fits(events.c.agent, patterns), moves) for patterns in wanted.agents)]


def _with_gap(lists: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    return tuple((*patterns, "feed.gap") for patterns in lists)


def _fits(column: Column[str], patterns: tuple[str, ...]) -> ColumnElement[bool]:
    exact = [pattern[:KEY_LENGTH] for pattern in patterns if "*" not in pattern]
    likes = [column.like(_like(pattern), escape=_ESCAPE) for pattern in patterns if "*" in pattern]
    return or_(column.in_(exact), *likes) if exact else or_(*likes)


def _like(pattern: str) -> str:
    """A pattern as one of LIKE that lets at least as much pass."""
    for sign in (_ESCAPE, "%", "_"):
        pattern = pattern.replace(sign, _ESCAPE + sign)
    return pattern.replace("*", "%")
