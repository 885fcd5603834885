"""Whatever is said, in whatever order: no selling in anger, nothing above the gate, one hint."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from profile_replay import customer_signals
from strategy_builders import FUND, STOCK_FUND, Call, finding, playbook, profile

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.rid.messages import (
    AGENT_ACTS,
    COMPLIANCE_LABELS,
    CUSTOMER_ACTS,
    EMOTIONS,
    OBJECTIONS,
    STAGES,
    STATES,
    STYLES,
    TOPICS,
    Facts,
)
from rid_telephony.rid.profile.messages import AgentConduct, Profile
from rid_telephony.strategy.messages import HintExpired, HintOffered, SupervisorAlert
from rid_telephony.strategy.texts import MAX_LINE
from rid_telephony.strategy.vocabulary import GATES

INFO = playbook().about.strategies
TEXTS = (
    "嗯",
    "我要投诉你们",
    "你慢点说",
    "直接说重点",
    "资料发我",
    "我去网点",
    "科技成长股票基金",
    "滚",
)

facts = st.builds(
    Facts,
    age=st.sampled_from([None, 30, 70]),
    amount_cny=st.sampled_from([None, 50_000.0]),
    family=st.sampled_from([(), ("child",)]),
    event=st.sampled_from([(), ("bonus",)]),
    callback_time=st.sampled_from(["", "周三"]),
    risk_attitude=st.sampled_from(["", "averse"]),
)
profiles = st.builds(
    profile,
    st.sampled_from(STAGES),
    style=st.sampled_from(["", *STYLES]),
    state=st.sampled_from(STATES),
    objections=st.dictionaries(st.sampled_from(OBJECTIONS[1:]), st.integers(1, 4), max_size=3),
    needs=st.sampled_from([(), ("growth", "preservation")]),
    products=st.sampled_from([(), (FUND, STOCK_FUND), (STOCK_FUND,)]),
    facts=facts,
    refusals=st.integers(0, 3),
    no_contact=st.sampled_from([0, 0, 0, 1, 2]),
    turns=st.integers(0, 9),
    conduct=st.builds(AgentConduct, talk_share=st.floats(0, 1), interruptions=st.integers(0, 4)),
    purchase_intent=st.floats(0, 100),
)
customer_turns = st.tuples(
    st.just(Party.CUSTOMER),
    st.builds(
        customer_signals,
        st.sampled_from(OBJECTIONS),
        st.sampled_from(EMOTIONS),
        st.sampled_from(CUSTOMER_ACTS),
        facts=facts,
        topics=st.dictionaries(st.sampled_from(TOPICS), st.floats(0.3, 1), max_size=2),
        probability=st.sampled_from([0.4, 0.7, 1.0]),
    ),
)
agent_turns = st.tuples(
    st.just(Party.AGENT),
    st.tuples(
        st.sampled_from(AGENT_ACTS),
        st.lists(st.builds(finding, st.sampled_from(COMPLIANCE_LABELS)), max_size=2),
    ),
)
turns = st.lists(
    st.tuples(
        st.one_of(customer_turns, customer_turns, agent_turns),
        st.sampled_from(TEXTS),
        profiles,
        st.floats(0.5, 20),
    ),
    max_size=12,
)
contexts = st.builds(
    CustomerContext,
    age=st.sampled_from([None, 70]),
    risk_level=st.sampled_from([None, 2]),
    do_not_call=st.sampled_from([False, False, True]),
)


def speak(call: Call, spoken: tuple[Party, Any], text: str, now: Profile, after: float) -> Any:
    party, said = spoken
    if party is Party.CUSTOMER:
        return call.hear(party, text, said, now, after)
    act, found = said
    return call.agent(text, now, act, *found, after=after)


@settings(max_examples=150, deadline=None)
@given(contexts, turns)
def test_whatever_is_said_the_promises_to_agent_and_customer_hold(
    context: CustomerContext, script: list[Any]
) -> None:
    call = Call(context=context)
    angry = False
    live: set[str] = set()
    ids: list[str] = []
    alerts: list[str] = []
    for spoken, text, now, after in script:
        if spoken[0] is Party.CUSTOMER:
            signals = spoken[1]
            angry = now.state.label == "angry" or signals.emotion.label == "angry"
        for item in (*call.wait(after / 2), *speak(call, spoken, text, now, after / 2)):
            if isinstance(item, SupervisorAlert):
                alerts.append(item.kind)
            if isinstance(item, HintExpired):
                live.remove(item.hint_id)
            if not isinstance(item, HintOffered):
                continue
            hint = item.hint
            info = INFO[hint.strategy]
            assert not live, "two live hints"
            live.add(hint.hint_id)
            ids.append(hint.hint_id)
            assert GATES.index(info.gate) <= GATES.index(now.relationship.gate)
            assert not (angry and info.selling), hint
            assert not ((context.do_not_call or now.do_not_call_requests) and info.selling), hint
            assert 0 < len(hint.line) <= MAX_LINE
            assert "{" not in hint.line + hint.script + hint.reason
            assert STOCK_FUND.name not in hint.script
            assert hint.reason
            assert hint.evidence
            assert hint.confidence >= 0.45
    live -= {item.hint_id for item in call.coach.finish(call.now + 1)}  # type: ignore[union-attr]  # only expiries
    assert not live
    assert ids == [f"call-h-{number:03d}" for number in range(1, len(ids) + 1)]
    assert len(alerts) == len(set(alerts))
    summary = call.coach.summarise(script[-1][2] if script else profile(), call.now + 1)
    assert sum(summary.hints.values()) == len(ids)


@settings(max_examples=30, deadline=None)
@given(turns)
def test_the_same_call_gives_the_same_advice(script: list[Any]) -> None:
    def advice() -> list[Any]:
        call = Call()
        for spoken, text, now, after in script:
            speak(call, spoken, text, now, after)
        return call.advice

    assert advice() == advice()
