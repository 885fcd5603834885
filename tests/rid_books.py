"""The shipped rules and lexicons, read once for all tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from rid_telephony.datafile import read_data
from rid_telephony.rid.compliance import ComplianceBook, ComplianceDetector, MustSay, MustSayBook
from rid_telephony.rid.emotion import EmotionBook
from rid_telephony.rid.facts import FactBook, FactReader
from rid_telephony.rid.lexicon import CueBook, Cues, TermBook
from rid_telephony.rid.loading import LEXICON, RULES
from rid_telephony.rid.messages import Facts, Finding
from rid_telephony.rid.text import Heard, TermRepair, hear
from rid_telephony.rid.topics import TopicBook, TopicFinder


@cache
def repair() -> TermRepair:
    return read_data(LEXICON / "terms.yaml", TermBook).repair()


@cache
def cues() -> Cues:
    return Cues(read_data(LEXICON / "cues.yaml", CueBook))


@cache
def fact_reader() -> FactReader:
    return FactReader(read_data(RULES / "facts.yaml", FactBook))


@cache
def topic_finder() -> TopicFinder:
    return TopicFinder(read_data(RULES / "topics.yaml", TopicBook))


@cache
def compliance_book() -> ComplianceBook:
    return read_data(RULES / "compliance.yaml", ComplianceBook)


@cache
def compliance() -> ComplianceDetector:
    return ComplianceDetector(compliance_book(), on=None)


@cache
def must_say_book() -> MustSayBook:
    return read_data(RULES / "must_say.yaml", MustSayBook)


@cache
def must_say() -> MustSay:
    return MustSay(must_say_book())


@cache
def emotion_book() -> EmotionBook:
    return read_data(RULES / "emotion.yaml", EmotionBook)


def heard(text: str) -> Heard:
    return hear(text, repair())


def facts(text: str, context: str = "") -> Facts:
    return fact_reader().read(heard(text), heard(context))


def findings(text: str, context: str = "", level: int | None = None) -> tuple[Finding, ...]:
    return compliance().detect(heard(text), heard(context), {}, level)


def violations(text: str, context: str = "", level: int | None = None) -> set[str]:
    return {finding.label for finding in findings(text, context, level)}


@dataclass(frozen=True)
class Cut:
    """Pieces of a text."""

    ids: list[int]


class Letters:
    """Cuts a text into its characters; the id is the character's number."""

    def encode(self, sequence: str, *, add_special_tokens: bool) -> Cut:
        assert not add_special_tokens
        return Cut([ord(character) for character in sequence])
