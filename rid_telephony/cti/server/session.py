"""``/v1/tickets`` and ``/v1/session``: how a browser comes to its cookie without seeing a token.

A CRM's own server holds a token. For each agent it asks for a ticket, narrowed to that agent, and
hands it to the page; the page exchanges it for a cookie, once and soon.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from rid_telephony.cti.access.grants import SCOPE_FIELDS, Grant, TooWideError, narrowed
from rid_telephony.cti.access.scope import Right
from rid_telephony.cti.access.sessions import SESSION_PREFIX
from rid_telephony.cti.access.tokens import MAX_PATTERNS, PATTERN
from rid_telephony.cti.server.origins import check_origin
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.problems import Problem
from rid_telephony.cti.server.security import COOKIE, AnyGrant, ticket_grant

Pattern = Annotated[str, Field(pattern=f"^{PATTERN}$")]
Patterns = Annotated[tuple[Pattern, ...], Field(max_length=MAX_PATTERNS)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class TicketRequest(_Body):
    """What the ticket shall give; everything that the bearer has where nothing is said."""

    tenants: Patterns = ()
    agents: Patterns = ()
    queues: Patterns = ()
    types: Patterns = ()
    """Event types."""
    rights: tuple[Right, ...] | None = None
    """At most the bearer's own."""


class Ticket(_Body):
    """A ticket."""

    ticket: str
    """Good once."""
    expires_in: float
    """Seconds that it is good for."""


class SessionRequest(_Body):
    """A ticket to be exchanged."""

    ticket: str = Field(max_length=200)
    carrier: Literal["cookie", "bearer"] = "cookie"
    """``bearer`` answers with ``access_token`` instead of a cookie, for a page of another site,
    to which browsers give no cookies of ours."""


class SessionInfo(_Body):
    """Who the bearer is to the server."""

    name: str
    rights: tuple[Right, ...]
    tenants: tuple[str, ...]
    agents: tuple[str, ...]
    queues: tuple[str, ...]
    types: tuple[str, ...]
    expires: datetime | None
    """When it ends; null where it does not."""
    access_token: str | None = None
    """For the Authorization header, where ``bearer`` was asked for."""


def make_router(parts: ServerParts) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1", tags=["access"])

    @router.post("/tickets", status_code=201, summary="A ticket for a browser")
    async def tickets(grant: AnyGrant, wanted: TicketRequest | None = None) -> Ticket:
        """Good once and for a short time; as the first message of a WebSocket, or for a session."""
        asked = wanted or TicketRequest()
        scope = {name: getattr(asked, name) for name in SCOPE_FIELDS}
        try:
            who = narrowed(grant.principal, scope, asked.rights)
        except TooWideError as error:
            raise Problem(403, f"The token does not give {error}.", "too-wide") from error
        return Ticket(
            ticket=parts.access.ticket(grant, who), expires_in=parts.settings.ticket_seconds
        )

    @router.post("/session", status_code=201, summary="Exchange a ticket for a session")
    async def begin(request: Request, response: Response, body: SessionRequest) -> SessionInfo:
        """Sets the cookie `rid_session` (HttpOnly, SameSite=Strict), or gives a bearer token."""
        check_origin(request, parts.settings)
        grant = await ticket_grant(request, body.ticket)
        if grant is None:
            raise Problem(401, "The ticket is unknown, used or too old.", "ticket-refused")
        if not grant.token_id:
            # Without tokens everybody is let in anyhow: there is nothing to carry.
            return _info(grant)
        text, given = await parts.access.open_session(grant)
        if body.carrier == "bearer":
            return _info(given, text)
        response.set_cookie(
            COOKIE,
            text,
            max_age=max(1, int(given.until - parts.clock())),
            httponly=True,
            samesite="strict",
            secure=request.scope["scheme"] == "https",
        )
        return _info(given)

    @router.get("/session", summary="Who I am")
    async def show(grant: AnyGrant) -> SessionInfo:
        """What the bearer may do and see, and until when."""
        return _info(grant)

    @router.delete("/session", status_code=204, summary="End the session")
    async def end(request: Request, response: Response, _: AnyGrant) -> None:
        """Streams that were opened by it end within seconds."""
        text = _session_of(request)
        if text:
            await parts.access.end_session(text)
        response.delete_cookie(COOKIE)

    return router


def _session_of(request: Request) -> str:
    bearer = request.headers.get("authorization", "").partition(" ")[2].strip()
    return bearer if bearer.startswith(SESSION_PREFIX) else request.cookies.get(COOKIE, "")


def _info(grant: Grant, access_token: str | None = None) -> SessionInfo:
    scope = grant.principal.scope
    return SessionInfo(
        name=grant.principal.name,
        rights=tuple(sorted(grant.principal.rights)),
        tenants=scope.tenants,
        agents=scope.agents,
        queues=scope.queues,
        types=scope.types,
        expires=None if math.isinf(grant.until) else datetime.fromtimestamp(grant.until, UTC),
        access_token=access_token,
    )
