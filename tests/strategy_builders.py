"""Profiles, candidates and whole small calls for the tests of the strategy stage."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from profile_replay import agent_signals, customer_signals

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.rid.messages import STYLES, AgentSignals, CustomerSignals, Facts, Finding
from rid_telephony.rid.profile.messages import (
    AgentConduct,
    CustomerState,
    Demand,
    Gauge,
    Influence,
    Mood,
    ObjectionRecord,
    ProductMatch,
    Profile,
    Ranked,
    Relationship,
    Style,
)
from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.speech.messages import Prosody, Utterance
from rid_telephony.strategy.advisor import Candidate
from rid_telephony.strategy.coach import Coach
from rid_telephony.strategy.loading import load_playbook
from rid_telephony.strategy.messages import (
    Advice,
    ComplianceAlert,
    Hint,
    HintExpired,
    HintOffered,
    Priority,
    SupervisorAlert,
)
from rid_telephony.strategy.playbook import Playbook

GATE_OF_STAGE = {
    "stranger": "greet",
    "contact": "probe",
    "rapport": "present",
    "trust": "close",
    "partner": "close",
}
SCORE_OF_STAGE = {
    "stranger": 10.0,
    "contact": 35.0,
    "rapport": 55.0,
    "trust": 75.0,
    "partner": 90.0,
}
FUND = ProductMatch("p1", "三年大额存单", 80.0, 0.2, 0.0, suitable=True)
STOCK_FUND = ProductMatch("p2", "科技成长股票基金", 95.0, 0.0, 0.0, suitable=False)


@cache
def playbook(language: str = "zh") -> Playbook:
    """The shipped playbook."""
    return load_playbook(StrategySettings(language=language))


def profile(
    stage: str = "rapport",
    *,
    style: str = "",
    state: str = "neutral",
    since: float = 0.0,
    objections: dict[str, int] | None = None,
    resolved: tuple[str, ...] = (),
    needs: tuple[str, ...] = ("preservation",),
    products: tuple[ProductMatch, ...] = (FUND,),
    facts: Facts | None = None,
    refusals: int = 0,
    no_contact: int = 0,
    turns: int = 3,
    conduct: AgentConduct | None = None,
    risks: tuple[float, float] = (0.1, 0.1),
    **gauges: float,
) -> Profile:
    """A profile; ``gauges`` are ``satisfaction``, ``trust``, ``purchase_intent``."""
    records = tuple(
        ObjectionRecord(label, count, "resolved" if label in resolved else "open", "u1")
        for label, count in (objections or {}).items()
    )
    posterior = {one: 0.9 if one == style else 0.025 for one in STYLES}
    return Profile(
        relationship=Relationship(Gauge(SCORE_OF_STAGE[stage]), stage, GATE_OF_STAGE[stage]),
        influence=Influence(
            style=Style(style, 0.9 if style else 0.2, posterior),
            mood=Mood("neutral", 0.0, 0.2, 0.0),
            objections=records,
            factors={},
            satisfaction=Gauge(gauges.get("satisfaction", 50.0)),
            trust=Gauge(gauges.get("trust", 50.0)),
            purchase_intent=Gauge(gauges.get("purchase_intent", 50.0)),
        ),
        demand=Demand(
            stratum="",
            strata={},
            stratum_evidence=(),
            age_stage="",
            needs=tuple(Ranked(need, 1.0) for need in needs),
            products=products,
            facts=facts or Facts(),
        ),
        state=CustomerState(state, since, *risks),
        conduct=conduct or AgentConduct(talk_share=0.5),
        customer_turns=turns,
        refusals=refusals,
        do_not_call_requests=no_contact,
    )


def candidate(strategy: str = "give_evidence", cause: str = "x", **fields: Any) -> Candidate:
    """A candidate; an objection of full confidence unless told otherwise."""
    values: dict[str, Any] = {
        "rule": f"{strategy}-{cause}",
        "strategy": strategy,
        "priority": Priority.OBJECTION,
        "line": "先问清楚",
        "script": "您说。",
        "reason": "客户说「嗯」。",
        "cause": cause,
        "confidence": 1.0,
        "weight": 1.0,
        "floor": 0.0,
        "ttl": 15.0,
        "quiet": 15.0,
        "evidence": ("u1",),
    }
    return Candidate(**{**values, **fields})


def finding(
    label: str = "guarantee", quote: str = "肯定不会亏", wording: str = "不保本。"
) -> Finding:
    """A compliance finding."""
    return Finding("M01", label, "critical", 0.9, quote, (0, len(quote)), wording)


class Call:
    """A small call: says things to a coach, ten seconds after one another.

    Args:
        language: Of the playbook.
        context: What the bank knew.
        settings: The shipped ones unless given.
    """

    def __init__(
        self,
        language: str = "zh",
        context: CustomerContext | None = None,
        settings: StrategySettings | None = None,
        book: Playbook | None = None,
    ) -> None:
        self.coach = Coach(
            book or playbook(language),
            settings or StrategySettings(),
            "call",
            context or CustomerContext(),
        )
        self.now = 0.0
        self.advice: list[Advice] = []
        self._count = 0

    def customer(
        self, text: str, profile: Profile, after: float = 10.0, **signals: Any
    ) -> list[Advice]:
        """The customer says something; ``signals`` as for ``customer_signals``."""
        return self.hear(Party.CUSTOMER, text, customer_signals(**signals), profile, after)

    def agent(
        self,
        text: str,
        profile: Profile,
        act: str = "present",
        *findings: Finding,
        after: float = 10.0,
        prosody: Prosody | None = None,
    ) -> list[Advice]:
        """The agent says something."""
        signals = replace(agent_signals(act), findings=findings)
        return self.hear(Party.AGENT, text, signals, profile, after, prosody)

    def hear(
        self,
        party: Party,
        text: str,
        signals: CustomerSignals | AgentSignals,
        profile: Profile,
        after: float = 10.0,
        prosody: Prosody | None = None,
    ) -> list[Advice]:
        """Somebody says something that ends ``after`` seconds from now."""
        self.now += after
        self._count += 1
        begin = max(0.0, self.now - len(text) / 4.5)
        spoken = Utterance("call", f"u{self._count}", party, begin, self.now, text, prosody=prosody)
        advice = list(self.coach.consider(spoken, signals, profile, self.now))
        self.advice += advice
        return advice

    def hear_rate(self, rate: float) -> None:
        """The customer says something at so many syllables a second."""
        self.hear(
            Party.CUSTOMER,
            "嗯",
            customer_signals(act="backchannel"),
            profile(),
            prosody=Prosody(rate_sps=rate),
        )

    def wait(self, seconds: float) -> list[Advice]:
        """Nothing is said."""
        self.now += seconds
        advice = list(self.coach.tick(self.now))
        self.advice += advice
        return advice


def hints(advice: list[Advice]) -> list[Hint]:
    """The hints offered."""
    return [one.hint for one in advice if isinstance(one, HintOffered)]


def strategies(advice: list[Advice]) -> list[str]:
    """Their strategies."""
    return [hint.strategy for hint in hints(advice)]


def expiries(advice: list[Advice]) -> list[str]:
    """The reasons of the expiries."""
    return [one.reason for one in advice if isinstance(one, HintExpired)]


def alerts(advice: list[Advice]) -> list[str]:
    """Kinds of the supervisor alerts."""
    return [one.kind for one in advice if isinstance(one, SupervisorAlert)]


def findings(advice: list[Advice]) -> list[str]:
    """Rules of the compliance alerts."""
    return [one.finding.rule for one in advice if isinstance(one, ComplianceAlert)]
