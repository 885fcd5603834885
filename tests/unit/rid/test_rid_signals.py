"""The detector's door: who gets which signals, and what poor recognition may not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rid_books import (
    Letters,
    compliance,
    cues,
    emotion_book,
    fact_reader,
    must_say,
    repair,
    topic_finder,
)

from rid_telephony.calls.messages import Party
from rid_telephony.rid.classifier import ClassifierConfig, Head, SignalClassifier
from rid_telephony.rid.emotion import EmotionFusion
from rid_telephony.rid.encoder import TextEncoder
from rid_telephony.rid.features import FORMAT
from rid_telephony.rid.messages import (
    AGENT_ACTS,
    COMPLIANCE_LABELS,
    CUSTOMER_ACTS,
    EMOTIONS,
    OBJECTIONS,
    TOPICS,
    AgentSignals,
    CustomerSignals,
    Facts,
)
from rid_telephony.rid.signals import DetectorParts, Request, SignalDetector
from rid_telephony.speech.messages import Utterance

HEADS = {
    "customer.objection": OBJECTIONS,
    "customer.emotion": EMOTIONS,
    "customer.act": CUSTOMER_ACTS,
    "customer.topics": TOPICS,
    "agent.act": AGENT_ACTS,
    "agent.compliance": COMPLIANCE_LABELS,
}


class LastLabel:
    """A graph that is sure of the last label of every head, as counting reader and as encoder."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def run(self, output_names: Sequence[str] | None, input_feed: Mapping[str, Any]) -> list[Any]:
        count = len(input_feed["ids"])
        self.batches.append(count)
        rows = []
        for name in output_names or ():
            row = np.zeros((count, len(HEADS[name])), np.float32)
            row[:, -1] = 30.0
            rows.append(row)
        return rows


def head(name: str, labels: tuple[str, ...]) -> Head:
    halves, zeros = (0.5,) * len(labels), (0.0,) * len(labels)
    weights = {"counted": halves, "understood": halves, "offsets": zeros}
    if name.endswith(("topics", "compliance")):
        limits = dict.fromkeys(labels, 0.6)
        return Head(name=name, kind="any", labels=labels, thresholds=limits, **weights)
    return Head(name=name, kind="one", labels=labels, fallback=labels[0], **weights)


def detector(session: LastLabel, min_confidence: float = 0.35) -> SignalDetector:
    heads = tuple(head(name, labels) for name, labels in HEADS.items())
    config = ClassifierConfig(
        version="1", feature_format=FORMAT, features=2, lexicon={}, heads=heads
    )
    parts = DetectorParts(
        repair=repair(),
        cues=cues(),
        classifier=SignalClassifier(session, config, [], TextEncoder(session, Letters())),
        facts=fact_reader(),
        topics=topic_finder(),
        compliance=compliance(),
        must_say=must_say(),
        emotion=EmotionFusion(emotion_book()),
    )
    return SignalDetector(parts, min_confidence)


def utterance(text: str, party: Party = Party.CUSTOMER, confidence: float = 1.0) -> Utterance:
    return Utterance("c1", "u1", party, 0.0, 2.0, text, confidence)


def test_a_customer_gets_customer_signals_and_an_agent_agent_signals() -> None:
    one = detector(LastLabel())
    customer = one.detect(utterance("我今年五十三了，申购费多少"))
    agent = one.detect(utterance("这款保本的", Party.AGENT))
    assert isinstance(customer, CustomerSignals)
    assert customer.objection.label == OBJECTIONS[-1]
    assert customer.facts.age == 53
    assert "fee" in customer.topics
    assert isinstance(agent, AgentSignals)
    assert [finding.label for finding in agent.findings] == ["guarantee"]


def test_words_that_were_badly_heard_raise_no_objection_and_state_no_facts() -> None:
    signals = detector(LastLabel()).detect(utterance("我今年五十三了", confidence=0.2))
    assert isinstance(signals, CustomerSignals)
    assert signals.objection.label == "none"
    assert signals.facts == Facts()
    assert signals.topics == {}


def test_many_utterances_come_back_in_their_order_and_go_through_the_graph_in_batches() -> None:
    session = LastLabel()
    requests = [
        Request(utterance(f"第{n}句", Party.AGENT if n % 3 == 0 else Party.CUSTOMER))
        for n in range(200)
    ]
    results = detector(session).detect_many(requests)
    assert [isinstance(one, AgentSignals) for one in results] == [n % 3 == 0 for n in range(200)]
    assert max(session.batches) <= 64
    assert sum(session.batches) == 2 * 200


def test_one_by_one_and_all_at_once_give_the_same() -> None:
    one = detector(LastLabel())
    requests = [Request(utterance(text), "您看怎么样") for text in ("太低了", "我再想想", "嗯")]
    together = one.detect_many(requests)
    assert together == [one.detect(each.utterance, each.context) for each in requests]


def test_a_known_risk_level_reaches_the_rules() -> None:
    signals = detector(LastLabel()).detect(utterance("这款R5的给您", Party.AGENT), "", 2)
    assert isinstance(signals, AgentSignals)
    assert "unsuitable" in {finding.label for finding in signals.findings}


def test_what_an_agent_said_of_the_duties_is_told() -> None:
    assert "recording_notice" in detector(LastLabel()).detect_said("本次通话全程录音")
