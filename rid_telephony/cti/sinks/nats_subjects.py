"""The subject of an event on NATS: ``<prefix>.<tenant>.<agent>.<type>``."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

EMPTY = "_"
"""Stands for a name that is empty; a name that is ``_`` itself is written ``%5F``."""
LONGEST = 128
"""Characters of an escaped name; of a longer one the first 95, ``~`` and 32 digits of its
SHA-256."""
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


def subject(prefix: str, tenant: str, agent: str, event_type: str) -> str:
    """The subject of an event.

    A type keeps its dots, so that ``rid.*.*.hint.>`` is all hints.

    Args:
        prefix: A single token.
        tenant: Any text.
        agent: Any text, may be empty.
        event_type: Of the feed.
    """
    kinds = ".".join(map(token, event_type.split(".")))
    return f"{prefix}.{token(tenant)}.{token(agent)}.{kinds}"


def token(name: str) -> str:
    """A name as one token of a subject: letters, digits, ``-``, ``_``; the rest as ``%XX``.

    Dots, blanks, wildcards and line ends would change what a subject means. The UTF-8 bytes are
    escaped as in URLs, so that ``urllib.parse.unquote`` gives the name back.
    """
    if not name:
        return EMPTY
    if name == EMPTY:
        return "%5F"
    if _PLAIN.fullmatch(name) and len(name) <= LONGEST:
        return name
    escaped = _escaped(name)
    if len(escaped) <= LONGEST:
        return escaped
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{escaped[:95]}~{digest[:32]}"


def message_id(event_id: str) -> str:
    """An event's id as a header's value: itself, unless it holds what a header cannot."""
    return quote(event_id, safe="!#$&'()*+,-./:;<=>?@[]^_`{|}~", errors="replace")


def _escaped(name: str) -> str:
    # `quote` leaves these two alone, but a dot divides subjects, and ~ marks a shortened name.
    return quote(name, safe="", errors="replace").replace(".", "%2E").replace("~", "%7E")
