"""What can be asked of the calls in progress: context in, feedback to hints in, figures out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from rid_telephony.calls.context import same_customer
from rid_telephony.calls.messages import CallStarted, CustomerContext
from rid_telephony.cti.access.scope import EVERYTHING, Scope
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.server.ports import CallKey, HintFeedback, Outcome
from rid_telephony.pipeline.contexts import WaitingContexts
from rid_telephony.pipeline.hints import CallHints
from rid_telephony.pipeline.parts import Recogniser
from rid_telephony.pipeline.replay import Deliver, MakerFactory
from rid_telephony.pipeline.session import CallSession
from rid_telephony.pipeline.switchboard import SessionMaker
from rid_telephony.settings.server import ServerSettings

MAX_ENDED = 5000
"""Calls that are over whose hints can still be judged."""


@dataclass(slots=True)
class _Call:
    """A call that goes on, or has just ended.

    Attributes:
        session: None when it is over.
        customer: The CRM's key, as far as it is known.
        channels: The PBX's ids of its legs so far.
        ended: When it ended, seconds on the control's clock.
    """

    call_id: str
    session: CallSession | None
    hints: CallHints
    customer: str
    queue: str
    channels: set[str]
    ended: float = 0.0

    @property
    def owner(self) -> tuple[str, str, str]:
        return (*self.hints.owner, self.queue)

    def answers_to(self, key: CallKey) -> bool:
        match key.kind:
            case "call":
                return key.value == self.call_id
            case "channel":
                return key.value in self.channels
            case _:
                return key.value == self.customer


class CallControl:
    """The calls of one process, for whoever asks from outside (a ``Control``).

    Belongs to the event loop. It hears of calls by :meth:`watching` their sessions being made
    and by :meth:`listener` on the feed.

    Args:
        settings: How much is kept, and how long.
        clock: Seconds, never falling.
        ready: What must be true to be of use, each with its state.
        figures: Operating figures of the parts that this does not know.
    """

    def __init__(
        self,
        settings: ServerSettings,
        clock: Callable[[], float],
        ready: Callable[[], Mapping[str, bool]] = dict,
        figures: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self._clock = clock
        self._ready = ready
        self._figures = figures
        self._judged_until = settings.feedback_minutes * 60
        self._waiting = WaitingContexts(settings.contexts, settings.context_hours * 3600)
        self._live: dict[str, _Call] = {}
        self._ended: dict[str, _Call] = {}
        self._given = 0
        self._judged = 0

    def watching(self, factory: MakerFactory) -> MakerFactory:
        """The same factory; its sessions start with what was kept for them, and are known here."""

        def watched(recogniser: Recogniser, deliver: Deliver) -> SessionMaker:
            make = factory(recogniser, deliver)

            def maker(started: CallStarted, clock: Callable[[], float]) -> CallSession:
                informed = self._waiting.informed(started, self._clock())
                session = make(informed, clock)
                self._note(informed, session)
                return session

            return maker

        return watched

    def listener(self, event: CloudEvent) -> None:
        """Take an event of the feed."""
        call = self._live.get(event.subject)
        if call is None:
            return
        match event.type:
            case "hint.offered":
                call.hints.offered(event.data["hint_id"])
            case "call.transferred":
                call.channels.add(event.data["to"]["channel"])
            case "call.ended":
                self._end(call)

    def give_context(
        self, key: CallKey, context: CustomerContext, scope: Scope = EVERYTHING
    ) -> Outcome:
        """See :meth:`Control.give_context`.

        What is told by customer id is kept beside, for this customer's next calls.
        """
        if key.kind == "customer":
            context = replace(context, customer_id=key.value)
            self._waiting.keep(key, context, scope, self._clock())
        calls = [call for call in self._live.values() if _fits(call, key, scope)]
        if calls:
            outcomes = [self._inform(call, context) for call in calls]
            return Outcome.DONE if Outcome.DONE in outcomes else outcomes[0]
        if key.kind != "customer":
            if any(_fits(call, key, scope) for call in self._lately()):
                return Outcome.TOO_LATE
            self._waiting.keep(key, context, scope, self._clock())
        return Outcome.KEPT

    def feedback(self, feedback: HintFeedback) -> Outcome:
        """See :meth:`Control.feedback`.

        A verdict counts once for each hint; again it is done without another event. What was
        accepted is not dismissed later, nor the reverse. After the call a verdict is taken for
        ``feedback_minutes``.
        """
        call = self._call_of(feedback.hint_id)
        if call is None:
            return Outcome.UNKNOWN
        hint_id, verdict = feedback.hint_id, feedback.verdict
        new = call.hints.judged(hint_id, verdict, feedback.by, feedback.note)
        if new is None:
            return Outcome.TOO_LATE
        session = call.session
        if new:
            self._judged += 1
            if session:
                session.guarded(lambda: session.judge(hint_id, verdict))
        return Outcome.DONE

    def owner(self, hint_id: str) -> tuple[str, str, str] | None:
        """Tenant, agent and queue of the call that a hint belongs to; None where unknown."""
        call = self._call_of(hint_id)
        return call.owner if call else None

    def locate(self, key: CallKey) -> tuple[str, str, str] | None:
        """Tenant, agent and queue of a call that goes on; None where there is none."""
        found = (call.owner for call in self._live.values() if call.answers_to(key))
        return next(found, None)

    @property
    def ready(self) -> dict[str, bool]:
        """What must be true to be of use, each with its state."""
        return dict(self._ready())

    @property
    def figures(self) -> dict[str, float]:
        """Operating figures; totals end in ``_total``."""
        return {
            "calls": len(self._live),
            "contexts_waiting": len(self._waiting),
            "contexts_given_total": self._given,
            "contexts_used_total": self._waiting.used,
            "contexts_dropped_total": self._waiting.dropped,
            "contexts_mismatched_total": self._waiting.mismatched,
            "hint_verdicts_total": self._judged,
            **self._figures(),
        }

    def _note(self, started: CallStarted, session: CallSession) -> None:
        self._ended.pop(started.call_id, None)
        self._live[started.call_id] = _Call(
            call_id=started.call_id,
            session=session,
            hints=session.hints,
            customer=started.context.customer_id,
            queue=started.queue,
            channels={leg.channel for leg in started.legs if leg.channel},
        )

    def _end(self, call: _Call) -> None:
        del self._live[call.call_id]
        call.session, call.ended = None, self._clock()
        self._ended[call.call_id] = call
        if len(self._ended) > MAX_ENDED:
            del self._ended[next(iter(self._ended))]
        self._forget()

    def _inform(self, call: _Call, context: CustomerContext) -> Outcome:
        """Tell a call; one of another customer is not told."""
        if not same_customer(CustomerContext(customer_id=call.customer), context):
            return Outcome.TOO_LATE
        session = call.session
        learned: list[bool] = []
        if session:
            session.guarded(lambda: learned.append(session.learn(context)))
        if not any(learned):
            return Outcome.TOO_LATE
        call.customer = call.customer or context.customer_id
        self._given += 1
        return Outcome.DONE

    def _call_of(self, hint_id: str) -> _Call | None:
        calls = (*self._live.values(), *self._lately())
        return next((call for call in calls if hint_id in call.hints), None)

    def _lately(self) -> Iterator[_Call]:
        self._forget()
        return iter(self._ended.values())

    def _forget(self) -> None:
        oldest = self._clock() - self._judged_until
        while self._ended and (first := next(iter(self._ended.values()))).ended < oldest:
            del self._ended[first.call_id]


def _fits(call: _Call, key: CallKey, scope: Scope) -> bool:
    return call.answers_to(key) and scope.covers(*call.owner)
