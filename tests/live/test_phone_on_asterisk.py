"""Our telephone against a real Asterisk: what the other live tests drive their calls with."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterator

import numpy as np
import pytest
from live_kit import RealAsterisk

from rid_telephony.bench.phone import (
    Answer,
    Call,
    CallFailedError,
    CallState,
    Phone,
    Reject,
    Ring,
    Speech,
)

TONE = Speech((8000 * np.sin(np.arange(8000 * 20) / 10)).astype(np.int16))
SLOTS = {"customer": 0, "1001": 2, "1002": 3}
Script = Callable[[Phone, Phone, Phone], Awaitable[None]]


@pytest.fixture(scope="module")
def pbx() -> Iterator[RealAsterisk]:
    with RealAsterisk() as running:
        yield running


def _run(pbx: RealAsterisk, script: Script) -> None:
    """Give the script a customer's telephone and those of the agents 1001 and 1002."""

    def phone(user: str) -> Phone:
        port = pbx.ports.phone(SLOTS[user]).sip
        return Phone(user, ("127.0.0.1", pbx.ports.sip), sip_port=port, keep_audio=True)

    async def whole() -> None:
        async with (
            asyncio.timeout(60),
            phone("customer") as customer,
            phone("1001") as first,
            phone("1002") as second,
        ):
            await script(customer, first, second)

    asyncio.run(whole())


async def _connected(customer: Phone, agent: Phone, number: str) -> tuple[Call, Call]:
    call = customer.call(number)
    leg = await agent.next_call()
    await call.answered()
    await leg.answered()
    call.play(TONE)
    leg.play(TONE)
    return call, leg


async def _hears(call: Call) -> None:
    """The call gets audio now, without loss: at least half of what half a second holds."""
    since = asyncio.get_running_loop().time()
    await asyncio.sleep(0.5)
    report = call.report(since)
    assert report.packets >= 12
    assert report.lost == 0


def test_a_call_carries_audio_both_ways_without_loss(pbx: RealAsterisk) -> None:
    async def script(customer: Phone, first: Phone, _: Phone) -> None:
        call, leg = await _connected(customer, first, "1001")
        await asyncio.sleep(1.0)
        await call.hang_up()
        await leg.ended()
        assert leg.ended_by == "them"
        for side in (call, leg):
            assert side.report().lost == 0
            assert side.report().packets >= 40
            assert np.abs(side.media.heard()).max() > 6000

    _run(pbx, script)


def test_hold_from_either_side_and_back(pbx: RealAsterisk) -> None:
    async def script(customer: Phone, first: Phone, _: Phone) -> None:
        call, leg = await _connected(customer, first, "1001")
        for side, other in ((leg, call), (call, leg)):
            await side.hold()
            await _hears(other)  # music
            await side.unhold()
            # The PBX counts on while it keeps still: what it left out looks like loss.
            await _hears(side)
        await leg.hang_up()
        await call.ended()

    _run(pbx, script)


def test_a_queue_rings_an_agent(pbx: RealAsterisk) -> None:
    async def script(customer: Phone, first: Phone, second: Phone) -> None:
        call = customer.call("800")
        await call.answered()
        ringing = [asyncio.create_task(phone.next_call()) for phone in (first, second)]
        done, waiting = await asyncio.wait(ringing, return_when=asyncio.FIRST_COMPLETED)
        leg = done.pop().result()
        await leg.answered()
        leg.play(TONE)
        await _hears(call)
        for task in waiting:
            task.cancel()
        await call.hang_up()

    _run(pbx, script)


def test_a_blind_transfer_by_refer_takes_the_customer_to_the_other_agent(
    pbx: RealAsterisk,
) -> None:
    async def script(customer: Phone, first: Phone, second: Phone) -> None:
        call, leg = await _connected(customer, first, "1001")
        assert await leg.refer("1002") == 200
        target = await second.next_call()
        await target.answered()
        target.play(TONE)
        await _hears(call)
        await _hears(target)
        assert leg.state is CallState.ENDED
        await call.hang_up()
        await target.ended()
        assert call.report().lost == 0

    _run(pbx, script)


def test_an_attended_transfer_by_refer_with_replaces_connects_both_calls(
    pbx: RealAsterisk,
) -> None:
    async def script(customer: Phone, first: Phone, second: Phone) -> None:
        call, leg = await _connected(customer, first, "1001")
        await leg.hold()
        consultation, target = await _connected(first, second, "1002")
        assert await leg.refer_replaces(consultation) == 200
        await consultation.ended()
        await _hears(call)
        await _hears(target)
        await target.hang_up()
        await call.ended()
        assert call.report().lost == 0

    _run(pbx, script)


def test_a_customer_who_gives_up_while_it_rings_cancels_the_agents_call(
    pbx: RealAsterisk,
) -> None:
    async def script(customer: Phone, first: Phone, _: Phone) -> None:
        first.on_incoming = Ring()
        call = customer.call("1001")
        leg = await first.next_call()
        await call.ringing()
        await call.cancel()
        await leg.ended()
        assert call.status == leg.status == 487

    _run(pbx, script)


def test_a_busy_agent_is_busy_for_the_customer(pbx: RealAsterisk) -> None:
    async def script(customer: Phone, first: Phone, _: Phone) -> None:
        first.on_incoming = Reject(486)
        with pytest.raises(CallFailedError) as caught:
            await customer.call("1001").answered()
        assert caught.value.status == 486

    _run(pbx, script)


def test_a_registered_agent_gets_a_hint_by_message_with_its_chinese_intact(
    pbx: RealAsterisk,
) -> None:
    text = "【异议】收益低：先认同\n话术：「您说得对，我们看看期限」"

    async def script() -> None:
        async with (
            asyncio.timeout(30),
            Phone("2001", ("127.0.0.1", pbx.ports.sip), password="phone") as agent,  # noqa: S106
        ):
            agent.on_incoming = Answer()
            await agent.register()
            fields = {"To": "pjsip:2001", "From": "RID <sip:rid@localhost>"}
            body = base64.b64encode(text.encode()).decode()
            await asyncio.to_thread(pbx.ami.action, "MessageSend", **fields, Base64Body=body)
            (message,) = await agent.received(1)
            assert message.text == text

    asyncio.run(script())


def test_a_wrong_password_does_not_register(pbx: RealAsterisk) -> None:
    async def script() -> None:
        server = ("127.0.0.1", pbx.ports.sip)
        async with Phone("2001", server, password="wrong") as agent:  # noqa: S106
            with pytest.raises(CallFailedError) as caught:
                await agent.register()
            assert caught.value.status == 401

    asyncio.run(script())
