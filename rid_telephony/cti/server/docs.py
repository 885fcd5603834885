"""The documents that integrators build against: OpenAPI, AsyncAPI, one schema per event type."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from rid_telephony.cti.schema import ASYNCAPI_FILE, SCHEMA_DIRECTORY, documents
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.problems import MEDIA_TYPE, Problem, ProblemDocument

_PROBLEM = {
    "description": "Refused: a problem document (RFC 9457).",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}
_REPLACED = ("HTTPValidationError", "ValidationError")
"""The framework's own form of a refusal, which this server never sends."""


def make_router(_: ServerParts) -> APIRouter:
    """The routes; public, since they hold nothing of any call."""
    router = APIRouter(tags=["documents"])

    @router.get("/asyncapi.json", summary="The event feed (AsyncAPI 3.0)", response_class=Response)
    async def asyncapi() -> Response:
        """Its references to schemas are relative to this address."""
        return Response(_published()[ASYNCAPI_FILE], media_type="application/json")

    @router.get(
        "/schemas/{event_type}.json", summary="The schema of an event", response_class=Response
    )
    async def schema(event_type: str) -> Response:
        """JSON Schema 2020-12 of a whole event, envelope and data."""
        text = _published().get(f"{SCHEMA_DIRECTORY}/{event_type}.json")
        if text is None:
            raise Problem(404, "There is no such event type; /asyncapi.json lists them.")
        return Response(text, media_type="application/schema+json")

    return router


def describe(app: FastAPI) -> None:
    """Let the application's OpenAPI document say how refusals look."""
    made: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not made:
            made.update(_openapi(app))
        return made

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents


def _openapi(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _REPLACED:
        schemas.pop(name, None)
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _PROBLEM
    return document


@cache
def _published() -> dict[str, str]:
    return documents()
