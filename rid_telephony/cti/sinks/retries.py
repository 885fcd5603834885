"""What a target's ``Retry-After`` asks for. No clock."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER = 3600.0
"""A target cannot put us off for longer, seconds."""


def retry_after(header: str, now: datetime) -> float:
    """Seconds to wait, 0 to 3600; 0 where the header says nothing of use.

    Source: RFC 9110, section 10.2.3: seconds, or an HTTP date.

    Args:
        header: The header's value.
        now: Wall clock, with a zone.
    """
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return min(max(0.0, math.ceil(seconds)), LONGEST_RETRY_AFTER)
