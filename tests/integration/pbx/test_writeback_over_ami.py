"""The write-back through the manager client to a manager interface on loopback."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable

from ami_server import AmiServer, response
from writeback_kit import Bench, FakeWriter

from rid_telephony.pbx.asterisk.ami import AmiClient
from rid_telephony.pbx.asterisk.writer import AsteriskWriter
from rid_telephony.pbx.writeback import WriteBack
from rid_telephony.pbx.writeback_stats import Kind


async def until(true: Callable[[], object]) -> None:
    """Let the loop run until something holds; the test fails when it never does."""
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0)


async def bench_over(server: AmiServer) -> tuple[Bench, AmiClient, asyncio.Task[None]]:
    up = asyncio.Event()
    settings = server.settings()
    client = AmiClient(
        settings, on_event=lambda _: None, on_up=up.set, on_down=lambda _: up.clear()
    )
    running = asyncio.create_task(client.run())
    async with asyncio.timeout(10):
        await up.wait()
    bench = Bench(FakeWriter())
    await bench.back.close()
    bench.back = WriteBack(AsteriskWriter(client, settings.write_back), settings.write_back)
    bench.feed.listen(bench.back.listener)
    bench.call = bench.open("call-2")
    return bench, client, running


async def end(bench: Bench, running: asyncio.Task[None]) -> None:
    await bench.back.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_a_hint_arrives_at_asterisk_with_its_chinese_intact() -> None:
    async def main() -> None:
        async with AmiServer() as server:
            bench, _, running = await bench_over(server)
            bench.talk(agent="1795.1", call="call-2")
            bench.hint()
            await until(lambda: server.asked("UserEvent"))
            (message,) = [each for each in server.actions if each["action"] == "MessageSend"]
            assert message["to"] == "pjsip:1001"
            text = base64.b64decode(message["base64body"]).decode()
            assert text == "先给证据1\n您可以先看说明书。"
            values = {
                each["variable"]: each["value"]
                for each in server.actions
                if each["action"] == "Setvar" and each["channel"] == "1795.1"
            }
            assert values["RID_HINT"] == "先给证据1"
            assert values["RID_HINT_PRIORITY"] == "3"
            (event,) = [each for each in server.actions if each["action"] == "UserEvent"]
            assert (event["userevent"], event["hintid"]) == ("RidHint", "h1")
            assert (event["script"], event["channel"]) == ("您可以先看说明书。", "1795.1")
            await end(bench, running)

    asyncio.run(main())


def test_a_channel_that_is_gone_costs_one_refusal_and_the_message_still_arrives() -> None:
    async def main() -> None:
        async with AmiServer() as server:
            server.answers["Setvar"] = lambda action: response(
                action, "Error", Message="No such channel"
            )
            bench, _, running = await bench_over(server)
            bench.talk(agent="1795.1", call="call-2")
            bench.hint()
            await until(lambda: server.asked("UserEvent"))
            counts = bench.back.stats().kinds
            assert counts[Kind.VARIABLES].failed == {"pbx_refused": 1}
            assert counts[Kind.MESSAGE].delivered == 1
            await end(bench, running)

    asyncio.run(main())


def test_a_hint_offered_while_asterisk_is_away_arrives_when_it_is_back() -> None:
    async def main() -> None:
        async with AmiServer() as server:
            bench, client, running = await bench_over(server)
            bench.talk(agent="1795.1", call="call-2")
            await server.stop()
            await until(lambda: not client.connected)
            bench.hint()
            await until(lambda: bench.back.stats().waiting)
            await server.start()
            await until(lambda: bench.back.stats().kinds[Kind.MESSAGE].delivered)
            assert server.asked("MessageSend") == 1
            await end(bench, running)

    asyncio.run(main())
