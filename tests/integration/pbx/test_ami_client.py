"""The manager client against a server on loopback that behaves badly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from ami_server import BANNER, AmiServer, message, recorded_events, response, silence
from structlog.testing import capture_logs

from rid_telephony.pbx.asterisk.ami import AmiClient
from rid_telephony.pbx.asterisk.ami_limits import MAX_PENDING_ACTIONS
from rid_telephony.pbx.asterisk.messages import AmiEvent
from rid_telephony.pbx.messages import (
    PbxDownError,
    PbxError,
    PbxRefusedError,
    PbxTimeoutError,
)

PATIENCE = 10.0


class Diary:
    """Everything that a client told, in order."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.events: list[AmiEvent] = []
        self.downs: list[str] = []

    def on_event(self, event: AmiEvent) -> None:
        self.entries.append(event.name)
        self.events.append(event)

    def on_up(self) -> None:
        self.entries.append("up")

    def on_down(self, reason: str) -> None:
        self.entries.append("down")
        self.downs.append(reason)


async def until(test: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not test():
            await asyncio.sleep(0.002)


@asynccontextmanager
async def running(server: AmiServer, **changes: Any) -> AsyncIterator[tuple[AmiClient, Diary]]:
    """A client that runs; afterwards nothing of it may remain."""
    diary = Diary()
    client = AmiClient(
        server.settings(**changes),
        on_event=diary.on_event,
        on_up=diary.on_up,
        on_down=diary.on_down,
    )
    task = asyncio.create_task(client.run())
    try:
        yield client, diary
    finally:
        alive_before = not task.done()
        task.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(task, return_exceptions=True)
    assert alive_before, "the client gave up"
    assert not client.connected


def scenario(act: Callable[[AmiServer], Awaitable[None]]) -> None:
    """Run with a server; what the client leaves open or unheard fails the test."""
    complaints: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, c: complaints.append(c))
        async with AmiServer() as server:
            await act(server)
            await until(lambda: not server.open)
        await asyncio.sleep(0)

    asyncio.run(run())
    assert complaints == []


def test_a_recorded_call_arrives_in_order_whatever_the_writes() -> None:
    """A lost or swapped event would leave a call that never starts or never ends."""

    async def act(server: AmiServer) -> None:
        data = recorded_events("ami22_fork_pcma_zh.jsonl")
        server.split = 7
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            server.send(data[:1001])
            await asyncio.sleep(0)
            server.send(data[1001:])
            names = [line[7:].decode() for line in data.split(b"\r\n") if line[:7] == b"Event: "]
            await until(lambda: len(diary.events) == len(names))
            assert diary.entries == ["up", *names]
            assert all(a.at <= b.at for a, b in pairwise(diary.events))
            assert client.stats.events == len(names)

    scenario(act)


def test_events_sent_with_the_login_answer_come_after_up() -> None:
    async def act(server: AmiServer) -> None:
        server.answers["Login"] = lambda action: (
            response(action) + message("Event", "FullyBooted") + message("Event", "Newchannel")
        )
        async with running(server) as (_, diary):
            await until(lambda: len(diary.entries) == 3)
            assert diary.entries == ["up", "FullyBooted", "Newchannel"]

    scenario(act)


def test_an_action_gets_its_own_answer_and_a_list_all_of_its_items() -> None:
    async def act(server: AmiServer) -> None:
        server.answers["CoreShowChannels"] = lambda action: (
            response(action, EventList="start", Message="Channels will follow")
            + message(
                "Event", "CoreShowChannel", [("ActionID", action["actionid"]), ("Uniqueid", "1.1")]
            )
            + message("Event", "Newchannel", [("Uniqueid", "1.2")])
            + message(
                "Event",
                "CoreShowChannelsComplete",
                [("ActionID", action["actionid"]), ("EventList", "Complete")],
            )
        )
        server.answers["Getvar"] = lambda action: response(
            action, "Error", Message="No such channel"
        )
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            listed, variable, refused = await asyncio.gather(
                client.action("CoreShowChannels"),
                client.action("Setvar", {"Variable": "RID_HINT", "Value": "先确认风险: 等级"}),
                client.action("Getvar", {"Channel": "gone", "Variable": "X"}),
                return_exceptions=True,
            )
            assert not isinstance(listed, BaseException)
            assert [item.get("uniqueid") for item in listed.items] == ["1.1"]
            names = ["CoreShowChannel", "Newchannel", "CoreShowChannelsComplete"]
            assert diary.entries == ["up", *names]
            assert not isinstance(variable, BaseException)
            assert server.actions[-2]["value"] == "先确认风险: 等级"
            assert isinstance(refused, PbxRefusedError)
            assert refused.message == "No such channel"

    scenario(act)


def test_actions_that_kill_panoramisk_are_answered() -> None:
    """Originate without Async and Atxfer raise KeyError in it, QueueAdd never ends."""

    async def act(server: AmiServer) -> None:
        for name, text in (
            ("Atxfer", "Atxfer successfully queued"),
            ("Originate", "Originate successfully queued"),
            ("QueueAdd", "Added interface to queue"),
        ):
            server.answers[name] = lambda action, text=text: response(action, Message=text)
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            for name in ("Atxfer", "Originate", "QueueAdd"):
                assert (await client.action(name)).message.startswith(("Atx", "Orig", "Added"))
            assert server.connections == 1

    scenario(act)


