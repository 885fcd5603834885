"""Forks by SIP, over real sockets: what nobody should send, and too much of it."""

from __future__ import annotations

import asyncio
import random
import re

import numpy as np
import pytest
from fork_listening import HOST, Sink, until
from sip_fork_stage import LEGS, FreeSwitch, audio, expected, on_stage
from sip_kit import Speaker, header, status, torture

from rid_telephony.errors import RidTelephonyError
from rid_telephony.media.sipfork import SipForkListener
from rid_telephony.media.sipforkleg import Timers
from rid_telephony.settings.forks import ForkSettings


def test_a_leg_without_an_ack_is_given_up() -> None:
    async def scene(listener: SipForkListener, sink: Sink) -> None:
        call = await FreeSwitch.call(LEGS[0], await expected(listener))
        call.ok = await call.sip.ask(call.invite, call.there)
        await call.talk(3)
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.ends == [(LEGS[0].fork_id, "reset")]
        assert await call.heard_bye()
        await until(lambda: listener.legs == 0)  # though its BYE is never answered

    on_stage(scene)


def test_audio_counts_only_from_the_address_of_the_offer_and_after_the_invite() -> None:
    """Anybody can send UDP to our port; words must not be put into a customer's mouth."""

    async def scene(listener: SipForkListener, sink: Sink) -> None:
        call = await FreeSwitch.call(LEGS[0], await expected(listener))
        first = listener._settings.rtp_ports[0]
        for port in range(first, first + 12, 2):
            call.rtp.say(LEGS[0].packets[0][1], (HOST, port))
        await until(lambda: listener.counters.turned_away["foreign_source"] == 1)
        await call.answered()
        stranger = await Speaker.at()
        for _, data in LEGS[1].packets[:5]:
            stranger.say(data, call.media)
        await until(lambda: listener.counters.turned_away["foreign_source"] == 6)
        assert sink.opens == []
        await call.talk(10)
        await sink.until(lambda sink: len(sink.heard(LEGS[0].fork_id)) == 1600)
        assert np.array_equal(sink.heard(LEGS[0].fork_id), audio(LEGS[0].packets[:10]))

    on_stage(scene)


def test_what_no_fork_waits_for_is_refused() -> None:
    async def scene(listener: SipForkListener, sink: Sink) -> None:
        call = await FreeSwitch.call(LEGS[0], await expected(listener))
        nameless = re.sub(rb"X-RID-UUID: .*\r\n", b"", call.invite)
        unknown = call.invite.replace(b"X-RID-UUID: ", b"X-RID-UUID: 0")
        no_codec = call.invite.replace(b"RTP/AVP 0 8 ", b"RTP/AVP 9 18")
        no_sdp = call.invite.replace(b"application/sdp", b"text/plain")
        asked = [nameless, unknown, no_codec, no_sdp, call.leg.bye, call.leg.ack]
        asked.append(call.invite.replace(b"INVITE", b"CANCEL"))
        for data in asked:
            call.sip.say(data, call.there)
        codes = [status(await call.sip.next()) for _ in range(6)]
        assert codes == [403, 404, 488, 415, 481, 481]
        assert listener.legs == 0
        await call.answered()
        other = await FreeSwitch.call(LEGS[0], call.there)
        second = other.invite.replace(b"Call-ID: ", b"Call-ID: 1")
        assert status(await other.sip.ask(second, call.there)) == 486
        options = call.invite.replace(b"INVITE", b"OPTIONS")
        assert status(await other.sip.ask(options, call.there)) == 200
        assert sink.ends == []

    on_stage(scene)


def test_nobody_but_the_pbx_gets_an_answer() -> None:
    async def scene(listener: SipForkListener, _sink: Sink) -> None:
        there = await expected(listener)
        stranger = await Speaker.at("127.0.0.2")
        stranger.say(LEGS[0].invite, there)
        stranger.say(b"OPTIONS sip:x SIP/2.0\r\n\r\n", there)
        await until(lambda: listener.counters.turned_away["foreign_peer"] == 2)
        assert stranger.heard.empty()
        assert listener.legs == 0

    on_stage(scene)


