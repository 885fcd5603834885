"""Every way in which a call comes about, with real phones on a real Asterisk.

What a user loses when one fails: a call that is missing, stuck or under the wrong agent on the
feed, or that is not listened to.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from live_kit.stage import BOTH, IN, OUT, Act, Stage, say

from rid_telephony.bench.phone import Phone, Reject, Ring


def test_an_inbound_call_starts_when_the_agent_answers(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        agent.on_incoming = Ring()
        call = customer.call("1001")
        await call.ringing()
        (await agent.next_call()).answer()
        await call.answered()
        answered = datetime.now(UTC)
        await act.hears(*IN)
        await act.forked(*BOTH)
        started = act.feed("call.started")[0]
        assert abs(datetime.fromisoformat(started["time"]) - answered) < timedelta(seconds=1)
        parties = {p["role"]: (p["number"], p["name"]) for p in started["data"]["parties"]}
        assert parties == {
            "customer": ("＊＊＊＊＊＊＊＊＊01", "陈＊"),
            "agent": ("1001", "客户经理周敏"),
        }
        await call.hang_up()
        await act.hears(*IN, "ended normal by customer")

    stage.play(story, "customer", "1001")


def test_a_call_that_the_agent_ends_says_so(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        await customer.call("1001").answered()
        await act.forked(*BOTH)
        await (await agent.next_call()).hang_up()
        await act.hears(*IN, "ended normal by agent")

    stage.play(story, "customer", "1001")


def test_a_queued_call_belongs_to_the_member_who_answers(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone, busy: Phone) -> None:
        busy.on_incoming = Reject(486)
        call = customer.call("800")
        await agent.next_call()
        await act.hears(*IN)
        await act.forked(*BOTH)
        await call.hang_up()
        await act.hears(*IN, "ended normal by customer")

    stage.play(story, "customer", "1001", "1002")


def test_a_member_who_logged_in_by_telephone_gets_the_call_of_the_dynamic_queue(
    stage: Stage,
) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        await agent.call("*51").ended()
        call = customer.call("801")
        leg = await agent.next_call()
        await act.hears("started inbound agent 1003", "answered")
        await act.forked("agent 1003", "customer customer")
        await leg.hang_up()
        await act.hears("started inbound agent 1003", "answered", "ended normal by agent")
        await call.ended()
        await agent.call("*52").ended()

    stage.play(story, "customer", "1003")


def test_an_outbound_call_that_rings_the_agent_first_starts_with_the_customer(
    stage: Stage,
) -> None:
    async def story(act: Act, customer: Phone, _: Phone) -> None:
        customer.on_incoming = Ring()
        _originate(stage, "PJSIP/1001", "rid-example-outbound-agent", "913900000001")
        leg = await customer.next_call()
        assert act.feed() == []
        leg.answer()
        await act.hears(*OUT)
        await act.forked("agent 1001", "customer trunk")
        assert act.feed("call.started")[0]["data"]["customer_id"] == "C1"
        await leg.hang_up()
        await act.hears(*OUT, "ended normal by customer")

    stage.play(story, "customer", "1001")


def test_an_outbound_call_that_rings_the_customer_first_starts_with_the_agent(
    stage: Stage,
) -> None:
    async def story(act: Act, _: Phone, agent: Phone) -> None:
        agent.on_incoming = Ring()
        channel = "PJSIP/13900000001@trunk"
        _originate(stage, channel, "rid-example-outbound-customer", "1001")
        leg = await agent.next_call()
        assert act.feed() == []
        leg.answer()
        await act.hears(*OUT)
        await act.forked("agent 1001", "customer trunk")
        await leg.hang_up()
        await act.hears(*OUT, "ended normal by agent")

    stage.play(story, "customer", "1001")


def test_an_agent_who_dials_a_customer_is_the_agent(stage: Stage) -> None:
    async def story(act: Act, _: Phone, agent: Phone) -> None:
        call = agent.call("913900000001")
        await call.answered()
        await act.hears(*OUT)
        await act.forked("agent 1001", "customer trunk")
        await call.hang_up()
        await act.hears(*OUT, "ended normal by agent")

    stage.play(story, "customer", "1001")


def test_hold_is_told_with_who_holds_and_ends_with_unhold(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        call = customer.call("1001")
        leg = await agent.next_call()
        await call.answered()
        forks = await act.forked(*BOTH)
        await leg.hold()
        await act.hears(*IN, "held by agent")
        assert await act.forked(*BOTH) == forks
        await leg.unhold()
        await act.hears(*IN, "held by agent", "retrieved by agent")
        await call.hold()
        held = (*IN, "held by agent", "retrieved by agent", "held by customer")
        await act.hears(*held)
        await call.unhold()
        await act.hears(*held, "retrieved by customer")
        assert await act.forked(*BOTH) == forks
        await call.hang_up()

    stage.play(story, "customer", "1001")


def test_what_the_customer_says_while_on_hold_is_not_written_down(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        call = customer.call("1001")
        leg = await agent.next_call()
        await act.forked(*BOTH)
        await leg.hold()
        await act.hears(*IN, "held by agent")
        await say(call, "你的任务关我屁事")
        await leg.unhold()
        await act.hears(*IN, "held by agent", "retrieved by agent")
        await say(call, "行了，我对这个没兴趣")
        heard = await act.words("customer")
        assert "我对这个" in heard["data"]["text"]
        assert "任务" not in act.said("customer")
        await call.hang_up()

    stage.play(story, "customer", "1001")


def test_nothing_is_heard_in_the_ivr_before_the_agent(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        agent.on_incoming = Ring()
        call = customer.call("700")
        await call.answered()
        leg = await agent.next_call()
        assert (act.feed(), act.forks()) == ([], {})
        leg.answer()
        await act.hears(*IN)
        await act.forked(*BOTH)
        await call.hang_up()
        await act.hears(*IN, "ended normal by customer")

    stage.play(story, "customer", "1001")


def test_two_calls_at_once_are_two_calls(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, other: Phone, *_: Phone) -> None:
        one = customer.call("1001")
        await one.answered()
        await act.hears(*IN)
        two = other.call("1003")
        await two.answered()
        await act.forked(*BOTH, "agent 1003", "customer custalaw")
        await one.hang_up()
        await act.hears(*IN, "ended normal by customer")
        await act.forked("agent 1003", "customer custalaw")
        await two.hang_up()
        theirs = ("started inbound agent 1003", "answered", "ended normal by customer")
        await act.hears(*theirs, call=1)

    stage.play(story, "customer", "custalaw", "1001", "1003")


def _originate(stage: Stage, channel: str, context: str, number: str) -> None:
    reply = stage.pbx.ami.action(
        "Originate", Channel=channel, Context=context, Exten=number, Priority="1",
        Async="true", Variable="RID_CUSTOMER_ID=C1",
    )  # fmt: skip
    assert reply["Response"] == "Success", reply
