"""What the agent has to say, and by when: identity, recording notice, disclosure of risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rid_telephony.rid.messages import AgentSignals, Finding
from rid_telephony.strategy.conditions import certainty
from rid_telephony.strategy.memory import CallMemory
from rid_telephony.strategy.playbook import MustSay
from rid_telephony.strategy.situation import Situation

OMISSION = "omission"
"""``Finding.label`` of something that was not said in time; the quote is empty."""


class MustSayWatch:
    """Follows the must-say items of one call.

    Args:
        items: Of the playbook.
    """

    def __init__(self, items: tuple[MustSay, ...]) -> None:
        self._items = items
        self._said: set[str] = set()
        self._overdue: dict[str, str] = {}

    @property
    def said(self) -> frozenset[str]:
        """Ids of the items done."""
        return frozenset(self._said)

    @property
    def overdue(self) -> Mapping[str, str]:
        """Items past their deadline and still not said, to their names."""
        return dict(self._overdue)

    def hear_agent(
        self, signals: AgentSignals, mentioned: Iterable[str], known: Iterable[str]
    ) -> None:
        """Note which items an agent utterance does.

        Args:
            signals: Of the utterance.
            mentioned: Word lists found in it.
            known: What the profile has noted as said (``AgentConduct.said``).
        """
        heard, done = frozenset(mentioned), frozenset(known)
        for item in self._items:
            by_words = not heard.isdisjoint(item.words)
            noted = not done.isdisjoint(item.detected_as)
            if noted or by_words or signals.act.label in item.acts:
                self._said.add(item.id)
                self._overdue.pop(item.id, None)

    def missed(self, situation: Situation) -> tuple[Finding, ...]:
        """Items whose deadline has passed since the last call of this, each once."""
        missed: list[Finding] = []
        for item in self._items:
            if item.id in self._said or item.id in self._overdue:
                continue
            if _due(item, situation) and _required(item, situation):
                self._overdue[item.id] = item.name
                missed.append(_finding(item))
        return tuple(missed)


def _required(item: MustSay, situation: Situation) -> bool:
    return item.only is None or certainty(item.only, situation) > 0


def _due(item: MustSay, situation: Situation) -> bool:
    memory = situation.memory
    if situation.agent is not None and situation.agent.act.label in item.before:
        return True
    if item.agent_seconds is not None and memory.agent_seconds >= item.agent_seconds:
        return True
    return _waited(memory, situation.now, item.call_seconds)


def _waited(memory: CallMemory, now: float, limit: float | None) -> bool:
    if limit is None or memory.first_word is None:
        return False
    return now - memory.first_word >= limit


def _finding(item: MustSay) -> Finding:
    return Finding(
        rule=f"must_say.{item.id}",
        label=OMISSION,
        severity=item.severity,
        confidence=1.0,
        quote="",
        span=(0, 0),
        safe_wording=item.wording,
        reference=item.reference,
    )
