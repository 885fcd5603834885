"""``/v1/events`` as a WebSocket: subprotocols, tickets, slow and silent peers."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from rid_telephony.cti.access.grants import Grant
from rid_telephony.cti.access.scope import Right, Scope
from rid_telephony.cti.server.encoding import SUBPROTOCOLS, Line, Subprotocol, msgpack_message
from rid_telephony.cti.server.filters import cursor_of, selection_of
from rid_telephony.cti.server.frames import AT_ONCE, EXTENSION, FeedWebSocket
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.problems import Problem
from rid_telephony.cti.server.security import require, ticket_grant, websocket_grant
from rid_telephony.cti.server.stream import Stream, StreamClosedError
from rid_telephony.errors import StoreError

WS_IMPLEMENTATION = FeedWebSocket
"""For uvicorn's ``ws``."""
DEFAULT = SUBPROTOCOLS["cloudevents.json"]
"""For those who ask for no subprotocol."""
TICKET_SECONDS = 5.0
"""How long the first message may take where no header and no cookie says who it is."""
CHECK_SECONDS = 15.0
"""How often a running stream's grant is looked at."""
MAX_SAID = 100
"""Messages that a subscriber may send in that time."""

PRIVATE_CODES = 4000
"""A refusal's close code is this and the HTTP status (RFC 6455 leaves 4000 to 4999 to us)."""
TOO_SLOW = PRIVATE_CODES + 408
ENDED = PRIVATE_CODES + 401
TOO_MUCH = PRIVATE_CODES + 429
RESTART = 1012
TRY_AGAIN = 1013
MAX_REASON = 123
"""Bytes that a close frame holds beside its code."""


def make_router(parts: ServerParts) -> APIRouter:
    """The route of the WebSocket."""
    router = APIRouter()

    @router.websocket("/v1/events")
    async def events(socket: WebSocket) -> None:
        """Events of the calls that the subscriber may see, one a message."""
        await _Subscriber(socket, parts).serve()

    return router


class _Subscriber:
    """One connection."""

    def __init__(self, socket: WebSocket, parts: ServerParts) -> None:
        self._socket = socket
        self._parts = parts
        self._takes_frames = EXTENSION in (socket.scope.get("extensions") or {})

    async def serve(self) -> None:
        """Negotiate, then send events until either side ends it."""
        try:
            grant = await self._granted()
            stream = self._stream(grant)
        except Problem as problem:
            await self._refuse(problem)
            return
        except WebSocketDisconnect:
            return
        try:
            if self._socket.application_state is WebSocketState.CONNECTING:
                await self._accept()
            await self._both_ways(grant, stream)
        finally:
            stream.close()

    async def _granted(self) -> Grant:
        self._subprotocol = _negotiated(self._socket)
        grant = await websocket_grant(self._socket)
        if grant is None:
            # What is wrong with the request can be said before anybody logs in.
            self._check_query()
            await self._accept()
            grant = await self._by_ticket()
        require(grant, Right.READ)
        return grant

    async def _by_ticket(self) -> Grant:
        try:
            async with asyncio.timeout(TICKET_SECONDS):
                text = await self._socket.receive_text()
        except (TimeoutError, KeyError) as error:
            raise Problem(401, 'No {"ticket": …} came as the first message.') from error
        grant = await ticket_grant(self._socket, _ticket_in(text))
        if grant is None:
            raise Problem(401, "The ticket is unknown, used or too old.", "ticket-refused")
        return grant

    def _check_query(self) -> None:
        query = self._socket.query_params
        cursor_of(query.get("after"))
        selection_of(query, Scope())

    def _stream(self, grant: Grant) -> Stream:
        query = self._socket.query_params
        selection = selection_of(query, grant.principal.scope)
        form = self._subprotocol.frame if self._takes_frames else None
        return self._parts.hub.open(selection, cursor_of(query.get("after")), form)

    async def _accept(self) -> None:
        asked = bool(self._socket.scope["subprotocols"])
        await self._socket.accept(self._subprotocol.name if asked else None)

    async def _refuse(self, problem: Problem) -> None:
        """By a problem document; a page's script can only read a close code."""
        if self._socket.application_state is WebSocketState.CONNECTING:
            if "origin" not in self._socket.headers or problem.status_code == 403:
                raise problem
            await self._accept()
        await self._close(PRIVATE_CODES + problem.status_code, problem.detail)

    async def _both_ways(self, grant: Grant, stream: Stream) -> None:
        sending = asyncio.create_task(self._send(stream))
        listening = asyncio.create_task(self._listen(grant))
        tasks = {sending, listening}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, grant: Grant) -> None:
        """Notice that the peer goes, or may no longer stay; what it says means nothing."""
        try:
            while await self._parts.access.holds(grant):
                with suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_SECONDS):
                        await self._ignore(MAX_SAID)
                        await self._close(TOO_MUCH, "Subscribers have nothing to say here.")
                        return
            await self._close(ENDED, "The token was revoked, or has expired.")
        except StoreError:
            await self._close(TRY_AGAIN, "The store cannot be read now. Try again later.")
        except WebSocketDisconnect:
            return

    async def _ignore(self, messages: int) -> None:
        for _ in range(messages):
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"])

    async def _send(self, stream: Stream) -> None:
        try:
            while True:
                lines = await stream.batch()
                async with asyncio.timeout(self._parts.settings.send_timeout):
                    await self._deliver(lines)
        except TimeoutError:
            await self._close(TOO_SLOW, "Nothing was read in time. Resume by the last cursor.")
        except StreamClosedError:
            await self._close(RESTART, "The server stops. Resume by the last cursor.")
        except StoreError:
            await self._close(TRY_AGAIN, "The store cannot be read now. Try again later.")
        except (WebSocketDisconnect, OSError):
            return

    async def _deliver(self, lines: list[Line]) -> None:
        frame = self._subprotocol.frame
        if self._takes_frames:
            frames = b"".join([line.form(frame) for line in lines])
            await self._socket.send({"type": "websocket.send", EXTENSION: frames})
            return
        for line in lines:
            if self._subprotocol.is_text:
                await self._socket.send_text(line.json.decode())
            else:
                await self._socket.send_bytes(line.form(msgpack_message))

    async def _close(self, code: int, reason: str) -> None:
        """Say why, and go; whoever does not read cannot keep us."""
        text = reason.encode()[:MAX_REASON].decode(errors="ignore")
        message = {"type": "websocket.close", "code": code, "reason": text, AT_ONCE: True}
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(self._parts.settings.send_timeout):
                await self._socket.send(message)


def _negotiated(socket: WebSocket) -> Subprotocol:
    """The first subprotocol of the peer that we speak.

    Raises:
        Problem: 400, there is none among those that it names.
    """
    asked: list[str] = socket.scope["subprotocols"]
    if not asked:
        return DEFAULT
    for name in asked:
        if name in SUBPROTOCOLS:
            return SUBPROTOCOLS[name]
    raise Problem(400, f"The subprotocols here are {', '.join(SUBPROTOCOLS)}.", "subprotocol")


def _ticket_in(text: str) -> str:
    try:
        ticket = json.loads(text)["ticket"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Problem(401, 'The first message has to be {"ticket": …}.') from error
    return ticket if isinstance(ticket, str) else ""
