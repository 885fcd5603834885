"""Scores of the signal detector on a directory of labelled utterances.

The directory holds ``customer.jsonl`` and ``agent.jsonl`` (either may be missing); the labels are
those of ``docs/labels.md``. Beside every figure stands what a trivial detector reaches that has
seen the labels: always the most frequent one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rid_telephony.calls.messages import Party
from rid_telephony.errors import InputError
from rid_telephony.evaluation.decisions import HEADS, Decision, by_head, decisions
from rid_telephony.evaluation.fact_scores import fact_scores
from rid_telephony.evaluation.metrics import (
    LabelScore,
    calibration_error,
    label_scores,
    macro_f1,
    micro_f1,
    total,
)
from rid_telephony.evaluation.records import AgentRecord, CustomerRecord, read_records
from rid_telephony.rid.messages import (
    AGENT_ACTS,
    COMPLIANCE_LABELS,
    CUSTOMER_ACTS,
    EMOTIONS,
    OBJECTIONS,
    TOPICS,
    AgentSignals,
    CustomerSignals,
)
from rid_telephony.rid.signals import Request, SignalDetector
from rid_telephony.speech.messages import Utterance

CUSTOMER_FILE = "customer.jsonl"
AGENT_FILE = "agent.jsonl"


@dataclass(frozen=True, slots=True)
class Figure:
    """One score.

    Attributes:
        name: What is scored and how, such as ``objection macro-F1``.
        group: ``all``, ``clean`` or ``asr_noise``.
        value: 0..1.
        trivial: What the trivial detector reaches; None where it means nothing.
        count: Utterances behind it.
    """

    name: str
    group: str
    value: float
    trivial: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """All scores of a directory.

    Attributes:
        labels: Signal to label to its score, over all utterances.
        decisions: Every labelled choice beside the one that was made.
    """

    figures: tuple[Figure, ...]
    labels: dict[str, dict[str, LabelScore]]
    decisions: tuple[Decision, ...]

    def value(self, name: str, group: str = "all") -> float:
        """A figure by name and group.

        Raises:
            KeyError: There is none.
        """
        for figure in self.figures:
            if (figure.name, figure.group) == (name, group):
                return figure.value
        raise KeyError(f"{name} ({group})")


CustomerPair = tuple[CustomerRecord, CustomerSignals]
AgentPair = tuple[AgentRecord, AgentSignals]


def score_utterances(detector: SignalDetector, directory: Path) -> Report:
    """Analyse every labelled utterance of a directory and compare.

    Raises:
        InputError: There is nothing to score, or a record breaks its format.
    """
    customers, agents = load_labelled(directory)
    customer_pairs = [
        (record, signals)
        for record, signals in zip(
            customers, _analyse(detector, Party.CUSTOMER, customers), strict=True
        )
        if isinstance(signals, CustomerSignals)
    ]
    agent_pairs = [
        (record, signals)
        for record, signals in zip(agents, _analyse(detector, Party.AGENT, agents), strict=True)
        if isinstance(signals, AgentSignals)
    ]
    return report(customer_pairs, agent_pairs)


def load_labelled(
    directory: Path,
) -> tuple[tuple[CustomerRecord, ...], tuple[AgentRecord, ...]]:
    """Labelled utterances of customers and agents.

    Raises:
        InputError: Both files are missing, or a record breaks its format.
    """
    customer, agent = directory / CUSTOMER_FILE, directory / AGENT_FILE
    if not customer.exists() and not agent.exists():
        raise InputError(f"{directory} holds neither {CUSTOMER_FILE} nor {AGENT_FILE}.")
    return (
        tuple(one for _, one in read_records(customer, CustomerRecord))
        if customer.exists()
        else (),
        tuple(one for _, one in read_records(agent, AgentRecord)) if agent.exists() else (),
    )


def report(customers: Sequence[CustomerPair], agents: Sequence[AgentPair]) -> Report:
    """Scores of what was found against what is labelled; pure."""
    figures: list[Figure] = []
    for group, wanted in (("all", None), ("clean", False), ("asr_noise", True)):
        chosen = [one for one in customers if wanted is None or one[0].asr_noise is wanted]
        spoken = [one for one in agents if wanted is None or one[0].asr_noise is wanted]
        figures += _customer_figures(group, chosen) if chosen else []
        figures += _agent_figures(group, spoken) if spoken else []
    made = decisions(customers, agents)
    return Report(tuple(figures), _label_tables(customers, agents, made), made)


def _customer_figures(group: str, pairs: Sequence[CustomerPair]) -> list[Figure]:
    plain = [(record, signals) for record, signals in pairs if record.objection == "none"]
    gold = [record.objection for record, _ in pairs]
    found = [signals.objection.label for _, signals in pairs]
    topics = [record.topics for record, _ in pairs]
    facts = fact_scores([r.facts for r, _ in pairs], [s.facts for _, s in pairs])
    error = calibration_error(
        [signals.objection.confidence for _, signals in pairs],
        [one == other for one, other in zip(gold, found, strict=True)],
    )
    return [
        _macro("objection macro-F1", group, gold, found, OBJECTIONS),
        Figure("objection ECE", group, error, None, len(pairs)),
        _macro(
            "emotion macro-F1",
            group,
            [record.emotion for record, _ in pairs],
            [signals.emotion.label for _, signals in pairs],
            EMOTIONS,
        ),
        _macro(
            "act macro-F1",
            group,
            [record.act for record, _ in plain],
            [signals.act.label for _, signals in plain],
            CUSTOMER_ACTS,
        ),
        Figure(
            "topics micro-F1",
            group,
            micro_f1(topics, [signals.topics for _, signals in pairs], TOPICS),
            _trivial_micro(topics, TOPICS),
            len(pairs),
        ),
        Figure("facts micro-F1", group, total(facts).f1, 0.0, len(pairs)),
    ]


def _agent_figures(group: str, pairs: Sequence[AgentPair]) -> list[Figure]:
    gold = [record.compliance for record, _ in pairs]
    found = [{finding.label for finding in signals.findings} for _, signals in pairs]
    clean = [labels for record, labels in zip(gold, found, strict=True) if not record]
    return [
        _macro(
            "agent act macro-F1",
            group,
            [record.act for record, _ in pairs],
            [signals.act.label for _, signals in pairs],
            AGENT_ACTS,
        ),
        Figure(
            "compliance micro-F1",
            group,
            micro_f1(gold, found, COMPLIANCE_LABELS),
            _trivial_micro(gold, COMPLIANCE_LABELS),
            len(pairs),
        ),
        Figure(
            "compliance false alarms",
            group,
            sum(map(bool, clean)) / len(clean) if clean else 0.0,
            None,
            len(clean),
        ),
    ]


def _label_tables(
    customers: Sequence[CustomerPair], agents: Sequence[AgentPair], made: Sequence[Decision]
) -> dict[str, dict[str, LabelScore]]:
    chosen = {
        head: label_scores([[one.gold] for one in own], [[one.found] for one in own], HEADS[head])
        for head, own in by_head(made).items()
    }
    return {
        **chosen,
        "topics": label_scores(
            [r.topics for r, _ in customers], [s.topics for _, s in customers], TOPICS
        ),
        "facts": fact_scores([r.facts for r, _ in customers], [s.facts for _, s in customers]),
        "compliance": label_scores(
            [r.compliance for r, _ in agents],
            [{finding.label for finding in s.findings} for _, s in agents],
            COMPLIANCE_LABELS,
        ),
    }


def _macro(
    name: str, group: str, gold: Sequence[str], found: Sequence[str], labels: Sequence[str]
) -> Figure:
    present = [label for label in labels if label in set(gold)]
    usual = Counter(gold).most_common(1)[0][0] if gold else ""
    trivial = macro_f1(gold, [usual] * len(gold), present)
    return Figure(name, group, macro_f1(gold, found, present), trivial, len(gold))


def _trivial_micro(gold: Sequence[Sequence[str]], labels: Sequence[str]) -> float:
    counts = Counter(label for one in gold for label in one)
    if not counts:
        return 0.0
    usual = counts.most_common(1)[0][0]
    return micro_f1(gold, [[usual]] * len(gold), labels)


def requests_of(directory: Path) -> list[Request]:
    """Every labelled utterance as the detector takes it, customers first.

    Raises:
        InputError: There are none, or a record breaks its format.
    """
    customers, agents = load_labelled(directory)
    return [*_requests(Party.CUSTOMER, customers), *_requests(Party.AGENT, agents)]


def _requests(
    party: Party, records: Sequence[CustomerRecord] | Sequence[AgentRecord]
) -> list[Request]:
    return [
        Request(
            Utterance("labelled", record.id, party, 0.0, float(len(record.text)) / 4, record.text),
            record.context,
        )
        for record in records
    ]


def _analyse(
    detector: SignalDetector,
    party: Party,
    records: Sequence[CustomerRecord] | Sequence[AgentRecord],
) -> list[CustomerSignals | AgentSignals]:
    return detector.detect_many(_requests(party, records))