def test_legs_that_never_answer_a_bye_are_bounded() -> None:
    """A PBX that is gone must not make us collect legs without end."""

    async def scene(listener: SipForkListener, _sink: Sink) -> None:
        sip = await Speaker.at()
        for number in range(8):
            there = await listener.expect(f"f{number}")
            invite = re.sub(rb"X-RID-UUID: [^\r]*", b"X-RID-UUID: f%d" % number, LEGS[0].invite)
            sip.say(invite.replace(b"Call-ID: ", b"Call-ID: %d" % number), (there.host, there.port))
            await sip.next()
            listener.drop(f"f{number}")
            assert listener.legs == min(number + 1, 4)

    on_stage(scene, max_forks=2, timers=Timers())


def test_torture_and_damage_disturb_no_call() -> None:
    """What must not be answered is not; what follows is heard."""

    async def scene(listener: SipForkListener, sink: Sink) -> None:
        call = await (await FreeSwitch.call(LEGS[0], await expected(listener))).answered()
        hostile = await Speaker.at()
        answers = {}
        for name, data in torture().items():
            hostile.say(data, call.there)
            probe = LEGS[1].invite.replace(b"INVITE", b"OPTIONS")
            hostile.say(probe, call.there)
            first = await hostile.next()
            if header(first, "Call-ID") != header(probe, "Call-ID"):
                answers[name] = status(first)
                await hostile.next()
        silent = {"unreason", "noreason", "scalarlg", "bigcode", "insuf", "bcast"}
        assert torture().keys() - answers.keys() == silent
        assert answers["wsinv"] == 481  # it claims to be of a dialog
        assert {answers[name] for name in ("esc01", "longreq", "sdp01", "inv2543")} == {403}
        assert {answers[name] for name in ("lwsdisp", "zeromf", "transports")} == {200}

        chance = random.Random(4475)  # noqa: S311 - damage, not secrets
        ours = [call.tagged(data) for data in (call.invite, LEGS[0].ack, LEGS[0].bye)]
        for data in [*torture().values(), *ours] * 40:
            damaged = bytearray(data)
            for _ in range(chance.randrange(1, 6)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            # Not over the socket: an exception must reach this test.
            listener.datagram_received(bytes(damaged), (hostile.host, hostile.port))
        assert listener.legs <= 1

        listener.drop(LEGS[0].fork_id)
        call = await (await FreeSwitch.call(LEGS[1], await expected(listener, LEGS[1]))).answered()
        await call.talk(10)
        await sink.until(lambda sink: len(sink.heard(LEGS[1].fork_id)) == 1600)

    on_stage(scene)


def test_an_ack_is_never_answered_however_damaged() -> None:
    async def scene(listener: SipForkListener, _sink: Sink) -> None:
        there = await expected(listener)
        speaker = await Speaker.at()
        chance = random.Random(3261)  # noqa: S311 - damage, not secrets
        head, _, rest = LEGS[0].ack.partition(b"\r\n")
        for _ in range(400):
            damaged = bytearray(rest)
            for _ in range(3):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            speaker.say(head + b"\r\n" + bytes(damaged), there)
            await asyncio.sleep(0)
        probe = LEGS[1].invite.replace(b"INVITE", b"OPTIONS")
        assert header(await speaker.ask(probe, there), "Call-ID") == header(probe, "Call-ID")

    on_stage(scene)


def test_an_address_that_cannot_be_bound_is_named() -> None:
    listener = SipForkListener(ForkSettings(listen="192.0.2.1"), Sink(), None)
    with pytest.raises(RidTelephonyError, match=r"192\.0\.2\.1"):
        asyncio.run(listener.start())


def test_forks_are_bounded_and_a_name_is_given_once() -> None:
    async def scene(listener: SipForkListener, _sink: Sink) -> None:
        await listener.expect("a")
        with pytest.raises(RidTelephonyError, match="there already"):
            await listener.expect("a")
        await listener.expect("b")
        with pytest.raises(RidTelephonyError, match="max_forks"):
            await listener.expect("c")

    on_stage(scene, max_forks=2)
