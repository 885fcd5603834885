"""Numbers as Mandarin speakers say them: 三百万, 两万三, 一百来万, 四五十万, 30万, 3.5万."""

from __future__ import annotations

import re

_DIGITS = {c: float(v) for v, c in enumerate("零一二三四五六七八九")} | {
    "〇": 0.0,
    "两": 2.0,
    "俩": 2.0,
    "仨": 3.0,
}
_UNITS = {"十": 10.0, "百": 100.0, "千": 1000.0}
_MYRIADS = {"万": 10_000.0, "亿": 100_000_000.0}
_ABOUT = str.maketrans("", "", "来多几余")
_ZEROS = ("零", "〇")
_PIECES = re.compile(r"\d+(?:\.\d+)?|.")
_RANGE = re.compile("[一二两三四五六七八九](?=[一二两三四五六七八九][十百千万])")


def parse_number(words: str) -> float | None:
    """Value of a number in words, digits or both.

    An approximation counts as its base (一百来万 is 1,000,000; 二十多万 is 200,000), two
    neighbouring digits count as the lower (四五十万 is 400,000), and a digit after a unit stands
    for the next lower unit (两万三 is 23,000).

    Args:
        words: Nothing but the number, as the macro ``<NUM>`` of the rule files finds it.

    Returns:
        The value, at least 0; None where the words are not a number.
    """
    plain = _lower_of_range(words).translate(_ABOUT)
    pieces = _PIECES.findall(plain)
    if len(pieces) > 1 and all(piece in _DIGITS for piece in pieces):
        return float("".join(str(int(_DIGITS[piece])) for piece in pieces))
    return _add_up(pieces)


def _add_up(pieces: list[str]) -> float | None:
    total = section = 0.0
    digit: float | None = None
    next_unit = 1.0
    for piece in pieces:
        if piece in _UNITS:
            section += (_UNITS[piece] == 10.0 if digit is None else digit) * _UNITS[piece]
            digit, next_unit = None, _UNITS[piece] / 10
        elif piece in _MYRIADS:
            total += (section + (digit or 0.0)) * _MYRIADS[piece]
            section, digit, next_unit = 0.0, None, _MYRIADS[piece] / 10
        elif piece in _ZEROS:
            next_unit = 1.0
        else:
            value = _digit(piece)
            if value is None or digit is not None:
                return None
            digit = value
    return (total + section + (digit or 0.0) * (next_unit if next_unit >= 10 else 1.0)) or None


def _digit(piece: str) -> float | None:
    if piece in _DIGITS:
        return _DIGITS[piece]
    return float(piece) if piece[0].isascii() and piece[0].isdigit() else None


def _lower_of_range(words: str) -> str:
    """四五十万 to 四十万: the second of two neighbouring digits before a unit is dropped."""
    match = _RANGE.search(words)
    return words if match is None else words[: match.end()] + words[match.end() + 1 :]
