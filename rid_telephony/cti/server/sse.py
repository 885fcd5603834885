"""``/v1/events/stream``: server-sent events, resumed by ``Last-Event-ID``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rid_telephony.cti.access.grants import Grant
from rid_telephony.cti.access.scope import Right
from rid_telephony.cti.server.encoding import sse_message
from rid_telephony.cti.server.filters import DESCRIPTIONS, cursor_of, selection_of
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.security import granted
from rid_telephony.cti.server.stream import Stream, StreamClosedError
from rid_telephony.errors import StoreError

log = structlog.get_logger(__name__)

RETRY_MS = 2000
"""When a browser tries again after the connection broke, milliseconds."""
KEEP_ALIVE = b": still here\n\n"
HEADERS = {
    "Cache-Control": "no-store",
    # nginx would otherwise hold events back until its buffer is full.
    "X-Accel-Buffering": "no",
}


def make_router(parts: ServerParts) -> APIRouter:
    """The route of server-sent events."""
    router = APIRouter(tags=["events"])

    @router.get(
        "/v1/events/stream",
        response_class=Response,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    async def stream(
        grant: Annotated[Grant, Depends(granted(Right.READ))],
        after: Annotated[str, Query(description="Cursor of the last event you have.")] = "",
        types: Annotated[str, Query(description=DESCRIPTIONS["types"])] = "",
        agent: Annotated[str, Query(description=DESCRIPTIONS["agent"])] = "",
        tenant: Annotated[str, Query(description=DESCRIPTIONS["tenant"])] = "",
        call: Annotated[str, Query(description=DESCRIPTIONS["call"])] = "",
        last_event_id: Annotated[
            str, Header(description="Sent by browsers when they come back; goes before `after`.")
        ] = "",
    ) -> Response:
        """Events as they happen. Each message has its event's cursor as `id`."""
        query = {"types": types, "agent": agent, "tenant": tenant, "call": call}
        selection = selection_of(query, grant.principal.scope)
        cursor = cursor_of(last_event_id, "Last-Event-ID")
        if cursor is None:
            cursor = cursor_of(after)
        return EventStream(parts, grant, parts.hub.open(selection, cursor, sse_message))

    return router


class EventStream(Response):
    """The endless answer.

    Args:
        parts: The server's parts.
        grant: Who asks; looked at again at every pause.
        stream: Its events; closed when the answer ends.
    """

    media_type = "text/event-stream"

    def __init__(self, parts: ServerParts, grant: Grant, stream: Stream) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._parts = parts
        self._grant = grant
        self._stream = stream

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the peer goes, may no longer stay, or does not read."""
        sending = asyncio.create_task(self._run(send))
        leaving = asyncio.create_task(_gone(receive))
        tasks = {sending, leaving}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stream.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        await self._write(send, b"retry: %d\n\n" % RETRY_MS)
        try:
            await self._events(send)
        except (StreamClosedError, StoreError, TimeoutError) as error:
            # There are no close codes here; the browser comes back by its last id.
            log.info("event_stream_ended", reason=type(error).__name__)
        await self._write(send, b"", more=False)

    async def _events(self, send: Send) -> None:
        patience = self._parts.settings.ping_seconds
        loop = asyncio.get_running_loop()
        checked = loop.time()
        while True:
            lines = await self._stream.batch(patience)
            await self._write(
                send, b"".join(line.form(sse_message) for line in lines) or KEEP_ALIVE
            )
            if loop.time() - checked >= patience:
                checked = loop.time()
                if not await self._parts.access.holds(self._grant):
                    return

    async def _write(self, send: Send, body: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(self._parts.settings.send_timeout):
            await send({"type": "http.response.body", "body": body, "more_body": more})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
