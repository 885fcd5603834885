"""``/v1/calls``: the calls that go on and those before, one call in full, context for a call."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse, Response

from rid_telephony.cti.access.scope import Principal, Right
from rid_telephony.cti.calltelling import view
from rid_telephony.cti.callview import CallHeadline, CallView
from rid_telephony.cti.server.context import MAX_ID, ContextBody
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.past import PastCalls, types_seen
from rid_telephony.cti.server.ports import CallKey, Outcome
from rid_telephony.cti.server.problems import Problem
from rid_telephony.cti.server.security import principal
from rid_telephony.cti.threads import in_thread

MOST_CALLS = 200

CallId = Annotated[str, Path(min_length=1, max_length=MAX_ID, description="The call's id.")]
Reader = Annotated[Principal, Depends(principal(Right.READ))]
Teller = Annotated[Principal, Depends(principal(Right.CONTEXT))]


class Calls(BaseModel):
    """Calls that go on come first; each part with the newest first."""

    calls: list[CallHeadline]


class Done(BaseModel):
    """What became of the request."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    outcome: Literal["done", "kept"]
    """``done``: a call that goes on has it. ``kept``: it waits for the call to begin."""


def make_router(parts: ServerParts) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["calls"])
    past = PastCalls(parts.board, parts.archive)

    @router.get("/v1/calls", summary="Live and recent calls", response_model=Calls)
    async def calls(
        who: Reader,
        state: Annotated[
            Literal["live", "ended", "all"], Query(description="Which of them.")
        ] = "all",
        limit: Annotated[
            int, Query(ge=1, le=MOST_CALLS, description="Calls that are over, at most.")
        ] = 50,
    ) -> Response:
        """One line for each call within the token's scope: agent, relationship, emotion, alert."""
        found = [] if state == "ended" else past.live(who)
        if state != "live":
            found += await past.ended(who, limit)
        return await _json(Calls(calls=found))

    @router.get("/v1/calls/{call_id:path}", summary="One call in full", response_model=CallView)
    async def call(call_id: CallId, who: Reader) -> Response:
        """Profile, transcript, hints with what became of them, evidence, findings, summary.

        Of a call that goes on, as it stands: subscribe after its `cursor` to follow it. What the
        token's event types do not cover is left out.
        """
        fold = await past.find(call_id, who)
        if fold is None:
            raise Problem(404, "There is no such call, or it is not within the token's scope.")
        return await _json(view(fold, types_seen(who.scope)))

    @router.post(
        "/v1/calls/{call_id:path}/context",
        summary="What the CRM knows of the customer",
        response_model=Done,
        responses={202: {"model": Done, "description": "The call has not begun: it is kept."}},
    )
    async def context(
        call_id: CallId,
        body: ContextBody,
        who: Teller,
        by: Annotated[
            Literal["call", "channel", "customer"],
            Query(description="Whether the id is our call id, the PBX's channel id, or the CRM's."),
        ] = "call",
    ) -> Response:
        """Tell it before the call, or during it.

        During a call the profile takes it in at once; what the customer said of themselves stays.
        Before it, it waits (`server.context_hours`). By customer id it serves every call of this
        customer while it waits. The same again changes nothing. Answers 409 where the call is
        over, or is another customer's.
        """
        if by == "customer" and body.customer_id not in ("", call_id):
            raise Problem(422, "customer_id is another than that of the address.")
        key = CallKey(by, call_id)
        if by == "call" and parts.control.locate(key) is None and await past.find(call_id, who):
            raise _too_late()
        outcome = parts.control.give_context(key, body.context(), who.scope)
        if outcome is Outcome.TOO_LATE:
            raise _too_late()
        kept = outcome is Outcome.KEPT
        return JSONResponse({"outcome": "kept" if kept else "done"}, 202 if kept else 200)

    return router


def _too_late() -> Problem:
    return Problem(409, "The call is over, or it is another customer's.", "too-late")


async def _json(model: BaseModel) -> Response:
    """The answer; a long call takes some time to write, and the calls must not wait for it."""
    text = await in_thread(model.model_dump_json)
    return Response(text, media_type="application/json")
