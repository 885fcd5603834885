"""How long to wait before connecting again. No clock."""

from __future__ import annotations

import random
from collections.abc import Callable

STABLE_SECONDS = 10.0
"""Seconds after which a connection counts as good, and the next wait starts short again."""


class Backoff:
    """Exponential backoff with full jitter, so that many clients do not come back at once.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Args:
        first: Upper bound of the first wait, in seconds.
        longest: Upper bound of every wait, in seconds.
        uniform: Draws a number between two others.
    """

    def __init__(
        self,
        first: float,
        longest: float,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._first = first
        self._longest = longest
        self._uniform = uniform
        self._bound = min(first, longest)

    def after_failure(self, lasted: float = 0.0) -> float:
        """Seconds to wait after a connection that lasted so many seconds."""
        if lasted >= STABLE_SECONDS:
            self._bound = min(self._first, self._longest)
        wait = self._uniform(0.0, self._bound)
        self._bound = min(2 * self._bound, self._longest)
        return wait

    def after_refusal(self) -> float:
        """Seconds to wait when trying again is of little use: half of the longest at least."""
        return self._uniform(self._longest / 2, self._longest)
