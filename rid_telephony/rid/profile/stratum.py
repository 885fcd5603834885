"""Social stratum: a probability over five tiers, from occupation, education, income, property.

The ten strata are those of the study of the Chinese Academy of Social Sciences (陆学艺,
当代中国社会阶层研究报告, 2002). A tier is never a judgement on a person: it serves only to rank
needs, and is empty until something was said or known.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Self, TypeVar

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import STRATA, Evidence, Facts
from rid_telephony.rid.patterns import compile_any
from rid_telephony.rid.profile.facts import CRM_QUOTE, entry

MAX_WORDS = 60
"""Characters of an occupation or education that are read."""

_FIELDS = {
    "occupation": "occupation",
    "rank": "occupation",
    "education": "education",
    "income": "income_monthly_cny",
}
"""Family of the evidence to the field of the facts it was read from."""

Found = TypeVar("Found")


class Tiers(DataModel):
    """A weight for every tier; only the proportions matter."""

    upper: float = Field(gt=0)
    upper_middle: float = Field(gt=0)
    middle: float = Field(gt=0)
    lower_middle: float = Field(gt=0)
    lower: float = Field(gt=0)

    def of(self, tier: str) -> float:
        """The weight of a tier."""
        return float(getattr(self, tier))


class Stratum(DataModel):
    """One of the ten strata."""

    name: str
    """In Chinese, as the study calls it."""
    tiers: Tiers


class Occupation(DataModel):
    """Occupations that belong to a stratum; the first line of the file that fits counts."""

    stratum: str
    """Key of ``strata``."""
    words: tuple[str, ...]
    """Patterns, found anywhere in the occupation as said."""
    tiers: Tiers | None = None
    """Where these differ from the stratum's own tiers."""


class Clue(DataModel):
    """Something that shifts the tiers."""

    words: tuple[str, ...] = ()
    """Patterns, for occupation ranks and education."""
    tiers: Tiers


class IncomeBand(DataModel):
    """A monthly income from so many yuan on."""

    at_least: float = Field(ge=0)
    tiers: Tiers


class StratumRules(DataModel):
    """Tables behind the stratum, in ``stratum.yaml``."""

    version: int = Field(ge=1, le=1)
    prior: Tiers
    strata: dict[str, Stratum]
    occupations: tuple[Occupation, ...]
    ranks: tuple[Clue, ...]
    """Words beside an occupation that lift or lower it; the first that fits counts."""
    education: tuple[Clue, ...]
    """The first that fits counts."""
    income: tuple[IncomeBand, ...]
    """Falling; the first that the income reaches counts."""
    holdings: dict[str, Tiers]
    """Holding to the tiers that it speaks for; weak evidence, never enough alone."""
    min_probability: float = Field(gt=0, lt=1)
    """The leading tier is withheld below this."""

    @model_validator(mode="after")
    def _tables_agree(self) -> Self:
        unknown = {one.stratum for one in self.occupations} - set(self.strata)
        if unknown:
            raise ValueError(f"occupations name unknown strata: {', '.join(sorted(unknown))}")
        bounds = [band.at_least for band in self.income]
        if bounds != sorted(bounds, reverse=True):
            raise ValueError("income bands must fall")
        for line in self.occupations:
            compile_any(line.words, {})
        for clue in (*self.ranks, *self.education):
            compile_any(clue.words, {})
        return self


class StratumJudge:
    """Judges facts; keeps nothing between calls."""

    def __init__(self, rules: StratumRules) -> None:
        self._rules = rules
        self._occupations = [(compile_any(line.words, {}), line) for line in rules.occupations]
        self._ranks = [(compile_any(clue.words, {}), clue.tiers) for clue in rules.ranks]
        self._education = [(compile_any(clue.words, {}), clue.tiers) for clue in rules.education]

    def judge(
        self, facts: Facts, sources: Mapping[str, str]
    ) -> tuple[str, Mapping[str, float], tuple[Evidence, ...]]:
        """Leading tier (empty while withheld), probability of every tier, evidence.

        Args:
            facts: All that is known.
            sources: Field of ``facts``, or entry of a list in it, to the utterance that told it;
                none for the CRM's.

        The ``delta`` of a piece of evidence is its log likelihood ratio for the leading tier
        against the mean of the others.
        """
        found = list(self._found(facts))
        logs = {tier: math.log(self._rules.prior.of(tier)) for tier in STRATA}
        for _, _, tiers in found:
            for tier in STRATA:
                logs[tier] += math.log(tiers.of(tier))
        top = max(logs.values())
        weights = {tier: math.exp(value - top) for tier, value in logs.items()}
        total = sum(weights.values())
        strata = {tier: weight / total for tier, weight in weights.items()}
        lead = max(STRATA, key=lambda tier: strata[tier])
        told = any(not signal.startswith("holding.") for signal, _, _ in found)
        sure = told and strata[lead] >= self._rules.min_probability
        evidence = tuple(
            Evidence(sources.get(_source(signal), ""), quote, signal, _ratio(tiers, lead))
            for signal, quote, tiers in found
        )
        return (lead if sure else ""), strata, evidence

    def _found(self, facts: Facts) -> Iterable[tuple[str, str, Tiers]]:
        rules = self._rules
        occupation = facts.occupation[:MAX_WORDS]
        line = _first(self._occupations, occupation)
        if line:
            tiers = line.tiers or rules.strata[line.stratum].tiers
            yield f"occupation.{line.stratum}", occupation, tiers
        rank = _first(self._ranks, occupation)
        if rank and line:
            yield "rank", occupation, rank
        education = _first(self._education, facts.education[:MAX_WORDS])
        if education:
            yield "education", facts.education[:MAX_WORDS], education
        income = facts.income_monthly_cny
        if income is not None:
            band = next((one for one in rules.income if income >= one.at_least), None)
            if band:
                yield "income", f"{income:.0f}", band.tiers
        for holding in facts.holdings:
            if holding in rules.holdings:
                quote = facts.quotes.get(entry("holdings", holding), CRM_QUOTE)
                words = f"holdings={holding}" if quote == CRM_QUOTE else quote
                yield f"holding.{holding}", words, rules.holdings[holding]


def _first(lines: Iterable[tuple[re.Pattern[str] | None, Found]], text: str) -> Found | None:
    return next((one for pattern, one in lines if pattern and pattern.search(text)), None)


def _source(signal: str) -> str:
    """The field of the facts, or the entry of a list, that a piece of evidence is read from."""
    family, _, name = signal.partition(".")
    return entry("holdings", name) if family == "holding" else _FIELDS[family]


def _ratio(tiers: Tiers, lead: str) -> float:
    others = [tiers.of(tier) for tier in STRATA if tier != lead]
    return math.log(tiers.of(lead) / (sum(others) / len(others)))
