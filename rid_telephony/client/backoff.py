"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST = 0.5
LONGEST = 30.0
MAX_DOUBLINGS = 30


class Backoff:
    """Exponential backoff with full jitter: between nothing and a bound that doubles.

    Hundreds of clients whose server restarts come back spread out.
    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Args:
        first: Bound of the first pause, seconds.
        longest: Largest bound, seconds.
        uniform: Draws a number between two.
    """

    def __init__(
        self,
        first: float = FIRST,
        longest: float = LONGEST,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._first = first
        self._longest = longest
        self._uniform = uniform
        self.attempts = 0
        """Pauses since the last success."""

    def pause(self, at_least: float = 0.0) -> float:
        """Seconds to wait now; ``at_least`` is what the server asked for."""
        bound = min(self._longest, self._first * 2.0 ** min(self.attempts, MAX_DOUBLINGS))
        self.attempts += 1
        return at_least + self._uniform(0.0, bound)

    def reset(self) -> None:
        """All is well again."""
        self.attempts = 0
