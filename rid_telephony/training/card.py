"""Writes the model card: what the classifier is, from what, and every figure of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rid_telephony.training.corpus import Corpus
from rid_telephony.training.encoder.batches import HEARD_SHARE, NOISY_SHARE
from rid_telephony.training.encoder.fit import Course
from rid_telephony.training.fitting import COPY_WEIGHT, STRENGTH
from rid_telephony.training.heads import NEVER, Trained


@dataclass(frozen=True, slots=True)
class Training:
    """What was made, and how good it is on writers that it had not seen.

    Attributes:
        heads: Every head with its figures.
        customer: Number of customer utterances learned from.
        agent: Number of agent utterances.
        recognised: Number of texts that a recogniser wrote.
        features: Size of the vocabulary.
        bytes: Size of the graphs.
        held_out: Writers held out.
    """

    heads: tuple[Trained, ...]
    customer: int
    agent: int
    recognised: int
    features: int
    bytes: int
    held_out: list[str]


_HEADER = """# Model card: signals

Written by `rid-telephony train`; do not edit by hand.

**What it does.** Reads one utterance (and the other party's last one) of a Mandarin
wealth-management call. Customer: objection, emotion, dialogue act, topics. Agent: dialogue act,
compliance. It works beside rules (`data/rules`); alone it decides objection, emotion and act.

**How it is made.** Two readers vote.

1. A text encoder: multilingual-e5-small (MIT; 12 layers, width 384), cut down to the pieces that
   Mandarin needs and fine-tuned on all heads at once, context as a second part ({epochs} epochs,
   AdamW, learning rate {rate:g}). Each time it reads an utterance it may be as a recogniser wrote
   it ({heard:.0%} where known), with characters of the same sound ({noisy:.0%}), without its
   punctuation or its context. Shipped with weights of 8 bits.
2. Linear models (logistic regression, L2, C = {strength:g}, labels weighed alike) over n-grams of
   characters and of toneless pinyin, n-grams of the context, cues of `data/lexicon/cues.yaml`, and
   the shape of the utterance, with noisy copies (weight {copy:g}) and recognised texts.

Domain terms are put right by sound before either reads. How much each counts in each head, the
calibration and the thresholds were chosen on writers that neither had seen. Seed {seed}.

**From what.** {customer} customer utterances by {writers} writers, {agent} agent utterances by
{agent_writers}, {recognised} recognised texts; see `corpus/README.md`. No recordings of real
customers.

**Size.** {features} features, {size:.1f} MB in two graphs.

## Figures on writers that it had not seen

Held out: {held}. "One label" heads are scored by macro-F1, "any" heads by micro-F1;
`customer.act` on utterances without an objection; `customer.topics` joined with the rules.
"Recognised" is the score on texts that a recogniser wrote. "Counting" and "encoder" are the two
readers alone. ECE: expected calibration error, of the encoder alone and of both together.

| head | score | recognised | counting | encoder | ECE encoder | ECE |
|---|---|---|---|---|---|---|
"""

_LIMITS = """
## Limits

- The writers are language models in the roles of customers and agents; real customers speak
  otherwise. Have people label calls of the bank before trusting a figure for it.
- Agents have few writers: the figures of the agent heads lean on them.
- Mandarin with some regional colour; no other languages.
- Emotion is what the words let one infer; sarcasm is often missed.
"""


def write_card(path: Path, training: Training, corpus: Corpus, seed: int, course: Course) -> None:
    """Write the card."""
    writers = {one.writer for one in corpus.customer}
    agents = len({one.writer for one in corpus.agent})
    text = _HEADER.format(
        strength=STRENGTH,
        copy=COPY_WEIGHT,
        epochs=course.epochs,
        rate=course.rate,
        heard=HEARD_SHARE,
        noisy=NOISY_SHARE,
        held=", ".join(training.held_out),
        seed=seed,
        customer=training.customer,
        writers=len(writers),
        agent=training.agent,
        agent_writers="one writer" if agents == 1 else f"{agents} writers",
        recognised=training.recognised,
        features=training.features,
        size=training.bytes / 1e6,
    )
    lines = [text.rstrip("\n"), *(_summary(one) for one in training.heads), ""]
    for one in training.heads:
        lines += _details(one)
    path.write_text("\n".join(lines) + _LIMITS, encoding="utf-8")


def _summary(one: Trained) -> str:
    figures = one.figures
    heard = "" if figures.heard is None else f"{figures.heard:.3f} ({figures.heard_count})"
    return (
        f"| {one.head.name} | {figures.score:.3f} | {heard} "
        f"| {figures.alone[0]:.3f} | {figures.alone[1]:.3f} "
        f"| {figures.error_before:.3f} | {figures.error:.3f} |"
    )


def _details(one: Trained) -> list[str]:
    held_out = ", ".join(f"{name} {value:.3f}" for name, value in one.figures.by_writer.items())
    labels = _table(
        (label, f"{value:.3f}", _threshold(one, label))
        for label, value in one.figures.by_label.items()
    )
    return [f"### {one.head.name}", "", f"Held out: {held_out}.", "", *labels, ""]


def _threshold(one: Trained, label: str) -> str:
    value = one.head.thresholds.get(label)
    if value is None:
        return ""
    return "never alone" if value >= NEVER else f"{value:.2f}"


def _table(rows: Iterable[tuple[str, str, str]]) -> list[str]:
    listed = ["| label | F1 | threshold |", "|---|---|---|"]
    return listed + [f"| {' | '.join(row)} |" for row in rows]
