"""The AudioSocket server against good peers and bad ones, over real sockets."""

from __future__ import annotations

import socket
import struct
import uuid

import numpy as np
import pytest
from fork_dialling import FRAME, NAME, RECORDED, connect, is_shut, naming
from fork_listening import Sink, on_stage, until
from fork_recordings import audiosocket_audio, audiosocket_bytes

from rid_telephony.media import audiosocket
from rid_telephony.media.audiosocket import AudioSocketListener
from rid_telephony.media.audiosocketframes import FrameReader


def test_a_recorded_fork_is_heard_bit_for_bit_and_ends() -> None:
    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        _, writer = await connect(listener)
        for at in range(0, len(RECORDED), 1000):
            writer.write(RECORDED[at : at + 1000])
            await writer.drain()
        writer.close()
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.opens == [NAME]
        assert sink.ends == [(NAME, "ended")]
        assert np.array_equal(sink.heard(NAME), audiosocket_audio("pcma_zh_customer"))
        assert sink.arrivals[NAME] == sorted(sink.arrivals[NAME])

    on_stage(AudioSocketListener, scene)


def test_a_16_khz_fork_is_brought_to_the_lines_rate() -> None:
    wide = audiosocket_bytes("pcmu_en_slin16_customer")
    name = FrameReader().feed(wide)[0].fork_id

    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        _, writer = await connect(listener, name)
        writer.write(wide)
        writer.close()
        await sink.until(lambda sink: bool(sink.ends))
        sent = len(audiosocket_audio("pcmu_en_slin16_customer"))
        assert len(sink.heard(name)) == pytest.approx(sent / 2, abs=0.02 * 8000)

    on_stage(AudioSocketListener, scene)


def test_an_unknown_fork_is_turned_away_and_harms_no_other() -> None:
    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        _, good = await connect(listener)
        reader, bad = await connect(listener, None)
        bad.write(naming(str(uuid.uuid4())) + FRAME)
        assert await is_shut(reader)
        good.write(naming(NAME) + FRAME)
        await sink.until(lambda sink: NAME in sink.pieces)
        assert listener.counters.turned_away == {"unexpected": 1}
        assert list(sink.pieces) == [NAME]

    on_stage(AudioSocketListener, scene)


def test_a_second_connection_for_the_same_fork_is_turned_away() -> None:
    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        _, first = await connect(listener)
        first.write(naming(NAME) + FRAME)
        await sink.until(lambda sink: NAME in sink.pieces)
        reader, second = await connect(listener, None)
        second.write(naming(NAME) + FRAME)
        assert await is_shut(reader)
        first.write(FRAME)
        await sink.until(lambda sink: len(sink.heard(NAME)) == 320)
        assert listener.counters.turned_away == {"second_connection": 1}
        assert sink.ends == []

    on_stage(AudioSocketListener, scene)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"\x00\x00\x00", "ended"),
        (b"\xff\x00\x01\x02", "reset"),
        (FRAME[:100], "reset"),
        (b"\x10\x00\x03abc", "malformed"),
        (naming(NAME), "malformed"),
        (b"", "ended"),
    ],
)
def test_every_end_has_its_reason_and_what_was_said_before_is_kept(
    sent: bytes, reason: str
) -> None:
    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        _, writer = await connect(listener)
        writer.write(naming(NAME) + FRAME + b"\x03\x00\x015" + FRAME + sent)
        if reason != "malformed":
            writer.write_eof()
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.ends == [(NAME, reason)]
        assert len(sink.heard(NAME)) == 320
        assert listener.counters.skipped == {"type_0x03": 1}

    on_stage(AudioSocketListener, scene)


def test_a_reset_is_told_from_an_end() -> None:
    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        _, writer = await connect(listener)
        writer.write(naming(NAME) + FRAME)
        await sink.until(lambda sink: NAME in sink.pieces)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.ends == [(NAME, "reset")]

    on_stage(AudioSocketListener, scene)


def test_a_fork_that_falls_silent_is_given_up_and_closed() -> None:
    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        reader, writer = await connect(listener)
        writer.write(naming(NAME) + FRAME)
        assert await is_shut(reader)
        assert sink.ends == [(NAME, "stalled")]

    on_stage(AudioSocketListener, scene, stall_timeout=0.05)


def test_a_fork_that_never_comes_is_said_so_and_refused_afterwards() -> None:
    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        await listener.expect(NAME)
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.ends == [(NAME, "never_came")]
        reader, writer = await connect(listener, None)
        writer.write(naming(NAME))
        assert await is_shut(reader)
        assert listener.counters.turned_away == {"unexpected": 1}

    on_stage(AudioSocketListener, scene, open_timeout=0.05)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(b"", "silent"), (b"\x01\x00", "silent"), (b"GET / HTTP/1.1\r\n\r\n", "malformed")],
)
def test_who_does_not_name_a_fork_in_time_is_shut_out(
    monkeypatch: pytest.MonkeyPatch, sent: bytes, reason: str
) -> None:
    monkeypatch.setattr(audiosocket, "HANDSHAKE_SECONDS", 0.05)

    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        reader, writer = await connect(listener, None)
        writer.write(sent)
        assert await is_shut(reader)
        assert listener.counters.turned_away == {reason: 1}
        assert sink.opens == []

    on_stage(AudioSocketListener, scene)


def test_who_leaves_before_the_name_is_counted_and_the_fork_may_still_come() -> None:
    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        _, writer = await connect(listener)
        writer.write(naming(NAME)[:7])
        writer.close()
        await until(lambda: listener.counters.turned_away["left_early"] == 1)
        _, again = await connect(listener, None)
        again.write(naming(NAME) + FRAME)
        await sink.until(lambda sink: NAME in sink.pieces)

    on_stage(AudioSocketListener, scene)


def test_a_dropped_fork_is_closed_on_our_side_and_never_heard_of_again() -> None:
    """Closing is what makes Asterisk end the fork's channel."""

    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        reader, writer = await connect(listener)
        writer.write(naming(NAME) + FRAME)
        await sink.until(lambda sink: NAME in sink.pieces)
        writer.write(FRAME * 50)
        listener.drop(NAME)
        listener.drop(NAME)
        assert await is_shut(reader)
        assert len(sink.heard(NAME)) == 160
        assert sink.ends == []

    on_stage(AudioSocketListener, scene)


def test_a_fork_goes_on_though_the_sink_raises() -> None:
    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        _, writer = await connect(listener)
        sink.raises = True
        writer.write(naming(NAME) + FRAME)
        await until(lambda: listener.counters.sink_errors == 1)
        sink.raises = False
        writer.write(FRAME)
        await sink.until(lambda sink: NAME in sink.pieces)

    on_stage(AudioSocketListener, scene)
