"""Makes the signal classifier from the corpus, the same each time for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rid_telephony.datafile import read_data
from rid_telephony.rid.classifier import ClassifierConfig
from rid_telephony.rid.compliance import ComplianceBook
from rid_telephony.rid.features import FORMAT
from rid_telephony.rid.lexicon import CueBook, Cues, TermBook
from rid_telephony.rid.loading import (
    CONFIG_FILE,
    LEXICON,
    MODEL_FILE,
    RULES,
    VOCABULARY_FILE,
    lexicon_digests,
)
from rid_telephony.rid.messages import (
    AGENT_ACTS,
    COMPLIANCE_LABELS,
    CUSTOMER_ACTS,
    EMOTIONS,
    OBJECTIONS,
    TOPICS,
)
from rid_telephony.rid.text import hear
from rid_telephony.rid.topics import TopicBook, TopicFinder
from rid_telephony.training.card import Training, write_card
from rid_telephony.training.corpus import Corpus, load_corpus, load_recognised
from rid_telephony.training.dataset import Examples, Listener, Vocabulary, examples
from rid_telephony.training.export import Output, write_graph
from rid_telephony.training.fitting import (
    Array,
    Fit,
    Matrices,
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

NOISE_RATE = 0.1
"""Share of the characters that a noisy copy has otherwise."""
UNMARKED = 0.5
"""Share of the noisy copies without punctuation."""

Report = Callable[[str], None]


def train(
    corpus_dir: Path, out_dir: Path, seed: int = 0, report: Report = lambda _: None
) -> Training:
    """Train, calibrate, judge and write the classifier with its card.

    Whole writers are held out in turn (whole batches where there is one writer) to calibrate and
    to judge; the model that is written has seen them all.

    Args:
        corpus_dir: With ``customer/*.jsonl``, ``agent/*.jsonl`` and, if there,
            ``recognised/*.jsonl``.
        out_dir: Gets graph, configuration, vocabulary and card; made if it does not exist.
        seed: Of the noise.
        report: Told of every step.

    Raises:
        InputError: The corpus breaks its format.
        DataError: A lexicon or rule file does.
    """
    corpus = load_corpus(corpus_dir)
    recognised = load_recognised(corpus_dir)
    listener = Listener(
        read_data(LEXICON / "terms.yaml", TermBook).repair(),
        Cues(read_data(LEXICON / "cues.yaml", CueBook)),
    )
    report("features")
    customer, agent = _examples(corpus, recognised, listener, seed)
    vocabulary = Vocabulary([customer, agent])
    heads = [
        *_customer_heads(corpus, Matrices.of(customer, vocabulary), listener, report),
        *_agent_heads(corpus, Matrices.of(agent, vocabulary), report),
    ]
    out_dir.mkdir(parents=True, exist_ok=True)
    training = Training(
        heads=tuple(heads),
        customer=len(corpus.customer),
        agent=len(corpus.agent),
        recognised=int(customer.heard.sum() + agent.heard.sum()),
        features=len(vocabulary.names),
        bytes=_write(out_dir, heads, vocabulary),
    )
    write_card(out_dir / "MODEL_CARD.md", training, corpus, seed)
    return training


def _examples(
    corpus: Corpus, recognised: dict[str, list[str]], listener: Listener, seed: int
) -> tuple[Examples, Examples]:
    texts = [one.record.text for one in corpus.customer]
    texts += [one.record.text for one in corpus.agent]
    noise = HomophoneNoise(texts, NOISE_RATE, UNMARKED)
    writers = [one.writer for one in corpus.customer]
    alone = len({one.writer for one in corpus.agent}) == 1
    groups = [one.batch if alone else one.writer for one in corpus.agent]
    return (
        examples(corpus.customer, recognised, listener, noise, seed, writers),
        examples(corpus.agent, recognised, listener, noise, seed + 1, groups),
    )


def _customer_heads(
    corpus: Corpus, data: Matrices, listener: Listener, report: Report
) -> list[Trained]:
    records = [one.record for one in corpus.customer]
    writers = data.examples.writer
    plain = np.array([record.objection == "none" for record in records])
    heads = [
        _one("customer.objection", "none", OBJECTIONS, [r.objection for r in records], data),
        _one("customer.emotion", "neutral", EMOTIONS, [r.emotion for r in records], data),
        _one("customer.act", "inform", CUSTOMER_ACTS, [r.act for r in records], data, plain),
    ]
    report("customer: objection, emotion, act")
    truth = Truth(TOPICS, indicator(TOPICS, [r.topics for r in records]), writers)
    book = read_data(RULES / "topics.yaml", TopicBook)
    rules = _topic_rules(corpus, listener, TopicFinder(book))
    held_out = hold_out(fit_any, data, truth.wanted)
    model = fit_all(fit_any, data, truth.wanted)
    heads.append(finish_any("customer.topics", truth, model, held_out, rules, book.rule_weight))
    report("customer: topics")
    return heads


def _agent_heads(corpus: Corpus, data: Matrices, report: Report) -> list[Trained]:
    records = [one.record for one in corpus.agent]
    act = _one("agent.act", "present", AGENT_ACTS, [r.act for r in records], data)
    truth = Truth(
        COMPLIANCE_LABELS,
        indicator(COMPLIANCE_LABELS, [r.compliance for r in records]),
        data.examples.writer,
    )
    held_out = hold_out(fit_any, data, truth.wanted)
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
    labels: tuple[str, ...],
    chosen: Sequence[str],
    data: Matrices,
    scored: np.ndarray | None = None,
) -> Trained:
    fit: Fit = fit_one
    wanted = indicator(labels, [[one] for one in chosen])
    truth = Truth(
        labels, wanted, data.examples.writer, np.zeros(0, np.bool_) if scored is None else scored
    )
    held_out = hold_out(fit, data, wanted)
    return finish_one(name, fallback, truth, fit_all(fit, data, wanted), held_out)


def _topic_rules(corpus: Corpus, listener: Listener, finder: TopicFinder) -> Array:
    rows = []
    for sample in corpus.customer:
        heard = hear(sample.record.text, listener.repair)
        found = finder.by_rule(heard, hear(sample.record.context, listener.repair))
        rows.append([found.get(topic, 0.0) for topic in TOPICS])
    return np.array(rows)


def _write(out_dir: Path, heads: Sequence[Trained], vocabulary: Vocabulary) -> int:
    outputs = [Output(one.head.name, one.head.kind == "one", one.model) for one in heads]
    write_graph(out_dir / MODEL_FILE, outputs, vocabulary.scale)
    config = ClassifierConfig(
        version="1",
        feature_format=FORMAT,
        features=len(vocabulary.names),
        lexicon=lexicon_digests(),
        heads=tuple(one.head for one in heads),
    )
    text = config.model_dump_json(indent=1)
    (out_dir / CONFIG_FILE).write_text(text + "\n", encoding="utf-8")
    (out_dir / VOCABULARY_FILE).write_text("\n".join(vocabulary.names) + "\n", encoding="utf-8")
    return (out_dir / MODEL_FILE).stat().st_size
