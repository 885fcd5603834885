"""Reads the corpus: labelled utterances of customers and agents, one JSON record a line.

The file name tells the writer: its leading letters (``a1.jsonl`` and ``a2.jsonl`` are two batches
of writer ``a``). Validation holds whole writers out, so that no style is learned by heart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from rid_telephony.errors import InputError
from rid_telephony.evaluation.records import AgentRecord, CustomerRecord, read_records

MAX_ERROR = 0.6
"""Character error rate beyond which a recognised text is not learned from."""

_WRITER = re.compile("[a-z]+")


class RecognisedRecord(BaseModel):
    """What a recogniser wrote when it heard a record spoken over a telephone line.

    Attributes:
        id: Of the record.
        cer: Character error rate against the record's text.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    text: str
    cer: float = Field(ge=0)


RecordT = TypeVar("RecordT", CustomerRecord, AgentRecord)


@dataclass(frozen=True, slots=True)
class Sample(Generic[RecordT]):
    """A record with where it came from.

    Attributes:
        batch: The file's name without suffix.
        writer: Its leading letters.
    """

    record: RecordT
    batch: str
    writer: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything to learn from."""

    customer: tuple[Sample[CustomerRecord], ...]
    agent: tuple[Sample[AgentRecord], ...]


def load_corpus(directory: Path) -> Corpus:
    """Read ``customer/*.jsonl`` and ``agent/*.jsonl`` below a directory.

    Raises:
        InputError: A file cannot be read, there is none, a record breaks its format, or an id
            stands twice. The message names file and line.
    """
    return Corpus(
        customer=tuple(_read_all(directory / "customer", CustomerRecord)),
        agent=tuple(_read_all(directory / "agent", AgentRecord)),
    )


def load_recognised(directory: Path) -> dict[str, list[str]]:
    """Read ``recognised/*.jsonl``: record id to texts that a recogniser wrote.

    Texts with a character error rate above :data:`MAX_ERROR` are left out: nobody could tell
    their labels any more. Empty where there is no such file.

    Raises:
        InputError: A record breaks its format.
    """
    texts: dict[str, list[str]] = {}
    for path in sorted((directory / "recognised").glob("*.jsonl")):
        for _, record in read_records(path, RecognisedRecord):
            if record.text and record.cer <= MAX_ERROR:
                texts.setdefault(record.id, []).append(record.text)
    return texts


def _read_all(directory: Path, model: type[RecordT]) -> Iterator[Sample[RecordT]]:
    paths = sorted(directory.glob("*.jsonl"))
    if not paths:
        raise InputError(f"{directory} holds no .jsonl file.")
    seen: dict[str, str] = {}
    for path in paths:
        match = _WRITER.match(path.stem)
        if match is None:
            raise InputError(f"{path}: the name must begin with the writer's letters.")
        for place, record in read_records(path, model):
            if record.id in seen:
                raise InputError(f"{place}: the id {record.id!r} stands at {seen[record.id]} too.")
            seen[record.id] = place
            yield Sample(record, path.stem, match[0])
