"""FreeSWITCH's WebSocket forks, as they were recorded, over real sockets."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest
from fork_listening import Sink, on_stage
from freeswitch_fork_recordings import RecordedSocket, recorded_sockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from rid_telephony.calls.messages import Party, TalkBegan
from rid_telephony.media import forktime
from rid_telephony.media.forks import Destination, ForkSink
from rid_telephony.media.forksocket import WebSocketListener
from rid_telephony.media.listeners import make_listener
from rid_telephony.media.messages import AudioFrame
from rid_telephony.pbx import forkdesk
from rid_telephony.pbx.forkdesk import ForkDesk
from rid_telephony.pbx.freeswitch.forks import FreeSwitchForks
from rid_telephony.settings.forks import ForkSettings
from rid_telephony.settings.freeswitch import FreeSwitchForkSettings

Means = Literal["audio_stream", "audio_fork"]
FRAME = bytes(range(64)) * 5


def make(
    settings: ForkSettings, sink: ForkSink, means: Means = "audio_stream"
) -> WebSocketListener:
    listener = make_listener(FreeSwitchForkSettings(means=means, **settings.model_dump()), sink)
    assert isinstance(listener, WebSocketListener)
    return listener


async def dial(there: Destination, path: str, offered: str | None = None) -> ClientConnection:
    return await connect(
        f"ws://{there.host}:{there.port}{path}",
        subprotocols=[Subprotocol(offered)] if offered else None,
        compression=None,
    )


async def send_all(client: ClientConnection, recorded: RecordedSocket) -> None:
    for message in recorded.messages:
        await client.send(message)
    await client.close()


@pytest.mark.parametrize("means", ["audio_stream", "audio_fork"])
def test_recorded_sessions_are_heard_bit_for_bit_each_leg_its_own(means: Means) -> None:
    """Metadata, DTMF and last words in between are passed over; both end as they should."""
    recorded = recorded_sockets(means)
    assert [len(socket.audio) > 3 * 16_000 for socket in recorded.values()] == [True, True]

    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        clients = {}
        for leg in (2, 1):
            there = await listener.expect(f"leg-{leg}")
            clients[leg] = await dial(there, f"/leg-{leg}", recorded[leg].subprotocol)
            assert clients[leg].subprotocol == recorded[leg].subprotocol
        await asyncio.gather(*(send_all(clients[leg], recorded[leg]) for leg in (1, 2)))
        await sink.until(lambda sink: len(sink.ends) == 2)
        assert set(sink.ends) == {("leg-1", "ended"), ("leg-2", "ended")}
        for leg in (1, 2):
            assert sink.heard(f"leg-{leg}").astype("<i2").tobytes() == recorded[leg].audio
        assert len(sink.heard("leg-1")) != len(sink.heard("leg-2"))

    on_stage(lambda settings, sink: make(settings, sink, means), scene)


@pytest.mark.parametrize("path", ["/other", "/", "/leg/../x", "/%00", "/leg?fork=other"])
def test_an_unknown_fork_is_refused_in_the_handshake(path: str) -> None:
    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        there = await listener.expect("leg")
        with pytest.raises(InvalidStatus) as refusal:
            await dial(there, path)
        assert refusal.value.response.status_code == 404
        assert sink.opens == []

    on_stage(make, scene)


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 5000, '{"event":"MEDIA_START","format":"opus"}', "MEDIA_START format:x"]
)
def test_no_text_changes_how_the_audio_is_read(text: str) -> None:
    """Metadata may be whatever another program of the bank had the module send."""

    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        client = await dial(await listener.expect("leg"), "/leg")
        await client.send(text)
        await client.send(FRAME)
        await sink.until(lambda sink: len(sink.heard("leg")) == 160)
        assert sink.heard("leg").astype("<i2").tobytes() == FRAME

    on_stage(make, scene)


def test_half_a_sample_ends_the_fork_as_malformed() -> None:
    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        client = await dial(await listener.expect("leg"), "/leg")
        await client.send(FRAME[:-1])
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.ends == [("leg", "malformed")]

    on_stage(make, scene)


def test_a_leg_on_hold_is_not_taken_for_stalled_while_its_socket_answers() -> None:
    """Its stream sends nothing for minutes; asking for it again and again would be in vain."""
    stall = 0.3

    async def scene(listener: WebSocketListener, sink: Sink) -> None:
        client = await dial(await listener.expect("leg"), "/leg")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.recv(), 2.5 * stall)
        assert sink.ends == []
        client.transport.pause_reading()  # its machine is dead from here on
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.ends == [("leg", "stalled")]
        client.transport.abort()

    on_stage(make, scene, stall_timeout=stall)


class DialingPbx:
    """Connects where it is told to, as the modules do, and says what it was told."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.clients: list[ClientConnection] = []

    async def bgapi(self, command: str, *arguments: str, timeout: float | None = None) -> str:
        del timeout
        self.commands.append(" ".join((command, *arguments[:2])))
        if arguments[1] == "start":
            self.clients.append(await connect(arguments[2], compression=None))
        return "+OK Success\n"


def test_a_dropped_socket_is_stopped_and_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules never reconnect: the rest of the call would go unheard."""
    monkeypatch.setattr(forkdesk, "FIRST_RETRY", 0.0)
    monkeypatch.setattr(forktime, "SETTLE_SECONDS", 0.0)
    talk = TalkBegan("call", 0.0, 0.0, agent="agent-leg", customer="customer-leg")
    heard: list[AudioFrame] = []

    async def scene() -> None:
        desk = ForkDesk(heard.append, lambda *_: None, attempts=5)
        listener = make(ForkSettings(port=0), desk)
        pbx = DialingPbx()
        desk.connect(listener, FreeSwitchForks(pbx, FreeSwitchForkSettings()))
        await listener.start()
        desk.talk(talk)
        async with asyncio.timeout(5.0):
            while desk.counts["started"] < 2 or len(pbx.clients) < 2:
                await asyncio.sleep(0)
            pbx.clients[0].transport.abort()
            while desk.counts["started"] < 3 or len(pbx.clients) < 3:
                await asyncio.sleep(0)
            while not heard:
                await pbx.clients[2].send(FRAME)
            desk.ended("call")
            await desk.close()
            for client in pbx.clients[1:]:
                with pytest.raises(ConnectionClosed):
                    await client.recv()
        await listener.close()
        leg = "customer-leg" if heard[0].party is Party.CUSTOMER else "agent-leg"
        of_leg = [line for line in pbx.commands if f" {leg} " in line]
        assert [line.rsplit(" ", 1)[1] for line in of_leg] == ["start", "stop", "start", "stop"]

    asyncio.run(scene())
