"""The rule engine behind facts, topics and compliance: patterns with exceptions, as data.

A trigger fires where one of its patterns is found in the utterance, unless an exception holds:
a word just before (不承诺保本), just after, in the same clause, in the utterance or in what the
other party said last. Exceptions that many rules share are named guards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.patterns import any_word, compile_any, compile_pattern
from rid_telephony.rid.text import Heard

_MARKS = "，。？！、"
_CLAUSE_END = re.compile(f"[{_MARKS}]")


class Guard(DataModel):
    """Exceptions; each list holds patterns, found anywhere in its stretch unless anchored."""

    unless: tuple[str, ...] = ()
    """In the utterance."""
    unless_clause: tuple[str, ...] = ()
    """In the clause of the find, with its closing punctuation."""
    unless_before: tuple[str, ...] = ()
    """In the utterance up to the find; anchor with ``$`` for "just before"."""
    unless_after: tuple[str, ...] = ()
    """In the utterance behind the find; anchor with ``^`` for "just after"."""
    unless_context: tuple[str, ...] = ()
    """In the other party's last utterance."""


class Trigger(Guard):
    """When a rule fires."""

    patterns: tuple[str, ...]
    """Any of these; a group ``(?P<v>...)`` marks the part that carries the value."""
    needs: tuple[str, ...] = ()
    """Any of these must be in the utterance too."""
    context: tuple[str, ...] = ()
    """Any of these must be in the other party's last utterance."""
    guards: tuple[str, ...] = ()
    """Names of shared exceptions."""


class Vocabulary(DataModel):
    """What every rule file may define for its own rules."""

    macros: dict[str, str] = Field(default_factory=dict)
    """Name to a piece of pattern, used as ``<NAME>``."""
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Name to a list of plain words, used as ``<NAME>``: any of them, the longest that fits."""
    guards: dict[str, Guard] = Field(default_factory=dict)
    """Name to shared exceptions."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for name, listed in self.words.items():
            if name in self.macros:
                raise ValueError(f"{name!r} is a macro and a list of words")
            if not listed:
                raise ValueError(f"the list of words {name!r} is empty")
        return self

    def pieces(self) -> dict[str, str]:
        """Macros and word lists: name to a piece of pattern."""
        return {name: any_word(listed) for name, listed in self.words.items()} | self.macros


@dataclass(frozen=True, slots=True)
class Find:
    """Where a trigger fired.

    Attributes:
        begin: First character of the whole match, in the normalised text.
        end: Just behind it.
        value: The text of the group ``v``; of the whole match if there is none.
        match: The match itself, for rules with more groups.
    """

    begin: int
    end: int
    value: str
    match: re.Match[str]


class CompiledTrigger:
    """A trigger ready for use.

    Raises:
        ValueError: A pattern is not valid, or a guard or macro is unknown.
    """

    def __init__(self, trigger: Trigger, vocabulary: Vocabulary) -> None:
        macros = vocabulary.pieces()
        unknown = [name for name in trigger.guards if name not in vocabulary.guards]
        if unknown:
            raise ValueError(f"unknown guard {unknown[0]!r}")
        guards: list[Guard] = [trigger, *(vocabulary.guards[name] for name in trigger.guards)]
        self._patterns = [compile_pattern(pattern, macros) for pattern in trigger.patterns]
        self._needs = compile_any(trigger.needs, macros)
        self._context = compile_any(trigger.context, macros)
        self._unless = _compiled(guards, "unless", macros)
        self._unless_clause = _compiled(guards, "unless_clause", macros)
        self._unless_before = _compiled(guards, "unless_before", macros)
        self._unless_after = _compiled(guards, "unless_after", macros)
        self._unless_context = _compiled(guards, "unless_context", macros)

    def find(self, heard: Heard, context: Heard) -> Iterator[Find]:
        """Every place where the trigger fires, pattern by pattern, left to right."""
        if not self._possible(heard.text, context.text):
            return
        for pattern in self._patterns:
            for match in pattern.finditer(heard.text):
                if match[0] and self._allowed(heard.text, match):
                    yield _found(match)

    def _possible(self, text: str, context: str) -> bool:
        return (
            (self._needs is None or self._needs.search(text) is not None)
            and (self._context is None or self._context.search(context) is not None)
            and not _holds(self._unless, text)
            and not _holds(self._unless_context, context)
        )

    def _allowed(self, text: str, match: re.Match[str]) -> bool:
        return not (
            _holds(self._unless_before, text[: match.start()])
            or _holds(self._unless_after, text[match.end() :])
            or _holds(self._unless_clause, clause(text, match.start(), match.end()))
        )


def clause(text: str, begin: int, end: int) -> str:
    """The clause (or clauses) that hold ``text[begin:end]``, closing punctuation included.

    Punctuation at either end of the piece itself belongs to no other clause.
    """
    piece = text[begin:end]
    begin += len(piece) - len(piece.lstrip(_MARKS))
    end = max(begin, end - len(piece) + len(piece.rstrip(_MARKS)))
    starts = [mark.end() for mark in _CLAUSE_END.finditer(text, 0, begin)]
    closing = _CLAUSE_END.search(text, end)
    return text[starts[-1] if starts else 0 : closing.end() if closing else len(text)]


def _found(match: re.Match[str]) -> Find:
    value = match.groupdict().get("v") or match[0]
    return Find(match.start(), match.end(), value, match)


def _holds(patterns: Sequence[re.Pattern[str]], text: str) -> bool:
    return any(pattern.search(text) is not None for pattern in patterns)


def _compiled(
    guards: Iterable[Guard], field: str, macros: Mapping[str, str]
) -> tuple[re.Pattern[str], ...]:
    """One pattern for each guard that has such exceptions."""
    each = (compile_any(getattr(guard, field), macros) for guard in guards)
    return tuple(pattern for pattern in each if pattern is not None)
