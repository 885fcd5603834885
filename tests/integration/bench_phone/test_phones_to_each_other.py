"""Two telephones call each other on loopback, without a PBX.

If one of these fails, what the live tests say of a PBX cannot be trusted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest

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
from rid_telephony.media.g711 import G711Law, decode_g711, encode_g711

Pair = tuple[Phone, Phone]


@asynccontextmanager
async def _pair(*laws: G711Law) -> AsyncIterator[Pair]:
    """A caller whose server is the other telephone, and that one; both law lists alike."""
    taken = laws or (G711Law.PCMU,)
    async with (
        Phone("bob", ("127.0.0.1", 9), laws=taken, keep_audio=True) as bob,
        Phone("alice", bob.address, laws=taken, keep_audio=True) as alice,
    ):
        yield alice, bob


def _run(script: Callable[[Phone, Phone], Awaitable[None]], *laws: G711Law) -> None:
    async def whole() -> None:
        async with asyncio.timeout(30), _pair(*laws) as (alice, bob):
            await script(alice, bob)

    asyncio.run(whole())


async def _talking(alice: Phone, bob: Phone) -> tuple[Call, Call]:
    mine = alice.call("bob")
    theirs = await bob.next_call()
    await mine.answered()
    await theirs.answered()
    return mine, theirs


def _lines(call: Call) -> list[str]:
    return [("> " if step.sent else "< ") + step.line for step in call.trail]


@pytest.mark.parametrize("law", list(G711Law))
def test_audio_arrives_complete_and_unchanged(law: G711Law) -> None:
    rng = np.random.default_rng(1)
    samples = rng.integers(-8000, 8000, 8000).astype(np.int16)
    coded = decode_g711(law, encode_g711(law, samples))

    async def script(alice: Phone, bob: Phone) -> None:
        mine, theirs = await _talking(alice, bob)
        theirs.play(Speech(samples))
        await asyncio.sleep(1.5)
        await mine.hang_up()
        await theirs.ended()
        heard = mine.media.heard()
        begin = int(np.flatnonzero(np.abs(heard) > 8)[0]) // 160 * 160
        assert np.array_equal(heard[begin : begin + len(coded)], coded)
        report = mine.report()
        assert report.lost == report.duplicates == report.reordered == 0
        assert report.sources == 1
        # The packet that is due when we hang up may go out before they know of it.
        assert theirs.media.sent - report.packets in {0, 1}

    _run(script, law)


def test_a_call_has_the_messages_of_the_standard_and_both_ends_know_who_hung_up() -> None:
    async def script(alice: Phone, bob: Phone) -> None:
        mine, theirs = await _talking(alice, bob)
        await theirs.hang_up()
        await mine.ended()
        assert _lines(mine) == [
            "> INVITE",
            "< 180 INVITE",
            "< 200 INVITE",
            "> ACK",
            "< BYE",
            "> 200 BYE",
        ]
        assert (mine.ended_by, theirs.ended_by) == ("them", "us")

    _run(script)


def test_a_caller_who_gives_up_while_it_rings_leaves_no_call_behind() -> None:
    async def script(alice: Phone, bob: Phone) -> None:
        bob.on_incoming = Ring()
        mine = alice.call("bob")
        theirs = await bob.next_call()
        await mine.ringing()
        await mine.hang_up()
        await theirs.ended()
        assert mine.status == theirs.status == 487
        assert _lines(theirs)[-4:] == ["< CANCEL", "> 200 CANCEL", "> 487 INVITE", "< ACK"]

    _run(script)


def test_a_caller_who_gives_up_at_once_cancels_as_soon_as_that_is_allowed() -> None:
    async def script(alice: Phone, bob: Phone) -> None:
        bob.on_incoming = Ring()
        mine = alice.call("bob")
        await mine.hang_up()
        assert mine.state is CallState.ENDED
        assert mine.status == 487

    _run(script)


@pytest.mark.parametrize("status", [486, 603])
def test_a_refusal_is_told_by_its_status(status: int) -> None:
    async def script(alice: Phone, bob: Phone) -> None:
        bob.on_incoming = Reject(status)
        with pytest.raises(CallFailedError) as caught:
            await alice.call("bob").answered()
        assert caught.value.status == status

    _run(script)


def test_a_script_may_let_it_ring_and_refuse_later() -> None:
    async def script(alice: Phone, bob: Phone) -> None:
        bob.on_incoming = Ring()
        mine = alice.call("bob")
        theirs = await bob.next_call()
        await mine.ringing()
        theirs.reject(480)
        with pytest.raises(CallFailedError) as caught:
            await mine.answered()
        assert caught.value.status == 480

    _run(script)


@pytest.mark.parametrize("holder", ["caller", "called"])
def test_while_one_side_holds_neither_sends_and_afterwards_both_do(holder: str) -> None:
    async def script(alice: Phone, bob: Phone) -> None:
        mine, theirs = await _talking(alice, bob)
        holding, held = (mine, theirs) if holder == "caller" else (theirs, mine)
        await holding.hold()
        await held.held()
        assert not holding.held_by_them
        await asyncio.sleep(0.1)
        sent = mine.media.sent, theirs.media.sent
        await asyncio.sleep(0.2)
        assert (mine.media.sent, theirs.media.sent) == sent
        await holding.unhold()
        await held.held(False)
        await asyncio.sleep(0.2)
        assert mine.media.sent > sent[0]
        assert theirs.media.sent > sent[1]
        assert held.report().lost == 0

    _run(script)


def test_chinese_of_several_lines_arrives_by_message_in_a_call_and_outside_of_one() -> None:
    text = "【异议】收益低\n先认同，再讲期限：「您说得对……」"

    async def script(alice: Phone, bob: Phone) -> None:
        await alice.send_message("bob", text)
        mine, theirs = await _talking(alice, bob)
        await mine.message(text)
        got = await bob.received(2)
        assert [message.text for message in got] == [text, text]
        assert [message.call_id for message in got] == ["", theirs.call_id]
        assert got[0].at < got[1].at

    _run(script)


def test_a_telephone_that_vanished_is_a_call_without_an_answer_not_a_hang() -> None:
    async def script(alice: Phone, bob: Phone) -> None:
        bob.drop()
        with pytest.raises(CallFailedError) as caught:
            await alice.call("bob", ring_timeout=0.3).answered()
        assert caught.value.status == 408

    _run(script)


def test_a_lost_first_answer_is_repeated_until_it_is_acknowledged() -> None:
    async def script(alice: Phone, bob: Phone) -> None:
        bob.on_incoming = Answer(0.05)
        take = alice._socket.datagram_received
        lost: list[bytes] = []

        def lossy(data: bytes, addr: tuple[str, int]) -> None:
            if b"CSeq: 1 INVITE" in data and data.startswith(b"SIP/2.0 200") and not lost:
                lost.append(data)
                return
            take(data, addr)

        alice._socket.datagram_received = lossy  # type: ignore[method-assign]  # the line's fault
        mine, _ = await _talking(alice, bob)
        assert lost
        assert mine.state is CallState.ANSWERED

    _run(script)


def test_garbage_on_the_sip_port_is_counted_and_the_telephone_goes_on() -> None:
    async def script(alice: Phone, bob: Phone) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=bob.address
        )
        for data in (b"\xff\xfe", b"INVITE", b"SIP/2.0 abc\r\n\r\n", b"INVITE x SIP/2.0\r\n\r\n"):
            transport.sendto(data)
        transport.close()
        mine, _ = await _talking(alice, bob)
        assert bob._socket.malformed >= 3
        await mine.hang_up()

    _run(script)
