"""Events for the measurement: kinds, shares and sizes of the demo call's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from rid_telephony.cti import events

_WORDS = "我觉得这个产品的风险还是有一点高，能不能先给我介绍一下保本的理财？"
_LABELS = ("risk", "price", "trust", "timing", "need", "authority", "none")


def endless() -> Iterator[tuple[str, events.EventData]]:
    """Types and data of what a call says, over and over."""
    for turn in count():
        at_ms, utterance = turn * 4000, f"u{turn}"
        for step in (6, 18):
            yield "utterance.partial", _partial(at_ms, utterance, step)
        yield "utterance.final", _final(at_ms, utterance)
        yield "signals.detected", _signals(at_ms, utterance)
        if turn % 2 == 0:
            yield "rid.relationship.updated", _relationship(at_ms, utterance)
            yield "rid.influence.updated", _influence(at_ms, utterance)
        if turn % 8 == 0:
            yield "rid.demand.updated", _demand(at_ms, utterance)
        if turn % 3 == 0:
            yield "hint.expired", _expired(at_ms, turn)


def _partial(at_ms: int, utterance: str, length: int) -> events.UtterancePartial:
    return events.UtterancePartial(
        at_ms=at_ms,
        utterance_id=utterance,
        role="customer",
        begin_ms=at_ms,
        end_ms=at_ms + 900,
        text=_WORDS[:length],
        confidence=0.71,
    )


def _final(at_ms: int, utterance: str) -> events.UtteranceFinal:
    return events.UtteranceFinal(
        at_ms=at_ms,
        utterance_id=utterance,
        role="customer",
        begin_ms=at_ms,
        end_ms=at_ms + 3100,
        text=_WORDS,
        confidence=0.8312,
        prosody=None,
    )


def _signals(at_ms: int, utterance: str) -> events.SignalsDetected:
    choice = _choice("risk")
    return events.SignalsDetected(
        at_ms=at_ms,
        utterance_id=utterance,
        role="customer",
        objection=choice,
        emotion=choice,
        act=choice,
        topics={"wealth": 0.9123, "deposit": 0.4211},
        facts={},
        valence=-0.2,
        arousal=0.4,
        findings=[],
    )


def _relationship(at_ms: int, utterance: str) -> events.RelationshipUpdated:
    return events.RelationshipUpdated(
        at_ms=at_ms, score=_gauge(utterance, 2), stage="contact", gate="probe"
    )


def _influence(at_ms: int, utterance: str) -> events.InfluenceUpdated:
    gauge = _gauge(utterance, 3)
    return events.InfluenceUpdated(
        at_ms=at_ms,
        style=events.StyleData(label="", probability=0.4, posterior=_shares(), evidence=[]),
        mood=events.MoodData(emotion="worried", valence=-0.2, arousal=0.4, valence_trend=-0.1),
        objections=[],
        factors={"authority": gauge, "scarcity": gauge},
        satisfaction=gauge,
        trust=gauge,
        purchase_intent=gauge,
    )


def _demand(at_ms: int, utterance: str) -> events.DemandUpdated:
    ranked = [
        events.RankedData(label=label, weight=0.5, evidence=_evidence(utterance, 1))
        for label in _LABELS
    ]
    return events.DemandUpdated(
        at_ms=at_ms,
        stratum="middle",
        strata=_shares(),
        stratum_evidence=_evidence(utterance, 2),
        age_stage="settled",
        needs=ranked,
        products=[],
        facts={},
    )


def _expired(at_ms: int, turn: int) -> events.HintTouched:
    return events.HintTouched(at_ms=at_ms, hint_id=f"h{turn}", reason="timeout", by="")


def _gauge(utterance: str, moves: int) -> events.GaugeData:
    return events.GaugeData(value=51.5, trend=-1.5, evidence=_evidence(utterance, moves), start=50)


def _evidence(utterance: str, moves: int) -> list[events.EvidenceData]:
    return [
        events.EvidenceData(
            utterance_id=utterance, quote=_WORDS[:16], signal="objection.risk", delta=-1.5
        )
    ] * moves


def _choice(label: str) -> events.ChoiceData:
    return events.ChoiceData(label=label, probability=0.7312, probabilities=_shares())


def _shares() -> dict[str, float]:
    return dict.fromkeys(_LABELS, 0.1429)
