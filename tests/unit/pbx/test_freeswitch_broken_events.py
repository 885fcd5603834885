"""Events that lack their fields, contradict each other or come in no order hurt nobody."""

from __future__ import annotations

import pytest
from call_stories import assert_in_order
from esl_events import MARKED, Stage, bridge, came_in, esl_event
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.freeswitch.translate import EVENTS, Translator

CUSTOMER = came_in("c", **MARKED)


@pytest.mark.parametrize("name", sorted({*EVENTS, "CUSTOM"} - {"SHUTDOWN"}))
def test_an_event_without_its_fields_is_counted_and_harmless(name: str) -> None:
    translator = Translator()
    spoof = {"Event_Subclass": "callcenter::info", "CC_Action": "bridge-agent-start"}
    for uid in ("", "a b", "a\nb", "x" * 300):
        assert translator.translate(esl_event(name, uid, **spoof)) == []
    assert translator.counts["malformed"] == 4
    assert Translator().translate(EslEvent(name, 1.0, {}, "callcenter::other")) == []


def test_a_bridge_of_a_channel_with_itself_is_none() -> None:
    translator = Translator()
    assert translator.translate(bridge(CUSTOMER, CUSTOMER)) == []
    assert translator.counts["malformed"] == 1


UIDS = st.sampled_from(["c", "a", "l1", "l2", ""])
WORDS = st.sampled_from(["0", "1", "on", "off", "agent", "customer", "member", "originatee", "x"])
KEYS = [
    *["Other-Leg-Unique-ID", "variable_originator", "variable_bridge_to", "CC-Agent-UUID"],
    *["CC-Member-Session-UUID", "variable_other_loopback_leg_uuid"],
]
EVENT_LISTS = st.lists(
    st.builds(
        lambda name, uid, pair, ids, words, channel: EslEvent(
            name,
            1.0,
            {
                "Unique-ID": uid,
                "Bridge-A-Unique-ID": pair[0],
                "Bridge-B-Unique-ID": pair[1],
                "Channel-Name": channel,
                **ids,
                **words,
            },
            "callcenter::info",
        ),
        st.sampled_from([*EVENTS, "CUSTOM"]),
        UIDS,
        st.tuples(UIDS, UIDS),
        st.dictionaries(st.sampled_from(KEYS), UIDS, max_size=4),
        st.dictionaries(
            st.sampled_from(
                [
                    *["Call-Direction", "Caller-Channel-Answered-Time", "Other-Type"],
                    *["Other-Leg-Channel-Answered-Time", "variable_rid_assist"],
                    *["variable_rid_leg", "variable_cc_side", "variable_rid_fork", "CC-Action"],
                ]
            ),
            st.one_of(WORDS, st.sampled_from(["inbound", "outbound", "bridge-agent-start"])),
            max_size=5,
        ),
        st.sampled_from(["sofia/internal/1001@x", "loopback/1-a", "sofia/e/139@y", "null/1", ""]),
    ),
    max_size=40,
)


@given(EVENT_LISTS)
def test_no_order_of_events_raises_and_a_gone_channel_stays_gone(events: list[EslEvent]) -> None:
    stage = Stage()
    told = stage.play(*events)
    told += stage.play(*(esl_event("CHANNEL_DESTROY", uid, 9.0) for uid in ("c", "a", "l1", "l2")))
    assert_in_order(told)
    assert stage.book.calls == ()
