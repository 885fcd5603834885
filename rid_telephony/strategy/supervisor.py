"""When somebody else should look at the call."""

from __future__ import annotations

from collections.abc import Mapping

from rid_telephony.strategy.conditions import certainty
from rid_telephony.strategy.messages import SupervisorAlert
from rid_telephony.strategy.playbook import SupervisorRule
from rid_telephony.strategy.situation import Situation
from rid_telephony.strategy.texts import fill


class SupervisorWatch:
    """Raises each kind of supervisor alert once in a call.

    Args:
        rules: Of the playbook; several may raise the same kind.
        min_confidence: Weaker evidence raises nothing.
    """

    def __init__(self, rules: tuple[SupervisorRule, ...], min_confidence: float) -> None:
        self._rules = rules
        self._min_confidence = min_confidence
        self._raised: set[str] = set()

    def alerts(self, situation: Situation, known: Mapping[str, str]) -> tuple[SupervisorAlert, ...]:
        """Alerts that are due and have not been raised.

        Args:
            situation: The moment.
            known: Values for the placeholders of the reason.
        """
        raised: list[SupervisorAlert] = []
        for rule in self._rules:
            if rule.kind in self._raised:
                continue
            reason = fill(rule.reason, known)
            if reason is None or certainty(rule.when, situation) < self._min_confidence:
                continue
            self._raised.add(rule.kind)
            evidence = (situation.utterance.utterance_id,)
            raised.append(SupervisorAlert(rule.kind, situation.now, reason, evidence))
        return tuple(raised)
