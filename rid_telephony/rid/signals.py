"""Signals of an utterance: classifier and rules behind one door. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rid_telephony.calls.messages import Party
from rid_telephony.rid.classifier import Row, SignalClassifier
from rid_telephony.rid.compliance import ComplianceDetector, MustSay
from rid_telephony.rid.emotion import EmotionFusion
from rid_telephony.rid.encoder import Passage
from rid_telephony.rid.facts import FactReader
from rid_telephony.rid.features import features
from rid_telephony.rid.lexicon import Cues
from rid_telephony.rid.messages import (
    OBJECTIONS,
    AgentSignals,
    Choice,
    CustomerSignals,
    Facts,
    Signals,
)
from rid_telephony.rid.text import Heard, TermRepair, hear
from rid_telephony.rid.topics import TopicFinder
from rid_telephony.speech.messages import Utterance

CUSTOMER_HEADS = ("customer.objection", "customer.emotion", "customer.act", "customer.topics")
AGENT_HEADS = ("agent.act", "agent.compliance")
BATCH = 64
"""Utterances that go through the classifier at once."""

_UNHEARD = Choice("none", {label: float(label == "none") for label in OBJECTIONS})


@dataclass(frozen=True, slots=True)
class Request:
    """An utterance to be analysed, and what is needed to understand it.

    Attributes:
        context: The other party's last utterance; empty if there was none.
        customer_risk_level: 1..5 for C1 to C5, where known.
    """

    utterance: Utterance
    context: str = ""
    customer_risk_level: int | None = None


@dataclass(frozen=True, slots=True)
class DetectorParts:
    """What a detector is put together from; see :mod:`rid_telephony.rid.loading`."""

    repair: TermRepair
    cues: Cues
    classifier: SignalClassifier
    facts: FactReader
    topics: TopicFinder
    compliance: ComplianceDetector
    must_say: MustSay
    emotion: EmotionFusion


@dataclass(frozen=True, slots=True)
class _Prepared:
    request: Request
    heard: Heard
    context: Heard
    features: dict[str, float] = field(repr=False)

    @property
    def passage(self) -> Passage:
        """The utterance as the encoder reads it."""
        return Passage(self.heard.text, self.context.text, self.request.utterance.party)


class SignalDetector:
    """Says what an utterance signals. Stateless; may be shared by calls and threads.

    Args:
        parts: Classifier and rules.
        min_text_confidence: Customer words recognised with less give no objection, no topics
            and no facts; nor does an utterance without any word.
    """

    def __init__(self, parts: DetectorParts, min_text_confidence: float = 0.0) -> None:
        self._parts = parts
        self._min_confidence = min_text_confidence

    @property
    def name(self) -> str:
        """Name and version of the classifier, for the record of a call."""
        return f"signals-{self._parts.classifier.version}"

    @property
    def must_say(self) -> MustSay:
        """What agents have to say, with deadlines."""
        return self._parts.must_say

    def detect(
        self, utterance: Utterance, context: str = "", customer_risk_level: int | None = None
    ) -> Signals:
        """Signals of one utterance; see :class:`Request`."""
        return self.detect_many([Request(utterance, context, customer_risk_level)])[0]

    def detect_many(self, requests: Sequence[Request]) -> list[Signals]:
        """Signals of several utterances, in their order; faster than one by one."""
        results: dict[int, Signals] = {}
        for party, heads in ((Party.CUSTOMER, CUSTOMER_HEADS), (Party.AGENT, AGENT_HEADS)):
            numbers = [n for n, one in enumerate(requests) if one.utterance.party is party]
            for begin in range(0, len(numbers), BATCH):
                chosen = numbers[begin : begin + BATCH]
                prepared = [self._prepare(requests[number]) for number in chosen]
                rows = self._parts.classifier.probabilities(
                    [one.features for one in prepared], [one.passage for one in prepared], heads
                )
                for number, one, row in zip(chosen, prepared, rows, strict=True):
                    join = self._customer if party is Party.CUSTOMER else self._agent
                    results[number] = join(one, row)
        return [results[number] for number in range(len(requests))]

    def detect_said(self, text: str) -> tuple[str, ...]:
        """Ids of the must-say items that an agent's words contain."""
        return self._parts.must_say.said(hear(text, self._parts.repair), hear(""))

    def _prepare(self, request: Request) -> _Prepared:
        parts = self._parts
        heard = hear(request.utterance.text, parts.repair)
        context = hear(request.context, parts.repair)
        names = features(heard, context, parts.cues, request.utterance.party.value)
        return _Prepared(request, heard, context, names)

    def _customer(self, one: _Prepared, row: dict[str, Row]) -> CustomerSignals:
        classifier, utterance = self._parts.classifier, one.request.utterance
        affect = self._parts.emotion.fuse(
            classifier.choice("customer.emotion", row["customer.emotion"]),
            utterance.confidence,
            utterance.prosody,
            utterance.end - utterance.begin,
        )
        clear = utterance.confidence >= self._min_confidence and has_words(one.heard.text)
        objection = classifier.choice("customer.objection", row["customer.objection"])
        return CustomerSignals(
            objection=objection if clear else _UNHEARD,
            emotion=affect.emotion,
            act=fitting_act(
                classifier.choice("customer.act", row["customer.act"]), objection.label
            ),
            topics=self._topics(one, row["customer.topics"]) if clear else {},
            facts=self._parts.facts.read(one.heard, one.context) if clear else Facts(),
            valence=affect.valence,
            arousal=affect.arousal,
        )

    def _topics(self, one: _Prepared, row: Row) -> dict[str, float]:
        head = self._parts.classifier.heads["customer.topics"]
        listed = self._parts.classifier.each("customer.topics", row)
        joined = self._parts.topics.joined(one.heard, one.context, listed)
        return {topic: p for topic, p in joined.items() if p >= head.thresholds[topic]}

    def _agent(self, one: _Prepared, row: dict[str, Row]) -> AgentSignals:
        classifier = self._parts.classifier
        findings = self._parts.compliance.detect(
            one.heard,
            one.context,
            classifier.each("agent.compliance", row["agent.compliance"]),
            one.request.customer_risk_level,
        )
        return AgentSignals(act=classifier.choice("agent.act", row["agent.act"]), findings=findings)


def has_words(text: str) -> bool:
    """True if there is anything but punctuation in a text."""
    return any(character.isalnum() for character in text)


def fitting_act(act: Choice, objection: str) -> Choice:
    """The dialogue act that fits the objection found (boundary decision 8 of the labels).

    Without an objection the act is none of ``objection``; with one it is ``objection``, or
    ``complaint`` for an accusation, or ``closing``. Probabilities of the others are shared out.
    """
    if objection == "none":
        allowed = set(act.probabilities) - {"objection"}
    else:
        allowed = {"objection", "closing"} | ({"complaint"} if objection == "accusation" else set())
    total = sum(act.probabilities[label] for label in allowed)
    if total <= 0:
        return act
    probabilities = {
        label: value / total if label in allowed else 0.0
        for label, value in act.probabilities.items()
    }
    return Choice(max(probabilities, key=probabilities.__getitem__), probabilities)
