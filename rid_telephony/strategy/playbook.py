"""The playbook as its files write it: what to tell the agent in which situation.

A playbook is a folder. ``loading.py`` reads it; the models here say what each file may hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.strategy import vocabulary as vocab
from rid_telephony.strategy.messages import STRATEGIES, Priority
from rid_telephony.strategy.texts import Line, Template
from rid_telephony.strategy.when import When, impossible

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]*$", max_length=60)]
"""A name that a file declares: small letters, digits, underscores, dots."""
Seconds = Annotated[float, Field(gt=0, le=3600)]
Weight = Annotated[float, Field(gt=0, le=1)]


class StrategyInfo(DataModel):
    """What holds for a strategy, whichever rule proposes it."""

    gate: vocab.Gate
    """The relationship must allow at least this."""
    selling: bool = False
    """Moves towards a sale: withheld from an angry or refusing customer."""
    fit_for: tuple[vocab.Stance, ...] = ()
    """Stances of the customer in which it may be offered all the same."""
    done_by: tuple[vocab.AgentAct, ...] = ()
    """Agent acts after which the hint has done its work."""

    @model_validator(mode="after")
    def _selling_fits_no_stance(self) -> Self:
        if self.selling and self.fit_for:
            raise ValueError("what sells is never fit for an angry or refusing customer")
        return self


class About(DataModel):
    """``playbook.yaml``."""

    id: Name
    title: str
    version: int = Field(ge=1)
    words: dict[Name, tuple[Annotated[str, Field(min_length=1)], ...]]
    """Word lists: found in an utterance where one of their words stands in it."""
    strategies: dict[vocab.Strategy, StrategyInfo]
    reopened_by: tuple[vocab.CustomerAct, ...]
    """Customer acts by which a customer who refused comes back to the subject."""
    sells: tuple[vocab.AgentAct, ...]
    """Agent acts that are selling on, when they follow a refusal."""
    claims: tuple[vocab.Violation, ...]
    """Violations that are untrue or improper claims: to be taken back, and open to challenge."""
    corrects: tuple[vocab.AgentAct, ...]
    """Agent acts that take a claim back."""
    subjects: tuple[Name, ...]
    """Word lists that name what is talked of; the one that the agent used last is the subject."""
    leading_needs: int = Field(ge=1)
    """How many of the ranked needs count as leading."""
    min_match: float = Field(ge=0, le=100)
    """A product that matches less is not named."""
    max_over: float = Field(ge=0, le=1)
    """A product that over-matches more is not named."""
    unsuitable_wording: str
    """What an agent says who has named a product above the customer's risk level."""
    correction: str
    """What an agent says who has to take back something that has no wording of its own."""

    @model_validator(mode="after")
    def _every_strategy_is_described(self) -> Self:
        missing = [name for name in STRATEGIES if name not in self.strategies]
        if missing:
            raise ValueError(f"strategies without a description: {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _subjects_are_word_lists(self) -> Self:
        for name in self.subjects:
            if name not in self.words:
                raise ValueError(vocab.unknown("subject", name, self.words))
        return self


class MustSay(DataModel):
    """Something that the agent has to say in time. Give at least one deadline."""

    id: Name
    name: str
    """As people read it."""
    detected_as: tuple[str, ...] = ()
    """Said once the profile has noted one of these (ids of ``rules/must_say.yaml``)."""
    words: tuple[vocab.WordList, ...] = ()
    """Said once the agent uses one of these."""
    acts: tuple[vocab.AgentAct, ...] = ()
    """Said once the agent does one of these."""
    only: When | None = None
    """Required only where this holds."""
    agent_seconds: Seconds | None = None
    """Deadline: seconds of the agent's own speech."""
    call_seconds: Seconds | None = None
    """Deadline: seconds since the agent's first word."""
    before: tuple[vocab.AgentAct, ...] = ()
    """Deadline: before the agent does one of these."""
    severity: vocab.Severity
    wording: str
    """What to say."""
    reference: str = ""
    """The regulation, as the bank fills it in."""

    @model_validator(mode="after")
    def _has_a_deadline(self) -> Self:
        if not (self.agent_seconds or self.call_seconds or self.before):
            raise ValueError("give agent_seconds, call_seconds or before")
        return self


class MustSayFile(DataModel):
    """``must_say.yaml``."""

    items: tuple[MustSay, ...]


class CausesFile(DataModel):
    """``causes.yaml``: what hints answer, and when that is over."""

    causes: dict[Name, tuple[When, ...]]
    """Cause to situations in which it is gone; a hint for it is then taken away."""


class Rule(DataModel):
    """In this situation, tell the agent this."""

    id: Name
    trigger: tuple[vocab.Trigger, ...] = ("customer",)
    when: When
    unless: tuple[When, ...] = ()
    """Not where one of these holds."""
    strategy: vocab.Strategy
    cause: vocab.Cause
    line: Line
    scripts: Mapping[vocab.ScriptKey, Template] = Field(default_factory=dict)
    """What to say: ``default``, and by style where it matters."""
    reason: Template
    ttl: Seconds = 15.0
    """Seconds that the hint is worth showing."""
    repeat_after: Seconds | None = None
    """Seconds before the strategy is offered again for this cause; never less than ``ttl``."""
    min_confidence: float = Field(default=0.0, ge=0, le=1)
    weight: Weight = 1.0
    """Which rule goes first where several of the same file hold: the heaviest."""

    @model_validator(mode="after")
    def _can_hold(self) -> Self:
        for trigger in self.trigger:
            slips = impossible(self.when, trigger)
            if slips:
                raise ValueError(f"{', '.join(sorted(slips))}: never known after {trigger}")
        if self.scripts and "default" not in self.scripts:
            raise ValueError("scripts need a default")
        return self

    @property
    def quiet(self) -> float:
        """Seconds during which the strategy is not offered again for the cause."""
        return max(self.ttl, self.repeat_after or 0.0)


class RuleFile(DataModel):
    """``alert.yaml``, ``compliance.yaml`` and so on: the name is the priority."""

    rules: tuple[Rule, ...]


class SupervisorRule(DataModel):
    """When a supervisor is called."""

    id: Name
    kind: vocab.SupervisorKind
    when: When
    reason: Template


class SupervisorFile(DataModel):
    """``supervisor.yaml``."""

    alerts: tuple[SupervisorRule, ...]


class OutcomeRule(DataModel):
    """How a call ended; the first that holds is taken."""

    outcome: vocab.Outcome
    when: When


class FollowUpRule(DataModel):
    """Something to do after the call, noticed while it runs."""

    key: vocab.FollowUpKey
    trigger: vocab.Trigger
    when: When
    text: Template


class CoachingText(DataModel):
    """A sentence of the coaching note, where it fits."""

    id: Name
    when: When
    text: Template


class Coaching(DataModel):
    """The note for the agent: something done well, what to work on, the next step."""

    praise: tuple[CoachingText, ...]
    improve: tuple[CoachingText, ...]
    next_step: tuple[CoachingText, ...]
    most_improvements: int = Field(ge=1)

    def texts(self) -> tuple[CoachingText, ...]:
        """All of them."""
        return (*self.praise, *self.improve, *self.next_step)


class SummaryFile(DataModel):
    """``summary.yaml``."""

    outcomes: tuple[OutcomeRule, ...]
    medium_risk: float = Field(ge=0, le=1)
    """A risk from here on is medium."""
    high_risk: float = Field(ge=0, le=1)
    survey: When
    """Send a satisfaction survey where this holds."""
    follow_up: tuple[FollowUpRule, ...]
    coaching: Coaching


class TranslatedRule(DataModel):
    """A rule's texts in another language."""

    line: Line
    scripts: Mapping[vocab.ScriptKey, Template] = Field(default_factory=dict)
    reason: Template


class LanguagePack(DataModel):
    """``en.yaml``: texts in another language; what is missing stays in the first."""

    rules: dict[vocab.RuleId, TranslatedRule]
    alerts: dict[vocab.RuleId, Template]
    coaching: dict[vocab.RuleId, Template]
    must_say: dict[vocab.Item, str]


@dataclass(frozen=True, slots=True)
class Playbook:
    """A playbook ready for use, in one language.

    Attributes:
        rules: Every rule with its priority, the most urgent first.
        names: Kind of label to label to its name.
    """

    about: About
    must_say: tuple[MustSay, ...]
    causes: Mapping[str, tuple[When, ...]]
    rules: tuple[tuple[Priority, Rule], ...]
    alerts: tuple[SupervisorRule, ...]
    summary: SummaryFile
    names: Mapping[str, Mapping[str, str]]
    language: str

    @property
    def name(self) -> str:
        """Id and version, for the record of a call."""
        return f"{self.about.id}-{self.about.version}"
