"""The tables of the store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

KEY_LENGTH = 128
"""Characters of the columns that are searched; the whole text stands in the body."""

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("cursor", BigInteger, primary_key=True, autoincrement=False),
    Column("call_id", String(KEY_LENGTH), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("type", String(64), nullable=False),
    Column("tenant", String(KEY_LENGTH), nullable=False),
    Column("agent", String(KEY_LENGTH), nullable=False),
    Column("time", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Index("events_of_a_call", "call_id", "sequence", unique=True),
    Index("events_chosen", "cursor", "type", "agent", "tenant", "call_id"),
)
"""Every event of the feed; ``body`` is the whole CloudEvent as one line of JSON.

``events_chosen`` holds all that events are filtered by: a replay of few out of a million reads
that, and the bodies of the few.
"""

marks = Table(
    "marks",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Facts about the store itself; ``open`` stands while a writer has it."""
