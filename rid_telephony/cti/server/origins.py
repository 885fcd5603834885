"""Which web pages may speak to the server.

A browser sends cookies, and reaches loopback ports, for any page that its user has open; the
``Origin`` header tells which page it was (https://www.rfc-editor.org/rfc/rfc6454).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from rid_telephony.cti.server.problems import Problem
from rid_telephony.settings.server import LOOPBACK, ServerSettings

_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def check_origin(
    connection: HTTPConnection, settings: ServerSettings, *, required: bool = False
) -> None:
    """Refuse a page that is neither ours nor on the allow list.

    Args:
        connection: A request or a WebSocket's handshake.
        settings: Hold the allow list.
        required: Refuse also where no origin is given (only browsers give one).

    Raises:
        Problem: 403.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        if required:
            raise Problem(403, "A request with a cookie needs an Origin.", "origin-missing")
        return
    if origin in settings.cors_origins or _is_own(origin, connection):
        return
    raise Problem(
        403,
        "Pages of this origin may not do that. Its place is server.cors_origins.",
        "origin-refused",
    )


def check_host(connection: HTTPConnection) -> None:
    """Refuse a name of another machine on a port that loopback alone protects.

    A page could otherwise point its own name at 127.0.0.1 (DNS rebinding) and pass for ours.

    Raises:
        Problem: 403.
    """
    host = _hostname(f"//{connection.headers.get('host', '')}")
    if host not in LOOPBACK:
        raise Problem(403, "Without tokens the server answers to loopback names only.", "host")


def _is_own(origin: str, connection: HTTPConnection) -> bool:
    scheme = "https" if connection.scope["scheme"] in {"https", "wss"} else "http"
    own = _place(f"{scheme}://{connection.headers.get('host', '')}")
    return own is not None and _place(origin) == own


def _place(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and port else None


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
