"""A store full of events, written much faster than a feed would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from rid_telephony.bench.feed.material import endless
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed
from rid_telephony.errors import StoreError
from rid_telephony.store.engine import open_engine
from rid_telephony.store.tables import events

CALLS = 20
"""Calls that the events belong to, in turn."""
DIFFERENT = 4000
"""Events made by a feed; the others repeat them under other cursors. A multiple of ``CALLS``."""
AT_ONCE = 20_000
"""Events in one transaction."""


def stock(url: str, count: int) -> None:
    """Write events with the cursors 1 to ``count`` into an empty store.

    Args:
        url: SQLAlchemy URL of the store.
        count: Events.

    Raises:
        StoreError: It cannot be written.
    """
    engine = open_engine(url)
    rows = _rows(count)
    try:
        while some := list(islice(rows, AT_ONCE)):
            with engine.begin() as connection:
                connection.execute(insert(events), some)
    except SQLAlchemyError as error:
        raise StoreError(f"Cannot write the store to be replayed: {error}.") from error
    finally:
        engine.dispose()


def _rows(count: int) -> Iterator[dict[str, object]]:
    made = [_cut(event) for event in _made()]
    for cursor in range(1, count + 1):
        event, head, tail = made[(cursor - 1) % DIFFERENT]
        yield {
            "cursor": cursor,
            "call_id": event.subject,
            "sequence": cursor,
            "type": event.type,
            "tenant": event.tenant,
            "agent": event.agent,
            "time": event.time.isoformat(),
            "body": f"{head}{cursor}{tail}",
        }


def _made() -> list[CloudEvent]:
    feed, made = Feed("/bench"), list[CloudEvent]()
    feed.listen(made.append)
    now = datetime.now(UTC)
    calls = [
        feed.open_call(f"stored-{number}", now, agent=f"{1000 + number}") for number in range(CALLS)
    ]
    for number, (event_type, data) in enumerate(islice(endless(), DIFFERENT)):
        feed.publish(calls[number % CALLS], event_type, data)
    return made


def _cut(event: CloudEvent) -> tuple[CloudEvent, str, str]:
    """An event, and its line before and after the cursor."""
    key = '"cursor":'
    head, _, tail = event.line().partition(f"{key}{event.cursor}")
    return event, head + key, tail
