"""After the call: how it went, what to do next, and a note for the agent."""

from __future__ import annotations

from collections.abc import Mapping

from rid_telephony.strategy.conditions import certainty
from rid_telephony.strategy.messages import CallSummary, ComplianceAlert
from rid_telephony.strategy.playbook import CoachingText, FollowUpRule, SummaryFile
from rid_telephony.strategy.situation import Situation
from rid_telephony.strategy.texts import fill

NO_OUTCOME = "interested_no_commitment"
"""Where no rule of the playbook holds."""


class FollowUps:
    """Notes while the call runs what is to be done after it.

    Args:
        rules: Of the playbook.
        min_confidence: Weaker evidence is not noted.
    """

    def __init__(self, rules: tuple[FollowUpRule, ...], min_confidence: float) -> None:
        self._rules = rules
        self._min_confidence = min_confidence
        self._noted: dict[str, str] = {}

    @property
    def noted(self) -> Mapping[str, str]:
        """``callback_time``, ``promised_material``, ``appointment`` to their words."""
        return dict(self._noted)

    def hear(self, situation: Situation, known: Mapping[str, str]) -> None:
        """Note what an utterance brings; a later agreement replaces an earlier one."""
        for rule in self._rules:
            if rule.trigger != situation.trigger:
                continue
            if certainty(rule.when, situation) < self._min_confidence:
                continue
            text = fill(rule.text, known)
            if text:
                self._noted[rule.key] = text


def summarise(
    book: SummaryFile,
    situation: Situation,
    known: Mapping[str, str],
    findings: tuple[ComplianceAlert, ...],
    hints: Mapping[str, int],
    follow_up: Mapping[str, str],
) -> CallSummary:
    """The summary of a call.

    Args:
        book: What the playbook says of summaries.
        situation: The call's end.
        known: Values for the placeholders of the coaching note.
        findings: Compliance alerts of the call.
        hints: Strategy to how often it was offered.
        follow_up: What was noted.
    """
    state = situation.profile.state
    return CallSummary(
        profile=situation.profile,
        outcome=_outcome(book, situation),
        complaint_risk=_level(book, state.complaint_risk),
        churn_risk=_level(book, state.churn_risk),
        talk_share=situation.profile.conduct.talk_share,
        duration=situation.now,
        findings=findings,
        hints=hints,
        follow_up=follow_up,
        send_survey=certainty(book.survey, situation) > 0,
        coaching_note=_note(book, situation, known),
    )


def _outcome(book: SummaryFile, situation: Situation) -> str:
    fitting = (rule.outcome for rule in book.outcomes if certainty(rule.when, situation) > 0)
    return next(fitting, NO_OUTCOME)


def _level(book: SummaryFile, risk: float) -> str:
    if risk >= book.high_risk:
        return "high"
    return "medium" if risk >= book.medium_risk else "low"


def _note(book: SummaryFile, situation: Situation, known: Mapping[str, str]) -> str:
    coaching = book.coaching
    parts = (
        *_fitting(coaching.praise, situation, known)[:1],
        *_fitting(coaching.improve, situation, known)[: coaching.most_improvements],
        *_fitting(coaching.next_step, situation, known)[:1],
    )
    return "\n".join(parts)


def _fitting(
    texts: tuple[CoachingText, ...], situation: Situation, known: Mapping[str, str]
) -> list[str]:
    fitting = (fill(item.text, known) for item in texts if certainty(item.when, situation) > 0)
    return [text for text in fitting if text]
