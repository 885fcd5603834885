"""Texts as they may leave for a PBX: one line, bounded in bytes, whole characters."""

from __future__ import annotations

import re

ELLIPSIS = "…"
MAX_VALUE_BYTES = 900
"""Bytes of one value: it has to fit, with its name, in a line of the PBX's protocol."""
MAX_DISPLAY_BYTES = 80
"""Bytes of a connected line; phones show less."""
MAX_MESSAGE_BYTES = 1000
"""Bytes of a SIP MESSAGE, well below the 1300 that UDP may carry (RFC 3428, section 8)."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


def one_line(text: str) -> str:
    """The text with every run of control characters, line breaks included, as one space.

    A surrogate, which no UTF-8 can carry, becomes ``?``.
    """
    return _CONTROLS.sub(" ", text).encode("utf-8", "replace").decode("utf-8").strip()


def bounded(text: str, size: int) -> str:
    """The text, or as much of its beginning as fits with an ellipsis.

    Args:
        text: Without surrogates.
        size: Bytes of UTF-8 that it may take, at least 3.

    Returns:
        Whole characters, at most ``size`` bytes.
    """
    data = text.encode("utf-8")
    if len(data) <= size:
        return text
    kept = data[: size - len(ELLIPSIS.encode("utf-8"))].decode("utf-8", "ignore")
    return kept.rstrip() + ELLIPSIS


def value(text: str) -> str:
    """A channel variable or a field of an event."""
    return bounded(one_line(text), MAX_VALUE_BYTES)


def display(text: str) -> str:
    """A connected line."""
    return bounded(one_line(text), MAX_DISPLAY_BYTES)


def message(line: str, script: str) -> str:
    """What the softphone shows: the short line, and below it the words to say.

    Args:
        line: What to do.
        script: What to say; empty leaves it out.
    """
    parts = (one_line(line), one_line(script))
    return bounded("\n".join(part for part in parts if part), MAX_MESSAGE_BYTES)
