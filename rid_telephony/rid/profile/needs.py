"""Needs: a ranked list from stratum, age stage, facts, events, topics and words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import AGE_STAGES, NEEDS, STRATA, Evidence
from rid_telephony.rid.profile.agestage import AgeRules
from rid_telephony.rid.profile.gauges import strongest
from rid_telephony.rid.profile.messages import Ranked
from rid_telephony.rid.profile.observations import Observation

NeedWeights = dict[str, Annotated[float, Field(ge=-5, le=5)]]


class SignalNeeds(DataModel):
    """What a signal says about needs."""

    needs: NeedWeights
    ages: tuple[str, ...] = ()
    """Age stages in which it says so; all when empty."""


class NeedRules(DataModel):
    """``needs.yaml``: age stages, and the weight of every need by source."""

    version: int = Field(ge=1, le=1)
    age: AgeRules
    names: dict[str, str]
    """Need to its Chinese name, for the reasons of a match."""
    base: NeedWeights
    """What everybody needs somewhat; not listed for this alone."""
    strata: dict[str, NeedWeights]
    """Tier to needs; each tier counts with its probability."""
    stages: dict[str, NeedWeights]
    """Age stage to needs."""
    signals: dict[str, SignalNeeds]
    """Signal to needs; the strongest sight of a signal in the call counts, once."""
    min_weight: float = Field(ge=0, lt=1)
    """A lighter need is not listed."""
    most: int = Field(ge=1, le=8)
    """So many needs are listed."""
    kept: int = Field(ge=1, le=50)
    """Pieces of evidence of a need."""

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        tables = [self.base, *self.strata.values(), *self.stages.values()]
        tables.extend(one.needs for one in self.signals.values())
        _check("need", (need for table in tables for need in table), NEEDS)
        _check("need", self.names, NEEDS)
        _check("stratum", self.strata, STRATA)
        _check("age stage", self.stages, AGE_STAGES)
        _check("age stage", (a for one in self.signals.values() for a in one.ages), AGE_STAGES)
        if set(self.names) != set(NEEDS):
            raise ValueError(f"names must name {', '.join(NEEDS)}")
        return self


class NeedKeeper:
    """Keeps what was said about needs in one call."""

    def __init__(self, rules: NeedRules) -> None:
        self._rules = rules
        self._seen: dict[str, tuple[float, str, str]] = {}

    def observe(self, utterance_id: str, seen: Iterable[Observation]) -> None:
        """Take in the observations of an utterance or of the CRM context."""
        for one in seen:
            if one.signal not in self._rules.signals:
                continue
            strongest_yet = self._seen.get(one.signal, (0.0, "", ""))[0]
            if one.strength > strongest_yet:
                self._seen[one.signal] = (one.strength, utterance_id, one.quote)

    def ranked(self, stratum: str, strata: Mapping[str, float], stage: str) -> tuple[Ranked, ...]:
        """Needs, heaviest first; none while nothing is known of the customer.

        A weight is ``1 - exp(-sum)`` of what speaks for the need, so that it stays below 1.

        Args:
            stratum: Leading tier, empty while withheld (then strata do not count).
            strata: Every tier to its probability.
            stage: Age stage or empty.
        """
        pieces = {need: list(self._told(need, stage)) for need in NEEDS}
        if stratum:
            for need in NEEDS:
                pieces[need].extend(self._by_stratum(need, stratum, strata))
        if not any(pieces.values()):
            return ()
        listed = [self._rank(need, pieces[need]) for need in NEEDS if pieces[need]]
        listed = [one for one in listed if one.weight >= self._rules.min_weight]
        return tuple(sorted(listed, key=lambda one: -one.weight)[: self._rules.most])

    def _told(self, need: str, stage: str) -> Iterable[Evidence]:
        points = self._rules.stages.get(stage, {}).get(need, 0.0)
        if points:
            yield Evidence("", stage, f"age_stage.{stage}", points)
        for signal, (strength, utterance_id, quote) in self._seen.items():
            rule = self._rules.signals[signal]
            if rule.ages and stage not in rule.ages:
                continue
            if rule.needs.get(need):
                yield Evidence(utterance_id, quote, signal, rule.needs[need] * strength)

    def _by_stratum(
        self, need: str, stratum: str, strata: Mapping[str, float]
    ) -> Iterable[Evidence]:
        points = sum(
            self._rules.strata.get(tier, {}).get(need, 0.0) * share
            for tier, share in strata.items()
        )
        if points:
            yield Evidence("", stratum, f"stratum.{stratum}", points)

    def _rank(self, need: str, pieces: Sequence[Evidence]) -> Ranked:
        base = self._rules.base.get(need, 0.0)
        total = max(0.0, base + sum(piece.delta for piece in pieces))
        weight = 1.0 - math.exp(-total)
        factor = weight / total if total else 0.0
        scaled = [
            Evidence(one.utterance_id, one.quote, one.signal, one.delta * factor)
            for one in (Evidence("", "", "base", base), *pieces)
            if one.delta
        ]
        return Ranked(need, weight, strongest(scaled, self._rules.kept))


def _check(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"unknown {what}: {', '.join(unknown)}")
