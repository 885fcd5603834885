"""Recognition of many legs at once: worker threads behind a bounded line, customers first."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import fields
from types import TracebackType
from typing import Self

from rid_telephony.speech.load import LoadGauge, LoadLimits, PoolStats, RecognitionShedError
from rid_telephony.speech.messages import SpeechSegment, Transcript
from rid_telephony.speech.recogniser import Transcriber
from rid_telephony.speech.waiting import Job, Priority, WaitingLine

NOW = ("waiting", "running")
"""What the statistics tell of this moment; the rest are counters."""
_KEPT_DRAFTS = 256
"""Drafts whose words are kept for their finals; each leg has one at a time."""


class RecognitionPool:
    """Recognises segments on worker threads.

    Order: customer finals, customer drafts, agent finals, agent drafts. When the line is full
    the oldest agent draft goes, then customer drafts, and only where finals alone fill it the
    oldest agent final, then customer final; every one is counted, and its future fails
    with :class:`RecognitionShedError`.

    A final whose speech ended where its draft assumed holds the same audio; it is answered by
    that draft's recognition, waiting, running or finished. Any other draft of the utterance is
    given up: its future is cancelled while it waits, its words are of no use once it runs. An
    agent's draft is given up at once unless a recogniser is idle.

    Where segments would wait long, the same is done before the line is full, as
    :class:`~rid_telephony.speech.load.LoadLimits` says.

    Args:
        transcriber: Shared by all workers.
        queue_size: Segments that may wait.
        limits: What is left out when it is busy.
        clock: Seconds, never falling.
    """

    def __init__(
        self,
        transcriber: Transcriber,
        queue_size: int,
        limits: LoadLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transcriber = transcriber
        self._queue_size = queue_size
        self._limits = limits or LoadLimits()
        self._clock = clock
        workers = max(1, transcriber.capabilities.workers)
        self._load = LoadGauge(workers)
        self._changed = threading.Condition()
        self._line = WaitingLine()
        self._running: list[Job] = []
        self._drafts: OrderedDict[str, tuple[Job, Transcript]] = OrderedDict()
        self._closed = False
        self._counts = dict.fromkeys(
            tuple(field.name for field in fields(PoolStats) if field.name not in NOW), 0
        )
        self._workers = [
            threading.Thread(target=self._work, name=f"recognition-{index}", daemon=True)
            for index in range(workers)
        ]
        for worker in self._workers:
            worker.start()

    def submit(self, segment: SpeechSegment) -> Future[Transcript]:
        """Hand over a segment; never blocks on recognition.

        Returns:
            The transcript to be; ``asyncio.wrap_future`` makes it awaitable. It is cancelled
            where a draft is given up, and fails with :class:`RecognitionShedError` where the
            segment is shed, or with the model's own exception.

        Raises:
            RuntimeError: The pool is closed.
        """
        future: Future[Transcript] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("the recognition pool is closed")
            given_up, known = self._place(segment, future)
            shed = self._shed_surplus(segment)
            self._changed.notify()
        _cancel(given_up)
        if known is not None:
            _resolve([future], known)
        if shed is not None:
            self._fail_shed(shed, f"{self._queue_size} segments may wait")
        return future

    def cancel(self, utterance_id: str) -> None:
        """Give up the drafts of an utterance: the speaker went on."""
        with self._changed:
            self._drafts.pop(utterance_id, None)
            given_up = self._give_up_drafts(utterance_id)
        _cancel(given_up)

    @property
    def stats(self) -> PoolStats:
        """Counters and present state."""
        with self._changed:
            return PoolStats(len(self._line), len(self._running), **self._counts)

    @property
    def overloaded(self) -> bool:
        """Whether segments wait so long that no further call should be taken."""
        with self._changed:
            return self._load.wait(len(self._line)) > self._limits.call_wait

    def close(self, timeout: float = 10.0) -> bool:
        """Take nothing more, cancel what waits, and let what runs finish.

        Args:
            timeout: Seconds that one worker is waited for.

        Returns:
            False where a worker is still recognising after the timeout.
        """
        with self._changed:
            self._closed = True
            waiting = self._line.clear()
            self._changed.notify_all()
        _cancel(waiting)
        for worker in self._workers:
            worker.join(timeout)
        return not any(worker.is_alive() for worker in self._workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _place(
        self, segment: SpeechSegment, future: Future[Transcript]
    ) -> tuple[list[Job], Transcript | None]:
        """Find the segment its place; return drafts given up, and the words if known."""
        known = self._drafts.pop(segment.utterance_id, None)
        if known is not None and known[0].covers(segment):
            self._counts["reused"] += 1
            return [], known[1]
        for running in self._running:
            if running.covers(segment):
                self._counts["reused"] += 1
                running.futures.append(future)
                return [], None
        overtaken = self._line.remove_drafts(segment.utterance_id)
        job = Job(segment, [future], self._clock())
        for draft in [draft for draft in overtaken if draft.covers(segment)]:
            job.futures += draft.futures
            overtaken.remove(draft)
            self._counts["reused"] += 1
        if self._is_extra(segment):
            overtaken.append(job)
        else:
            self._line.add(job)
        self._counts["cancelled"] += len(overtaken)
        return overtaken, None

    def _is_extra(self, segment: SpeechSegment) -> bool:
        """Whether a segment is worth a recogniser only where one is idle: an agent's draft.

        No hint waits for what an agent says, and drafts are a quarter of all recognition.
        """
        busy = len(self._running) + len(self._line) >= len(self._workers)
        return busy and Priority.of(segment) is Priority.AGENT_DRAFT

    def _give_up_drafts(self, utterance_id: str) -> list[Job]:
        given_up = self._line.remove_drafts(utterance_id)
        self._counts["cancelled"] += len(given_up)
        return given_up

    def _shed_surplus(self, newest: SpeechSegment) -> Job | None:
        """Take out of the line what is too much; counted here, reported by the caller."""
        shed = None
        others = self._line.before(newest) - 1
        if newest.draft and self._load.wait(others) > self._limits.draft_wait:
            shed = next(iter(self._line.remove_drafts(newest.utterance_id)), None)
        elif len(self._line) > self._queue_size:
            shed = self._line.shed()
        if shed is not None:
            self._counts["shed_drafts" if shed.segment.draft else "shed_finals"] += 1
        return shed

    def _fail_shed(self, shed: Job, why: str) -> None:
        error = RecognitionShedError(
            f"{shed.segment.utterance_id} was not recognised: {why}.",
            "Use more cores or a smaller model, or analyse fewer calls on this machine.",
        )
        _resolve(shed.futures, error)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            began = self._clock()
            if self._stale(job, began):
                self._discard(job)
                continue
            try:
                outcome: Transcript | Exception = self._transcriber.transcribe(
                    job.segment.samples, hurried=self._hurried()
                )
            # Whatever the model throws belongs to this segment; the next one is recognised.
            except Exception as error:
                outcome = error
            self._finish(job, outcome, self._clock() - began)

    def _stale(self, job: Job, now: float) -> bool:
        """An agent's words that have waited so long help nobody, and keep others waiting."""
        is_agent_final = Priority.of(job.segment) is Priority.AGENT_FINAL
        return is_agent_final and now - job.submitted > self._limits.agent_wait

    def _discard(self, job: Job) -> None:
        with self._changed:
            self._running.remove(job)
            self._counts["shed_finals"] += 1
        self._fail_shed(job, f"it waited {self._limits.agent_wait:g} s")

    def _hurried(self) -> bool:
        with self._changed:
            hurried = self._load.wait(len(self._line)) > self._limits.hurry_wait
            self._counts["hurried"] += hurried
        return hurried

    def _next(self) -> Job | None:
        with self._changed:
            while True:
                if self._closed:
                    return None
                job = self._line.take()
                if job is None:
                    self._changed.wait()
                elif _start(job):
                    self._running.append(job)
                    return job

    def _finish(self, job: Job, outcome: Transcript | Exception, seconds: float) -> None:
        with self._changed:
            self._running.remove(job)
            self._load.took(seconds)
            if isinstance(outcome, Exception):
                self._counts["failed"] += 1
            else:
                self._counts["recognised"] += 1
                self._keep_draft(job, outcome)
            waiting = list(job.futures)
        _resolve(waiting, outcome)

    def _keep_draft(self, job: Job, transcript: Transcript) -> None:
        if Priority.of(job.segment) not in (Priority.CUSTOMER_DRAFT, Priority.AGENT_DRAFT):
            return
        if len(job.futures) > 1:  # its final has come already
            return
        self._drafts[job.segment.utterance_id] = (job, transcript)
        while len(self._drafts) > _KEPT_DRAFTS:
            self._drafts.popitem(last=False)


def _start(job: Job) -> bool:
    """Mark the job's futures as running; False where everyone has cancelled."""
    job.futures = [future for future in job.futures if future.set_running_or_notify_cancel()]
    return bool(job.futures)


def _cancel(jobs: list[Job]) -> None:
    for job in jobs:
        for future in job.futures:
            future.cancel()
            future.set_running_or_notify_cancel()


def _resolve(futures: list[Future[Transcript]], outcome: Transcript | Exception) -> None:
    for future in futures:
        # One that joined a running recognition may have been cancelled by its owner since.
        if not future.running() and not future.set_running_or_notify_cancel():
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
