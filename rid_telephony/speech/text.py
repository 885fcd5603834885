"""Normal form of recognised text: simplified characters, half width, numbers as spoken."""

from __future__ import annotations

import re
from functools import cache

from opencc import OpenCC

from rid_telephony.speech.numerals import say_numbers

_FULL_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20}
_KEPT_FULL_WIDTH = "，！？；：（）"
_HALF_WIDTH = {
    wide: half for wide, half in _FULL_WIDTH.items() if chr(wide) not in _KEPT_FULL_WIDTH
}
_HAN = r"一-鿿㐀-䶿"
_PUNCTUATION = {",": "，", "?": "？", "!": "！", ";": "；", ":": "：", ".": "。"}
_ASCII_POINT = re.compile(rf"(?<=[{_HAN}])[,?!;:.]|[,?!;:](?=[{_HAN}])")
_SPACE = re.compile(r"(?<![A-Za-z0-9])\s+|\s+(?![A-Za-z0-9])")
_SPACES = re.compile(r"\s+")


@cache
def _converter() -> OpenCC:
    # tw2s and not t2s: both simplify, but t2s leaves 著 (看著, 想著), which Whisper often writes.
    return OpenCC("tw2s")


def normalise(text: str) -> str:
    """Return the text in the form in which all later stages read it. Idempotent.

    Simplified characters (OpenCC), half-width letters and digits, Chinese punctuation beside
    Chinese characters, no spaces except between Latin words, and numbers as Chinese numerals
    the way they are spoken (1.9% is 百分之一点九, 95588 is 九五五八八). Latin words (R2, ETF,
    App) are kept.
    """
    plain = _converter().convert(text.translate(_HALF_WIDTH)).strip()
    # Before the numbers too: "¥ 300" is a price only when its blank is gone.
    spoken = say_numbers(_tighten(plain))
    return _ASCII_POINT.sub(lambda found: _PUNCTUATION[found[0]], _tighten(spoken))


def _tighten(text: str) -> str:
    """Blanks only between Latin words and digits, one at a time."""
    return _SPACES.sub(" ", _SPACE.sub("", text))


def letters_of(text: str) -> str:
    """Return the text without punctuation and spaces, Latin letters in lower case."""
    return "".join(character for character in text if character.isalnum()).lower()


_LATIN = re.compile(r"[A-Za-z]+|[0-9]")
_VOWELS = re.compile(r"[aeiouy]+")
_SYLLABIC = re.compile(rf"[{_HAN}]")


def count_syllables(text: str) -> int:
    """Return the spoken syllables of a text in normal form.

    A Chinese character is one syllable, a digit one; a Latin word in capitals is spelled, any
    other has one syllable for each group of vowels.
    """
    latin = sum(_latin_syllables(word) for word in _LATIN.findall(text))
    return len(_SYLLABIC.findall(text)) + latin


def _latin_syllables(word: str) -> int:
    if word.isupper() or word.isdigit():
        return len(word)
    return max(1, len(_VOWELS.findall(word.lower())))
