"""The encoder's part of the training: taught twice, to be judged and to be shipped."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rid_telephony.calls.messages import Party
from rid_telephony.errors import ModelError
from rid_telephony.evaluation.records import AgentRecord, CustomerRecord
from rid_telephony.rid.encoder import Passage, TextEncoder
from rid_telephony.rid.loading import ENCODER_FILE, PIECES_FILE
from rid_telephony.rid.messages import (
    AGENT_ACTS,
    COMPLIANCE_LABELS,
    CUSTOMER_ACTS,
    EMOTIONS,
    OBJECTIONS,
    TOPICS,
)
from rid_telephony.rid.text import hear
from rid_telephony.training.corpus import Corpus
from rid_telephony.training.dataset import Listener, held_out_writers
from rid_telephony.training.encoder.batches import Example
from rid_telephony.training.encoder.fit import Course, HeadShape, Teacher, read_logits
from rid_telephony.training.encoder.graph import write_encoder
from rid_telephony.training.encoder.pieces import tokenizer
from rid_telephony.training.encoder.start import Start
from rid_telephony.training.fitting import Understood
from rid_telephony.training.noise import HomophoneNoise

HELD_OUT_FILE = "held_out.npz"
"""Logits for the writers held out: what the next training with this encoder needs of it."""
NOISY_COPIES = 2

HEADS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "customer.objection": (OBJECTIONS, True),
    "customer.emotion": (EMOTIONS, True),
    "customer.act": (CUSTOMER_ACTS, True),
    "customer.topics": (TOPICS, False),
    "agent.act": (AGENT_ACTS, True),
    "agent.compliance": (COMPLIANCE_LABELS, False),
}
"""Head to its labels, and whether exactly one of them applies."""

_SESSION = "the encoder is read by JAX in training, not by onnxruntime"


class _NoSession:
    def run(self, output_names: Sequence[str] | None, input_feed: object) -> list[object]:
        raise NotImplementedError(_SESSION)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A record as the encoder's training sees it."""

    example: Example
    held: bool


class Understanding:
    """Teaches the encoder and writes it, or uses the one that was written before.

    Args:
        corpus: What to learn from.
        recognised: Record id to what a recogniser wrote.
        listener: Puts domain terms right.
        noise: Writes other characters of the same sound.
        seed: Of everything random.
    """

    def __init__(
        self,
        corpus: Corpus,
        recognised: Mapping[str, Sequence[str]],
        listener: Listener,
        noise: HomophoneNoise,
        seed: int,
    ) -> None:
        self._listener = listener
        self._recognised = recognised
        self._noise = noise
        self._seed = seed
        self._source = random.Random(seed)  # noqa: S311 - noise for training, not for secrets
        self._spoken = [*self._party(corpus, Party.CUSTOMER), *self._party(corpus, Party.AGENT)]

    def teach(
        self, start: Start, course: Course, out_dir: Path, report: Callable[[str], None]
    ) -> dict[str, Understood]:
        """Teach without the writers held out, read these, then teach with all and write it."""
        pieces = tokenizer(start.pieces)
        reader = TextEncoder(_NoSession(), pieces)
        shapes = {name: HeadShape(len(labels), single) for name, (labels, single) in HEADS.items()}
        report("encoder: without the writers held out")
        learned = [one.example for one in self._spoken if not one.held]
        taught = Teacher(start, shapes, reader, self._seed).teach(learned, course, report)
        original = read_logits(taught, reader, self._passages(heard=False))
        heard = read_logits(taught, reader, self._passages(heard=True))
        _save(out_dir / HELD_OUT_FILE, {"original": original, "heard": heard})
        report("encoder: with all writers")
        everyone = [one.example for one in self._spoken]
        taught = Teacher(start, shapes, reader, self._seed).teach(everyone, course, report)
        write_encoder(out_dir / ENCODER_FILE, taught)
        pieces.save(str(out_dir / PIECES_FILE), pretty=False)
        return self.kept(out_dir)

    def kept(self, out_dir: Path) -> dict[str, Understood]:
        """What the encoder that was written before says of the writers held out.

        Raises:
            ModelError: There is none, or it was taught from another corpus.
        """
        path = out_dir / HELD_OUT_FILE
        advice = "Train without --keep-encoder."
        try:
            with np.load(path) as stored:
                values = {name: stored[name].astype(np.float64) for name in stored.files}
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise ModelError(f"Cannot read {path}: {error}.", advice) from error
        own = [one.example.passage.party for one in self._spoken if one.held]
        copies = [p.party for p in self._passages(heard=True)]
        if {len(one) for name, one in values.items() if name.startswith("original.")} != {len(own)}:
            raise ModelError(f"{path} belongs to another corpus.", advice)
        return {
            name: Understood(
                values[f"original.{name}"][_of(own, name)],
                values[f"heard.{name}"][_of(copies, name)],
            )
            for name in HEADS
        }

    def _passages(self, *, heard: bool) -> list[Passage]:
        """What is read of the writers held out, in the order of the corpus."""
        if not heard:
            return [one.example.passage for one in self._spoken if one.held]
        return [
            Passage(text, one.example.passage.context, one.example.passage.party)
            for one in self._spoken
            if one.held
            for text in one.example.heard
        ]

    def _party(self, corpus: Corpus, party: Party) -> Iterator[Spoken]:
        samples = corpus.customer if party is Party.CUSTOMER else corpus.agent
        held = set(held_out_writers(one.writer for one in samples))
        for sample in samples:
            record = sample.record
            texts = [self._noise.copy(record.text, self._source) for _ in range(NOISY_COPIES)]
            example = Example(
                Passage(self._hear(record.text), self._hear(record.context), party),
                tuple(self._hear(text) for text in texts),
                tuple(self._hear(text) for text in self._recognised.get(record.id, ())),
                _targets(record),
            )
            yield Spoken(example, sample.writer in held)

    def _hear(self, text: str) -> str:
        return hear(text, self._listener.repair).text


def _targets(record: CustomerRecord | AgentRecord) -> dict[str, NDArray[np.float32]]:
    chosen: dict[str, Sequence[str]] = {}
    if isinstance(record, CustomerRecord):
        chosen["customer.objection"] = [record.objection]
        chosen["customer.emotion"] = [record.emotion]
        chosen["customer.act"] = [record.act]
        chosen["customer.topics"] = record.topics
    else:
        chosen["agent.act"] = [record.act]
        chosen["agent.compliance"] = record.compliance
    return {
        name: np.array([label in chosen.get(name, ()) for label in labels], np.float32)
        for name, (labels, _) in HEADS.items()
    }


def _save(path: Path, found: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> None:
    arrays: dict[str, Any] = {
        f"{kind}.{name}": values.astype(np.float16)
        for kind, by_head in found.items()
        for name, values in by_head.items()
    }
    np.savez_compressed(path, **arrays)


def _of(parties: Sequence[Party], head: str) -> NDArray[np.bool_]:
    return np.array([head.startswith(one.value) for one in parties], np.bool_)
