"""Age stage: from a known or stated age, else from facts; never from the voice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import AGE_STAGES, Evidence, Facts
from rid_telephony.rid.profile.facts import CRM_QUOTE, entry


class AgeClue(DataModel):
    """A fact that tells the age stage where no age is known."""

    stage: str
    events: tuple[str, ...] = ()
    occupation: tuple[str, ...] = ()
    """Patterns, found anywhere in the occupation as said."""


class AgeRules(DataModel):
    """Part of ``needs.yaml``."""

    from_age: dict[str, int]
    """Stage to the age in years from which it holds."""
    clues: tuple[AgeClue, ...] = Field(default=())
    """The first that fits counts."""

    @model_validator(mode="after")
    def _stages_are_known(self) -> Self:
        if tuple(self.from_age) != AGE_STAGES:
            raise ValueError(f"from_age must be {', '.join(AGE_STAGES)}, in this order")
        unknown = {clue.stage for clue in self.clues} - set(AGE_STAGES)
        if unknown:
            raise ValueError(f"unknown age stages: {', '.join(sorted(unknown))}")
        return self


def age_stage(facts: Facts, rules: AgeRules) -> str:
    """The stage, or empty while nothing tells it."""
    return _judged(facts, rules)[0]


def age_evidence(facts: Facts, rules: AgeRules, sources: Mapping[str, str]) -> tuple[Evidence, ...]:
    """The fact that tells the stage; nothing while none does.

    Args:
        facts: All that is known.
        rules: Bounds and clues.
        sources: Field of ``facts``, or entry of a list in it, to the utterance that told it.
    """
    stage, key, value = _judged(facts, rules)
    if not stage:
        return ()
    name = key.partition(".")[0]
    words = facts.quotes.get(key, CRM_QUOTE)
    quote = f"{name}={value}" if words == CRM_QUOTE else words
    signal = key if name == "event" else f"fact.{name}"
    return (Evidence(sources.get(key, ""), quote, signal, 1.0),)


def _judged(facts: Facts, rules: AgeRules) -> tuple[str, str, str]:
    """Stage, the fact that tells it as a key of the sources, its value; empty if none does."""
    if facts.age is not None:
        reached = [stage for stage, bound in rules.from_age.items() if facts.age >= bound]
        return (reached[-1], "age", str(facts.age)) if reached else ("", "", "")
    if facts.age_stage in AGE_STAGES:
        return facts.age_stage, "age_stage", facts.age_stage
    for clue in rules.clues:
        told = [event for event in facts.event if event in clue.events]
        if told:
            return clue.stage, entry("event", told[0]), told[0]
        if facts.occupation and any(re.search(word, facts.occupation) for word in clue.occupation):
            return clue.stage, "occupation", facts.occupation
    return "", "", ""
