"""Cues of the profile: words that tell how a customer talks and what moves them."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.patterns import compile_any
from rid_telephony.rid.profile.observations import Observation
from rid_telephony.rid.text import Heard


class CueBook(DataModel):
    """``cues.yaml``: cue to patterns over the normalised text, with macros."""

    version: int = Field(ge=1, le=1)
    macros: dict[str, str] = Field(default_factory=dict)
    """Name to a piece of pattern, used as ``<NAME>``."""
    cues: dict[str, tuple[str, ...]]
    """Cue to the patterns that show it."""

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        CueFinder(self, max_quote=1)
        return self


class CueFinder:
    """Finds cues in an utterance.

    Args:
        book: The patterns.
        max_quote: Longest quote, characters.

    Raises:
        ValueError: A pattern of the book is not valid.
    """

    def __init__(self, book: CueBook, max_quote: int) -> None:
        self._max_quote = max_quote
        self._patterns: list[tuple[str, re.Pattern[str]]] = []
        for name, patterns in book.cues.items():
            pattern = compile_any(patterns, book.macros)
            if pattern is None:
                raise ValueError(f"cue {name!r} has no pattern")
            self._patterns.append((name, pattern))

    def find(self, heard: Heard) -> list[Observation]:
        """Observations ``cue.*``, quoted with the words that matched; each cue once."""
        found = []
        for name, pattern in self._patterns:
            match = pattern.search(heard.text)
            if match:
                quote = heard.quote(*match.span())[: self._max_quote]
                found.append(Observation(f"cue.{name}", 1.0, quote))
        return found
