"""Patterns of the data files: regular expressions with named macros, checked when loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

MAX_EXPANDED = 6000
"""Characters of one pattern after its macros are put in."""

_KEPT = 4096
"""Compiled patterns that are kept; the shipped rules have half of that."""

_MACRO = re.compile(r"<([A-Z][A-Z_]*)>")


def expand(pattern: str, macros: Mapping[str, str]) -> str:
    """Put the macros in: ``<NAME>`` becomes its text.

    A macro may use macros that stand before it in the file.

    Raises:
        ValueError: An unknown macro, or a pattern that grows beyond :data:`MAX_EXPANDED`.
    """
    known = dict(macros)
    for _ in range(len(known) + 1):
        missing = [name for name in _MACRO.findall(pattern) if name not in known]
        if missing:
            raise ValueError(f"unknown macro <{missing[0]}> in {pattern!r}")
        expanded = _MACRO.sub(lambda match: known[match[1]], pattern)
        if len(expanded) > MAX_EXPANDED:
            raise ValueError(f"the macros of {pattern!r} grow without bound")
        if expanded == pattern:
            return expanded
        pattern = expanded
    raise ValueError(f"the macros of {pattern!r} use each other")


def compile_pattern(pattern: str, macros: Mapping[str, str]) -> re.Pattern[str]:
    """Expand and compile one pattern.

    Raises:
        ValueError: It is not a regular expression, names an unknown macro, or matches the empty
            text (it would then be found everywhere).
    """
    try:
        compiled = _compile(expand(pattern, macros))
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    if compiled.match("") and "^" not in pattern:
        raise ValueError(f"{pattern!r} matches the empty text")
    return compiled


def any_word(words: Iterable[str]) -> str:
    """A piece of pattern that matches any of the words, a longer one before its beginnings."""
    longest_first = sorted(words, key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, longest_first))})"


def compile_any(patterns: Sequence[str], macros: Mapping[str, str]) -> re.Pattern[str] | None:
    """One pattern that matches where any of them does; None if there are none.

    Raises:
        ValueError: As :func:`compile_pattern`, for the first that is wrong.
    """
    if not patterns:
        return None
    try:
        joined = _compile("|".join(f"(?:{expand(one, macros)})" for one in patterns))
    except re.error:
        joined = None
    if joined is None or joined.match(""):
        for one in patterns:
            compile_pattern(one, macros)
    if joined is None:
        raise ValueError(f"{patterns[0]!r} and what follows it use the same group name")
    return joined


@lru_cache(maxsize=_KEPT)
def _compile(pattern: str) -> re.Pattern[str]:
    """Compile once: rules share guards, and a book is compiled twice, for a check and for use."""
    return re.compile(pattern)
