"""One call from its first frame to its summary."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import structlog

from rid_telephony.calls.messages import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallHeld,
    CallRetrieved,
    CallStarted,
    CallTransferred,
    CustomerContext,
    Party,
)
from rid_telephony.errors import RidTelephonyError
from rid_telephony.media.messages import AudioFrame
from rid_telephony.pipeline.hints import CallHints
from rid_telephony.pipeline.parts import Labels, SessionParts, Trace
from rid_telephony.speech.messages import (
    SpeechEvent,
    SpeechResumed,
    SpeechSegment,
    Transcript,
    Utterance,
)
from rid_telephony.strategy.messages import HintVerdict

log = structlog.get_logger(__name__)


class CallSession:
    """Runs one call. All methods belong to one thread, the event loop's.

    Whatever happens, the feed gets exactly one ``analysis.started``, one ``analysis.completed``
    or ``analysis.failed``, and one ``call.ended``, in this order.

    Args:
        started: The call.
        parts: Its stages.
        clock: Seconds on the call's clock.
        labels: For ``analysis.started``.
    """

    def __init__(
        self,
        started: CallStarted,
        parts: SessionParts,
        clock: Callable[[], float],
        labels: Labels,
    ) -> None:
        self.call_id = started.call_id
        self._started = started
        self._parts = parts
        self._publisher = parts.publisher
        self._clock = clock
        self._labels = labels
        self._held_by: set[Party] = set()
        self._answered = False
        self._waiting = 0
        self._dropped = 0
        self._partials_lost = 0
        self._concealed = 0
        self._heard_from: set[Party] = set()
        self._ended: CallEnded | None = None
        self.over = False
        """True when everything about this call is on the feed."""
        self.hints = CallHints(parts.publisher, clock)
        """What became of its hints; may be told for a while after the call."""

    def start(self) -> None:
        """The call exists."""
        self._publisher.call(self._started)
        labels = self._labels
        self._publisher.analysis_started(
            self._started.at, labels.recogniser, labels.classifier, labels.playbook
        )

    def note(self, event: CallEvent) -> None:
        """Something happened to the call, short of its end."""
        if isinstance(event, CallAnswered):
            self._answered = True
        elif isinstance(event, CallHeld):
            self._held_by.add(event.by)
            self._flush()
        elif isinstance(event, CallRetrieved):
            self._held_by.discard(event.by)
        elif isinstance(event, CallTransferred):
            self._parts.voices.change_speaker(Party.AGENT)
        self._publisher.call(event)

    def hear(self, frame: AudioFrame) -> None:
        """Audio of one leg. What is said on hold is not said to the other: it is left out."""
        if self._ended:
            return
        self._heard_from.add(frame.party)
        self._concealed += frame.concealed
        if not self._held_by:
            self._react(self._parts.segmenters[frame.party].push(frame))

    def tick(self) -> None:
        """Let time pass."""
        now = self._clock()
        if not self._held_by and self._ended is None:
            for segmenter in self._parts.segmenters.values():
                self._react(segmenter.advance(now))
        self._publisher.advice(self._parts.analyst.tick(now))

    def end(self, event: CallEnded) -> None:
        """The call is over; the summary follows when the last words are recognised."""
        if self._ended:
            return
        self._ended = event
        self._flush()
        self._complete_if_settled()

    def learn(self, context: CustomerContext) -> bool:
        """Take in what the bank tells now; False where the call has ended."""
        if self.over or self._ended:
            return False
        before, after = self._parts.analyst.learn(context)
        self._publisher.learned(before, after, self._clock())
        return True

    def judge(self, hint_id: str, verdict: HintVerdict) -> None:
        """Let the coach learn what the agent thinks of a hint."""
        if not self.over:
            self._parts.analyst.judge(hint_id, verdict, self._clock())

    def degrade(self, reason: str, detail: str) -> None:
        """Something about this call is being left out."""
        if not self.over:
            self._degraded(reason, detail, 1)

    def stop(self, cause: str) -> None:
        """Nothing more will be heard of this call; what was said is still recognised."""
        self.end(CallEnded(self.call_id, self._clock(), cause))

    def abandon(self, cause: str) -> None:
        """The source is gone: end the call now, whatever is still being recognised."""
        self.stop(cause)
        if not self.over:
            self._dropped += self._waiting
            self._degraded("recognition_abandoned", "The source ended first.", self._waiting)
            self._complete()

    def guarded(self, action: Callable[[], object]) -> None:
        """Do something to this session; whatever goes wrong stays inside its call."""
        try:
            action()
        except Exception as error:
            self._broke(error)

    def fail(self, code: str, message: str) -> None:
        """Analysis cannot go on; the call itself is not touched."""
        if self.over:
            return
        self.over = True
        now = self._clock()
        self._publisher.failed(now, code, message)
        self._publisher.call(self._ended or CallEnded(self.call_id, now, "failed"))

    def _flush(self) -> None:
        for segmenter in self._parts.segmenters.values():
            self._react(segmenter.flush())

    def _react(self, events: list[SpeechEvent]) -> None:
        for event in events:
            self._parts.voices.observe(event)
            if isinstance(event, SpeechSegment):
                self._recognise(event)
            elif isinstance(event, SpeechResumed):
                self._parts.recogniser.cancel(event.utterance_id)

    def _recognise(self, segment: SpeechSegment) -> None:
        if not segment.draft:
            self._waiting += 1
        future = self._parts.recogniser.submit(segment)
        future.add_done_callback(
            lambda done: self._parts.deliver(lambda: self._recognised(segment, done))
        )

    def _recognised(self, segment: SpeechSegment, done: Future[Transcript]) -> None:
        if self.over:
            return
        try:
            transcript = self._outcome(segment, done)
            if transcript and transcript.text:
                self._understand(segment, transcript)
        except Exception as error:
            self._broke(error)
        finally:
            if not segment.draft:
                self._waiting -= 1
                self._complete_if_settled()

    def _broke(self, error: Exception) -> None:
        log.error("call_failed", call_id=self.call_id, exc_info=error)
        self.fail("internal_error", f"{type(error).__name__}; the log says where.")

    def _outcome(self, segment: SpeechSegment, done: Future[Transcript]) -> Transcript | None:
        """The transcript, or None where there is none: given up, shed or failed."""
        if done.cancelled():
            return None
        error = done.exception()
        if error is None:
            return done.result()
        reason = error.code if isinstance(error, RidTelephonyError) else "recognition_failed"
        log.warning("not_recognised", utterance_id=segment.utterance_id, reason=reason)
        if segment.draft:
            self._partials_lost += 1
            if self._partials_lost == 1:
                self._degraded("partials_shed", "Words before the end of speech are left out.", 1)
        else:
            self._dropped += 1
            self._degraded(reason, f"{segment.utterance_id}: {error}", 1)
        return None

    def _understand(self, segment: SpeechSegment, transcript: Transcript) -> None:
        now = self._clock()
        if segment.draft:
            self._draft(segment, transcript, now)
        else:
            self._final(segment, transcript, now)

    def _draft(self, segment: SpeechSegment, transcript: Transcript, now: float) -> None:
        segmenter = self._parts.segmenters[segment.party]
        if segmenter.speaking != segment.utterance_id:
            return
        self._publisher.partial(_utterance(segment, transcript), now)
        self._react(
            segmenter.judge_words(segment.utterance_id, self._parts.judge.judge(transcript.text))
        )

    def _final(self, segment: SpeechSegment, transcript: Transcript, now: float) -> None:
        utterance = self._parts.voices.complete(segment, _utterance(segment, transcript))
        hints = self._publisher.hints
        self._publisher.heard(self._parts.analyst.hear(utterance, max(now, segment.end)), now)
        if self._parts.on_trace:
            self._parts.on_trace(
                Trace(
                    utterance_id=segment.utterance_id,
                    party=segment.party,
                    speech_end=segment.end,
                    decided=segment.decided,
                    recognised=now,
                    advised=self._clock(),
                    hints=self._publisher.hints - hints,
                )
            )

    def _degraded(self, reason: str, detail: str, count: int) -> None:
        self._publisher.degraded(self._clock(), reason, detail, count)

    def _complete_if_settled(self) -> None:
        if self._ended and not self._waiting and not self.over:
            self._complete()

    def _complete(self) -> None:
        ended = self._ended or CallEnded(self.call_id, self._clock(), "failed")
        now = max(ended.at, self._clock())
        talked = self._answered or self._heard_from
        for party in Party:
            if talked and party not in self._heard_from:
                self._degraded("no_audio", f"No audio of the {party.value} was found.", 1)
        if self._concealed:
            self._degraded(
                "packet_loss", "Packets were lost; their sound was concealed.", self._concealed
            )
        advice, summary = self._parts.analyst.finish(now)
        self._publisher.advice(advice)
        self._publisher.summary(summary, now)
        self._publisher.completed(now, self._dropped)
        self.over = True
        self._publisher.call(ended)


def _utterance(segment: SpeechSegment, transcript: Transcript) -> Utterance:
    return Utterance(
        call_id=segment.call_id,
        utterance_id=segment.utterance_id,
        party=segment.party,
        begin=segment.begin,
        end=segment.end,
        text=transcript.text,
        confidence=transcript.confidence,
    )
