"""What an utterance is about: rules over characters and sounds, joined with the classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from rid_telephony.rid.messages import TOPICS
from rid_telephony.rid.rules import CompiledTrigger, Trigger, Vocabulary
from rid_telephony.rid.text import Heard


class TopicRule(Trigger):
    """One way of talking about a topic."""

    topic: Literal[
        "yield",
        "risk",
        "term",
        "liquidity",
        "threshold",
        "fee",
        "identity",
        "process",
        "privacy",
        "service",
        "family",
        "work",
        "housing",
        "health",
        "education",
        "retirement",
        "market",
    ]
    confidence: float = Field(gt=0, le=1)
    """How far a find of this rule is to be trusted."""


class TopicBook(Vocabulary):
    """``topics.yaml``."""

    version: int = Field(ge=1, le=1)
    rule_weight: float = Field(default=0.5, ge=0, le=1)
    """Share of the rules in a topic's probability; the classifier has the rest."""
    rules: tuple[TopicRule, ...]

    @model_validator(mode="after")
    def _rules_compile(self) -> Self:
        TopicFinder(self)
        return self


class TopicFinder:
    """Finds topics. Pure; safe to share.

    Raises:
        ValueError: A rule is not valid.
    """

    def __init__(self, book: TopicBook) -> None:
        self._weight = book.rule_weight
        self._rules: list[tuple[TopicRule, CompiledTrigger]] = []
        for rule in book.rules:
            try:
                self._rules.append((rule, CompiledTrigger(rule, book)))
            except ValueError as error:
                raise ValueError(f"topic {rule.topic}: {error}") from error

    def by_rule(self, heard: Heard, context: Heard) -> Mapping[str, float]:
        """Topic to the confidence of the surest rule that fires."""
        found: dict[str, float] = {}
        for rule, trigger in self._rules:
            if rule.confidence > found.get(rule.topic, 0.0) and any(trigger.find(heard, context)):
                found[rule.topic] = rule.confidence
        return found

    def joined(
        self, heard: Heard, context: Heard, probabilities: Mapping[str, float]
    ) -> Mapping[str, float]:
        """Probability of every topic: the weighted mean of rules and classifier.

        Args:
            heard: The customer's words.
            context: The agent's last words.
            probabilities: The classifier's probability of each topic.
        """
        rules = self.by_rule(heard, context)
        return {
            topic: self._weight * rules.get(topic, 0.0)
            + (1 - self._weight) * probabilities.get(topic, 0.0)
            for topic in TOPICS
        }
