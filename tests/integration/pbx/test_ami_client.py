"""Events and actions of the manager client against a server on loopback."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from ami_kit import PATIENCE, running, scenario, until
from ami_server import AmiServer, message, recorded_events, response, silence
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
