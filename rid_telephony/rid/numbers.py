"""Numbers as Mandarin speakers say them: 三百万, 两万三, 一百来万, 四五十万, 30万, 三点五万."""

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
_POINTS = ("点", ".")
_PIECES = re.compile(r"\d+(?:\.\d+)?|.")
_DIGIT = "[一二两三四五六七八九]"
_UNKNOWN = re.compile("(?<![十百千万亿])[几多来余](?=[十百千万亿])")
_SPOKEN = (
    (re.compile("(?<=\\d)W"), "万"),
    (re.compile("个(?=亿)"), ""),
    (re.compile("^(?:百(?=八十)|千(?=八百)|万(?=八千))"), ""),
    (re.compile("^百十(?=[来几多]?万)"), "一百"),
    (re.compile("^([百千万])(?:把|来|多)"), r"一\1"),
    (re.compile("^(?=[百千]万)"), "一"),
    (re.compile(f"({_DIGIT}){_DIGIT}(?=[十百千万])"), r"\1"),
    (re.compile(f"(?<=十)({_DIGIT}){_DIGIT}(?=[来多]?$)"), r"\1"),
)
"""Ways of saying to plain words, in this order."""


def parse_number(words: str) -> float | None:
    """Value of a number in words, digits or both.

    An approximation counts as its base (一百来万 is 1,000,000; 二十好几万 is 200,000; 万把 is
    10,000), two neighbouring digits count as the lower (四五十万 is 400,000, 四十七八 is 47), and a
    digit after a unit stands for the next lower unit (两万三 is 23,000).

    Args:
        words: Nothing but the number, as the macro ``<NUM>`` of the rule files finds it.

    Returns:
        The value, at least 0; None where the words are not a number, or leave its first digit
        open (几十万).
    """
    words = words.replace("好几", "几")
    if _UNKNOWN.search(words):
        return None
    for spoken, plain in _SPOKEN:
        words = spoken.sub(plain, words)
    pieces = _PIECES.findall(words.translate(_ABOUT))
    if len(pieces) > 1 and all(piece in _DIGITS for piece in pieces):
        return float("".join(str(int(_DIGITS[piece])) for piece in pieces))
    return _add_up(pieces)


def _add_up(pieces: list[str]) -> float | None:
    total = section = 0.0
    digit: float | None = None
    next_unit = 1.0
    pieces = _with_decimals(pieces)
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


def _with_decimals(pieces: list[str]) -> list[str]:
    """三, 点, 五, 万 to 3.5, 万; pieces without a point as they are."""
    at = next((n for n, piece in enumerate(pieces) if piece in _POINTS), None)
    if at is None or at == 0 or pieces[at - 1] not in _DIGITS:
        return pieces
    behind = at + 1
    while behind < len(pieces) and pieces[behind] in _DIGITS:
        behind += 1
    decimals = "".join(str(int(_DIGITS[piece])) for piece in pieces[at + 1 : behind])
    whole = int(_DIGITS[pieces[at - 1]])
    return [*pieces[: at - 1], f"{whole}.{decimals or 0}", *pieces[behind:]]


def _digit(piece: str) -> float | None:
    if piece in _DIGITS:
        return _DIGITS[piece]
    return float(piece) if piece[0].isascii() and piece[0].isdigit() else None
