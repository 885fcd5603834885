"""Forks by SIP, over real sockets: what a FreeSWITCH sends, and another telephone."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import numpy as np
import pytest
from fork_listening import ENOUGH, Sink, until
from sip_fork_stage import FAST, LEGS, FreeSwitch, audio, expected, on_stage
from sip_kit import Speaker, header, status, to_tag

from rid_telephony.bench.phone import Phone, Speech
from rid_telephony.media.g711 import G711Law, decode_g711, encode_g711
from rid_telephony.media.sipfork import SipForkListener
from rid_telephony.media.sipforkleg import Timers


def test_both_recorded_legs_are_heard_bit_for_bit_at_once() -> None:
    """The audio of the two parties is all that the analysis has."""

    async def scene(listener: SipForkListener, sink: Sink) -> None:
        calls = []
        for leg in LEGS:
            there = await expected(listener, leg)
            calls.append(await (await FreeSwitch.call(leg, there)).answered())
        await asyncio.gather(*(call.talk(len(call.leg.packets)) for call in calls))
        for call in calls:
            fork_id, whole = call.leg.fork_id, audio(call.leg.packets)
            async with asyncio.timeout(ENOUGH):
                while len(sink.heard(fork_id)) < len(whole):
                    await asyncio.sleep(0.002)
            goodbye = await call.bye()
            assert status(goodbye) == 200
            assert header(goodbye, "Call-ID") == header(call.leg.bye, "Call-ID")
            assert np.array_equal(sink.heard(fork_id), whole)
        assert sink.opens == [leg.fork_id for leg in LEGS]
        assert sink.ends == [(leg.fork_id, "ended") for leg in LEGS]
        assert listener.counters.turned_away == {}

    on_stage(scene)


def test_what_is_held_back_when_the_call_ends_is_still_heard() -> None:
    async def scene(listener: SipForkListener, sink: Sink) -> None:
        call = await (await FreeSwitch.call(LEGS[0], await expected(listener))).answered()
        await call.talk(2)  # fewer than are needed to place them
        await sink.until(lambda sink: bool(sink.opens))
        await asyncio.sleep(0)
        await call.bye()
        assert len(sink.heard(LEGS[0].fork_id)) == 320
        assert sink.ends == [(LEGS[0].fork_id, "ended")]

    on_stage(scene)


def test_a_drop_says_bye_until_it_is_answered() -> None:
    async def scene(listener: SipForkListener, sink: Sink) -> None:
        call = await (await FreeSwitch.call(LEGS[0], await expected(listener))).answered()
        await call.talk(5)
        listener.drop(LEGS[0].fork_id)
        first, second = await call.heard_bye(), await call.heard_bye()
        assert first == second
        assert header(first, "From").endswith(header(call.ok, "To").rpartition(";")[2])
        call.accept_bye(first)
        await until(lambda: listener.legs == 0)
        assert sink.ends == []

    on_stage(scene)


def test_a_drop_before_the_ack_waits_with_its_bye() -> None:
    """A BYE before the ACK is against RFC 3261, section 15."""

    async def scene(listener: SipForkListener, _sink: Sink) -> None:
        call = await FreeSwitch.call(LEGS[0], await expected(listener))
        call.ok = await call.sip.ask(call.invite, call.there)
        listener.drop(LEGS[0].fork_id)
        assert await call.sip.next() == call.ok
        call.sip.say(call.tagged(LEGS[0].ack), call.there)
        call.accept_bye(await call.heard_bye())
        await until(lambda: listener.legs == 0)

    on_stage(scene)


def test_the_answer_is_repeated_until_its_ack_and_to_a_repeated_invite() -> None:
    async def scene(listener: SipForkListener, _sink: Sink) -> None:
        call = await FreeSwitch.call(LEGS[0], await expected(listener))
        call.ok = await call.sip.ask(call.invite, call.there)
        assert [await call.sip.next() for _ in range(3)] == [call.ok] * 3
        call.sip.say(call.tagged(LEGS[0].ack), call.there)
        await asyncio.sleep(2 * FAST.t2)
        while not call.sip.heard.empty():
            assert call.sip.heard.get_nowait() == call.ok
        assert await call.sip.ask(call.invite, call.there) == call.ok
        assert listener.legs == 1

    on_stage(scene)


def test_a_call_without_audio_never_came_and_is_hung_up() -> None:
    async def scene(listener: SipForkListener, sink: Sink) -> None:
        call = await (await FreeSwitch.call(LEGS[0], await expected(listener))).answered()
        call.accept_bye(await call.heard_bye())
        assert sink.ends == [(LEGS[0].fork_id, "never_came")]
        await until(lambda: listener.legs == 0)

    on_stage(scene, open_timeout=0.3)


def test_a_re_invite_moves_the_audio_and_a_bad_one_changes_nothing() -> None:
    async def scene(listener: SipForkListener, sink: Sink) -> None:
        call = await (await FreeSwitch.call(LEGS[0], await expected(listener))).answered()
        await call.talk(8)
        again = call.tagged(
            call.invite.replace(
                b"asr@127.0.0.1:16050>\r\nCall", b"asr@127.0.0.1:16050>;tag=x\r\nCall"
            )
        )
        again = again.replace(b"3096 INVITE", b"3097 INVITE").replace(
            b"branch=z9hG4bKe", b"branch=z9hG4bKf"
        )
        bad = again.replace(b"RTP/AVP 0 8 ", b"RTP/AVP 9 18")
        assert status(await call.sip.ask(bad, call.there)) == 488
        moved = await Speaker.at()
        port = call.rtp.port
        again = again.replace(b"audio %d" % port, b"audio %d" % moved.port)
        ok = await call.sip.ask(again, call.there)
        assert status(ok) == 200
        assert re.search(rb"m=audio (\d+)", ok)[1] == b"%d" % call.media[1]  # type: ignore[index]  # it is there
        assert to_tag(ok) == to_tag(call.ok)
        call.sip.say(call.tagged(LEGS[0].ack.replace(b"3096 ACK", b"3097 ACK")), call.there)
        call.rtp = moved
        await call.talk(8, begin=8)
        await sink.until(lambda sink: len(sink.heard(LEGS[0].fork_id)) == 16 * 160)
        assert np.array_equal(sink.heard(LEGS[0].fork_id), audio(LEGS[0].packets[:16]))
        old = again.replace(b"3097 INVITE", b"3095 INVITE")
        assert 500 in [status(await call.sip.ask(old, call.there)) for _ in range(2)]

    on_stage(scene)


def test_a_cancel_that_comes_too_late_is_accepted_and_changes_nothing() -> None:
    async def scene(listener: SipForkListener, _sink: Sink) -> None:
        call = await (await FreeSwitch.call(LEGS[0], await expected(listener))).answered()
        cancel = await call.sip.ask(call.invite.replace(b"INVITE", b"CANCEL"), call.there)
        assert status(cancel) == 200
        assert header(cancel, "To") == header(call.ok, "To")
        assert listener.legs == 1

    on_stage(scene)


def test_a_repeated_bye_is_answered_alike() -> None:
    async def scene(listener: SipForkListener, _sink: Sink) -> None:
        call = await (await FreeSwitch.call(LEGS[0], await expected(listener))).answered()
        assert await call.bye() == await call.bye()
        assert listener.counters.turned_away == {}

    on_stage(scene)


@pytest.mark.parametrize("ends", ["phone", "listener"])
def test_a_telephone_of_another_make_is_heard(ends: str) -> None:
    """The bench telephone has its own dialogs, timers and RTP."""
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype(np.int16)

    async def scene(listener: SipForkListener, sink: Sink) -> None:
        there = await expected(listener)
        async with Phone("pbx", there, laws=(G711Law.PCMA,)) as phone:
            plain = phone._line.request

            def named(dialog: Any, method: str) -> Any:
                request = plain(dialog, method)
                request.set_header("X-RID-UUID", LEGS[0].fork_id)
                return request

            phone._line.request = named  # type: ignore[method-assign]  # it cannot be told to
            call = phone.call("asr")
            await call.answered()
            call.play(Speech(tone))
            said = decode_g711(G711Law.PCMA, encode_g711(G711Law.PCMA, tone))
            await sink.until(lambda sink: len(sink.heard(LEGS[0].fork_id)) >= len(said) + 1600)
            heard = sink.heard(LEGS[0].fork_id)
            begin = int(np.argmax(np.abs(heard) > 100)) - int(np.argmax(np.abs(said) > 100))
            assert np.array_equal(heard[begin : begin + len(said)], said)
            if ends == "phone":
                await call.hang_up()
                await sink.until(lambda sink: bool(sink.ends))
                assert sink.ends == [(LEGS[0].fork_id, "ended")]
            else:
                listener.drop(LEGS[0].fork_id)
                await call.ended()
                assert call.ended_by == "them"
            await until(lambda: listener.legs == 0)

    on_stage(scene, timers=Timers())
