"""``[feed]``, ``[store]`` and ``[privacy]``: what leaves the engine, and what is kept."""

from __future__ import annotations

from pydantic import Field

from rid_telephony.settings.section import Section


class FeedSettings(Section):
    """The event feed."""

    source: str = "/rid-telephony"
    """CloudEvents ``source`` of every event."""
    consumer_queue: int = Field(default=2000, gt=0)
    """Events that may wait for one consumer."""
    consumer_bytes: int = Field(default=8_000_000, gt=0)
    """Bytes that may wait for one consumer."""


class StoreSettings(Section):
    """Where events are kept."""

    url: str = ""
    """SQLAlchemy URL; an SQLite file in the user's data directory when empty."""
    enabled: bool = True
    """False keeps nothing: the feed cannot be replayed."""


class PrivacySettings(Section):
    """Personal data."""

    mask_text: bool = True
    """Mask telephone, identity card, bank card numbers and the like before text leaves."""
    log_personal_data: bool = False
    """Let ``pii_`` keys into the log."""
    analyse_without_consent: bool = False
    """Analyse calls whose consent flag says no, without storing them."""
