"""Makes the signal classifier from the corpus, the same each time for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rid_telephony.datafile import read_data
from rid_telephony.rid.classifier import ClassifierConfig
from rid_telephony.rid.compliance import ComplianceBook
from rid_telephony.rid.features import FORMAT
from rid_telephony.rid.lexicon import CueBook, Cues, TermBook
from rid_telephony.rid.loading import (
    CONFIG_FILE,
    ENCODER_FILE,
    LEXICON,
    MODEL_FILE,
    RULES,
    VOCABULARY_FILE,
    lexicon_digests,
)
from rid_telephony.rid.messages import COMPLIANCE_LABELS, TOPICS
from rid_telephony.rid.text import hear
from rid_telephony.rid.topics import TopicBook, TopicFinder
from rid_telephony.training.card import Training, write_card
from rid_telephony.training.corpus import Corpus, load_corpus, load_recognised
from rid_telephony.training.dataset import Examples, Listener, Vocabulary, examples
from rid_telephony.training.encoder.fit import Course
from rid_telephony.training.encoder.start import Start, pretrained
from rid_telephony.training.export import Output, write_graph
from rid_telephony.training.fitting import (
    Array,
    Matrices,
    Understood,
    fit_all,
    fit_any,
    fit_one,
    hold_out,
    indicator,
)
from rid_telephony.training.heads import (
    Trained,
    Truth,
    alone_thresholds,
    finish_any,
    finish_one,
)
from rid_telephony.training.noise import HomophoneNoise
from rid_telephony.training.understanding import HEADS, Understanding

NOISE_RATE = 0.1
"""Share of the characters that a noisy copy has otherwise."""
UNMARKED = 0.5
"""Share of the noisy copies without punctuation."""

_FALLBACKS = {
    "customer.objection": "none",
    "customer.emotion": "neutral",
    "customer.act": "inform",
    "agent.act": "present",
}
"""What is said of an utterance that fits nothing well enough."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train.

    Attributes:
        seed: Of everything random.
        keep_encoder: Use the encoder that stands in the output directory: after a change of
            lexicons or rules.
        course: How long the encoder learns.
        start: What the encoder begins as.
    """

    seed: int = 0
    keep_encoder: bool = False
    course: Course = field(default_factory=Course)
    start: Callable[[], Start] = pretrained


def train(corpus_dir: Path, out_dir: Path, plan: Plan, report: Report = lambda _: None) -> Training:
    """Train, calibrate, judge and write the classifier with its card.

    Every third writer is held out to choose how much each reader counts, to calibrate and to
    judge; the model that is written has seen them all.

    Args:
        corpus_dir: With ``customer/*.jsonl``, ``agent/*.jsonl`` and, if there,
            ``recognised/*.jsonl``.
        out_dir: Gets graphs, configuration, vocabularies and card; made if it does not exist.
        plan: How.
        report: Told of every step.

    Raises:
        InputError: The corpus breaks its format.
        DataError: A lexicon or rule file does.
        ModelError: The encoder to begin from, or to keep, is missing.
    """
    corpus = load_corpus(corpus_dir)
    recognised = load_recognised(corpus_dir)
    listener = Listener(
        read_data(LEXICON / "terms.yaml", TermBook).repair(),
        Cues(read_data(LEXICON / "cues.yaml", CueBook)),
    )
    out_dir.mkdir(parents=True, exist_ok=True)
    noise = _noise(corpus)
    understanding = Understanding(corpus, recognised, listener, noise, plan.seed)
    if plan.keep_encoder:
        understood = understanding.kept(out_dir)
    else:
        understood = understanding.teach(plan.start(), plan.course, out_dir, report)
    report("features")
    customer, agent = _examples(corpus, recognised, listener, noise, plan.seed)
    vocabulary = Vocabulary([customer, agent])
    heads = [
        *_customer_heads(corpus, Matrices.of(customer, vocabulary), understood, listener, report),
        *_agent_heads(corpus, Matrices.of(agent, vocabulary), understood, report),
    ]
    _write(out_dir, heads, vocabulary)
    training = Training(
        heads=tuple(heads),
        customer=len(corpus.customer),
        agent=len(corpus.agent),
        recognised=int(customer.heard.sum() + agent.heard.sum()),
        features=len(vocabulary.names),
        bytes=sum((out_dir / name).stat().st_size for name in (MODEL_FILE, ENCODER_FILE)),
        held_out=sorted({*_held(customer), *_held(agent)}),
    )
    write_card(out_dir / "MODEL_CARD.md", training, corpus, plan.seed, plan.course)
    return training


def _held(data: Examples) -> set[str]:
    return {writer for writer, held in zip(data.writer, data.held, strict=True) if held}


def _noise(corpus: Corpus) -> HomophoneNoise:
    texts = [one.record.text for one in corpus.customer]
    texts += [one.record.text for one in corpus.agent]
    return HomophoneNoise(texts, NOISE_RATE, UNMARKED)


def _examples(
    corpus: Corpus,
    recognised: dict[str, list[str]],
    listener: Listener,
    noise: HomophoneNoise,
    seed: int,
) -> tuple[Examples, Examples]:
    writers = [one.writer for one in corpus.customer]
    agents = [one.writer for one in corpus.agent]
    return (
        examples(corpus.customer, recognised, listener, noise, seed, writers),
        examples(corpus.agent, recognised, listener, noise, seed + 1, agents),
    )


def _customer_heads(
    corpus: Corpus,
    data: Matrices,
    understood: Mapping[str, Understood],
    listener: Listener,
    report: Report,
) -> list[Trained]:
    records = [one.record for one in corpus.customer]
    writers = data.examples.writer
    plain = np.array([record.objection == "none" for record in records])
    chosen = {
        "customer.objection": [record.objection for record in records],
        "customer.emotion": [record.emotion for record in records],
        "customer.act": [record.act for record in records],
    }
    heads = [
        _one(name, _FALLBACKS[name], values, data, understood[name])
        if name != "customer.act"
        else _one(name, _FALLBACKS[name], values, data, understood[name], plain)
        for name, values in chosen.items()
    ]
    report("customer: objection, emotion, act")
    truth = Truth(TOPICS, indicator(TOPICS, [r.topics for r in records]), writers)
    book = read_data(RULES / "topics.yaml", TopicBook)
    rules = _topic_rules(corpus, listener, TopicFinder(book))
    held_out = hold_out(fit_any, data, truth.wanted, understood["customer.topics"])
    model = fit_all(fit_any, data, truth.wanted)
    heads.append(finish_any("customer.topics", truth, model, held_out, rules, book.rule_weight))
    report("customer: topics")
    return heads


def _agent_heads(
    corpus: Corpus, data: Matrices, understood: Mapping[str, Understood], report: Report
) -> list[Trained]:
    records = [one.record for one in corpus.agent]
    name = "agent.act"
    act = _one(name, _FALLBACKS[name], [r.act for r in records], data, understood[name])
    truth = Truth(
        COMPLIANCE_LABELS,
        indicator(COMPLIANCE_LABELS, [r.compliance for r in records]),
        data.examples.writer,
    )
    held_out = hold_out(fit_any, data, truth.wanted, understood["agent.compliance"])
    model = fit_all(fit_any, data, truth.wanted)
    trained = finish_any(
        "agent.compliance", truth, model, held_out, np.zeros(truth.wanted.shape), 0.0
    )
    minimum = read_data(RULES / "compliance.yaml", ComplianceBook).model_minimum
    alone = alone_thresholds(trained, truth, held_out, minimum)
    head = trained.head.model_copy(update={"thresholds": alone})
    report("agent: act, compliance")
    return [act, Trained(head, trained.model, trained.figures)]


def _one(
    name: str,
    fallback: str,
    chosen: Sequence[str],
    data: Matrices,
    understood: Understood,
    scored: np.ndarray | None = None,
) -> Trained:
    labels, _ = HEADS[name]
    wanted = indicator(labels, [[one] for one in chosen])
    truth = Truth(
        labels, wanted, data.examples.writer, np.zeros(0, np.bool_) if scored is None else scored
    )
    held_out = hold_out(fit_one, data, wanted, understood)
    return finish_one(name, fallback, truth, fit_all(fit_one, data, wanted), held_out)


def _topic_rules(corpus: Corpus, listener: Listener, finder: TopicFinder) -> Array:
    rows = []
    for sample in corpus.customer:
        heard = hear(sample.record.text, listener.repair)
        found = finder.by_rule(heard, hear(sample.record.context, listener.repair))
        rows.append([found.get(topic, 0.0) for topic in TOPICS])
    return np.array(rows)


def _write(out_dir: Path, heads: Sequence[Trained], vocabulary: Vocabulary) -> None:
    outputs = [Output(one.head.name, one.model) for one in heads]
    write_graph(out_dir / MODEL_FILE, outputs, vocabulary.scale)
    config = ClassifierConfig(
        version="2",
        feature_format=FORMAT,
        features=len(vocabulary.names),
        lexicon=lexicon_digests(),
        heads=tuple(one.head for one in heads),
    )
    text = config.model_dump_json(indent=1)
    (out_dir / CONFIG_FILE).write_text(text + "\n", encoding="utf-8")
    (out_dir / VOCABULARY_FILE).write_text("\n".join(vocabulary.names) + "\n", encoding="utf-8")
