"""The lexicons of ``data/lexicon``: domain terms to hear right, cues for the classifier."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.patterns import compile_any
from rid_telephony.rid.text import TermRepair


class TermBook(DataModel):
    """``terms.yaml``."""

    version: int = Field(ge=1, le=1)
    terms: tuple[str, ...]
    """Words of at least two Chinese characters."""
    variants: dict[str, str] = Field(default_factory=dict)
    """Misrecognition to the term it stands for, of the same length."""
    frozen: str = ""
    """Characters too common to be a misrecognition."""
    keep: tuple[str, ...] = ()
    """Words that sound like a term and are none."""

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        for wrong, term in self.variants.items():
            if len(wrong) != len(term):
                raise ValueError(f"{wrong!r} and {term!r} differ in length")
        for term in self.terms:
            if len(term) < 2:
                raise ValueError(f"{term!r} is too short to be told by its sound")
        return self

    def repair(self) -> TermRepair:
        """The terms, ready for use."""
        return TermRepair(self.terms, self.variants, self.keep, self.frozen)


class CueBook(DataModel):
    """``cues.yaml``."""

    version: int = Field(ge=1, le=1)
    macros: dict[str, str] = Field(default_factory=dict)
    cues: dict[str, tuple[str, ...]]
    """Cue to the patterns that show it in the utterance."""
    context: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Cue to the patterns that show it in the other party's last utterance."""

    @model_validator(mode="after")
    def _patterns_compile(self) -> Self:
        Cues(self)
        return self


class Cues:
    """Finds cues in an utterance and its context.

    Raises:
        ValueError: A pattern of the book is not valid.
    """

    def __init__(self, book: CueBook) -> None:
        self._own = _compile(book.cues, book.macros)
        self._context = _compile(book.context, book.macros)

    def find(self, text: str, context: str) -> tuple[str, ...]:
        """Names of the cues in a normalised utterance and its normalised context."""
        own = [name for name, pattern in self._own if pattern.search(text)]
        return (*own, *(name for name, pattern in self._context if pattern.search(context)))


def _compile(
    cues: dict[str, tuple[str, ...]], macros: dict[str, str]
) -> tuple[tuple[str, re.Pattern[str]], ...]:
    compiled = ((name, compile_any(patterns, macros)) for name, patterns in cues.items())
    return tuple((name, pattern) for name, pattern in compiled if pattern is not None)
