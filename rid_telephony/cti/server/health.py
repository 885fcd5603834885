"""``/healthz``, ``/readyz`` and ``/metrics``: for load balancers and monitoring."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from rid_telephony.cti.access.scope import Principal, Right
from rid_telephony.cti.server.metrics import ServerMetrics
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.problems import Problem
from rid_telephony.cti.server.security import principal


class Health(BaseModel):
    """The server answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """What is needed to analyse calls, and whether it is there."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    ready: bool
    parts: dict[str, bool]
    """``pbx``, ``models``, ``store`` and others, each with its state."""


def make_router(parts: ServerParts, metrics: ServerMetrics) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz", summary="Whether the program lives")
    async def healthz() -> Health:
        """Answers 200 while the event loop turns; needs no token."""
        return Health()

    @router.get("/readyz", summary="Whether calls can be analysed")
    async def readyz() -> Readiness:
        """Answers 503 where a part is missing, and says which; needs no token."""
        states = parts.control.ready
        missing = sorted(name for name, state in states.items() if not state)
        if missing:
            raise Problem(503, f"Not ready: {', '.join(missing)}.", members={"parts": states})
        return Readiness(ready=True, parts=states)

    @router.get("/metrics", summary="Operating figures for Prometheus", response_class=Response)
    async def figures(
        request: Request, _: Annotated[Principal, Depends(principal(Right.METRICS))]
    ) -> Response:
        """In the text format or OpenMetrics, as ``Accept`` asks; needs the right `metrics`."""
        body, content_type = metrics.exposition(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    return router
