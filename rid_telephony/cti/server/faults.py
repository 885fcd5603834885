"""A fault of the server itself: one log entry, one answer, and the calls go on."""

from __future__ import annotations

from contextlib import suppress

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from rid_telephony.cti.server.problems import problem_response

log = structlog.get_logger(__name__)

INTERNAL_ERROR = 1011
"""WebSocket close code (https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1)."""


class Faults:
    """Turns an exception that nobody expected into status 500 (ASGI middleware).

    Not left to the framework, whose answer would lack the security headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        began = False

        async def noting(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except WebSocketDisconnect:
            return
        except Exception as error:
            path = getattr(scope.get("route"), "path", "")
            log.error("request_failed", route=path, error=type(error).__name__, exc_info=True)
            if not began:
                refusal = problem_response(500, "The server failed; its log says where.")
                await refusal(scope, receive, send)
            elif scope["type"] == "websocket":
                with suppress(Exception):  # it may be closed by now
                    await send({"type": "websocket.close", "code": INTERNAL_ERROR})
            else:
                # Half an answer must not look like a whole one: the connection is cut.
                raise
