"""Writes the model card: what the classifier is, from what, and every figure of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rid_telephony.training.corpus import Corpus
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
        bytes: Size of the graph.
    """

    heads: tuple[Trained, ...]
    customer: int
    agent: int
    recognised: int
    features: int
    bytes: int


_HEADER = """# Model card: signals

Written by `rid-telephony train`; do not edit by hand.

**What it does.** Reads one utterance (and the other party's last one) of a Mandarin
wealth-management call. Customer: objection, emotion, dialogue act, topics. Agent: dialogue act,
compliance. It works beside rules (`data/rules`); alone it decides objection, emotion and act.

**How it is made.** Linear models (logistic regression, L2, C = {strength:g}, labels weighed alike)
over n-grams of characters and of toneless pinyin, n-grams of the context, cues of
`data/lexicon/cues.yaml`, and the shape of the utterance; domain terms are put right by sound
first. Each utterance is learned together with a noisy copy (one character in ten replaced by one
of the same sound, half of the copies without punctuation; weight {copy:g}) and with what a
recogniser made of it, where that is known. Calibrated on held-out writers: one temperature for a
head of one label, Platt scaling for each label of a head of several. Seed {seed}.

**From what.** {customer} customer utterances by {writers} writers, {agent} agent utterances by
{agent_writers}, {recognised} recognised texts; see `corpus/README.md`. No recordings of real
customers.

**Size.** {features} features, {size:.1f} MB.

## Figures on writers that it had not seen

Each writer is held out in turn (each batch where there is one writer). "One label" heads are
scored by macro-F1, "any" heads by micro-F1; `customer.act` on utterances without an objection;
`customer.topics` joined with the rules. "Recognised" is the score on texts that a
recogniser wrote. ECE: expected calibration error before and after calibration.

| head | score | recognised | ECE before | ECE after |
|---|---|---|---|---|
"""

_LIMITS = """
## Limits

- The writers are language models in the roles of customers and agents; real customers speak
  otherwise. Have people label calls of the bank before trusting a figure for it.
- Agents have few writers: the figures of the agent heads lean on them.
- Mandarin with some regional colour; no other languages.
- Emotion is what the words let one infer; sarcasm is often missed.
"""


def write_card(path: Path, training: Training, corpus: Corpus, seed: int) -> None:
    """Write the card."""
    writers = {one.writer for one in corpus.customer}
    agents = len({one.writer for one in corpus.agent})
    text = _HEADER.format(
        strength=STRENGTH,
        copy=COPY_WEIGHT,
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
        f"| {figures.error_before:.3f} | {figures.error_after:.3f} |"
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
