"""Small statistics for measurements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 95th percentile of some seconds; None where nothing was measured."""

    count: int
    p50: float | None
    p95: float | None


def spread(seconds: Sequence[float]) -> Spread:
    """Median and 95th percentile."""
    if not seconds:
        return Spread(0, None, None)
    p50, p95 = np.percentile(np.asarray(seconds), [50, 95])
    return Spread(len(seconds), float(p50), float(p95))
