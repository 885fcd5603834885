"""Forks by WebSocket, over real sockets."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest
from fork_listening import Sink, on_stage, until
from fork_recordings import DIRECTORY
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rid_telephony.errors import RidTelephonyError
from rid_telephony.media import forkserver, forksocket
from rid_telephony.media.forks import Destination
from rid_telephony.media.forksocket import WebSocketListener, fork_named_in
from rid_telephony.settings.forks import ForkSettings

START = "MEDIA_START connection_id:rid channel:WebSocket/rid/0x1 format:slin optimal_frame_size:320"
FRAME = np.arange(160, dtype="<i2").tobytes()


async def dial(there: Destination, target: str = "/fork?fork=f") -> ClientConnection:
    """Connect as Asterisk does."""
    return await connect(
        f"ws://{there.host}:{there.port}{target}",
        subprotocols=["media"],  # type: ignore[list-item] - a NewType of str
        compression=None,
    )


def test_the_recorded_session_of_asterisk_is_heard_at_the_lines_rate() -> None:
    raw = (DIRECTORY / "websocket_fork_customer.slin16le").read_bytes()
    lines = (DIRECTORY / "websocket_fork_customer.jsonl").read_text().splitlines()

    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        client = await dial(await listener.expect("f"))
        assert client.subprotocol == "media"
        at = 0
        for line in map(json.loads, lines):
            if line.get("dir") == "a2s" and line["kind"] == "text":
                await client.send(line["data"])
            elif line["kind"] == "binary":
                await client.send(raw[at : at + line["len"]])
                at += line["len"]
        await client.close()
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.ends == [("f", "ended")]
        assert at > 100_000
        assert len(sink.heard("f")) == pytest.approx(at / 4, abs=160)

    on_stage(WebSocketListener, scene)


def test_8_khz_audio_is_passed_on_bit_for_bit() -> None:
    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        client = await dial(await listener.expect("f"), "/media/f")
        await client.send(START)
        await client.send(FRAME)
        await client.send("STATUS queue_length:0")
        await client.send(FRAME)
        await sink.until(lambda sink: len(sink.heard("f")) == 320)
        assert sink.heard("f").tobytes() == FRAME * 2

    on_stage(WebSocketListener, scene)


@pytest.mark.parametrize(
    ("target", "status"), [("/fork?fork=g", 404), ("/fork", 404), ("/?fork=" + "x" * 4000, 404)]
)
def test_an_unknown_fork_is_refused_in_the_handshake(target: str, status: int) -> None:
    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        there = await listener.expect("f")
        with pytest.raises(InvalidStatus) as refusal:
            await dial(there, target)
        assert refusal.value.response.status_code == status
        assert listener.counters.turned_away == {"unexpected": 1}
        assert sink.opens == []

    on_stage(WebSocketListener, scene)


def test_a_second_connection_is_refused_and_the_first_goes_on() -> None:
    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        there = await listener.expect("f")
        client = await dial(there)
        await sink.until(lambda sink: bool(sink.opens))
        with pytest.raises(InvalidStatus) as refusal:
            await dial(there)
        assert refusal.value.response.status_code == 403
        await client.send(FRAME)
        await sink.until(lambda sink: "f" in sink.pieces)

    on_stage(WebSocketListener, scene)


@pytest.mark.parametrize(
    "message", [b"abc", "MEDIA_START format:opus", bytes(forksocket.MAX_MESSAGE_BYTES + 2)]
)
def test_what_cannot_be_read_ends_the_fork_as_malformed(message: str | bytes) -> None:
    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        client = await dial(await listener.expect("f"))
        await client.send(FRAME)
        await client.send(message)
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.ends == [("f", "malformed")]
        with pytest.raises(ConnectionClosed):
            await client.recv()

    on_stage(WebSocketListener, scene)


def test_a_peer_that_vanishes_is_a_reset() -> None:
    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        client = await dial(await listener.expect("f"))
        await client.send(FRAME)
        await sink.until(lambda sink: "f" in sink.pieces)
        client.transport.abort()
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.ends == [("f", "reset")]

    on_stage(WebSocketListener, scene)


def test_a_silent_peer_stalls_and_a_dropped_one_is_closed_without_a_word() -> None:
    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        dropped = await dial(await listener.expect("dropped"), "/dropped")
        await sink.until(lambda sink: sink.opens == ["dropped"])
        listener.drop("dropped")
        with pytest.raises(ConnectionClosed):
            await dropped.recv()
        silent = await dial(await listener.expect("f"))
        with pytest.raises(ConnectionClosed):
            await silent.recv()
        assert sink.ends == [("f", "stalled")]

    on_stage(WebSocketListener, scene, stall_timeout=0.1)


def test_a_peer_that_answers_no_ping_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead machine sends no FIN; without pings its fork would look alive."""
    monkeypatch.setattr(forksocket, "PING_SECONDS", 0.05)

    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        client = await dial(await listener.expect("f"))
        client.transport.pause_reading()
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.ends == [("f", "stalled")]
        client.transport.abort()

    on_stage(WebSocketListener, scene)


def test_a_flood_of_connections_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forkserver, "SPARE_CONNECTIONS", 2)

    async def scene(listener: WebSocketListener, _sink: Sink) -> None:
        there = await listener.expect("f")
        idle = [await asyncio.open_connection(there.host, there.port) for _ in range(5)]
        await until(lambda: listener.counters.turned_away["too_many"] == 2)
        for _, writer in idle:
            writer.transport.abort()

    on_stage(WebSocketListener, scene, max_forks=1)


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    async def scene(listener: WebSocketListener, _sink: Sink) -> None:
        there = await listener.expect("f")
        with pytest.raises(RidTelephonyError, match=f"{there.port}.*in use"):
            await WebSocketListener(ForkSettings(port=there.port), Sink()).start()

    on_stage(WebSocketListener, scene)


@given(st.text(max_size=200))
def test_any_target_is_read_without_raising(target: str) -> None:
    assert isinstance(fork_named_in(target), str)
    assert fork_named_in("/media/abc?leg=customer") == "abc"
    assert fork_named_in("/fork?leg=customer&fork=abc") == "abc"
