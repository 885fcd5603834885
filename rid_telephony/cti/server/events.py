"""``GET /v1/events``: the feed page by page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from rid_telephony.cti.access.scope import Principal, Right
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.server.encoding import Line
from rid_telephony.cti.server.filters import DESCRIPTIONS, Selection, cursor_of, selection_of
from rid_telephony.cti.server.hub import Hub
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.security import principal

MAX_EVENTS = 1000
DEFAULT_EVENTS = 200
PAGE_BYTES = 4_000_000
"""Bytes after which a page ends before its limit."""
JSON = "application/json"
READS = 16
"""Looks at the store for one page; a page may end early where few events fit the filter."""


class EventPage(BaseModel):
    """Some events, and where to go on."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    events: list[CloudEvent]
    """In the order of their cursors."""
    cursor: int
    """Ask on with ``after`` = this, also where ``events`` is empty."""
    more: bool
    """Whether there is more to look at now."""


def make_router(parts: ServerParts) -> APIRouter:
    """The route of pages of events."""
    router = APIRouter(tags=["events"])

    @router.get("/v1/events", response_model=EventPage)
    async def events(
        who: Annotated[Principal, Depends(principal(Right.READ))],
        after: Annotated[str, Query(description="Cursor of the last event you have.")] = "0",
        types: Annotated[str, Query(description=DESCRIPTIONS["types"])] = "",
        agent: Annotated[str, Query(description=DESCRIPTIONS["agent"])] = "",
        tenant: Annotated[str, Query(description=DESCRIPTIONS["tenant"])] = "",
        call: Annotated[str, Query(description=DESCRIPTIONS["call"])] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_EVENTS)] = DEFAULT_EVENTS,
    ) -> Response:
        """Events after a cursor, oldest first."""
        query = {"types": types, "agent": agent, "tenant": tenant, "call": call}
        selection = selection_of(query, who.scope)
        cursor = cursor_of(after) or 0
        parts.hub.check_cursor(cursor)
        lines, cursor = await _page(parts.hub, selection, cursor, limit)
        return Response(_body(lines, cursor, more=cursor < parts.hub.cursor), 200, None, JSON)

    return router


async def _page(hub: Hub, selection: Selection, cursor: int, limit: int) -> tuple[list[Line], int]:
    lines: list[Line] = []
    size = 0
    for _ in range(READS):
        found = await hub.read(selection, cursor, limit - len(lines))
        lines += found.lines
        size += sum(len(line.json) for line in found.lines)
        cursor = found.cursor
        if len(lines) >= limit or size >= PAGE_BYTES or cursor >= hub.cursor:
            break
    return lines, cursor


def _body(lines: list[Line], cursor: int, *, more: bool) -> bytes:
    """The page's JSON, around the lines as they are."""
    return b'{"events":[%s],"cursor":%d,"more":%s}' % (
        b",".join(line.json for line in lines),
        cursor,
        b"true" if more else b"false",
    )
