"""How busy the recognisers are, and what is left out when they are too busy.

More is left out the longer a segment would wait: first drafts (partials), then the width of the
beam, then what agents say, and at last whole new calls. What is left out is counted and told.
"""

from __future__ import annotations

from dataclasses import dataclass

from rid_telephony.errors import RidTelephonyError

FIRST_GUESS = 0.3
"""Seconds that a recognition takes, before one was seen."""
MEMORY = 0.1
"""Weight of the newest recognition in the running mean."""


class RecognitionShedError(RidTelephonyError):
    """A segment was not recognised because more was said than can be recognised in time."""

    code = "recognition_shed"


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """Seconds of waiting at which something is left out.

    Attributes:
        draft_wait: A draft that would wait longer is not recognised.
        hurry_wait: While a segment would wait longer, the beam is narrow.
        agent_wait: What an agent said is not recognised when it has waited longer.
        call_wait: While a segment would wait longer, new calls are not taken.
    """

    draft_wait: float = 0.3
    hurry_wait: float = 1.0
    agent_wait: float = 20.0
    call_wait: float = 4.0


@dataclass(frozen=True, slots=True)
class PoolStats:
    """Counters since the start, and the state now.

    Attributes:
        waiting: Segments in line now.
        running: Segments being recognised now.
        recognised: Recognitions finished.
        failed: Recognitions that ended in an exception of the model.
        reused: Finals answered by the recognition of their draft.
        cancelled: Drafts given up because speech went on or the final came.
        shed_drafts: Drafts left out because of load.
        shed_finals: Finals left out because of load; each was reported.
        hurried: Recognitions with a narrow beam.
    """

    waiting: int
    running: int
    recognised: int
    failed: int
    reused: int
    cancelled: int
    shed_drafts: int
    shed_finals: int
    hurried: int


class LoadGauge:
    """Estimates how long a segment would wait.

    Args:
        workers: Recognitions at once.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._seconds = FIRST_GUESS

    def took(self, seconds: float) -> None:
        """A recognition took so long."""
        self._seconds += MEMORY * (seconds - self._seconds)

    def wait(self, ahead: int) -> float:
        """Seconds until ``ahead`` segments are recognised."""
        return ahead * self._seconds / self._workers
