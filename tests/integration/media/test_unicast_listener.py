"""Forks by RTP, over real sockets."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

import numpy as np
import pytest
from fork_listening import HOST, LEFT_OPEN, Sink, on_stage, until

from rid_telephony.errors import RidTelephonyError
from rid_telephony.media.forks import Destination
from rid_telephony.media.g711 import G711Law, decode_g711
from rid_telephony.media.unicast import UnicastListener
from rid_telephony.settings.forks import ForkSettings

TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype(np.int16)
PTIME = 0.02


def free_ports(count: int) -> tuple[int, int]:
    """A range of UDP ports nobody uses now, the first one even."""
    for first in range(22_600, 22_990, 2 * count):
        try:
            for port in range(first, first + 2 * count, 2):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind((HOST, port))
        except OSError:
            continue
        return first, first + 2 * count - 1
    raise OSError("no free UDP ports")


class Phone:
    """Sends as Asterisk's UnicastRTP channel does."""

    def __init__(self, there: Destination, kind: int = 10) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        LEFT_OPEN.append(self._socket.close)
        self._socket.connect((there.host, there.port))
        self._kind = kind

    def raw(self, data: bytes) -> None:
        with suppress(ConnectionRefusedError):  # the port was closed; Asterisk does not care
            self._socket.send(data)

    def packet(self, number: int) -> None:
        piece = TONE[number * 160 : number * 160 + 160]
        payload = piece.astype(">i2").tobytes() if self._kind == 10 else bytes([number]) * 160
        header = struct.pack("!BBHII", 0x80, self._kind, number + 65_530 & 0xFFFF, number * 160, 7)
        self.raw(header + payload)

    async def talk(self, numbers: range) -> None:
        for number in numbers:
            self.packet(number)
            await asyncio.sleep(PTIME)


def test_linear_rtp_is_heard_bit_for_bit_over_the_wrap_of_its_numbers() -> None:
    async def scene(listener: UnicastListener, sink: Sink) -> None:
        phone = Phone(await listener.expect("f"))
        await phone.talk(range(20))
        await sink.until(lambda sink: len(sink.heard("f")) == 20 * 160)
        assert sink.opens == ["f"]
        assert np.array_equal(sink.heard("f"), TONE[: 20 * 160])

    on_stage(UnicastListener, scene, rtp_ports=free_ports(4))


def test_companded_rtp_is_decoded() -> None:
    async def scene(listener: UnicastListener, sink: Sink) -> None:
        await Phone(await listener.expect("f"), kind=8).talk(range(8))
        await sink.until(lambda sink: len(sink.heard("f")) == 8 * 160)
        expected = decode_g711(G711Law.PCMA, b"".join(bytes([n]) * 160 for n in range(8)))
        assert np.array_equal(sink.heard("f"), expected)

    on_stage(UnicastListener, scene, rtp_ports=free_ports(4))


def test_a_lost_packet_is_concealed_and_one_out_of_order_put_right() -> None:
    async def scene(listener: UnicastListener, sink: Sink) -> None:
        phone = Phone(await listener.expect("f"))
        await phone.talk(range(8))
        phone.packet(9)
        phone.packet(8)
        await phone.talk(range(10, 14))
        await phone.talk(range(15, 25))
        await sink.until(lambda sink: len(sink.heard("f")) == 25 * 160)
        heard = sink.heard("f")
        assert np.array_equal(heard[: 14 * 160], TONE[: 14 * 160])
        assert np.array_equal(heard[15 * 160 :], TONE[15 * 160 : 25 * 160])

    on_stage(UnicastListener, scene, rtp_ports=free_ports(4))


def test_only_the_first_source_is_heard() -> None:
    """Anybody can send UDP to our port; words must not be put into a customer's mouth."""

    async def scene(listener: UnicastListener, sink: Sink) -> None:
        there = await listener.expect("f")
        phone, stranger = Phone(there), Phone(there, kind=0)
        await phone.talk(range(5))
        await stranger.talk(range(5))
        await phone.talk(range(5, 15))
        await sink.until(lambda sink: len(sink.heard("f")) == 15 * 160)
        assert np.array_equal(sink.heard("f"), TONE[: 15 * 160])
        assert listener.counters.turned_away == {"foreign_source": 5}

    on_stage(UnicastListener, scene, rtp_ports=free_ports(4))


def test_what_is_not_rtp_opens_nothing_and_is_counted() -> None:
    async def scene(listener: UnicastListener, sink: Sink) -> None:
        phone = Phone(await listener.expect("f"))
        for junk in (b"", b"\x80", b"hello, world", b"\x80\xc8" + bytes(26), b"\xbf" + bytes(30)):
            phone.raw(junk)
        await until(lambda: listener.counters.turned_away["not_rtp"] == 5)
        assert sink.opens == []

    on_stage(UnicastListener, scene, rtp_ports=free_ports(4))


def test_a_port_that_somebody_still_sends_to_is_not_given_to_a_fork() -> None:
    """A channel that outlived its fork would be heard in another customer's call."""
    ports = free_ports(3)

    async def scene(listener: UnicastListener, sink: Sink) -> None:
        old = await listener.expect("old")
        orphan = Phone(old, kind=0)
        talking = asyncio.create_task(orphan.talk(range(200)))
        await sink.until(lambda sink: "old" in sink.opens)
        listener.drop("old")
        others = [await listener.expect(f"f{number}") for number in range(2)]
        listener.drop("f0")
        again = await listener.expect("again")  # the orphan's port has its turn, and is passed by
        assert again.port != old.port
        assert again.port == others[0].port
        assert listener.counters.turned_away == {"port_in_use": 1}
        talking.cancel()

    on_stage(UnicastListener, scene, rtp_ports=ports)


def test_ports_are_bound_while_wanted_and_free_afterwards() -> None:
    ports = free_ports(2)

    async def scene(listener: UnicastListener, _sink: Sink) -> None:
        first = await listener.expect("a")
        second = await listener.expect("b")
        assert {first.port % 2, second.port % 2} == {0}
        with pytest.raises(RidTelephonyError, match="rtp_ports"):
            await listener.expect("c")
        listener.drop("a")
        await asyncio.sleep(0)
        assert (await listener.expect("c")).port == first.port

    on_stage(UnicastListener, scene, rtp_ports=ports)


def test_a_silent_fork_stalls_and_one_that_never_comes_is_said_so() -> None:
    async def scene(listener: UnicastListener, sink: Sink) -> None:
        await Phone(await listener.expect("talks")).talk(range(3))
        await listener.expect("silent")
        await sink.until(lambda sink: len(sink.ends) == 2)
        assert sorted(sink.ends) == [("silent", "never_came"), ("talks", "stalled")]
        assert len(sink.heard("talks")) == 3 * 160  # what was held back is not lost

    on_stage(UnicastListener, scene, rtp_ports=free_ports(4), stall_timeout=1.0, open_timeout=0.5)


def test_an_address_that_is_not_ours_is_named_at_the_start() -> None:
    listener = UnicastListener(ForkSettings(listen="192.0.2.1"), Sink())
    with pytest.raises(RidTelephonyError, match=r"192\.0\.2\.1"):
        asyncio.run(listener.start())
