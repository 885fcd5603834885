"""The port that forks come to: its bounds, its address, and strangers at its door."""

from __future__ import annotations

import asyncio
import socket
import uuid
from typing import Any

import pytest
from fork_dialling import FRAME, NAME, connect, is_shut, naming
from fork_listening import HOST, Sink, on_stage, until

from rid_telephony.errors import RidTelephonyError
from rid_telephony.media import forkserver
from rid_telephony.media.audiosocket import AudioSocketListener
from rid_telephony.settings.forks import ForkSettings


def test_400_forks_are_heard_and_what_is_beyond_the_bounds_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forkserver, "SPARE_CONNECTIONS", 5)
    names = [str(uuid.UUID(int=number)) for number in range(400)]

    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        lines = [await connect(listener, name) for name in names]
        for (_, writer), name in zip(lines, names, strict=True):
            writer.write(naming(name) + FRAME * 5)
        await sink.until(lambda sink: sum(len(sink.heard(name)) for name in names) == 400 * 5 * 160)
        with pytest.raises(RidTelephonyError, match="400 forks already"):
            await listener.expect(NAME)
        idle = [await connect(listener, None) for _ in range(6)]
        assert await is_shut(idle[0][0])
        assert listener.counters.turned_away == {"too_many": 1}
        for _, writer in [*lines, *idle]:
            writer.close()
        await sink.until(lambda sink: len(sink.ends) == 400)
        await until(lambda: not listener.door.connections)

    on_stage(AudioSocketListener, scene, max_forks=400)


def test_strangers_who_hold_connections_open_keep_no_fork_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forkserver, "SPARE_CONNECTIONS", 3)

    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        strangers = [await connect(listener, None) for _ in range(20)]
        _, writer = await connect(listener, NAME)
        writer.write(naming(NAME) + FRAME)
        await sink.until(lambda sink: NAME in sink.pieces)
        strangers += [await connect(listener, None) for _ in range(20)]
        writer.write(FRAME)
        await sink.until(lambda sink: len(sink.heard(NAME)) == 320)
        assert sink.ends == []
        for _, stranger in strangers:
            stranger.transport.abort()

    on_stage(AudioSocketListener, scene, max_forks=1)


def test_the_same_fork_is_not_expected_twice() -> None:
    async def scene(listener: AudioSocketListener, _sink: Sink) -> None:
        await listener.expect(NAME)
        with pytest.raises(RidTelephonyError, match="already"):
            await listener.expect(NAME)

    on_stage(AudioSocketListener, scene)


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    async def play(port: int) -> None:
        await AudioSocketListener(ForkSettings(port=port), Sink()).start()

    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RidTelephonyError, match=f"{port}.*in use.*change"):
            asyncio.run(play(port))


def test_listening_on_every_address_needs_one_to_advertise() -> None:
    async def play(**settings: Any) -> str:
        listener = AudioSocketListener(ForkSettings(port=0, listen="0.0.0.0", **settings), Sink())  # noqa: S104 - what is tested
        await listener.start()
        there = await listener.expect(NAME)
        await listener.close()
        return there.host

    with pytest.raises(RidTelephonyError, match="advertise"):
        asyncio.run(play())
    assert asyncio.run(play(advertise="192.0.2.7")) == "192.0.2.7"


def test_ipv6_is_listened_on() -> None:
    async def scene(listener: AudioSocketListener, sink: Sink) -> None:
        _, writer = await connect(listener)
        writer.write(naming(NAME) + FRAME)
        await sink.until(lambda sink: NAME in sink.pieces)

    if not _has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    on_stage(AudioSocketListener, scene, listen="::1")


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
