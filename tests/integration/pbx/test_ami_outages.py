"""Peers that are away, dead, refuse, or are something else, and the end of the client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ami_kit import running, scenario, until
from ami_server import BANNER, AmiServer, message, response, silence
from structlog.testing import capture_logs


def test_tls_to_a_peer_without_it_tells_no_secret() -> None:
    async def act(server: AmiServer) -> None:
        async with running(server, tls=True, connect_timeout=0.5) as (_, diary):
            await until(lambda: diary.downs)
            assert "tls" in diary.downs[0]
            assert server.actions == []

    scenario(act)


def test_a_wrong_secret_is_told_once_with_advice_and_tried_again_only_slowly() -> None:
    """Otherwise fail2ban on the PBX bans the host, and nobody learns why nothing happens."""

    async def act(server: AmiServer) -> None:
        server.secret = "another"  # noqa: S105  # of the test's own server
        with capture_logs() as logs:
            async with running(server, backoff=(0.01, 0.4)) as (client, diary):
                await until(lambda: len(diary.downs) == 1)
                assert "refused the manager user 'rid'" in diary.downs[0]
                assert "manager.conf" in diary.downs[0]
                assert server.connections == 1
                await until(lambda: server.connections == 2)
                assert logs[0]["retry_in"] >= 0.2
                server.secret = "geheim"  # noqa: S105  # as above
                await until(lambda: client.connected)
        assert diary.entries == ["down", "up"]
        assert "geheim" not in str(logs)

    scenario(act)


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff\x16\x03", b"", BANNER]
)
def test_a_peer_that_is_not_asterisk_is_left_and_told_no_secret(greeting: bytes) -> None:
    async def act(server: AmiServer) -> None:
        server.greeting = greeting
        server.answers["Login"] = silence
        async with running(server, connect_timeout=0.05) as (client, diary):
            await until(lambda: server.connections >= 3)
            assert "host and port" in diary.downs[0]
            assert not client.connected
            assert bool(server.actions) == (greeting == BANNER)

    scenario(act)


def test_nobody_listening_is_told_once_and_found_when_it_comes() -> None:
    async def act(server: AmiServer) -> None:
        await server.stop()
        with capture_logs() as logs:
            async with running(server) as (client, diary):
                await until(lambda: len(logs) >= 4)
                await server.start()
                await until(lambda: client.connected)
                assert len(diary.downs) == 1
                assert "No Asterisk at 127.0.0.1" in diary.downs[0]

    scenario(act)


def test_a_dead_peer_is_noticed_by_its_silence() -> None:
    """The network went away: no FIN, no RST, only silence."""

    async def act(server: AmiServer) -> None:
        server.answers["Ping"] = silence
        async with running(server, ping_interval=0.05, action_timeout=0.05) as (_, diary):
            await until(lambda: server.logins >= 2)
            assert "said nothing for" in diary.downs[0]
            assert server.asked("Ping") >= 1

    scenario(act)


def test_a_living_peer_that_has_nothing_to_say_is_kept() -> None:
    async def act(server: AmiServer) -> None:
        async with running(server, ping_interval=0.02) as (_, diary):
            await until(lambda: server.asked("Ping") >= 5)
            assert server.connections == 1
            assert diary.entries == ["up"]

    scenario(act)


def test_a_peer_that_talks_but_does_not_answer_pings_is_alive() -> None:
    async def act(server: AmiServer) -> None:
        server.answers["Ping"] = lambda _: message("Event", "Busy")
        async with running(server, ping_interval=0.02, action_timeout=0.02) as (_, diary):
            await until(lambda: server.asked("Ping") >= 3)
            assert diary.entries.count("up") == 1
            assert server.connections == 1

    scenario(act)


def test_more_than_may_wait_ends_the_connection_so_that_calls_are_listed_again() -> None:
    async def act(server: AmiServer) -> None:
        async with running(server, event_queue=100) as (client, diary):
            await until(lambda: client.connected)
            server.send(message("Event", "Newchannel") * 3000)
            await until(lambda: server.logins == 2 and client.connected)
            assert "More than 100 events" in diary.downs[0]
            assert client.stats.dropped > 100

    scenario(act)


def test_a_message_without_end_ends_the_connection() -> None:
    async def act(server: AmiServer) -> None:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            server.send(b"Event: X\r\nData: " + b"x" * 1_000_000)
            await until(lambda: server.logins == 2)
            assert "larger than" in diary.downs[0]

    scenario(act)


def test_what_asterisk_said_before_it_went_is_heard_before_down() -> None:
    async def act(server: AmiServer) -> None:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            server.send(message("Event", "Hangup") * 2000)
            await server.stop()
            await until(lambda: diary.downs)
            assert diary.entries[:2002] == ["up", *["Hangup"] * 2000, "down"]

    scenario(act)


def test_a_shutdown_is_told_as_one() -> None:
    async def act(server: AmiServer) -> None:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            server.event("Shutdown", Shutdown="Cleanly", Restart="False")
            await until(lambda: server.logins == 2)
            assert diary.entries[:3] == ["up", "Shutdown", "down"]
            assert diary.downs == ["Asterisk is shutting down."]

    scenario(act)


@pytest.mark.parametrize("moment", ["connecting", "greeting", "login", "up", "waiting"])
def test_a_cancelled_client_leaves_no_task_no_timer_and_no_socket(moment: str) -> None:
    async def act(server: AmiServer) -> None:
        if moment == "greeting":
            server.greeting = b""
        if moment == "login":
            server.answers["Login"] = silence
        if moment == "waiting":
            await server.stop()
        async with running(server, backoff=(30.0, 30.0)) as (client, diary):
            reached = {
                "connecting": lambda: True,
                "greeting": lambda: server.connections,
                "login": lambda: server.actions,
                "up": lambda: client.connected,
                "waiting": lambda: diary.downs,
            }
            await until(reached[moment])
        loop: Any = asyncio.get_running_loop()
        assert [timer for timer in loop._scheduled if not timer.cancelled()] == []
        served = {task for task in asyncio.all_tasks() if "_serve" in repr(task)}
        assert asyncio.all_tasks() - served == {asyncio.current_task()}
        assert ("down" in diary.entries) == (moment == "waiting")

    scenario(act)


def test_a_flapping_asterisk_is_not_hammered() -> None:
    """Each time it accepts us and goes away again; the waits grow all the same."""

    async def act(server: AmiServer) -> None:
        server.answers["Login"] = lambda action: response(action) + message("Event", "Shutdown")
        with capture_logs() as logs:
            async with running(server, backoff=(0.001, 0.064)):
                await until(lambda: server.asked("Login") >= 12)
        waits = [entry["retry_in"] for entry in logs if entry["event"] == "ami_down"]
        assert max(waits[6:]) > max(waits[:2])

    scenario(act)
