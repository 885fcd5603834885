"""The feed by WebSocket as an integrator's client sees it: a real server, a real client."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import websockets
from feed_kit import NOON, PATIENCE, Site, cursors, running, take, take_until
from server_kit import serving
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rid_telephony.cti import events
from rid_telephony.cti.access.scope import Right, Scope
from rid_telephony.cti.server import ws
from rid_telephony.cti.server.hub import HubLimits

pytestmark = pytest.mark.integration


async def closed(socket: ClientConnection) -> tuple[int, str]:
    """Read until the server ends it; code and reason."""
    async with asyncio.timeout(PATIENCE):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as end:
            assert end.rcvd is not None, "the server has to say why"
            return end.rcvd.code, end.rcvd.reason


async def until(site: Site, name: str, value: float) -> None:
    async with asyncio.timeout(PATIENCE):
        while site.hub.figures[name] != value:
            await asyncio.sleep(0.01)


def test_both_subprotocols_say_the_same_in_the_order_of_the_feed() -> None:
    async def script() -> None:
        async with (
            running() as site,
            site.subscribe() as plain,
            site.subscribe(subprotocols=["nonsense", "cloudevents.msgpack"]) as packed,
            site.subscribe(subprotocols=None) as undemanding,
        ):
            assert packed.subprotocol == "cloudevents.msgpack"
            assert undemanding.subprotocol is None
            site.call("a")
            site.held(times=3)
            got = await take(plain, 4)
            assert got == [json.loads(event.line()) for event in site.sent]
            assert await take(packed, 4) == got
            assert await take(undemanding, 4) == got

    asyncio.run(script())


def test_a_subprotocol_that_we_do_not_speak_is_refused_with_those_that_we_do() -> None:
    async def script() -> None:
        async with running() as site:
            with pytest.raises(InvalidStatus) as refused:
                async with site.subscribe(subprotocols=["soap"]):
                    pass
            response = refused.value.response
            assert response.status_code == 400
            assert response.headers["content-type"] == "application/problem+json"
            problem = json.loads(response.body)
            assert problem["type"] == "urn:rid-telephony:problem:subprotocol"
            assert "cloudevents.json" in problem["detail"]

    asyncio.run(script())


@pytest.mark.parametrize("query", ["after=x", "after=99", "types=hint.ofered"])
def test_a_bad_request_is_told_to_programs_by_a_document_and_to_pages_by_a_code(
    query: str,
) -> None:
    async def script() -> None:
        async with running() as site:
            with pytest.raises(InvalidStatus) as refused:
                async with site.subscribe(query):
                    pass
            assert json.loads(refused.value.response.body)["status"] == 400
            async with site.subscribe(query, origin=site.server.url) as page:
                code, reason = await closed(page)
                assert code == 4400
                assert reason
            assert site.hub.figures["feed_subscribers"] == 0

    asyncio.run(script())


def test_filters_leave_out_what_was_not_asked_for() -> None:
    async def script() -> None:
        async with (
            running() as site,
            site.subscribe("types=call.*,analysis.*&agent=10*&call=a") as socket,
        ):
            site.call("b", agent="1001")
            site.call("a", agent="1001")
            site.partial("我")
            site.held()
            got = await take(socket, 2)
            assert [event["type"] for event in got] == ["call.started", "call.held"]
            assert {event["subject"] for event in got} == {"a"}

    asyncio.run(script())


def test_who_comes_back_gets_what_it_missed_and_then_what_happens(tmp_path: Path) -> None:
    async def script() -> None:
        async with running(tmp_path, HubLimits(recent_events=10)) as site:
            site.call("a")
            site.held(times=700)  # several pages of the store, then memory
            async with site.subscribe("after=3") as socket:
                site.held(times=5)
                assert cursors(await take(socket, 703)) == list(range(4, 707))
                site.held()
                assert cursors(await take(socket, 1)) == [707]

    asyncio.run(script())


def test_a_restart_of_ours_loses_nothing_for_whoever_resumes(tmp_path: Path) -> None:
    async def script() -> None:
        async with running(tmp_path) as before:
            before.call("a")
            async with before.subscribe("after=0") as socket:
                before.held(times=3)
                seen = await take(socket, 2)
        async with (
            running(tmp_path) as after,
            after.subscribe(f"after={seen[-1]['cursor']}") as socket,
        ):
            after.call("b")
            got = await take(socket, 3)
        assert cursors(seen + got) == [1, 2, 3, 4, 5]

    asyncio.run(script())


def test_without_a_store_what_is_forgotten_is_told() -> None:
    async def script() -> None:
        async with running(limits=HubLimits(recent_events=2)) as site:
            site.call("a")
            site.held(times=5)
            async with site.subscribe("after=1") as socket:
                gap, *rest = await take(socket, 3)
            assert gap["type"] == "feed.gap"
            assert gap["data"]["reason"] == "not_kept"
            assert (gap["data"]["from_cursor"], gap["data"]["to_cursor"]) == (2, 4)
            assert cursors(rest) == [5, 6]

    asyncio.run(script())


def test_a_slow_consumer_is_bounded_and_told_what_it_lost() -> None:
    async def script() -> None:
        limits = HubLimits(waiting_events=30, recent_events=10)
        async with (
            running(limits=limits) as site,
            site.subscribe(max_queue=1, max_size=None) as slow,
            site.subscribe("types=call.held") as quick,
        ):
            for number in range(150):
                site.large(200_000, 1)
                site.partial(f"{number}")
                await asyncio.sleep(0)
                assert site.hub.furthest_behind <= 30
            site.held()
            last = site.feed.cursor
            assert cursors(await take(quick, 1)) == [last], "others do not wait for it"
            got = await take_until(slow, last)
            gaps = [event for event in got if event["type"] == "feed.gap"]
            assert gaps, "30 MB do not fit into the buffers on the way"
            mattered = [event for event in got if event["type"] == "analysis.degraded"]
            told = sum(gap["data"]["dropped"] for gap in gaps)
            merged = site.hub.figures["feed_events_merged_total"]
            assert len(got) - len(gaps) + told + merged == last
            assert len(mattered) < 150
            assert cursors(got) == sorted(cursors(got))

    asyncio.run(script())


def test_a_consumer_that_does_not_read_is_let_go_and_told_why() -> None:
    async def script() -> None:
        async with (
            running(send_timeout=0.2, ping_seconds=60) as site,
            site.subscribe(max_queue=1, max_size=None) as stuck,
        ):
            for _ in range(20):
                site.large(1_000_000, 1)
                await asyncio.sleep(0)
            await until(site, "feed_subscribers", 0)
            code, reason = await closed(stuck)
            assert code == ws.TOO_SLOW
            assert "cursor" in reason

    asyncio.run(script())


def test_a_stop_of_ours_tells_consumers_to_come_back() -> None:
    async def script() -> None:
        async with running() as site, site.subscribe() as socket:
            site.held()
            await take(socket, 1)
            site.hub.close()
            assert (await closed(socket))[0] == 1012

    asyncio.run(script())


def test_too_many_consumers_are_refused_and_a_free_place_is_given_again() -> None:
    async def script() -> None:
        async with running(limits=HubLimits(streams=1)) as site:
            async with site.subscribe() as first:
                with pytest.raises(InvalidStatus) as refused:
                    async with site.subscribe():
                        pass
                assert refused.value.response.status_code == 503
                await first.close()
            await until(site, "feed_subscribers", 0)
            async with site.subscribe() as second:
                site.held()
                await take(second, 1)

    asyncio.run(script())


def test_a_consumer_that_talks_without_end_is_let_go() -> None:
    async def script() -> None:
        async with running() as site, site.subscribe() as socket:
            for _ in range(ws.MAX_SAID):
                await socket.send("hello")
            assert (await closed(socket))[0] == ws.TOO_MUCH

    asyncio.run(script())


def test_a_token_in_the_header_opens_the_feed_for_what_it_may_see() -> None:
    async def script() -> None:
        async with serving() as site:
            token = site.token(Right.READ, scope=Scope(types=("call.held",)))
            url = site.server.url.replace("http", "ws", 1) + "/v1/events?after=0"
            with pytest.raises(InvalidStatus) as refused:
                async with websockets.connect(
                    url, proxy=None, additional_headers={"Authorization": "Bearer ridt_wrong"}
                ):
                    pass
            assert refused.value.response.status_code == 401
            with pytest.raises(InvalidStatus) as refused:
                async with websockets.connect(
                    url, proxy=None, additional_headers=site.bearer(Right.METRICS)
                ):
                    pass
            assert refused.value.response.status_code == 403
            async with websockets.connect(
                url, proxy=None, additional_headers={"Authorization": f"Bearer {token}"}
            ) as socket:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await socket.recv()

    asyncio.run(script())


@pytest.mark.parametrize("first", ['{"ticket": "wrong"}', "[]", "no json", '{"ticket": 5}', b"x"])
def test_without_a_good_ticket_nothing_is_sent(first: str | bytes) -> None:
    async def script() -> None:
        async with serving() as site:
            url = site.server.url.replace("http", "ws", 1) + "/v1/events"
            async with websockets.connect(url, proxy=None) as socket:
                await socket.send(first)
                assert (await closed(socket))[0] == 4401

    asyncio.run(script())


def test_silence_instead_of_a_ticket_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ws, "TICKET_SECONDS", 0.05)

    async def script() -> None:
        async with serving() as site:
            url = site.server.url.replace("http", "ws", 1) + "/v1/events"
            async with websockets.connect(url, proxy=None) as socket:
                assert (await closed(socket))[0] == 4401

    asyncio.run(script())


def test_a_ticket_as_the_first_message_opens_the_feed() -> None:
    async def script() -> None:
        async with serving() as site:
            made = await site.http.post("/v1/tickets", headers=site.bearer(Right.READ), json={})
            url = site.server.url.replace("http", "ws", 1) + "/v1/events?after=0"
            async with websockets.connect(url, proxy=None) as socket:
                await socket.send(json.dumps({"ticket": made.json()["ticket"]}))
                channel = site.feed.open_call("a", NOON)
                site.feed.publish(channel, "call.held", events.CallHeld(at_ms=5, by="agent"))
                assert (await take(socket, 1))[0]["type"] == "call.held"

    asyncio.run(script())


def test_a_revoked_token_ends_its_running_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ws, "CHECK_SECONDS", 0.05)

    async def script() -> None:
        async with serving() as site:
            token = site.token(Right.READ, days=1)
            url = site.server.url.replace("http", "ws", 1) + "/v1/events"
            async with websockets.connect(
                url, proxy=None, additional_headers={"Authorization": f"Bearer {token}"}
            ) as socket:
                site.clock.now += 2 * 86_400
                assert (await closed(socket))[0] == ws.ENDED

    asyncio.run(script())
