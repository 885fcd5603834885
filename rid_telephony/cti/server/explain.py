"""``/v1/calls/{id}/explain``: why the figures of a call are what they are."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from rid_telephony.cti.access.scope import Principal, Right, matches
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.server.context import MAX_ID
from rid_telephony.cti.server.filters import Selection
from rid_telephony.cti.server.hub import Hub
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.problems import Problem
from rid_telephony.cti.server.security import principal
from rid_telephony.cti.threads import in_thread
from rid_telephony.explain.explaining import explain_call
from rid_telephony.explain.figures import Steps
from rid_telephony.explain.messages import Explanation
from rid_telephony.explain.story import stories

MAX_NAME = 40
PAGE = 1000
_NOT_FOUND = "There is no such call, or it is not within the token's scope."


def make_router(parts: ServerParts) -> APIRouter:
    """The route; it has to stand before that of calls, whose ids may hold slashes."""
    router = APIRouter(tags=["calls"])

    @router.get(
        "/v1/calls/{call_id:path}/explain",
        summary="Why its figures are what they are",
        response_model=Explanation,
    )
    async def explain(
        call_id: Annotated[str, Path(min_length=1, max_length=MAX_ID)],
        who: Annotated[Principal, Depends(principal(Right.READ))],
        number: Annotated[
            str | None,
            Query(max_length=MAX_NAME, description="One figure, such as `relationship`."),
        ] = None,
        turn: Annotated[
            int | None, Query(ge=1, description="The call as it stood after this turn.")
        ] = None,
    ) -> Response:
        """The utterances and signals behind each figure and each hint.

        As `rid-telephony explain` tells them; only what the token's event types cover is told.
        """
        events = await _events_of(call_id, parts)
        text = await in_thread(_told, events, who, parts.steps, turn, number)
        return Response(text, media_type="application/json")

    return router


async def _events_of(call_id: str, parts: ServerParts) -> list[CloudEvent]:
    """All events of a call; where nothing is kept, those that are still in memory."""
    if parts.archive:
        return await in_thread(parts.archive.events_of, call_id)
    return await _recent(call_id, parts.hub)


async def _recent(call_id: str, hub: Hub) -> list[CloudEvent]:
    selection = Selection()
    found: list[CloudEvent] = []
    cursor, end = 0, hub.cursor
    while cursor < end:
        batch = await hub.read(selection, cursor, PAGE)
        cursor = batch.cursor
        lines = [line.json for line in batch.lines if line.call_id == call_id]
        found += [CloudEvent.model_validate_json(line) for line in lines]
    return found


def _told(
    events: list[CloudEvent], who: Principal, steps: Steps, turn: int | None, number: str | None
) -> str:
    """The answer's JSON; blocking for as long as a long call takes.

    Raises:
        Problem: 404, the bearer may not see the call.
        InputError: The call has no such turn or figure, or nothing was said in it.
    """
    if not events or not _covers(who, events):
        raise Problem(404, _NOT_FOUND)
    seen = [event for event in events if matches(event.type, who.scope.types)]
    if not seen:
        raise Problem(404, _NOT_FOUND)
    (story,) = stories(seen)
    explanation = explain_call(story, steps, turn=turn, number=number)
    return json.dumps(asdict(explanation), ensure_ascii=False)


def _covers(who: Principal, events: list[CloudEvent]) -> bool:
    """By its latest agent, as for every call."""
    last = events[-1]
    queue = next((event.data.get("queue", "") for event in events if "queue" in event.data), "")
    return who.scope.covers(last.tenant, last.agent, queue)
