"""The feed on a real nats-server that dies and comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest
from live_kit.nats import NatsServer, program
from live_kit.proxy import TcpProxy
from nats.aio.client import Client
from nats_kit import consumed, published, publishing, run, sequences, until
from sinks_kit import PATIENCE, stage

from rid_telephony.cti.sinks import nats_link, nats_sink
from rid_telephony.cti.sinks.making import make_nats
from rid_telephony.settings.server import NatsSettings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not program().exists(), reason="no nats-server: run scripts/live-tools.sh (make live-tools)"
    ),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path) as found:
        yield found


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats_link, "LONGEST_PAUSE", 0.3)
    monkeypatch.setattr(nats_sink, "LONGEST_PAUSE", 0.3)


def test_a_missing_stream_is_made_and_events_stand_under_their_subjects(
    server: NatsServer, tmp_path: Path
) -> None:
    async def story() -> None:
        server.start()
        async with stage(tmp_path) as on, publishing(on, server.url) as sink:
            on.say("a", 2, agent="1001")
            on.say("b", 1, agent="x.y *")
            await published(sink)
            assert sink.figures()["nats_published_total"] == 3
            messages = await consumed(server.url)
        assert {message.subject for message in messages} == {
            "rid.default.1001.call.held",
            "rid.default.x%2Ey%20%2A.call.held",
        }
        first = messages[0]
        assert first.headers
        assert first.headers["Nats-Msg-Id"] == json.loads(first.data)["id"] == "a/1"
        assert first.headers["Content-Type"].startswith("application/cloudevents+json")
        assert sequences(messages) == {"a": [1, 2], "b": [1]}

    run(story())


def test_a_server_that_dies_and_comes_back_loses_and_doubles_nothing(
    server: NatsServer, tmp_path: Path
) -> None:
    async def story() -> None:
        server.start()
        async with stage(tmp_path) as on, publishing(on, server.url) as sink:
            for death in range(3):
                for _ in range(40):
                    for call in "abcde":
                        on.say(call)
                    await asyncio.sleep(0.002)
                goal = 230 * death + 50
                await until(lambda goal=goal: sink.stats.published > goal)
                on.say("a", 10)  # on the way while it dies
                server.kill()
                on.say("b", 10)
                await until(lambda: not sink.figures()["nats_up"])
                on.say("c", 10)
                server.start()
            await published(sink)
            messages = await consumed(server.url)
        counts = {"a": 150, "b": 150, "c": 150, "d": 120, "e": 120}
        assert sequences(messages) == {
            call: list(range(1, count + 1)) for call, count in counts.items()
        }
        assert sink.figures()["nats_connections_total"] >= 4

    run(story())


def test_a_server_that_is_not_there_yet_gets_everything_when_it_comes(
    server: NatsServer, tmp_path: Path
) -> None:
    async def story() -> None:
        async with stage(tmp_path) as on, publishing(on, server.url) as sink:
            on.say("a", 20)
            server.start()
            await published(sink)
            assert sequences(await consumed(server.url)) == {"a": list(range(1, 21))}

    run(story())


def test_a_restart_of_ours_goes_on_after_the_last_acknowledged_event(
    server: NatsServer, tmp_path: Path
) -> None:
    async def story() -> None:
        server.start()
        async with stage(tmp_path) as on, publishing(on, server.url) as sink:
            on.say("a", 10)
            await published(sink)
        async with stage(tmp_path) as on:
            on.say("b", 10)  # while no sink runs
            async with publishing(on, server.url) as sink:
                on.say("c", 10)
                await published(sink)
                assert sink.stats.published == 20
        expected = {call: list(range(1, 11)) for call in "abc"}
        assert sequences(await consumed(server.url)) == expected

    run(story())


def test_a_crash_of_ours_before_the_cursor_was_kept_doubles_nothing(
    server: NatsServer, tmp_path: Path
) -> None:
    async def story() -> None:
        server.start()
        async with stage(tmp_path) as on, publishing(on, server.url) as sink:
            on.say("a", 10)
            await published(sink)
        async with stage(tmp_path) as on:
            on.store.save("nats", 4)  # as if the rest had not been written
            async with publishing(on, server.url) as sink:
                await published(sink)
                assert sink.stats.duplicates == 6
        assert sequences(await consumed(server.url)) == {"a": list(range(1, 11))}

    run(story())


def test_a_stream_that_somebody_deletes_is_made_again(server: NatsServer, tmp_path: Path) -> None:
    async def story() -> None:
        server.start()
        async with stage(tmp_path) as on, publishing(on, server.url) as sink:
            on.say("a")
            await published(sink)
            client = await nats.connect(server.url)
            await client.jetstream().delete_stream("RID")
            await client.close()
            on.say("b", 3)
            await published(sink)
            assert sequences(await consumed(server.url)) == {"b": [1, 2, 3]}

    run(story())


def test_a_connection_that_is_cut_is_made_again(server: NatsServer, tmp_path: Path) -> None:
    async def story() -> None:
        server.start()
        with TcpProxy(server.port) as proxy:
            async with (
                stage(tmp_path) as on,
                publishing(on, f"nats://127.0.0.1:{proxy.port}") as sink,
            ):
                on.say("a", 5)
                await published(sink)
                proxy.cut()
                on.say("a", 5)
                await until(lambda: sink.figures()["nats_connections_total"] == 2)
                await published(sink)
        assert sequences(await consumed(server.url)) == {"a": list(range(1, 11))}

    run(story())


def test_a_connection_that_the_library_closes_without_a_word_is_made_again(
    server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As it does when the socket dies while something waits to be written.
    close = Client._close

    async def close_silently(client: Client, status: int, *_: object, **__: object) -> None:
        await close(client, status, do_cbs=False)

    monkeypatch.setattr(Client, "_close", close_silently)

    async def story() -> None:
        server.start()
        async with stage(tmp_path) as on, publishing(on, server.url) as sink:
            on.say("a")
            await published(sink)
            server.kill()
            on.say("a", 5)
            server.start()
            await published(sink)
            assert sequences(await consumed(server.url)) == {"a": list(range(1, 7))}

    run(story())


def test_acknowledgements_that_are_lost_double_nothing(server: NatsServer, tmp_path: Path) -> None:
    async def story() -> None:
        server.start()
        with TcpProxy(server.port) as proxy:
            async with (
                stage(tmp_path) as on,
                publishing(on, f"nats://127.0.0.1:{proxy.port}") as sink,
            ):
                on.say("a")
                await published(sink)
                proxy.black_hole()
                on.say("a", 5)
                await until(lambda: sink.stats.failed_attempts > 0)
                proxy.heal()
                await published(sink)
        assert sequences(await consumed(server.url)) == {"a": list(range(1, 7))}

    run(story())


def test_an_event_that_the_server_never_takes_holds_nothing_up(
    server: NatsServer, tmp_path: Path
) -> None:
    async def story() -> None:
        server.start(max_payload=600)
        async with stage(tmp_path) as on, publishing(on, server.url) as sink:
            on.say("a")
            on.say("x" * 1000)
            on.say("b")
            await published(sink)
            assert sink.stats.refused == 1
            assert sequences(await consumed(server.url)) == {"a": [1], "b": [1]}

    run(story())


@pytest.mark.parametrize("moment", [0.0, 0.001, 0.002, 0.004, 0.05])
def test_a_server_that_is_away_does_not_hold_the_end_of_the_program(
    tmp_path: Path, moment: float
) -> None:
    async def story() -> None:
        async with stage(tmp_path) as on:
            async with publishing(on, "nats://127.0.0.1:1"):
                on.say("a", 5)
                await asyncio.sleep(moment)
            assert on.store.cursor("nats") == 0

    asyncio.run(asyncio.wait_for(story(), PATIENCE))


def test_a_cancellation_that_comes_with_an_answer_is_not_forgotten(
    server: NatsServer, tmp_path: Path
) -> None:
    # Python 3.11's wait_for forgets it: the end of the program would wait for ever.
    async def story() -> None:
        server.start()
        for _ in range(3):
            async with stage(tmp_path) as on:
                sink = make_nats(NatsSettings(url=server.url), on.hub, on.store)
                assert sink
                await sink.start()
                for call in range(50):
                    on.say(f"{call}", 5)
                await until(lambda sink=sink: sink.stats.published > 20)
                await sink.close(patience=0)

    asyncio.run(asyncio.wait_for(story(), 2 * PATIENCE))
