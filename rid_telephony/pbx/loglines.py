"""Which of many equal log lines are written."""

from __future__ import annotations


def worth_a_log_line(count: int) -> bool:
    """Whether the ``count``-th of the same kind is logged: 1, 2, 4, 8 … so that none floods."""
    return count & (count - 1) == 0
