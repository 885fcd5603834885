"""The coach of one call: utterances, signals and profiles go in, advice comes out."""

from __future__ import annotations

from dataclasses import replace

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.rid.messages import AgentSignals, CustomerSignals, Finding, Signals
from rid_telephony.rid.profile.messages import Profile
from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.speech.messages import Utterance
from rid_telephony.strategy import compliance, suitability
from rid_telephony.strategy.advisor import Advisor
from rid_telephony.strategy.arbiter import Arbiter
from rid_telephony.strategy.conditions import certainty
from rid_telephony.strategy.deadlines import MustSayWatch
from rid_telephony.strategy.memory import CallMemory
from rid_telephony.strategy.messages import Advice, CallSummary, ComplianceAlert, HintVerdict
from rid_telephony.strategy.playbook import Playbook
from rid_telephony.strategy.situation import Situation
from rid_telephony.strategy.summary import FollowUps, summarise
from rid_telephony.strategy.supervisor import SupervisorWatch
from rid_telephony.strategy.wording import values

MAX_ALERTS = 200
"""Compliance alerts kept for the summary."""


class Coach:
    """Decides what the agent is told in one call. No I/O and no clock.

    Times are seconds on the call's clock; one that lies before an earlier one counts as that.

    Args:
        playbook: The rules, as :func:`~rid_telephony.strategy.loading.load_playbook` reads them.
        settings: Confidence floor, interval and allowance.
        call_id: Part of every hint's id.
        context: What the bank knew before the call.
    """

    def __init__(
        self,
        playbook: Playbook,
        settings: StrategySettings,
        call_id: str,
        context: CustomerContext,
    ) -> None:
        self._playbook = playbook
        self._settings = settings
        self._call_id = call_id
        self._context = context
        self._now = 0.0
        self._memory = CallMemory(playbook.about, context)
        self._must_say = MustSayWatch(playbook.must_say)
        self._advisor = Advisor(playbook)
        self._arbiter = Arbiter(settings, call_id)
        self._supervisor = SupervisorWatch(playbook.alerts, settings.min_confidence)
        self._follow_ups = FollowUps(playbook.summary.follow_up, settings.min_confidence)
        self._alerts: list[ComplianceAlert] = []
        self._last: tuple[Utterance, Profile] | None = None

    def consider(
        self, utterance: Utterance, signals: Signals, profile: Profile, now: float
    ) -> tuple[Advice, ...]:
        """Advice after an utterance.

        Args:
            utterance: The utterance.
            signals: What was found in it.
            profile: The profile with it.
            now: Seconds on the call's clock.
        """
        self._advance(now)
        self._last = (utterance, profile)
        findings: tuple[Finding, ...] = ()
        if isinstance(signals, AgentSignals):
            findings = self._hear_agent(utterance, signals, profile)
        else:
            self._memory.hear_customer(utterance, signals, profile)
        situation = self._situation(utterance, profile, signals, findings)
        return self._advise(situation)

    def tick(self, now: float) -> tuple[Advice, ...]:
        """Advice that time alone brings: expiries, deadlines, anger that lasts."""
        self._advance(now)
        if self._last is None:
            return ()
        return self._advise(self._situation(*self._last))

    def learn(self, context: CustomerContext, profile: Profile) -> None:
        """Take in all that the bank knows now; ``profile`` has it already."""
        self._context = context
        self._memory.learn(context)
        if self._last:
            self._last = (self._last[0], profile)

    def judge(self, hint_id: str, verdict: HintVerdict, now: float) -> None:
        """Learn what the agent thinks of a hint; see :meth:`Arbiter.judge`."""
        self._advance(now)
        self._arbiter.judge(hint_id, verdict, self._now)

    def finish(self, now: float) -> tuple[Advice, ...]:
        """Take the live hint away; the call is over."""
        self._advance(now)
        return self._arbiter.finish(self._now)

    def summarise(self, profile: Profile, now: float) -> CallSummary:
        """The summary of the whole call, also of one in which nobody spoke."""
        self._advance(now)
        utterance = self._last[0] if self._last else self._silence()
        situation = self._situation(utterance, profile)
        return summarise(
            self._playbook.summary,
            situation,
            values(situation, self._playbook),
            tuple(self._alerts),
            self._arbiter.offered,
            self._follow_ups.noted,
        )

    def _advance(self, now: float) -> None:
        self._now = max(self._now, now)

    def _hear_agent(
        self, utterance: Utterance, signals: AgentSignals, profile: Profile
    ) -> tuple[Finding, ...]:
        findings = compliance.findings_of(
            utterance,
            signals,
            profile,
            self._context.risk_level,
            self._settings.min_finding_confidence,
            self._playbook.about.unsuitable_wording,
        )
        self._memory.hear_agent(utterance, signals, findings)
        mentioned = self._memory.mentioned(utterance.text)
        self._must_say.hear_agent(signals, mentioned, profile.conduct.said)
        return findings

    def _situation(
        self,
        utterance: Utterance,
        profile: Profile,
        signals: Signals | None = None,
        findings: tuple[Finding, ...] = (),
    ) -> Situation:
        trigger = "clock" if signals is None else utterance.party.value
        return Situation(
            trigger=trigger,
            now=self._now,
            utterance=utterance,
            customer=signals if isinstance(signals, CustomerSignals) else None,
            agent=signals if isinstance(signals, AgentSignals) else None,
            findings=findings,
            profile=profile,
            context=self._context,
            memory=self._memory,
            overdue=self._must_say.overdue,
            said=self._must_say.said,
            product=suitability.product_to_name(profile, self._playbook.about),
        )

    def _advise(self, situation: Situation) -> tuple[Advice, ...]:
        alerts = self._alert(situation)
        if alerts:
            situation = replace(situation, overdue=self._must_say.overdue)
        known = values(situation, self._playbook)
        self._follow_ups.hear(situation, known)
        return (
            *alerts,
            *self._supervisor.alerts(situation, known),
            *self._arbiter.expire(self._now),
            *self._overtake(situation),
            *self._arbiter.offer(self._advisor.candidates(situation, known), self._now),
        )

    def _alert(self, situation: Situation) -> tuple[ComplianceAlert, ...]:
        missed = self._must_say.missed(situation)
        spoken = situation.utterance.utterance_id
        alerts = compliance.alerts((*situation.findings, *missed), spoken, self._now)
        self._alerts += alerts[: MAX_ALERTS - len(self._alerts)]
        return alerts

    def _overtake(self, situation: Situation) -> tuple[Advice, ...]:
        live = self._arbiter.live
        if live is None:
            return ()
        done_by = self._playbook.about.strategies[live.strategy].done_by
        done = situation.agent is not None and situation.agent.act.label in done_by
        ends = self._playbook.causes[live.cause]
        if done or any(certainty(each, situation) > 0 for each in ends):
            return self._arbiter.overtake(self._now)
        return ()

    def _silence(self) -> Utterance:
        return Utterance(self._call_id, "", Party.CUSTOMER, self._now, self._now, "")
