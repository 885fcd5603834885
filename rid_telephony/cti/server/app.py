"""The HTTP application: routers, refusals, and what stands before them."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rid_telephony import __version__
from rid_telephony.cti.server import (
    analyze,
    calls,
    docs,
    events,
    explain,
    health,
    hints,
    pages,
    recordings,
    session,
    sse,
    ws,
)
from rid_telephony.cti.server.body import BodyLimit
from rid_telephony.cti.server.faults import Faults
from rid_telephony.cti.server.headers import SecurityHeaders
from rid_telephony.cti.server.metrics import Counted, ServerMetrics
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.problems import Problem, install_problems, problem_response

DESCRIPTION = (
    "Calls, profiles and hints of rid-telephony. Events also come by WebSocket and webhooks: see "
    "`/asyncapi.json`. Every refusal is a problem document (RFC 9457). Tokens go in the "
    "`Authorization` header, never in a URL."
)
CORS_METHODS = ("GET", "POST", "DELETE")
CORS_HEADERS = ("Authorization", "Content-Type", "Last-Event-ID")

ROUTERS = (
    docs.make_router,
    session.make_router,
    events.make_router,
    sse.make_router,
    ws.make_router,
    analyze.make_router,
    hints.make_router,
    pages.make_router,
    explain.make_router,
    recordings.make_router,
    calls.make_router,  # last: a call's id may hold slashes, so its route takes all that is left
)
"""Every part of the interface; each gets the parts of the server."""


def make_app(parts: ServerParts) -> FastAPI:
    """The application for these parts; it starts nothing and opens nothing."""
    app = FastAPI(
        title="rid-telephony",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,  # these two pages would load scripts from elsewhere
        redoc_url=None,
    )
    app.state.parts = parts
    metrics = ServerMetrics((*parts.figures, lambda: parts.control.figures, lambda: _own(parts)))
    app.include_router(health.make_router(parts, metrics))
    for make_router in ROUTERS:
        app.include_router(make_router(parts))
    app.router.default = _no_such_path
    install_problems(app)
    describe_and_guard(app, parts, metrics)
    return app


def describe_and_guard(app: FastAPI, parts: ServerParts, metrics: ServerMetrics) -> None:
    """Put the guards before the routers; the last one added stands outermost."""
    docs.describe(app)
    settings = parts.settings
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    if settings.cors_origins:
        app.add_middleware(
            _Cors,
            allow_origins=settings.cors_origins,
            allow_methods=CORS_METHODS,
            allow_headers=CORS_HEADERS,
            allow_credentials=True,
        )
    app.add_middleware(Faults)
    app.add_middleware(Counted, metrics=metrics)
    app.add_middleware(SecurityHeaders, settings=settings)


async def _no_such_path(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Of WebSockets too, which the framework would refuse without a word."""
    raise Problem(404, "There is no such path.")


class _Cors(CORSMiddleware):
    """Says no to a preflight by a problem document too."""

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        return problem_response(
            403,
            "Pages of this origin may not send that. Origins stand in server.cors_origins.",
            "origin-refused",
            {"Vary": "Origin"},
        )


def _own(parts: ServerParts) -> dict[str, float]:
    return {"login_failures_total": parts.access.failures}
