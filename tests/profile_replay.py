"""Replays labelled dialogues through the profile with the labels as sure signals.

The labels give objection, emotion and act with probability 1. Topics, and facts where a dialogue
has none, are read roughly by a few words, in place of the real extractor: what is tested here is
the profile alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.evaluation.dialogue_scores import CallView
from rid_telephony.rid.messages import (
    AGENT_ACTS,
    CUSTOMER_ACTS,
    EMOTIONS,
    OBJECTIONS,
    AgentSignals,
    Choice,
    CustomerSignals,
    Facts,
    Finding,
    Signals,
)
from rid_telephony.rid.profile.messages import Profile
from rid_telephony.rid.profile.model import ProfileModel
from rid_telephony.rid.profile.tracker import ProfileTracker
from rid_telephony.speech.messages import Prosody, Utterance

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "dialogues"

FEELING = {
    "neutral": (0.0, 0.2),
    "pleased": (0.7, 0.5),
    "anxious": (-0.4, 0.5),
    "impatient": (-0.4, 0.6),
    "angry": (-0.9, 0.9),
    "disappointed": (-0.5, 0.3),
}
"""Emotion to valence and arousal."""

TOPIC_WORDS = {
    "yield": ("收益", "利息", "利率", "个点", "基准", "赚"),
    "risk": ("风险", "亏", "保本", "安全", "稳", "跌"),
    "term": ("期限", "半年", "三年", "一年", "到期", "锁"),
    "liquidity": ("赎回", "随取", "取出", "到账", "急用", "周转"),
    "fee": ("手续费", "管理费", "费率"),
    "education": ("学费", "上学", "教育", "幼儿园", "高考"),
    "housing": ("房贷", "买房", "首付", "看房"),
    "retirement": ("养老", "退休"),
    "health": ("看病", "住院", "身体"),
}
FACT_WORDS = {
    "family": {
        "spouse": ("老公", "老婆", "爱人", "媳妇", "老伴"),
        "child": ("孩子", "儿子", "女儿", "娃"),
        "elderly_parents": ("我爸", "我妈", "爸妈"),
    },
    "liabilities": {"mortgage": ("房贷", "月供")},
    "event": {"deposit_maturing": ("到期",), "child_school": ("学费", "高考")},
    "holdings": {"stock": ("炒股",), "insurance": ("保单",)},
}


def dialogues(name: str) -> list[dict[str, Any]]:
    """The dialogues of a fixture."""
    lines = (FIXTURES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def sure(label: str, labels: tuple[str, ...], probability: float = 1.0) -> Choice:
    """A choice in which the other labels share what ``label`` leaves."""
    rest = (1.0 - probability) / (len(labels) - 1)
    return Choice(label, {one: probability if one == label else rest for one in labels})


def customer_signals(
    objection: str = "none",
    emotion: str = "neutral",
    act: str = "inform",
    *,
    facts: Facts | None = None,
    topics: dict[str, float] | None = None,
    probability: float = 1.0,
) -> CustomerSignals:
    """Signals of a customer utterance, all with the same probability."""
    valence, arousal = FEELING[emotion]
    return CustomerSignals(
        objection=sure(objection, OBJECTIONS, probability),
        emotion=sure(emotion, EMOTIONS, probability),
        act=sure(act, CUSTOMER_ACTS, probability),
        topics=topics or {},
        facts=facts or Facts(),
        valence=valence,
        arousal=arousal,
    )


def agent_signals(act: str = "present", compliance: tuple[str, ...] = ()) -> AgentSignals:
    """Signals of an agent utterance."""
    findings = tuple(Finding("model", label, "major", 1.0, "", (0, 0)) for label in compliance)
    return AgentSignals(sure(act, AGENT_ACTS), findings)


def utterance(
    text: str,
    party: Party = Party.CUSTOMER,
    number: int = 0,
    *,
    confidence: float = 1.0,
    prosody: Prosody | None = None,
) -> Utterance:
    """An utterance of four characters a second, ten seconds after the one before."""
    begin = 10.0 * number
    end = begin + max(1, len(text)) / 4
    return Utterance("call", f"u{number}", party, begin, end, text, confidence, prosody)


def heard(dialogue: dict[str, Any]) -> Iterator[tuple[Utterance, Signals]]:
    """Utterances with their signals."""
    for number, turn in enumerate(dialogue["turns"]):
        text = turn["text"]
        if turn["speaker"] == "agent":
            signals: Signals = agent_signals(turn["act"], tuple(turn["compliance"]))
            yield utterance(text, Party.AGENT, number), signals
            continue
        facts = Facts(**_tuples(turn["facts"])) if "facts" in turn else rough_facts(text)
        signals = customer_signals(
            turn["objection"], turn["emotion"], turn["act"], facts=facts, topics=rough_topics(text)
        )
        yield utterance(text, Party.CUSTOMER, number), signals


def replay(model: ProfileModel, dialogue: dict[str, Any]) -> list[tuple[Utterance, Profile]]:
    """The profile after every utterance."""
    crm = _tuples(dialogue["crm"])
    tracker = ProfileTracker(model, CustomerContext(**crm))
    return [(one, tracker.hear(one, signals)) for one, signals in heard(dialogue)]


def profiled(model: ProfileModel, dialogue: dict[str, Any]) -> CallView:
    """The call as the profile sees it."""
    steps = replay(model, dialogue)
    last = steps[-1][1]
    level = model.data.state.risk_level
    return CallView(
        relationship=tuple(
            profile.relationship.score.value
            for one, profile in steps
            if one.party is Party.CUSTOMER
        ),
        style=last.influence.style.label,
        stratum=last.demand.stratum,
        age_stage=last.demand.age_stage,
        needs=tuple(need.label for need in last.demand.needs),
        satisfaction=last.influence.satisfaction.value,
        trust=last.influence.trust.value,
        purchase_intent=last.influence.purchase_intent.value,
        complaint_risk=level(last.state.complaint_risk),
        churn_risk=level(last.state.churn_risk),
    )


def labelled(dialogue: dict[str, Any]) -> CallView:
    """The call as labelled."""
    call = dict(dialogue["call"])
    call.pop("outcome")
    call["needs"] = tuple(call["needs"])
    turns = (turn for turn in dialogue["turns"] if turn["speaker"] == "customer")
    return CallView(relationship=tuple(turn["relationship"] for turn in turns), **call)


def rough_topics(text: str) -> dict[str, float]:
    """Topics by a few words."""
    return {
        topic: 1.0 for topic, words in TOPIC_WORDS.items() if any(word in text for word in words)
    }


def rough_facts(text: str) -> Facts:
    """Facts by a few words."""
    found = {
        field: tuple(label for label, words in table.items() if any(word in text for word in words))
        for field, table in FACT_WORDS.items()
    }
    return Facts(**found)


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
