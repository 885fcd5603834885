"""D, 客户需求: facts, stratum, age stage, needs and product match of one call."""

from __future__ import annotations

from collections.abc import Iterable

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.messages import Facts
from rid_telephony.rid.profile.agestage import age_evidence, age_stage
from rid_telephony.rid.profile.facts import (
    from_context,
    informed,
    merged,
    novel,
    told_entries,
    told_fields,
)
from rid_telephony.rid.profile.matching import Matcher
from rid_telephony.rid.profile.messages import Demand
from rid_telephony.rid.profile.needs import NeedKeeper, NeedRules
from rid_telephony.rid.profile.observations import Observation
from rid_telephony.rid.profile.stratum import StratumJudge


class DemandKeeper:
    """Keeps the demand of one call."""

    def __init__(
        self,
        needs: NeedRules,
        judge: StratumJudge,
        matcher: Matcher,
        context: CustomerContext,
    ) -> None:
        self._rules = needs
        self._judge = judge
        self._matcher = matcher
        self._risk_level = context.risk_level
        self._facts = from_context(context)
        self._sources: dict[str, str] = {}
        self._judged = judge.judge(self._facts, self._sources)
        self._needs = NeedKeeper(needs)

    @property
    def facts(self) -> Facts:
        """All that is known."""
        return self._facts

    def inform(self, context: CustomerContext) -> None:
        """Take in what the CRM tells during the call; what the customer said stays."""
        self._risk_level = context.risk_level
        self._facts = informed(self._facts, context, self._sources)
        self._judged = self._judge.judge(self._facts, self._sources)

    def novel(self, heard: Facts) -> Facts:
        """What of the facts was not known yet."""
        return novel(self._facts, heard)

    def learn(self, utterance_id: str, heard: Facts) -> None:
        """Take in the facts of an utterance."""
        new = novel(self._facts, heard)
        told = told_fields(new)
        if not told:
            return
        self._facts = merged(self._facts, heard)
        self._sources.update(dict.fromkeys((*told, *told_entries(new)), utterance_id))
        self._judged = self._judge.judge(self._facts, self._sources)

    def observe(self, utterance_id: str, seen: Iterable[Observation]) -> None:
        """Take in observations."""
        self._needs.observe(utterance_id, seen)

    def demand(self) -> Demand:
        """A snapshot."""
        stratum, strata, evidence = self._judged
        stage = age_stage(self._facts, self._rules.age)
        ranked = self._needs.ranked(stratum, strata, stage)
        return Demand(
            stratum=stratum,
            strata=strata,
            stratum_evidence=evidence,
            age_stage=stage,
            needs=ranked,
            products=self._matcher.match(ranked, self._facts, self._risk_level),
            facts=self._facts,
            age_stage_evidence=age_evidence(self._facts, self._rules.age, self._sources),
        )
