"""An utterance as the rules and the classifier read it: normalised characters and sounds.

A small recogniser on an 8 kHz line writes Mandarin by ear: 利财 for 理财, 村款 for 存款. Here the
sound decides: characters have their toneless pinyin (with the mergers of many speakers: zh/z,
ch/c, sh/s, n/l, in/ing, en/eng), and domain terms that were written with other characters of the
same sound are put right. Every position maps back to the text as given, so that quotes are exact.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import lazy_pinyin
from pypinyin.phrases_dict import phrases_dict
from pypinyin.pinyin_dict import pinyin_dict

MAX_CHARACTERS = 400
"""Longest text that is analysed; what follows is ignored. An utterance of 30 s has 180."""

_BLANKS = frozenset(" \t\r\n\u3000")
_DROPPED = _BLANKS | {"呃"}
_SPACED = 4
_PUNCTUATION = str.maketrans({",": "，", ";": "，", "；": "，", "?": "？", "!": "！", "…": "，"})
_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"))
_FINALS = (("ing", "in"), ("eng", "en"))


@dataclass(frozen=True, slots=True)
class Heard:
    """A normalised utterance.

    Attributes:
        raw: The text as given.
        text: Blanks and 呃 dropped, Latin letters in upper case, punctuation reduced to
            ，。？！、, domain terms put right by their sound.
        offsets: For every character of ``text`` its index in ``raw``.
    """

    raw: str
    text: str
    offsets: tuple[int, ...]

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """Begin and end in ``raw`` of ``text[begin:end]``; (0, 0) for an empty piece."""
        if begin >= end:
            return (0, 0)
        return (self.offsets[begin], self.offsets[end - 1] + 1)

    def quote(self, begin: int, end: int) -> str:
        """The words of ``raw`` behind ``text[begin:end]``."""
        first, last = self.span(begin, end)
        return self.raw[first:last]


@lru_cache(maxsize=16384)
def usual(character: str) -> str:
    """The usual toneless reading of a character; itself where it is not Chinese."""
    listed = pinyin_dict.get(ord(character))
    return character if listed is None else _toneless(listed.split(",")[0])


@lru_cache(maxsize=16384)
def sound(character: str) -> str:
    """The usual reading of a character, toneless, mergers folded; itself if not Chinese."""
    return fold(usual(character))


def fold(syllable: str) -> str:
    """Fold zh/z, ch/c, sh/s, n/l, ing/in and eng/en, which many speakers do not keep apart."""
    for initial, merged in _INITIALS:
        if syllable.startswith(initial):
            syllable = merged + syllable[len(initial) :]
            break
    for final, merged in _FINALS:
        if syllable.endswith(final):
            return syllable[: -len(final)] + merged
    return syllable


def _toneless(reading: str) -> str:
    plain = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


class TermRepair:
    """Puts domain terms right that were written with other characters of the same sound.

    A term of two characters must agree in every toneless syllable; a longer one also when the
    mergers of :func:`fold` are allowed. A piece that is itself a word of the language, or part
    of a term that is already right, stays as it is.

    Args:
        terms: Words to recognise, each of at least two Chinese characters.
        variants: Known misrecognitions (of the same length) to the term that they stand for,
            replaced although they may be words of their own, such as 鸡精 for 基金.
        keep: Words that sound like a term and are never touched, such as 奉献 beside 风险.
        frozen: Characters so common that they are taken as written (一, 不, 里 ...).
    """

    def __init__(
        self,
        terms: Iterable[str],
        variants: Mapping[str, str] | None = None,
        keep: Iterable[str] = (),
        frozen: str = "",
    ) -> None:
        self._variants = dict(variants or {})
        self._terms = frozenset(terms)
        self._keep = frozenset(keep)
        self._frozen = frozenset(frozen)
        self._by_sound: dict[str, list[tuple[str, list[str]]]] = {}
        for term in sorted(self._terms, key=len, reverse=True):
            syllables = [syllable.replace("ü", "v") for syllable in lazy_pinyin(term)]
            self._by_sound.setdefault(fold(syllables[0]), []).append((term, syllables))
        self._longest = max((len(term) for term in (*self._terms, *self._variants)), default=0)

    def repair(self, text: str) -> str:
        """Text of the same length with the terms put right."""
        text = self._replace_variants(text)
        taken = self._exact(text)
        for begin in range(len(text)):
            term = self._heard_at(text, begin, taken)
            if term:
                text = text[:begin] + term + text[begin + len(term) :]
                taken.update(range(begin, begin + len(term)))
        return text

    def _replace_variants(self, text: str) -> str:
        for wrong, term in self._variants.items():
            text = text.replace(wrong, term)
        return text

    def _exact(self, text: str) -> set[int]:
        taken: set[int] = set()
        for begin in range(len(text)):
            for size in range(2, self._longest + 1):
                if text[begin : begin + size] in self._terms:
                    taken.update(range(begin, begin + size))
        return taken

    def _heard_at(self, text: str, begin: int, taken: set[int]) -> str:
        if begin in taken:
            return ""
        for term, syllables in self._by_sound.get(sound(text[begin]), ()):
            piece = text[begin : begin + len(term)]
            free = taken.isdisjoint(range(begin, begin + len(term)))
            if free and piece not in self._keep and self._sounds_like(piece, term, syllables):
                return term
        return ""

    def _sounds_like(self, piece: str, term: str, syllables: list[str]) -> bool:
        if len(piece) != len(term) or piece in phrases_dict:
            return False
        strict = len(term) == 2
        return all(
            written == meant
            or (
                written not in self._frozen
                and (usual(written) == said if strict else sound(written) == fold(said))
            )
            for written, meant, said in zip(piece, term, syllables, strict=True)
        )


_NO_REPAIR = TermRepair(())


def hear(text: str, repair: TermRepair = _NO_REPAIR) -> Heard:
    """Normalise a text; at most :data:`MAX_CHARACTERS` of it.

    Args:
        text: As recognised or typed, may be empty. A blank between words is a pause, as
            punctuation is; blanks between most characters are mere spacing.
        repair: The domain terms to put right; none by default.
    """
    kept: list[str] = []
    offsets: list[int] = []
    cut = text[:MAX_CHARACTERS]
    pauses = 0 < _blanks(cut.strip()) * _SPACED <= len(cut)
    for index, character in enumerate(cut):
        if character in _BLANKS and pauses and kept and _between_words(cut, index):
            character = "，"  # noqa: PLW2901 - the blank stands for it
        if character in _DROPPED:
            continue
        plain = unicodedata.normalize("NFKC", character.translate(_PUNCTUATION)).upper()
        for folded in plain.translate(_PUNCTUATION):
            kept.append(folded)
            offsets.append(index)
    return Heard(text, repair.repair("".join(kept)), tuple(offsets))


def _blanks(text: str) -> int:
    return sum(character in _BLANKS for character in text)


def _between_words(text: str, index: int) -> bool:
    """Whether a blank stands between two Chinese characters."""
    around = text[index - 1 : index] + text[index + 1 : index + 2]
    return len(around) == 2 and all("\u4e00" <= one <= "\u9fff" for one in around)
