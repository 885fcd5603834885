"""What customers say about themselves, read by rules from their words.

``labels.md`` fixes what counts (boundary decisions 11 to 15); ``data/rules/facts.yaml`` holds the
ways of saying it. Every fact comes with the words that it was read from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from rid_telephony.rid.messages import AGE_STAGES, Facts
from rid_telephony.rid.numbers import parse_number
from rid_telephony.rid.patterns import compile_any, compile_pattern
from rid_telephony.rid.rules import CompiledTrigger, Trigger, Vocabulary
from rid_telephony.rid.text import Heard

_LISTS = ("holdings", "liabilities", "family", "event")
_WORDS = ("occupation", "education", "callback_time")
_NUMBERS = ("age", "income_monthly_cny", "amount_cny")
_AGES = (14, 110)
_LEAST_AMOUNT = 100
_LONGEST_WORDS = 20


class FactRule(Trigger):
    """One way of saying a fact."""

    field: Literal[
        "age",
        "age_stage",
        "occupation",
        "education",
        "income_monthly_cny",
        "holdings",
        "amount_cny",
        "liabilities",
        "family",
        "risk_attitude",
        "callback_time",
        "event",
    ]
    value: str = ""
    """The label that the rule stands for; empty where the words carry the value. For words: what
    to write instead of them."""
    times: float = Field(default=1.0, gt=0)
    """A number is multiplied by this: 10 where 奔六 names the decade."""
    divide_by: float = Field(default=1.0, gt=0)
    """A number is divided by this: 12 for a yearly income."""
    plus: float = 0.0
    """Then this is added: -2 for 奔六, which says the late fifties."""
    value_from_context: str = ""
    """A pattern with the group ``v``: the value stands in what the agent said."""

    @model_validator(mode="after")
    def _value_where_due(self) -> Self:
        if self.field in _NUMBERS and self.value:
            raise ValueError(f"{self.field} takes no value")
        named = self.field in _LISTS or self.field == "risk_attitude"
        if not self.value and (named or (self.field == "age_stage" and not self._carries())):
            raise ValueError(f"{self.field} needs a value")
        return self

    def _carries(self) -> bool:
        """Whether every pattern marks the words that carry the value."""
        return all("(?P<v>" in pattern for pattern in self.patterns)

    def number(self, words: str) -> float | None:
        """The value of a number in words, as this rule understands it."""
        value = parse_number(words)
        return None if value is None else value * self.times / self.divide_by + self.plus


class FactBook(Vocabulary):
    """``facts.yaml``."""

    version: int = Field(ge=1, le=1)
    stage_from_age: dict[str, int] = Field(
        default_factory=lambda: dict(zip(AGE_STAGES, (0, 26, 36, 51, 60), strict=True))
    )
    """Stage of life to the age in years from which it holds, rising."""
    amounts_add_up: tuple[str, ...] = ()
    """Where found, several amounts are parts of one sum."""
    rules: tuple[FactRule, ...]

    @model_validator(mode="after")
    def _patterns_compile(self) -> Self:
        if tuple(self.stage_from_age) != AGE_STAGES:
            raise ValueError(f"stage_from_age must be {', '.join(AGE_STAGES)}, in this order")
        FactReader(self)
        return self

    def stage(self, age: float | None) -> str:
        """The stage of life at an age in years; empty where there is none."""
        if age is None or not _AGES[0] <= age <= _AGES[1]:
            return ""
        return [stage for stage, bound in self.stage_from_age.items() if age >= bound][-1]


@dataclass(frozen=True, slots=True)
class _Said:
    """A fact as found: value as text, position for order, the quote."""

    value: str
    begin: int
    end: int
    quote: str
    rule: FactRule

    @property
    def number(self) -> float | None:
        return self.rule.number(self.value)

    def overlaps(self, others: Iterable[_Said]) -> bool:
        return any(self.begin < other.end and other.begin < self.end for other in others)


class FactReader:
    """Reads facts from a customer's utterance. Pure; safe to share.

    Raises:
        ValueError: A rule of the book is not valid.
    """

    def __init__(self, book: FactBook) -> None:
        self._book = book
        self._rules = []
        pieces = book.pieces()
        for number, rule in enumerate(book.rules):
            try:
                compiled = CompiledTrigger(rule, book)
                elsewhere = (
                    compile_pattern(rule.value_from_context, pieces)
                    if rule.value_from_context
                    else None
                )
            except ValueError as error:
                raise ValueError(f"rule {number + 1} ({rule.field}): {error}") from error
            self._rules.append((rule, compiled, elsewhere))
        self._add_up = compile_any(book.amounts_add_up, pieces)

    def read(self, heard: Heard, context: Heard) -> Facts:
        """Every fact in the utterance.

        Args:
            heard: The customer's words.
            context: The agent's last words: a slot that the customer accepts stands there.
        """
        said: dict[str, list[_Said]] = {}
        for rule, trigger, elsewhere in self._rules:
            for find in trigger.find(heard, context):
                value, quote = rule.value or find.value, heard.quote(find.begin, find.end)
                if elsewhere is not None:
                    match = elsewhere.search(context.text)
                    if match is None:
                        break
                    value, quote = match["v"], context.quote(match.start("v"), match.end("v"))
                begin, end = find.match.span("v" if "v" in find.match.groupdict() else 0)
                one = _Said(value, begin, end, quote, rule)
                said.setdefault(rule.field, []).append(one)
        return self._facts(said, heard.text)

    def _facts(self, said: dict[str, list[_Said]], text: str) -> Facts:
        quotes: dict[str, str] = {}
        lists = {field: _labels(field, said, quotes) for field in _LISTS}
        named = {field: _first_word(field, said, quotes) for field in ("risk_attitude", *_WORDS)}
        age = _number("age", said, quotes, _AGES)
        income = _number("income_monthly_cny", said, quotes, (300, 10_000_000))
        return Facts(
            age=None if age is None else int(age),
            age_stage=self._stage(said, quotes),
            occupation=named["occupation"],
            education=named["education"],
            income_monthly_cny=income,
            holdings=lists["holdings"],
            amount_cny=self._amount(said, text, quotes),
            liabilities=lists["liabilities"],
            family=lists["family"],
            risk_attitude=named["risk_attitude"],
            callback_time=named["callback_time"],
            event=lists["event"],
            quotes=quotes,
        )

    def _stage(self, said: dict[str, list[_Said]], quotes: dict[str, str]) -> str:
        for one in said.get("age_stage", ()):
            stage = one.rule.value or self._book.stage(one.number)
            if stage:
                quotes["age_stage"] = one.quote
                return stage
        return ""

    def _amount(
        self, said: dict[str, list[_Said]], text: str, quotes: dict[str, str]
    ) -> float | None:
        """The money that can be invested; a number that was read as an income is none."""
        apart: list[tuple[_Said, float]] = []
        taken = list(said.get("income_monthly_cny", ()))
        for one in sorted(said.get("amount_cny", ()), key=lambda each: each.begin):
            value = one.number
            if value is not None and value >= _LEAST_AMOUNT and not one.overlaps(taken):
                apart.append((one, value))
                taken.append(one)
        if not apart:
            return None
        if self._add_up is not None and self._add_up.search(text):
            quotes["amount_cny"] = "，".join(one.quote for one, _ in apart)
            return sum(value for _, value in apart)
        quotes["amount_cny"] = apart[0][0].quote
        return apart[0][1]


def _labels(field: str, said: dict[str, list[_Said]], quotes: dict[str, str]) -> tuple[str, ...]:
    found = said.get(field, ())
    if found:
        quotes[field] = "，".join(dict.fromkeys(one.quote for one in found))
    return tuple(dict.fromkeys(one.value for one in found))


def _first_word(field: str, said: dict[str, list[_Said]], quotes: dict[str, str]) -> str:
    """The first rule's find: rules stand in the order of how sure they are."""
    found: Sequence[_Said] = [
        one for one in said.get(field, ()) if len(one.value) <= _LONGEST_WORDS
    ]
    if not found:
        return ""
    quotes[field] = found[0].quote
    return found[0].value


def _number(
    field: str,
    said: dict[str, list[_Said]],
    quotes: dict[str, str],
    bounds: tuple[float, float],
) -> float | None:
    for one in said.get(field, ()):
        value = one.number
        if value is not None and bounds[0] <= value <= bounds[1]:
            quotes[field] = one.quote
            return value
    return None
