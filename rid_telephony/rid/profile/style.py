"""Communication style (PDP): a posterior over five styles from indicators, or no answer.

A naive Bayes model with a Bernoulli variable for each indicator and each substantive customer
utterance: the data file gives, for every style, the share of its utterances that show the
indicator. Seeing an indicator and not seeing it both count; one that cannot be seen (no audio)
does not. Indicators are not independent, as the model assumes, so their logarithms are tempered
by an exponent below 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import STYLES, Evidence
from rid_telephony.rid.profile.messages import Style
from rid_telephony.rid.profile.observations import Observation

Group = Literal["tone", "rate", "emotion", "expression", "focus"]


class Rates(DataModel):
    """Share of substantive utterances that show an indicator, by style."""

    tiger: float = Field(gt=0, lt=1)
    peacock: float = Field(gt=0, lt=1)
    koala: float = Field(gt=0, lt=1)
    owl: float = Field(gt=0, lt=1)
    chameleon: float = Field(gt=0, lt=1)

    def of(self, style: str) -> float:
        """The share for a style."""
        return float(getattr(self, style))


class Indicator(DataModel):
    """Something in an utterance that is more usual in some styles than in others."""

    group: Group
    """语调 tone, 语速 rate, 情绪 emotion, 表达和行为 expression, 关注重点 focus."""
    signals: tuple[str, ...] = ()
    """It shows when one of these was observed."""
    clause_to: int = Field(default=0, ge=0)
    """It shows when clauses are on average at most so many characters long (0: not used)."""
    turn_from: int = Field(default=0, ge=0)
    """It shows when the utterance has at least so many characters (0: not used)."""
    needs_voice: bool = False
    """Only judged where the audio was measured."""
    rates: Rates

    @model_validator(mode="after")
    def _has_one_way_to_show(self) -> Self:
        if not (self.signals or self.clause_to or self.turn_from):
            raise ValueError("an indicator needs signals, clause_to or turn_from")
        return self


class StyleRules(DataModel):
    """``style.yaml``: indicators and when to answer."""

    version: int = Field(ge=1, le=1)
    min_utterances: int = Field(ge=1)
    """Substantive customer utterances before any style is given."""
    substantive_from: int = Field(ge=1)
    """Characters of a substantive utterance."""
    not_substantive: tuple[str, ...]
    """Acts that are never substantive."""
    min_probability: float = Field(gt=0, lt=1)
    """The leading style is withheld below this."""
    min_margin: float = Field(ge=0, lt=1)
    """And where it is not so far ahead of the second."""
    tempering: float = Field(gt=0, le=1)
    """Exponent on the likelihood of every utterance."""
    kept: int = Field(ge=1, le=100)
    """Indicators listed as evidence."""
    prior: Rates
    """Share of customers of each style, before anything is heard."""
    indicators: dict[str, Indicator]


class StyleKeeper:
    """Keeps the style of one call."""

    def __init__(self, rules: StyleRules) -> None:
        self._rules = rules
        self._logs = {style: math.log(rules.prior.of(style)) for style in STYLES}
        self._seen: dict[str, tuple[float, str, str]] = {}
        self._utterances = 0

    def customer(
        self,
        utterance_id: str,
        text: str,
        quote: str,
        seen: Sequence[Observation],
        *,
        voice: bool,
    ) -> None:
        """Take in a customer utterance.

        Args:
            utterance_id: For the evidence.
            text: Normalised, with punctuation.
            quote: Its words as evidence keeps them.
            seen: What was observed in it.
            voice: Whether its audio was measured.
        """
        clauses = [part for part in _clauses(text) if part]
        length = sum(len(part) for part in clauses)
        if length < self._rules.substantive_from or self._idle(seen):
            return
        self._utterances += 1
        strengths = {one.signal: one for one in seen}
        for name, indicator in self._rules.indicators.items():
            if indicator.needs_voice and not voice:
                continue
            share, words = _shown(indicator, strengths, length, len(clauses))
            self._count(indicator.rates, share)
            if share:
                total, _, _ = self._seen.get(name, (0.0, "", ""))
                self._seen[name] = (total + share, utterance_id, words or quote)

    def style(self) -> Style:
        """A snapshot; the label is empty while there is too little behind it."""
        posterior = self._posterior()
        first, second = sorted(STYLES, key=lambda style: -posterior[style])[:2]
        sure = (
            self._utterances >= self._rules.min_utterances
            and posterior[first] >= self._rules.min_probability
            and posterior[first] - posterior[second] >= self._rules.min_margin
        )
        return Style(first if sure else "", posterior[first], posterior, self._evidence(first))

    def _idle(self, seen: Sequence[Observation]) -> bool:
        idle = {f"act.{act}" for act in self._rules.not_substantive}
        return any(one.leading and one.signal in idle for one in seen)

    def _count(self, rates: Rates, share: float) -> None:
        for style in STYLES:
            rate = rates.of(style)
            log = share * math.log(rate) + (1.0 - share) * math.log1p(-rate)
            self._logs[style] += self._rules.tempering * log

    def _posterior(self) -> Mapping[str, float]:
        top = max(self._logs.values())
        weights = {style: math.exp(value - top) for style, value in self._logs.items()}
        total = sum(weights.values())
        return {style: weight / total for style, weight in weights.items()}

    def _evidence(self, lead: str) -> tuple[Evidence, ...]:
        pieces = []
        for name, (count, utterance_id, quote) in self._seen.items():
            indicator = self._rules.indicators[name]
            others = [indicator.rates.of(style) for style in STYLES if style != lead]
            ratio = math.log(indicator.rates.of(lead) / (sum(others) / len(others)))
            delta = self._rules.tempering * count * ratio
            pieces.append(Evidence(utterance_id, quote, f"{indicator.group}.{name}", delta))
        return tuple(sorted(pieces, key=lambda piece: -abs(piece.delta))[: self._rules.kept])


def _clauses(text: str) -> list[str]:
    for mark in "。？！、":
        text = text.replace(mark, "，")
    return text.split("，")


def _shown(
    indicator: Indicator, strengths: Mapping[str, Observation], length: int, clauses: int
) -> tuple[float, str]:
    if indicator.clause_to and length <= indicator.clause_to * clauses:
        return 1.0, ""
    if indicator.turn_from and length >= indicator.turn_from:
        return 1.0, ""
    best = max(
        (strengths[name] for name in indicator.signals if name in strengths),
        key=lambda one: one.strength,
        default=None,
    )
    return (best.strength, best.quote) if best else (0.0, "")
