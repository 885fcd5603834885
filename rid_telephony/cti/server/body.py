"""Bounds the size of a request's body, and the time that it may take to arrive."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rid_telephony.cti.server.problems import Problem, problem_response

BODY_SECONDS = 20.0


class BodyLimit:
    """Refuses bodies that are too large or too slow (ASGI middleware).

    Args:
        app: What answers the others.
        max_bytes: Largest body.
        seconds: Longest time from the request's head to the end of its body.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "transfer-encoding" in headers and "content-length" in headers:
            # Two lengths: what a proxy takes for a body could be a request to us
            # (https://www.rfc-editor.org/rfc/rfc9112#section-6.1).
            close = {"Connection": "close"}
            refusal = problem_response(400, "A request has one length.", headers=close)
            await refusal(scope, receive, send)
            return
        declared = headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > self._max_bytes:
            refusal = problem_response(413, self._words())
            await refusal(scope, receive, send)
            return
        await self._app(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        deadline = asyncio.get_running_loop().time() + self._seconds
        seen = 0
        more = True

        async def limited() -> Message:
            nonlocal seen, more
            if not more:
                # Only the end of the connection can come now, and that takes as long as it takes.
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise Problem(408, "The request's body came too slowly.") from None
            more = message.get("more_body", False)
            seen += len(message.get("body", b""))
            if seen > self._max_bytes:
                raise Problem(413, self._words())
            return message

        return limited

    def _words(self) -> str:
        return f"A request may have {self._max_bytes} bytes (server.max_body_bytes)."
