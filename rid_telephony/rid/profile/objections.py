"""The objections of a call: how often each was raised, and whether it was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import OBJECTIONS, CustomerSignals
from rid_telephony.rid.profile.messages import ObjectionRecord
from rid_telephony.rid.profile.observations import Observation, leading, strength


class ObjectionRules(DataModel):
    """When an objection counts, and when it is resolved."""

    min_probability: float = Field(gt=0, le=1)
    """An objection less sure than this is not counted."""
    handling_acts: tuple[str, ...]
    """Agent acts that answer an objection."""
    progress: dict[str, Annotated[float, Field(ge=0, le=1)]]
    """Signal to the progress that it brings after the agent's answer."""
    resolved_at: float = Field(gt=0)
    """Progress at which an objection is resolved."""
    refusals: tuple[str, ...]
    """Objections that count as a refusal."""
    refusal_signals: tuple[str, ...]
    """Other signals that make the utterance a refusal."""
    offer_acts: tuple[str, ...]
    """Agent acts that are an offer after a refusal."""
    insist_acts: tuple[str, ...]
    """Agent acts that are an offer too after a repeated refusal."""
    forward: tuple[str, ...]
    """Signals that take a refusal back: the customer goes on by themselves."""
    do_not_call: str
    """The signal of a do-not-call request."""


@dataclass(slots=True)
class _Open:
    count: int = 0
    resolved: bool = False
    answered: bool = False
    progress: float = 0.0
    last: str = ""


class ObjectionKeeper:
    """Keeps the objections of one call.

    Args:
        rules: What counts.
    """

    def __init__(self, rules: ObjectionRules) -> None:
        self._rules = rules
        self._open: dict[str, _Open] = {}
        self._refused = False
        self._angry = False
        self.refusals = 0
        self.do_not_call_requests = 0

    def records(self) -> tuple[ObjectionRecord, ...]:
        """Every kind that was raised, in the order of the first time."""
        return tuple(
            ObjectionRecord(label, one.count, "resolved" if one.resolved else "open", one.last)
            for label, one in self._open.items()
        )

    def barred(self) -> None:
        """The CRM has a do-not-call request; it counts once, and not beside the customer's own."""
        self.do_not_call_requests = max(1, self.do_not_call_requests)

    def customer(
        self, utterance_id: str, signals: CustomerSignals, seen: Sequence[Observation], quote: str
    ) -> list[Observation]:
        """Take in a customer utterance.

        Returns:
            Observations ``history.*`` that follow from it.
        """
        label = self._raised(signals)
        news = [] if label else self._progress(seen, quote)
        if label:
            news.extend(self._raise(label, utterance_id, quote))
        if strength(seen, self._rules.do_not_call):
            self.do_not_call_requests += 1
        news.extend(self._refusal(label, seen, quote))
        news.extend(self._anger(seen, quote))
        return news

    def agent(self, seen: Sequence[Observation], quote: str) -> list[Observation]:
        """Take in an agent utterance; the observation that it sells on after a refusal, if so."""
        acts = {one.signal.removeprefix("agent.act.") for one in seen if one.leading}
        if acts & set(self._rules.handling_acts):
            for one in self._open.values():
                one.answered = True
        offers = set(self._rules.offer_acts)
        if self.refusals > 1:
            offers |= set(self._rules.insist_acts)
        if self._refused and acts & offers:
            return [Observation("agent.offer_after_refusal", 1.0, quote)]
        return []

    def _raised(self, signals: CustomerSignals) -> str:
        choice = signals.objection
        known = choice.label in OBJECTIONS[1:]
        return choice.label if known and choice.confidence >= self._rules.min_probability else ""

    def _raise(self, label: str, utterance_id: str, quote: str) -> list[Observation]:
        one = self._open.setdefault(label, _Open())
        again = one.count > 0
        one.count += 1
        one.resolved = one.answered = False
        one.progress = 0.0
        one.last = utterance_id
        return [Observation("history.objected_again", 1.0, quote)] if again else []

    def _progress(self, seen: Sequence[Observation], quote: str) -> list[Observation]:
        step = max(
            (self._rules.progress.get(one.signal, 0.0) * one.strength for one in seen), default=0.0
        )
        news = []
        for label, one in self._open.items():
            if one.resolved or not one.answered:
                continue
            one.progress += step
            if one.progress >= self._rules.resolved_at:
                one.resolved = True
                news.append(Observation(f"history.resolved.{label}", 1.0, quote))
        return news

    def _refusal(self, label: str, seen: Sequence[Observation], quote: str) -> list[Observation]:
        rules = self._rules
        if label in rules.refusals or any(strength(seen, name) for name in rules.refusal_signals):
            self.refusals += 1
            again, self._refused = self.refusals > 1, True
            return [Observation("history.refused_again", 1.0, quote)] if again else []
        if self._refused and not label and any(leading(seen, name) for name in rules.forward):
            self._refused = False
            return [Observation("history.forward", 1.0, quote)]
        return []

    def _anger(self, seen: Sequence[Observation], quote: str) -> list[Observation]:
        angry = leading(seen, "emotion.angry")
        again, self._angry = angry and self._angry, angry
        return [Observation("history.anger_again", 1.0, quote)] if again else []
