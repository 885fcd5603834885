"""``/v1/hints``: what became of a hint."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from rid_telephony.cti.access.scope import Principal, Right
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.past import PastCalls
from rid_telephony.cti.server.ports import HintFeedback, Outcome
from rid_telephony.cti.server.problems import Problem
from rid_telephony.cti.server.security import principal
from rid_telephony.strategy.messages import HintVerdict

MAX_HINT_ID = 160
MAX_NOTE = 500
MARK = "-h-"
"""Stands between a call's id and the number of its hint."""

Judge = Annotated[Principal, Depends(principal(Right.FEEDBACK))]


class FeedbackBody(BaseModel):
    """What the agent, or the screen for them, says of a hint."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, use_attribute_docstrings=True
    )

    verdict: HintVerdict
    """``displayed``: it stands on the agent's screen. ``used`` or ``useful``: accepted.
    ``wrong`` or ``dismissed``: taken away."""
    note: str = Field(default="", max_length=MAX_NOTE)
    """Free text; personal data in it is masked as in utterances."""


class Noted(BaseModel):
    """It is on the feed."""

    outcome: Literal["done"] = "done"


def make_router(parts: ServerParts) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["hints"])
    past = PastCalls(parts.board, parts.archive)

    @router.post("/v1/hints/{hint_id:path}/feedback", summary="What became of a hint")
    async def feedback(
        hint_id: Annotated[str, Path(min_length=1, max_length=MAX_HINT_ID)],
        body: FeedbackBody,
        who: Judge,
    ) -> Noted:
        """Puts `hint.displayed`, `hint.accepted` or `hint.dismissed` on the feed.

        A verdict counts once for each hint; again it is answered alike, without another event.
        What was accepted cannot be dismissed, nor the reverse (409). After the call it is taken
        for `server.feedback_minutes`. The coach of the call learns: the strategy of a dismissed
        or wrong hint is not offered again soon, a used one is not repeated.
        """
        owner = parts.control.owner(hint_id)
        if owner is None or not who.scope.covers(*owner):
            raise await _unknown(past, hint_id, who)
        given = HintFeedback(hint_id, body.verdict, who.name, body.note)
        if parts.control.feedback(given) is not Outcome.DONE:
            raise Problem(409, "The hint has the opposite verdict already.", "too-late")
        return Noted()

    return router


async def _unknown(past: PastCalls, hint_id: str, who: Principal) -> Problem:
    call_id, _, _ = hint_id.rpartition(MARK)
    fold = await past.find(call_id, who) if call_id else None
    if fold and hint_id in fold.hints:
        return Problem(409, "The call has been over for too long.", "too-late")
    return Problem(404, "There is no such hint, or it is not within the token's scope.")
