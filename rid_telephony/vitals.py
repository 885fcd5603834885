"""What a running service tells of itself: keys of its status log, and operating figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rid_telephony.pbx.writeback_stats import Kind, KindStats
from rid_telephony.speech.load import PoolStats

_NOW = ("waiting", "running")
"""Of the pool's figures those that can fall."""


def keyed(prefix: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Counts as log keys; what never happened is left out."""
    return {f"{prefix}_{name}": count for name, count in counts.items() if count}


def recognition_figures(stats: PoolStats) -> dict[str, float]:
    """Recognition as operating figures; totals end in ``_total``."""
    return {
        f"recognition_{name}{'' if name in _NOW else '_total'}": count
        for name, count in asdict(stats).items()
    }


def written_figures(stats: Mapping[Kind, KindStats]) -> dict[str, float]:
    """What was written back, and what was given up, as operating figures."""
    delivered = {f"written_{kind.value}_total": one.delivered for kind, one in stats.items()}
    failed = {
        f"not_written_{kind.value}_total": sum(one.failed.values()) for kind, one in stats.items()
    }
    return {**delivered, **failed}


def flat(stats: Mapping[Kind, KindStats]) -> dict[str, int]:
    """What was written back, and how soon hints were (newest 2000), as log keys; no zeros."""
    found: dict[str, int] = {}
    for kind, of_kind in stats.items():
        counts = {
            "delivered": of_kind.delivered,
            "failed": sum(of_kind.failed.values()),
            "retried": of_kind.retried,
            "dropped": of_kind.dropped,
            "late": of_kind.late,
            "merged": of_kind.merged,
            "p95_ms": round(1000 * _p95(of_kind.latencies)),
        }
        found |= keyed(kind.value, counts)
    return found


def _p95(seconds: Sequence[float]) -> float:
    """The 95th percentile (nearest rank); 0 of nothing."""
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1] if seconds else 0.0