def test_while_asterisk_is_away_actions_fail_at_once_and_are_never_sent_later() -> None:
    """A hint of a call that is over must not pop up on the next one."""

    async def act(server: AmiServer) -> None:
        server.answers["Setvar"] = silence
        async with running(server) as (client, diary):
            with pytest.raises(PbxDownError):
                await client.action("Setvar", {"Variable": "A"})
            await until(lambda: client.connected)
            pending = asyncio.create_task(client.action("Setvar", {"Variable": "B"}))
            await until(lambda: server.asked("Setvar"))
            await server.stop()
            with pytest.raises(PbxDownError):
                await pending
            with pytest.raises(PbxDownError):
                await client.action("Setvar", {"Variable": "C"})
            await server.start()
            await until(lambda: server.logins == 2 and client.connected)
            await client.action("Ping")
            assert server.asked("Setvar") == 1
            assert diary.entries[:2] == ["up", "down"]
            assert diary.entries[-1] == "up"
            assert client.stats.reconnects == 1

    scenario(act)


def test_an_action_without_answer_times_out_and_its_late_answer_is_ignored() -> None:
    async def act(server: AmiServer) -> None:
        server.answers["Setvar"] = silence
        server.answers["Status"] = lambda action: response(action, EventList="start")
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            for name in ("Setvar", "Status"):
                with pytest.raises(PbxTimeoutError):
                    await client.action(name, {"ActionID": "mine"}, timeout=0.02)
            server.send(message("Response", "Success", [("ActionID", "mine")]))
            await client.action("Ping")
            assert client.stats.timeouts == 2
            assert client.connected
            connection: Any = client._connection
            assert connection._protocol.responses == {}

    scenario(act)


def test_a_cancelled_action_leaves_nothing_behind() -> None:
    async def act(server: AmiServer) -> None:
        server.answers["Setvar"] = silence
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            task = asyncio.create_task(client.action("Setvar"))
            await until(lambda: server.asked("Setvar"))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            connection: Any = client._connection
            assert connection._protocol.responses == {}

    scenario(act)


def test_two_actions_cannot_share_an_id() -> None:
    async def act(server: AmiServer) -> None:
        server.answers["Setvar"] = silence
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            first = asyncio.create_task(client.action("Setvar", {"ActionID": "x"}))
            await until(lambda: server.asked("Setvar"))
            with pytest.raises(PbxError, match="under way"):
                await client.action("Getvar", {"ActionID": "x"})
            server.send(message("Response", "Success", [("ActionID", "x")]))
            assert (await first).fields["response"] == "Success"

    scenario(act)


def test_a_value_with_a_line_end_is_not_sent() -> None:
    async def act(server: AmiServer) -> None:
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            for value in ("x\nAction: Originate", "x\rY", "x\r\n\r\nAction: Originate", "\0"):
                with pytest.raises(PbxError):
                    await client.action("Setvar", {"Value": value})
            await client.action("Ping")
            assert [action["action"] for action in server.actions] == ["Login", "Ping"]

    scenario(act)


def test_an_asterisk_that_does_not_read_costs_bounded_memory() -> None:
    async def act(server: AmiServer) -> None:
        server.answers["Setvar"] = silence
        big = {f"Variable{number}": "x" * 1000 for number in range(100)}
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            server.deafen()
            results = await asyncio.gather(
                *(client.action("Setvar", big, timeout=0.2) for _ in range(200)),
                return_exceptions=True,
            )
            assert {type(result) for result in results} == {PbxTimeoutError}
            assert any("does not read" in str(result) for result in results)
        server.drop(reset=True)

    scenario(act)


def test_actions_that_wait_for_an_answer_are_bounded() -> None:
    async def act(server: AmiServer) -> None:
        server.answers["Setvar"] = silence
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            tasks = [
                asyncio.create_task(client.action("Setvar")) for _ in range(MAX_PENDING_ACTIONS + 1)
            ]
            done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            assert "wait for Asterisk's answer already" in str(done.pop().exception())
            assert len(waiting) == MAX_PENDING_ACTIONS
            server.drop()
            results = await asyncio.gather(*waiting, return_exceptions=True)
            assert {type(result) for result in results} == {PbxDownError}

    scenario(act)


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


def test_a_handler_that_raises_loses_no_event_and_no_connection() -> None:
    async def act(server: AmiServer) -> None:
        seen = []

        def handler(event: AmiEvent) -> None:
            seen.append(event.name)
            raise RuntimeError(event.name)

        def failing() -> None:
            raise RuntimeError("up")

        client = AmiClient(server.settings(), on_event=handler, on_up=failing, on_down=print)
        with capture_logs() as logs:
            task = asyncio.create_task(client.run())
            await until(lambda: client.connected)
            server.send(message("Event", "Hangup") * 100)
            await until(lambda: len(seen) == 100)
            await client.action("Ping")
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert client.stats.handler_errors == 101
        assert sum(entry["event"] == "ami_handler_failed" for entry in logs) < 10
        assert server.connections == 1

    scenario(act)


def test_a_flood_arrives_whole_and_in_order_while_the_loop_keeps_turning() -> None:
    """20,000 events at once must not hold up the audio of the calls."""
    count = 20_000

    async def act(server: AmiServer) -> None:
        flood = b"".join(
            message("Event", "VarSet", [("Number", str(n)), ("Value", "值" * 60)])
            for n in range(count)
        )
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            tasks = len(asyncio.all_tasks())
            turning = asyncio.create_task(turn())
            server.send(flood)
            await until(lambda: diary.events)
            assert len(asyncio.all_tasks()) <= tasks + 1
            await client.action("Ping", timeout=PATIENCE)
            assert [int(event.get("number")) for event in diary.events] == list(range(count))
            assert turns > 50
            assert client.stats.dropped == 0
            turning.cancel()

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
            assert diary.entries == ["up", *["Hangup"] * 2000, "down"]

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
