"""Age stage: from a known or stated age, else from facts; never from the voice."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import AGE_STAGES, Facts


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
    if facts.age is not None:
        reached = [stage for stage, bound in rules.from_age.items() if facts.age >= bound]
        return reached[-1] if reached else ""
    if facts.age_stage in AGE_STAGES:
        return facts.age_stage
    for clue in rules.clues:
        if set(clue.events) & set(facts.event):
            return clue.stage
        if facts.occupation and any(re.search(word, facts.occupation) for word in clue.occupation):
            return clue.stage
    return ""
