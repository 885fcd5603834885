"""Whether the conditions of a rule hold in a situation, and how surely."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from rid_telephony.rid.messages import Choice
from rid_telephony.strategy.situation import Situation
from rid_telephony.strategy.vocabulary import fact_tokens
from rid_telephony.strategy.when import Range, When

Condition = Callable[[Situation, Any], float]
"""0 where the condition does not hold, else its confidence up to 1."""


def certainty(when: When, situation: Situation) -> float:
    """The confidence that all conditions hold; 0 where one does not.

    That of the least certain condition, as MYCIN combines evidence (Shortliffe and Buchanan,
    "A model of inexact reasoning in medicine", 1975). Without any condition it is 1.
    """
    lowest = 1.0
    for name in when.model_fields_set:
        wanted = getattr(when, name)
        if wanted is None:
            continue
        lowest = min(lowest, _CONDITIONS[name](situation, wanted))
        if lowest == 0.0:
            return 0.0
    return lowest


def _chosen(choice: Choice | None, wanted: Collection[str]) -> float:
    if choice is None or choice.label not in wanted:
        return 0.0
    return min(1.0, sum(choice.probabilities.get(label, 0.0) for label in wanted))


def _customer(field: str, *, last: bool) -> Condition:
    def check(situation: Situation, wanted: Collection[str]) -> float:
        signals = situation.last_customer if last else situation.customer
        return _chosen(getattr(signals, field), wanted) if signals else 0.0

    return check


def _topics(situation: Situation, wanted: Collection[str]) -> float:
    if situation.customer is None:
        return 0.0
    return max((situation.customer.topics.get(topic, 0.0) for topic in wanted), default=0.0)


def _facts(situation: Situation, wanted: Collection[str]) -> float:
    if situation.customer is None:
        return 0.0
    return _any(fact_tokens(situation.customer.facts), wanted)


def _agent_act(situation: Situation, wanted: Collection[str]) -> float:
    return _chosen(situation.agent.act, wanted) if situation.agent else 0.0


def _violation(situation: Situation, wanted: Collection[str]) -> float:
    found = (item.confidence for item in situation.findings if item.label in wanted)
    return max(found, default=0.0)


def _pace(situation: Situation, wanted: Range) -> float:
    prosody = situation.utterance.prosody
    usual = situation.memory.customer_rate
    if prosody is None or prosody.rate_sps is None or not usual:
        return 0.0
    return float(wanted.holds(prosody.rate_sps / usual))


def _interrupts(situation: Situation, wanted: bool) -> float:
    prosody = situation.utterance.prosody
    return float((prosody is not None and prosody.interrupted) == wanted)


def _gauges(situation: Situation, wanted: Mapping[str, Range]) -> float:
    known = situation.gauges
    return float(
        all(name in known and span.holds(known[name].value) for name, span in wanted.items())
    )


def _style(situation: Situation, wanted: Collection[str]) -> float:
    style = situation.profile.influence.style
    return style.probability if style.label and style.label in wanted else 0.0


def _records(situation: Situation, wanted: Collection[str], status: str | None) -> float:
    records = situation.profile.influence.objections
    return float(any(item.label in wanted and status in (None, item.status) for item in records))


def _angry_seconds(situation: Situation, wanted: Range) -> float:
    state = situation.profile.state
    return float(state.label == "angry" and wanted.holds(situation.now - state.since))


def _unknown(situation: Situation, wanted: Collection[str]) -> float:
    return float(not _any(_known(situation), wanted))


def _known(situation: Situation) -> Collection[str]:
    tokens = set(fact_tokens(situation.profile.demand.facts))
    if situation.age is not None:
        tokens.add("age")
    if situation.profile.demand.age_stage:
        tokens |= {"age_stage", f"age_stage.{situation.profile.demand.age_stage}"}
    return tokens


def _any(present: Collection[str], wanted: Collection[str]) -> float:
    return float(any(item in present for item in wanted))


def _in(present: Callable[[Situation], Collection[str]]) -> Condition:
    return lambda situation, wanted: _any(present(situation), wanted)


def _one_of(value: Callable[[Situation], str]) -> Condition:
    return lambda situation, wanted: float(value(situation) in wanted)


def _is(value: Callable[[Situation], bool]) -> Condition:
    return lambda situation, wanted: float(value(situation) == wanted)


def _within(value: Callable[[Situation], float | None]) -> Condition:
    return lambda situation, wanted: float(wanted.holds(value(situation)))


_CONDITIONS: Mapping[str, Condition] = {
    "objection": _customer("objection", last=False),
    "emotion": _customer("emotion", last=False),
    "act": _customer("act", last=False),
    "topics": _topics,
    "facts": _facts,
    "arousal": _within(lambda s: s.customer.arousal if s.customer else None),
    "agent_act": _agent_act,
    "violation": _violation,
    "pace": _pace,
    "mentions": _in(lambda s: s.memory.mentioned(s.utterance.text)),
    "seconds": _within(lambda s: s.utterance.end - s.utterance.begin),
    "interrupts": _interrupts,
    "last_objection": _customer("objection", last=True),
    "last_emotion": _customer("emotion", last=True),
    "last_act": _customer("act", last=True),
    "last_agent_act": _one_of(lambda s: s.last_agent_act),
    "last_violation": _in(lambda s: s.memory.last_violations),
    "times": _within(lambda s: s.times),
    "raised": lambda s, wanted: _records(s, wanted, None),
    "resolved": lambda s, wanted: _records(s, wanted, "resolved"),
    "heard": _in(lambda s: s.memory.heard),
    "told": _in(lambda s: s.memory.told),
    "subject": _one_of(lambda s: s.memory.subject),
    "agent_did": _in(lambda s: s.memory.agent_acts),
    "turns": _within(lambda s: s.profile.customer_turns),
    "refusals": _within(lambda s: s.profile.refusals),
    "refused": _is(lambda s: s.memory.refused),
    "no_contact": _is(lambda s: s.memory.no_contact),
    "no_contact_requests": _within(lambda s: s.profile.do_not_call_requests),
    "pushes": _within(lambda s: s.memory.pushes),
    "purchase_signals": _within(lambda s: s.memory.purchase_signals),
    "angry": _is(lambda s: s.memory.angry),
    "angry_turns": _within(lambda s: s.memory.angry_turns),
    "angry_seconds": _angry_seconds,
    "violations": _within(lambda s: s.memory.violations),
    "uncorrected": _is(lambda s: bool(s.memory.uncorrected)),
    "said": lambda s, wanted: float(all(item in s.said for item in wanted)),
    "unsaid": lambda s, wanted: float(any(item not in s.said for item in wanted)),
    "overdue": _in(lambda s: s.overdue),
    "talk_share": _within(lambda s: s.profile.conduct.talk_share),
    "interruptions": _within(lambda s: s.profile.conduct.interruptions),
    "style": _style,
    "stage": _one_of(lambda s: s.profile.relationship.stage),
    "state": _one_of(lambda s: s.profile.state.label),
    "needs": _in(lambda s: s.leading_needs),
    "known": _in(_known),
    "unknown": _unknown,
    "gauges": _gauges,
    "complaint_risk": _within(lambda s: s.profile.state.complaint_risk),
    "churn_risk": _within(lambda s: s.profile.state.churn_risk),
    "age": _within(lambda s: s.age),
    "risk_level_known": _is(lambda s: s.context.risk_level is not None),
    "has_product": _is(lambda s: s.product is not None),
}
"""By field of :class:`When`."""
