"""What an agent must not say, and must say: rules with exceptions, and the classifier's word.

The rules are data (``data/rules/compliance.yaml``): patterns that are aware of negation,
quotation, questions and of what the customer said last. The classifier is heard conservatively:
alone only where it is nearly certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import COMPLIANCE_LABELS, Finding
from rid_telephony.rid.patterns import compile_pattern
from rid_telephony.rid.rules import CompiledTrigger, Find, Trigger, Vocabulary
from rid_telephony.rid.text import Heard

MODEL_RULE = "model"
"""Rule id of a finding that rests on the classifier alone."""
ABOVE_LEVEL_RULE = "M04-above-risk-level"
"""Rule id of a product named above the customer's own risk level."""

_LEVEL = re.compile("R(?P<level>[1-5一二三四五])")
_LEVELS = {c: n for n, c in enumerate("一二三四五", 1)} | {str(n): n for n in range(1, 6)}


class Wording(DataModel):
    """What to say instead."""

    zh: str
    en: str


class ComplianceRule(Trigger):
    """One prohibition."""

    id: str = Field(min_length=1)
    label: Literal[
        "guarantee",
        "deposit_confusion",
        "exaggeration",
        "pressure",
        "unsuitable",
        "privacy_breach",
        "disparagement",
        "no_consent",
        "insider",
        "past_as_future",
    ]
    severity: Literal["critical", "major", "minor"]
    confidence: float = Field(gt=0, le=1)
    """How far a find of this rule is to be trusted."""
    safe_wording: Wording
    effective_from: date | None = None
    effective_until: date | None = None
    reference: str = ""
    """The regulation that it enforces; the bank fills it in."""


