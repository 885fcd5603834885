"""Texts with placeholders: checked when loaded, filled in when shown."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field

from rid_telephony.strategy.vocabulary import unknown

MAX_LINE = 24
"""Characters of a hint's line, once it is filled in."""
MAX_QUOTE = 30
"""Characters of somebody's words that a text repeats."""

PLACEHOLDERS: Mapping[str, int | None] = {
    "age": 3,
    "amount": 8,
    "anger_words": None,
    "callback": None,
    "count": 2,
    "facts": 2,
    "interruptions": 2,
    "item": None,
    "need": 12,
    "objection": None,
    "product": None,
    "pushes": 2,
    "quote": None,
    "refusals": 2,
    "refusal_words": None,
    "share": 3,
    "signal_words": None,
    "style": None,
    "violation": None,
    "violation_words": None,
    "wording": None,
}
"""Every placeholder with the most characters that it takes, None where that is not bounded.

A line may use the bounded ones only. See ``docs/hints.md`` for what each stands for.
"""


def placeholders(text: str) -> tuple[str, ...]:
    """Names of the placeholders in a text, in order.

    Raises:
        ValueError: A brace without its partner, an unknown placeholder, or one with a format.
    """
    names: list[str] = []
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if name not in PLACEHOLDERS:
            raise ValueError(unknown("placeholder", name, PLACEHOLDERS))
        if spec or conversion:
            raise ValueError(f"write the placeholder as {{{name}}}, without a format")
        names.append(name)
    return tuple(names)


def fill(text: str, values: Mapping[str, str]) -> str | None:
    """The text with its placeholders filled in; None where a value is not known."""
    if any(name not in values for name in placeholders(text)):
        return None
    return text.format_map(values)


def quoted(words: str) -> str:
    """Somebody's words, cut to :data:`MAX_QUOTE` characters."""
    return words if len(words) <= MAX_QUOTE else words[: MAX_QUOTE - 1] + "…"


def _template(text: str) -> str:
    placeholders(text)
    return text


def _short(text: str) -> str:
    names = placeholders(text)
    if "\n" in text:
        raise ValueError("a line is one line")
    length = 0
    for name in names:
        bound = PLACEHOLDERS[name]
        if bound is None:
            raise ValueError(f"{{{name}}} may be too long for a line; use it in the reason")
        length += bound
    length += len(text.format_map(dict.fromkeys(names, "")))
    if length > MAX_LINE:
        raise ValueError(f"the line has {length} characters, at most {MAX_LINE} fit")
    return text


Template = Annotated[str, Field(max_length=400), AfterValidator(_template)]
"""A text with placeholders."""
Line = Annotated[str, Field(min_length=1), AfterValidator(_short)]
"""A text of at most :data:`MAX_LINE` characters when filled in."""
