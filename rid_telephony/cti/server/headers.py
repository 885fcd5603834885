"""Response headers that keep browsers from doing harm."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rid_telephony.settings.server import ServerSettings

DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {frames}"
)
"""Pages run scripts and styles of this server only. Style attributes are let through, since
chart libraries place their labels by them; ``<style>`` elements are not (use a constructed
stylesheet)."""
SHARED = "/panel/"
"""What pages of other origins may load: the panel's script."""
NOT_MODIFIED = 304
"""Its headers replace those that the browser kept with the file (RFC 9111, section 3.2), and it has
no media type to tell a page by: the policy that came with the file stands."""
STRICT_TRANSPORT = "max-age=31536000"


class SecurityHeaders:
    """Adds the headers to every response (ASGI middleware)."""

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        frames = " ".join(("'self'", *settings.cors_origins))
        self._page_policy = PAGE_POLICY.format(frames=frames)
        self._tls = settings.tls_certificate is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = message["status"] == NOT_MODIFIED
                self._add(MutableHeaders(scope=message), scope["path"], kept=kept)
            await send(message)

        await self._app(scope, receive, with_headers)

    def _add(self, headers: MutableHeaders, path: str, *, kept: bool) -> None:
        if not kept:
            is_page = headers.get("content-type", "").startswith("text/html")
            headers["Content-Security-Policy"] = self._page_policy if is_page else DATA_POLICY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        shared = "cross-origin" if path.startswith(SHARED) else "same-origin"
        headers["Cross-Origin-Resource-Policy"] = shared
        if path.startswith("/v1/"):
            headers.setdefault("Cache-Control", "no-store")
        if self._tls:
            headers["Strict-Transport-Security"] = STRICT_TRANSPORT