class ComplianceBook(Vocabulary):
    """``compliance.yaml``."""

    version: int = Field(ge=1, le=1)
    model_minimum: float = Field(ge=0.5, le=1)
    """The classifier alone raises nothing below this probability."""
    model_unless: tuple[str, ...] = ()
    """Nor in an utterance that one of these patterns is found in."""
    rules: tuple[ComplianceRule, ...]

    @model_validator(mode="after")
    def _rules_compile(self) -> Self:
        ComplianceDetector(self, on=None)
        names = [rule.id for rule in self.rules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the rule id {twice!r} stands here twice")
        return self


class ComplianceDetector:
    """Finds what an agent must not have said. Pure; safe to share.

    Args:
        book: The rules.
        on: The day of the call: rules not in force on it are left out. None applies all.
        thresholds: Label to the probability from which the classifier alone raises a finding;
            never less than the book's ``model_minimum``. A label without one is never raised.
        language: Language of ``safe_wording``.

    Raises:
        ValueError: A rule is not valid.
    """

    def __init__(
        self,
        book: ComplianceBook,
        on: date | None,
        thresholds: Mapping[str, float] | None = None,
        language: Literal["zh", "en"] = "zh",
    ) -> None:
        self._language: Literal["zh", "en"] = language
        self._rules: list[tuple[ComplianceRule, CompiledTrigger]] = []
        for rule in book.rules:
            try:
                trigger = CompiledTrigger(rule, book)
            except ValueError as error:
                raise ValueError(f"rule {rule.id}: {error}") from error
            if _in_force(rule, on):
                self._rules.append((rule, trigger))
        given = thresholds or {}
        self._doubtful = [compile_pattern(one, book.pieces()) for one in book.model_unless]
        self._alone = {
            label: max(value, book.model_minimum) for label, value in given.items() if value <= 1
        }

    def detect(
        self,
        heard: Heard,
        context: Heard,
        probabilities: Mapping[str, float],
        risk_level: int | None = None,
    ) -> tuple[Finding, ...]:
        """Findings in an agent's utterance, at most one for each label and in order of label.

        Args:
            heard: The agent's words.
            context: The customer's last words.
            probabilities: The classifier's probability of each label.
            risk_level: The customer's level, 1..5, where known: a product named above it is
                not to be offered.
        """
        found: dict[str, Finding] = {}
        for rule, trigger in self._rules:
            find = next(iter(trigger.find(heard, context)), None)
            if find is not None and rule.confidence > _confidence(found.get(rule.label)):
                found[rule.label] = self._finding(rule, find, heard)
        self._above_level(found, heard, risk_level)
        if heard.text and not any(pattern.search(heard.text) for pattern in self._doubtful):
            for label, threshold in self._alone.items():
                probability = probabilities.get(label, 0.0)
                if label not in found and probability >= threshold:
                    found[label] = self._by_model(label, probability, heard)
        return tuple(found[label] for label in COMPLIANCE_LABELS if label in found)

    def _finding(self, rule: ComplianceRule, find: Find, heard: Heard) -> Finding:
        return Finding(
            rule=rule.id,
            label=rule.label,
            severity=rule.severity,
            confidence=rule.confidence,
            quote=heard.quote(find.begin, find.end),
            span=heard.span(find.begin, find.end),
            safe_wording=getattr(rule.safe_wording, self._language),
            reference=rule.reference,
        )

    def _above_level(self, found: dict[str, Finding], heard: Heard, risk_level: int | None) -> None:
        if risk_level is None or "unsuitable" in found:
            return
        rule = next((rule for rule, _ in self._rules if rule.id == ABOVE_LEVEL_RULE), None)
        if rule is None or any(re.search(pattern, heard.text) for pattern in rule.unless):
            return
        for match in _LEVEL.finditer(heard.text):
            if _LEVELS[match["level"]] > risk_level:
                find = Find(match.start(), match.end(), match[0], match)
                found["unsuitable"] = self._finding(rule, find, heard)
                return

    def _by_model(self, label: str, probability: float, heard: Heard) -> Finding:
        rule = next((rule for rule, _ in self._rules if rule.label == label), None)
        return Finding(
            rule=MODEL_RULE,
            label=label,
            severity=rule.severity if rule else "major",
            confidence=probability,
            quote=heard.raw,
            span=(0, len(heard.raw)),
            safe_wording=getattr(rule.safe_wording, self._language) if rule else "",
            reference=rule.reference if rule else "",
        )


def _confidence(finding: Finding | None) -> float:
    return 0.0 if finding is None else finding.confidence


def _in_force(rule: ComplianceRule | MustSayItem, on: date | None) -> bool:
    if on is None:
        return True
    begun = rule.effective_from is None or rule.effective_from <= on
    return begun and (rule.effective_until is None or on <= rule.effective_until)


class MustSayItem(Trigger):
    """Something that an agent has to say in a call."""

    id: str = Field(min_length=1)
    name: Wording
    """What it is, for people."""
    safe_wording: Wording
    """How to say it."""
    deadline_seconds: float | None = Field(default=None, gt=0)
    """Due this long after the call was answered."""
    before_acts: tuple[str, ...] = ()
    """Due before the agent's first utterance of one of these acts."""
    from_age: int | None = Field(default=None, ge=0, le=150)
    """Due only with customers of this age or above, in years; None for all."""
    severity: Literal["critical", "major", "minor"] = "major"
    effective_from: date | None = None
    effective_until: date | None = None
    reference: str = ""
    """The regulation that asks for it; the bank fills it in."""


class MustSayBook(Vocabulary):
    """``must_say.yaml``."""

    version: int = Field(ge=1, le=1)
    items: tuple[MustSayItem, ...]

    @model_validator(mode="after")
    def _items_compile(self) -> Self:
        MustSay(self)
        return self


class MustSay:
    """Hears which of the items that an agent has to say were said. Pure; safe to share.

    Args:
        book: The items.
        on: The day of the call: items not in force on it are left out. None applies all.

    Raises:
        ValueError: A pattern is not valid.
    """

    def __init__(self, book: MustSayBook, on: date | None = None) -> None:
        triggers = [(item, CompiledTrigger(item, book)) for item in book.items]
        self._triggers = [(item.id, trigger) for item, trigger in triggers if _in_force(item, on)]
        self.items: Sequence[MustSayItem] = [item for item in book.items if _in_force(item, on)]

    def said(self, heard: Heard, context: Heard) -> tuple[str, ...]:
        """Ids of the items that the agent's utterance contains."""
        said: Iterable[str] = (
            name for name, trigger in self._triggers if any(trigger.find(heard, context))
        )
        return tuple(said)
