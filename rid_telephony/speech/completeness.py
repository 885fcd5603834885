"""Are the words so far a whole sentence? It decides how long a pause is waited out."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from rid_telephony.datafile import DataModel, parse_data, read_data
from rid_telephony.speech.endpointing import Completeness
from rid_telephony.speech.text import letters_of

_SHIPPED = "data/speech/sentence_ends.yaml"


class _File(DataModel):
    """The word lists, in normal form without punctuation."""

    whole: frozenset[str]
    """Utterances that are complete as they stand."""
    complete_endings: frozenset[str]
    """Ends of complete sentences."""
    incomplete_endings: frozenset[str]
    """Ends after which a speaker goes on."""


def load_judge(path: Path | None = None) -> SentenceJudge:
    """Read the word lists.

    Args:
        path: YAML file; the shipped one where None.

    Raises:
        DataError: The file cannot be read or breaks its format.
    """
    if path is not None:
        return SentenceJudge(read_data(path, _File))
    shipped = resources.files("rid_telephony").joinpath(_SHIPPED)
    return SentenceJudge(parse_data(shipped.read_text(encoding="utf-8"), _SHIPPED, _File))


class SentenceJudge:
    """Judges by how an utterance ends.

    Args:
        words: The lists.
    """

    def __init__(self, words: _File) -> None:
        self._words = words

    def judge(self, text: str) -> Completeness:
        """Judge the words recognised so far; unknown where no list says anything."""
        words = letters_of(text)
        if not words:
            return Completeness.UNKNOWN
        if words in self._words.whole:
            return Completeness.COMPLETE
        complete = _longest_ending(words, self._words.complete_endings)
        incomplete = _longest_ending(words, self._words.incomplete_endings)
        if complete > incomplete:
            return Completeness.COMPLETE
        return Completeness.INCOMPLETE if incomplete else Completeness.UNKNOWN


def _longest_ending(words: str, endings: frozenset[str]) -> int:
    longest = max((len(ending) for ending in endings), default=0)
    lengths = range(min(longest, len(words)), 0, -1)
    return next((length for length in lengths if words[-length:] in endings), 0)
