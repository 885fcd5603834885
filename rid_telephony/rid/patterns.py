"""Patterns of the data files: regular expressions with named macros, checked when loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MAX_EXPANDED = 6000
"""Characters of one pattern after its macros are put in."""

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
        compiled = re.compile(expand(pattern, macros))
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    if compiled.match("") and "^" not in pattern:
        raise ValueError(f"{pattern!r} matches the empty text")
    return compiled


def compile_any(patterns: Iterable[str], macros: Mapping[str, str]) -> re.Pattern[str] | None:
    """One pattern that matches where any of them does; None if there are none.

    Raises:
        ValueError: As :func:`compile_pattern`, for the first that is wrong.
    """
    listed = [compile_pattern(pattern, macros).pattern for pattern in patterns]
    return re.compile("|".join(f"(?:{one})" for one in listed)) if listed else None
