"""Who asks: bearer token, cookie or ticket; where from; never a token in the URL.

For HTTP routes: ``Annotated[Principal, Depends(principal(Right.READ))]``. For WebSockets:
:func:`websocket_grant` before ``accept``, then, where it gave None, :func:`ticket_grant` with the
``ticket`` of the first message.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security, WebSocket
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.requests import HTTPConnection

from rid_telephony.cti.access.access import SESSION_PREFIX, TooManyFailuresError
from rid_telephony.cti.access.grants import LOCAL_GRANT, Grant
from rid_telephony.cti.access.scope import Principal, Right
from rid_telephony.cti.access.tokens import TOKEN_PREFIX
from rid_telephony.cti.server.origins import check_host, check_origin
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.problems import Problem

COOKIE = "rid_session"
REALM = 'Bearer realm="rid-telephony"'
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# These two only describe the credentials in the OpenAPI document.
_bearer = HTTPBearer(auto_error=False, description="A token of `rid-telephony token make`.")
_cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, description="From `POST /v1/session`, for browsers."
)


def parts_of(connection: HTTPConnection) -> ServerParts:
    """The parts of the server that a request came to."""
    parts: ServerParts = connection.app.state.parts
    return parts


async def any_grant(
    request: Request,
    _bearer_described: Annotated[object, Security(_bearer)],
    _cookie_described: Annotated[object, Security(_cookie)],
) -> Grant:
    """Whoever is known at all (a dependency of HTTP routes).

    Raises:
        Problem: 400, 401, 403 or 429.
    """
    found = await _known(request)
    if found is None:
        raise _unauthenticated("A token is needed: `Authorization: Bearer ridt_…`.")
    return found


AnyGrant = Annotated[Grant, Depends(any_grant)]


def granted(right: Right) -> Callable[[Grant], Awaitable[Grant]]:
    """A dependency that gives the :class:`Grant` of a bearer who has a right.

    Streams need it: ``await parts.access.holds(grant)`` says whether it still stands.
    """

    async def dependency(found: AnyGrant) -> Grant:
        require(found, right)
        return found

    return dependency


def principal(right: Right) -> Callable[[Grant], Awaitable[Principal]]:
    """A dependency that gives the :class:`Principal` of a bearer who has a right."""

    async def dependency(found: AnyGrant) -> Principal:
        require(found, right)
        return found.principal

    return dependency


def require(grant: Grant, right: Right) -> None:
    """Refuse a bearer who lacks a right.

    Raises:
        Problem: 403.
    """
    if not grant.principal.may(right):
        raise Problem(
            403,
            f"{grant.principal.name} has not got the right `{right}`. "
            f"Make a token with `--right {right}`.",
            "right-missing",
            {"WWW-Authenticate": f'{REALM}, error="insufficient_scope"'},
        )


async def websocket_grant(socket: WebSocket) -> Grant | None:
    """Whoever opens a WebSocket; None where the first message must bring a ticket.

    Raises:
        Problem: 400, 401, 403 or 429; raise it before ``accept``.
    """
    check_origin(socket, parts_of(socket).settings)
    return await _known(socket)


async def ticket_grant(connection: HTTPConnection, ticket: str) -> Grant | None:
    """What a ticket gives, once; None where it is unknown, used or too old.

    Raises:
        Problem: 429, too many failures from this address.
    """
    try:
        return parts_of(connection).access.redeem(ticket, address(connection))
    except TooManyFailuresError as error:
        raise _too_many(error) from error


def address(connection: HTTPConnection) -> str:
    """Where a request comes from; empty where that is not known."""
    return connection.client.host if connection.client else ""


async def _known(connection: HTTPConnection) -> Grant | None:
    parts = parts_of(connection)
    _refuse_tokens_in_url(connection)
    header = connection.headers.get("authorization")
    if header is not None:
        return await _by_header(connection, header)
    if not parts.settings.require_token:
        # The port itself is the credential, so a web page must not be able to borrow it.
        check_host(connection)
        check_origin(connection, parts.settings)
        return LOCAL_GRANT
    cookie = connection.cookies.get(COOKIE)
    if not cookie:
        return None
    unsafe = connection.scope.get("method", "GET") not in SAFE_METHODS
    check_origin(connection, parts.settings, required=unsafe)
    try:
        found = await parts.access.by_session(cookie, address(connection))
    except TooManyFailuresError as error:
        raise _too_many(error) from error
    if found is None:
        raise _unauthenticated("The session has ended: exchange a new ticket.", "session-ended")
    return found


async def _by_header(connection: HTTPConnection, header: str) -> Grant:
    kind, _, credential = header.partition(" ")
    credential = credential.strip()
    if kind.lower() != "bearer" or not credential:
        raise _unauthenticated("Only `Authorization: Bearer …` is understood.")
    access = parts_of(connection).access
    look_up = access.by_session if credential.startswith(SESSION_PREFIX) else access.by_token
    try:
        found = await look_up(credential, address(connection))
    except TooManyFailuresError as error:
        raise _too_many(error) from error
    if found is None:
        raise _unauthenticated("The token is unknown, revoked or too old.", "token-refused")
    return found


def _refuse_tokens_in_url(connection: HTTPConnection) -> None:
    if any(
        value.startswith((TOKEN_PREFIX, SESSION_PREFIX))
        for value in connection.query_params.values()
    ):
        raise Problem(
            400,
            "A token stands in the URL, where logs and proxies keep it. Revoke it, and send "
            "tokens in the Authorization header.",
            "token-in-url",
        )


def _unauthenticated(detail: str, word: str = "") -> Problem:
    return Problem(401, detail, word, {"WWW-Authenticate": REALM})


def _too_many(error: TooManyFailuresError) -> Problem:
    seconds = str(error.retry_after)
    return Problem(
        429,
        f"Too many failed logins from this address. Try again in {seconds} s.",
        "too-many-failures",
        {"Retry-After": seconds},
    )
