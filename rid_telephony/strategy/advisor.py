"""Which hints the playbook has for a situation, before anybody asks whether to show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rid_telephony.strategy.conditions import certainty
from rid_telephony.strategy.gate import permits
from rid_telephony.strategy.messages import Priority
from rid_telephony.strategy.playbook import Playbook, Rule
from rid_telephony.strategy.situation import Situation
from rid_telephony.strategy.texts import fill
from rid_telephony.strategy.wording import of_finding

MAX_EVIDENCE = 5
"""Utterances that a hint names as its evidence."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hint that could be offered.

    Attributes:
        rule: Id of the rule that proposes it.
        weight: Of the rule.
        floor: Confidence that the rule itself asks for.
        quiet: Seconds during which the strategy is not offered again for the cause.
    """

    rule: str
    strategy: str
    priority: Priority
    line: str
    script: str
    reason: str
    cause: str
    confidence: float
    weight: float
    floor: float
    ttl: float
    quiet: float
    evidence: tuple[str, ...]


class Advisor:
    """Proposes hints.

    Args:
        playbook: The rules.
    """

    def __init__(self, playbook: Playbook) -> None:
        self._playbook = playbook

    def candidates(self, situation: Situation, known: Mapping[str, str]) -> tuple[Candidate, ...]:
        """Hints whose rules hold and that are permitted now, in the order of the playbook.

        Args:
            situation: The moment.
            known: Values for the placeholders of the texts.
        """
        return tuple(self._matching(situation, known))

    def _matching(self, situation: Situation, known: Mapping[str, str]) -> Iterator[Candidate]:
        strategies = self._playbook.about.strategies
        for priority, rule in self._playbook.rules:
            if situation.trigger not in rule.trigger:
                continue
            info = strategies[rule.strategy]
            if not permits(info, situation.profile, situation.memory):
                continue
            confidence = _confidence(rule, situation)
            if confidence == 0.0:
                continue
            candidate = _candidate(
                rule, priority, confidence, situation, {**known, **self._answered(rule, situation)}
            )
            if candidate is not None:
                yield candidate

    def _answered(self, rule: Rule, situation: Situation) -> Mapping[str, str]:
        wanted = rule.when.violation or ()
        found = (item for item in situation.findings if item.label in wanted)
        finding = next(found, None)
        if finding is None:
            return {}
        return of_finding(finding, situation, self._playbook)


def _confidence(rule: Rule, situation: Situation) -> float:
    confidence = certainty(rule.when, situation)
    if confidence == 0.0 or any(certainty(each, situation) > 0 for each in rule.unless):
        return 0.0
    return confidence


def _candidate(
    rule: Rule,
    priority: Priority,
    confidence: float,
    situation: Situation,
    known: Mapping[str, str],
) -> Candidate | None:
    style = situation.profile.influence.style.label
    script = rule.scripts.get(style) or rule.scripts.get("default", "")
    line, script_said, reason = (fill(text, known) for text in (rule.line, script, rule.reason))
    if line is None or script_said is None or reason is None:
        return None
    return Candidate(
        rule=rule.id,
        strategy=rule.strategy,
        priority=priority,
        line=line,
        script=script_said,
        reason=reason,
        cause=rule.cause,
        confidence=confidence,
        weight=rule.weight,
        floor=rule.min_confidence,
        ttl=rule.ttl,
        quiet=rule.quiet,
        evidence=_evidence(situation),
    )


def _evidence(situation: Situation) -> tuple[str, ...]:
    """This utterance, the last of the same objection, and those behind the customer's state."""
    ids = [situation.utterance.utterance_id]
    ids += [
        record.last_utterance_id
        for record in situation.profile.influence.objections
        if record.label == situation.latest_objection
    ]
    ids += [item.utterance_id for item in reversed(situation.profile.state.evidence)]
    return tuple(dict.fromkeys(each for each in ids if each))[:MAX_EVIDENCE]
