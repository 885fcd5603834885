"""The tables of the store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("cursor", BigInteger, primary_key=True, autoincrement=False),
    Column("call_id", String(128), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("type", String(64), nullable=False),
    Column("tenant", String(128), nullable=False),
    Column("agent", String(128), nullable=False),
    Column("time", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Index("events_of_a_call", "call_id", "sequence", unique=True),
)
"""Every event of the feed; ``body`` is the whole CloudEvent as one line of JSON."""
