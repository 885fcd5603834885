"""Whatever a recogniser and a classifier bring, the profile stays within its bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from profile_replay import utterance

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.rid.messages import (
    AGE_STAGES,
    AGENT_ACTS,
    COMPLIANCE_LABELS,
    CUSTOMER_ACTS,
    EMOTIONS,
    OBJECTIONS,
    STATES,
    TOPICS,
    AgentSignals,
    Choice,
    CustomerSignals,
    Facts,
    Finding,
    Signals,
)
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.messages import Gauge, Profile
from rid_telephony.rid.profile.observations import EVENTS, FAMILY, HOLDINGS, LIABILITIES
from rid_telephony.rid.profile.relationship import step
from rid_telephony.rid.profile.tracker import ProfileTracker
from rid_telephony.settings.rid import RidSettings
from rid_telephony.speech.messages import Prosody, Utterance

MODEL = load_profile_model(RidSettings())
WORDS = (
    "好的谢谢你",
    "再打我投诉",
    "多少钱",
    "哈哈我跟你讲上次那个朋友",
    "管理费怎么算",
    "滚",
    "不需要",
    "嗯",
)


@st.composite
def choices(draw: st.DrawFn, labels: tuple[str, ...]) -> Choice:
    weights = draw(st.lists(st.floats(0.01, 1), min_size=len(labels), max_size=len(labels)))
    total = sum(weights)
    shares = {label: weight / total for label, weight in zip(labels, weights, strict=True)}
    return Choice(max(shares, key=lambda label: shares[label]), shares)


def some(labels: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(labels), max_size=4).map(tuple)


FACTS = st.builds(
    Facts,
    age=st.none() | st.integers(0, 120),
    age_stage=st.sampled_from(("", *AGE_STAGES)),
    occupation=st.sampled_from(["", "农民", "程序员", "退休"]),
    income_monthly_cny=st.none() | st.floats(0, 1e9),
    amount_cny=st.none() | st.floats(0, 1e9) | st.just(math.nan),
    holdings=some(HOLDINGS),
    liabilities=some(LIABILITIES),
    family=some(FAMILY),
    event=some(EVENTS),
    risk_attitude=st.sampled_from(["", "averse", "moderate", "seeking"]),
)
CUSTOMERS = st.builds(
    CustomerSignals,
    objection=choices(OBJECTIONS),
    emotion=choices(EMOTIONS),
    act=choices(CUSTOMER_ACTS),
    topics=st.dictionaries(st.sampled_from(TOPICS), st.floats(0, 1), max_size=4),
    facts=FACTS,
    valence=st.floats(-1, 1) | st.just(math.nan),
    arousal=st.floats(0, 1) | st.just(math.nan),
)
FINDINGS = st.builds(
    Finding,
    rule=st.just("model"),
    label=st.sampled_from(COMPLIANCE_LABELS),
    severity=st.just("major"),
    confidence=st.floats(0, 1),
    quote=st.just(""),
    span=st.just((0, 0)),
)
AGENTS = st.builds(
    AgentSignals, act=choices(AGENT_ACTS), findings=st.lists(FINDINGS, max_size=3).map(tuple)
)
PROSODY = st.none() | st.builds(
    Prosody,
    rate_sps=st.none() | st.floats(0, 12),
    rate_delta=st.none() | st.floats(0.2, 3),
    pitch_range_st=st.none() | st.floats(0, 24),
    loudness_delta_db=st.none() | st.floats(-30, 30),
    response_gap=st.none() | st.floats(-2, 30),
    interrupted=st.booleans(),
)
TURN = st.tuples(
    st.sampled_from(WORDS) | st.text(min_size=1, max_size=60),
    CUSTOMERS | AGENTS,
    PROSODY,
    st.sampled_from([1.0, 0.6, 0.1]),
)
CONTEXTS = st.builds(
    CustomerContext,
    age=st.none() | st.integers(0, 120),
    occupation=st.sampled_from(["", "医生", "打工"]),
    holdings=some(HOLDINGS),
    risk_level=st.none() | st.integers(1, 5),
    tenure_years=st.none() | st.floats(0, 80),
    past_calls=st.none() | st.integers(0, 1000),
    do_not_call=st.booleans(),
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[CustomerContext, list[tuple[Utterance, Signals]]]:
    turns = []
    for number, (text, signals, prosody, confidence) in enumerate(
        draw(st.lists(TURN, min_size=1, max_size=25))
    ):
        party = Party.AGENT if isinstance(signals, AgentSignals) else Party.CUSTOMER
        words = utterance(text, party, number, confidence=confidence, prosody=prosody)
        turns.append((words, signals))
    return draw(CONTEXTS), turns


def profiles(call: tuple[CustomerContext, list[tuple[Utterance, Signals]]]) -> list[Profile]:
    context, turns = call
    tracker = ProfileTracker(MODEL, context)
    return [tracker.profile, *(tracker.hear(words, signals) for words, signals in turns)]


@settings(max_examples=60, deadline=None)
@given(calls())
def test_no_input_takes_a_number_out_of_its_bounds(call: Any) -> None:
    rules = MODEL.data.relationship
    limits = MODEL.data.influence.evidence
    for profile in profiles(call):
        relationship = profile.relationship
        assert relationship.stage == step(relationship.score.value, rules.stages)
        assert relationship.gate == step(relationship.score.value, rules.gates)
        for gauge in gauges(profile):
            assert 0 <= gauge.value <= 100
            assert -100 <= gauge.trend <= 100
            assert len(gauge.evidence) <= limits.kept
            for one in gauge.evidence:
                assert math.isfinite(one.delta)
                assert len(one.quote) <= MODEL.data.hearing.max_quote
        assert profile.state.label in STATES
        assert 0 <= profile.state.complaint_risk <= 1
        assert 0 <= profile.state.churn_risk <= 1
        assert len(profile.state.evidence) <= 2 * limits.kept + MODEL.data.state.kept
        mood = profile.influence.mood
        assert -1 <= mood.valence <= 1
        assert 0 <= mood.arousal <= 1
        assert abs(sum(profile.influence.style.posterior.values()) - 1) < 1e-9
        assert abs(sum(profile.demand.strata.values()) - 1) < 1e-9
        assert all(0 <= need.weight < 1 for need in profile.demand.needs)
        assert len(profile.demand.facts.holdings) <= len(HOLDINGS)


@settings(max_examples=60, deadline=None)
@given(calls())
def test_the_state_does_not_flicker(call: Any) -> None:
    """Between two changes lie at least ``dwell`` customer utterances, anger's coming excepted."""
    dwell, lasted, before = MODEL.data.state.dwell, MODEL.data.state.dwell, "neutral"
    turns = 0
    for profile in profiles(call):
        lasted += profile.customer_turns - turns
        turns = profile.customer_turns
        now = profile.state.label
        if now != before:
            assert now == "angry" or lasted >= dwell
            lasted = 0
        before = now


@settings(max_examples=30, deadline=None)
@given(calls())
def test_the_same_input_gives_the_same_profile(call: Any) -> None:
    assert repr(profiles(call)) == repr(profiles(call))


@settings(max_examples=40, deadline=None)
@given(calls())
def test_every_move_of_a_number_is_explained_by_its_evidence(call: Any) -> None:
    context, turns = call
    tracker = ProfileTracker(MODEL, context)
    for words, signals in turns:
        before = tracker.profile
        after = tracker.hear(words, signals)
        for old, new in zip(gauges(before), gauges(after), strict=True):
            latest = [one for one in new.evidence if one.utterance_id == words.utterance_id]
            told = sum(one.delta for one in latest)
            assert abs(told - (new.value - old.value)) < 1e-6


def gauges(profile: Profile) -> Iterator[Gauge]:
    influence = profile.influence
    yield profile.relationship.score
    yield influence.satisfaction
    yield influence.trust
    yield influence.purchase_intent
    yield from influence.factors.values()
