"""The bounded line of segments that wait for a recogniser: who is next, who has to go."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum

from rid_telephony.calls.messages import Party
from rid_telephony.speech.messages import SpeechSegment, Transcript


class Priority(IntEnum):
    """In this order segments are recognised, and in the reverse order they are shed.

    Shedding differs in one place: every draft goes before any final.
    """

    CUSTOMER_FINAL = 0
    CUSTOMER_DRAFT = 1
    AGENT_FINAL = 2
    AGENT_DRAFT = 3

    @classmethod
    def of(cls, segment: SpeechSegment) -> Priority:
        """Return the priority of a segment."""
        if segment.party is Party.CUSTOMER:
            return cls.CUSTOMER_DRAFT if segment.draft else cls.CUSTOMER_FINAL
        return cls.AGENT_DRAFT if segment.draft else cls.AGENT_FINAL


SHED_ORDER = (
    Priority.AGENT_DRAFT,
    Priority.CUSTOMER_DRAFT,
    Priority.AGENT_FINAL,
    Priority.CUSTOMER_FINAL,
)


@dataclass(eq=False, slots=True)
class Job:
    """A segment to recognise, everyone who waits for its words, and since when (seconds)."""

    segment: SpeechSegment
    futures: list[Future[Transcript]] = field(default_factory=list)
    submitted: float = 0.0

    def covers(self, segment: SpeechSegment) -> bool:
        """Tell whether this job's words are those of another segment: its audio is the same."""
        mine = self.segment
        return (mine.utterance_id, mine.begin, mine.end, len(mine.samples)) == (
            segment.utterance_id,
            segment.begin,
            segment.end,
            len(segment.samples),
        )


class WaitingLine:
    """Jobs in order of priority, first come first served within one. Not thread safe."""

    def __init__(self) -> None:
        self._lines: dict[Priority, deque[Job]] = {priority: deque() for priority in Priority}

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines.values())

    def before(self, segment: SpeechSegment) -> int:
        """How many jobs are taken before a segment that comes now."""
        own = Priority.of(segment)
        return sum(len(line) for priority, line in self._lines.items() if priority <= own)

    def add(self, job: Job) -> None:
        """Put a job at the end of its line."""
        self._lines[Priority.of(job.segment)].append(job)

    def take(self) -> Job | None:
        """Remove and return the job that is next."""
        for priority in Priority:
            if self._lines[priority]:
                return self._lines[priority].popleft()
        return None

    def shed(self) -> Job | None:
        """Remove and return the job that can best be spared: the oldest of the least priority."""
        for priority in SHED_ORDER:
            if self._lines[priority]:
                return self._lines[priority].popleft()
        return None

    def remove_drafts(self, utterance_id: str) -> list[Job]:
        """Remove and return the drafts of an utterance."""
        removed: list[Job] = []
        for priority in (Priority.CUSTOMER_DRAFT, Priority.AGENT_DRAFT):
            line = self._lines[priority]
            found = [job for job in line if job.segment.utterance_id == utterance_id]
            for job in found:
                line.remove(job)
            removed += found
        return removed

    def clear(self) -> list[Job]:
        """Remove and return all jobs."""
        jobs = [job for line in self._lines.values() for job in line]
        for line in self._lines.values():
            line.clear()
        return jobs
