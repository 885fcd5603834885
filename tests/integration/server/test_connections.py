"""Connections that would take what the calls need, and handshakes that are refused."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from typing import Any

import pytest
import websockets
from server_kit import Site, serving

from rid_telephony.cti.access.scope import Right
from rid_telephony.cti.server import protocol, service
from rid_telephony.cti.threads import in_thread

pytestmark = pytest.mark.integration

PATIENCE = 0.3


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that waits but a moment for a request."""
    monkeypatch.setattr(
        service, "bounded_protocol", lambda _: protocol.bounded_protocol(3, PATIENCE)
    )


def port_of(site: Site) -> int:
    return int(site.server.url.rpartition(":")[2])


@pytest.mark.parametrize("said", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: x"])
@pytest.mark.usefixtures("impatient")
def test_a_peer_that_never_finishes_its_request_is_let_go(said: bytes) -> None:
    async def run() -> None:
        async with serving() as site:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(site))
            writer.write(said)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()

    asyncio.run(run())


@pytest.mark.usefixtures("impatient")
def test_a_peer_that_stalls_in_its_second_request_is_let_go_too() -> None:
    async def run() -> None:
        async with serving() as site:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(site))
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b'{"status":"ok"}')
            writer.write(b"GET /hea")
            assert await asyncio.wait_for(reader.read(), 2) == b""
            writer.close()

    asyncio.run(run())


def test_connections_above_the_limit_are_cut_and_the_others_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """File descriptors are shared with the calls."""
    monkeypatch.setattr(service, "bounded_protocol", lambda _: protocol.bounded_protocol(3))

    async def run() -> None:
        async with serving() as site:
            peers = [await asyncio.open_connection("127.0.0.1", port_of(site)) for _ in range(3)]
            for reader, writer in peers:
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                await reader.readuntil(b'{"status":"ok"}')
            extra, _ = await asyncio.open_connection("127.0.0.1", port_of(site))
            assert await asyncio.wait_for(extra.read(), 5) == b""
            reader, writer = peers[0]
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in await asyncio.wait_for(reader.readline(), 5)
            for _, open_writer in peers:
                open_writer.close()

    asyncio.run(run())


async def refused(site: Site, path: str = "/v1/events", **more: Any) -> tuple[int, str]:
    """Status and problem of a handshake that must fail."""
    with pytest.raises(websockets.InvalidStatus) as caught:
        await websockets.connect(
            f"{site.server.url.replace('http', 'ws')}{path}", proxy=None, **more
        )
    response = caught.value.response
    assert response.headers["content-type"] == "application/problem+json"
    document = json.loads(bytes(response.body or b""))
    return response.status_code, document["type"].rpartition(":")[2]


def test_a_refused_handshake_says_why_by_a_problem_document() -> None:
    async def run() -> None:
        async with serving() as site:
            wrong = {"Authorization": "Bearer ridt_wrong"}
            assert await refused(site, additional_headers=wrong) == (401, "token-refused")
            other = site.bearer(Right.METRICS)
            assert await refused(site, additional_headers=other) == (403, "right-missing")
            evil = "https://evil.example"
            assert await refused(site, origin=evil) == (403, "origin-refused")
            good = site.bearer(Right.READ)
            assert await refused(site, origin=evil, additional_headers=good) == (
                403,
                "origin-refused",
            )

    asyncio.run(run())


def test_peers_that_say_nothing_do_not_keep_others_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "bounded_protocol", lambda _: protocol.bounded_protocol(3))

    async def run() -> None:
        async with serving() as site:
            silent = [await asyncio.open_connection("127.0.0.1", port_of(site)) for _ in range(3)]
            assert (await site.http.get("/healthz")).status_code == 200
            assert await asyncio.wait_for(silent[0][0].read(), 5) == b"", "the first to come goes"
            for _, writer in silent:
                writer.close()

    asyncio.run(run())


def test_a_request_of_two_lengths_is_refused_and_nothing_after_it_is_read() -> None:
    """A proxy may go by the one and we by the other: the rest would pass for another request."""

    async def run() -> None:
        async with serving() as site:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(site))
            writer.write(
                b"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            )
            answer = await asyncio.wait_for(reader.read(), 5)
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert answer.count(b"HTTP/1.1 ") == 1
            writer.close()

    asyncio.run(run())


def test_a_websocket_to_another_place_is_refused_by_a_problem_document() -> None:
    async def run() -> None:
        async with serving() as site:
            assert await refused(site, path="/v1/nothing") == (404, "not-found")

    asyncio.run(run())


PING = b"\x89\x80\0\0\0\0"
EMPTY_PART = b"\x00\x80\0\0\0\0"
HEAD_OF_A_MESSAGE = b"\x01\x80\0\0\0\0"


@pytest.mark.parametrize("flood", [PING * 200, HEAD_OF_A_MESSAGE + EMPTY_PART * 200])
def test_a_peer_that_floods_us_with_needless_frames_is_cut(flood: bytes) -> None:
    """Before anybody has logged in: pongs that nobody reads, and parts, would fill our memory."""

    async def run() -> None:
        async with serving() as site:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(site))
            writer.write(
                b"GET /v1/events HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==\r\n\r\n"
            )
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
            writer.write(flood)
            with suppress(ConnectionError):
                assert b"ticket" not in await asyncio.wait_for(reader.read(), 3)
            writer.close()
            assert (await site.http.get("/healthz")).status_code == 200

    asyncio.run(run())


def test_requests_that_take_long_leave_the_threads_of_the_pbx_alone() -> None:
    """``asyncio``'s own threads look up the PBX's name when its connection is made again."""
    go = threading.Event()

    async def run() -> None:
        busy = [asyncio.create_task(in_thread(go.wait, 10)) for _ in range(100)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(asyncio.to_thread(int, "1"), 5) == 1
        go.set()
        assert all(await asyncio.gather(*busy))

    asyncio.run(run())
