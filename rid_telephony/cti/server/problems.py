"""Refusals as problem documents.

Source: https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from rid_telephony.errors import InputError, RidTelephonyError, StoreError

MEDIA_TYPE = "application/problem+json"
TYPE_URN = "urn:rid-telephony:problem:{word}"
MAX_ERRORS = 20
"""Faults of one request that are listed."""

_WORDS = {
    400: "bad-request",
    401: "not-authenticated",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    408: "too-slow",
    413: "too-large",
    422: "not-valid",
    429: "too-many",
    500: "internal",
    503: "not-ready",
}


class ProblemDocument(BaseModel):
    """Why a request was refused (RFC 9457)."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    type: str
    """``urn:rid-telephony:problem:`` and a word that stays; go by this one."""
    title: str
    """The kind of problem, for people."""
    status: int
    """The HTTP status again."""
    detail: str
    """What was wrong with this request, and what to do about it."""


class Problem(HTTPException):
    """A refusal.

    Raise it from a dependency or a route; before a WebSocket is accepted it becomes the answer
    to the handshake.

    Args:
        status: HTTP status.
        detail: What is wrong and what to do, one or two sentences; never personal data.
        word: Ends the ``type``; by default the status's usual one.
        headers: Further response headers.
        members: Extension members of the document.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        word: str = "",
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.word = word or _WORDS.get(status, "refused")
        self.members = dict(members or {})


def problem_response(
    status: int,
    detail: str,
    word: str = "",
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> Response:
    """The response for a refusal; for places where an exception would not be caught."""
    document = {
        "type": TYPE_URN.format(word=word or _WORDS.get(status, "refused")),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **(members or {}),
    }
    return JSONResponse(document, status, dict(headers or {}), MEDIA_TYPE)


def install_problems(app: FastAPI) -> None:
    """Make every refusal of the application a problem document."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(RidTelephonyError, _failed)


async def _refused(_: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the type that it is registered for
    if isinstance(error, Problem):
        return problem_response(
            error.status_code, error.detail, error.word, error.headers, error.members
        )
    return problem_response(error.status_code, str(error.detail), headers=error.headers)


async def _not_valid(_: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    # Without `input`: what was sent may be personal, and answers are logged on the way.
    faults = [
        {"where": ".".join(str(part) for part in fault["loc"]), "what": fault["msg"]}
        for fault in error.errors()[:MAX_ERRORS]
    ]
    first = f"{faults[0]['where']}: {faults[0]['what']}." if faults else ""
    return problem_response(
        422, f"The request is not valid. {first}".strip(), members={"errors": faults}
    )


async def _failed(_: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, RidTelephonyError)  # noqa: S101 - as above
    if isinstance(error, InputError):
        return problem_response(422, str(error))
    if isinstance(error, StoreError):
        # Its words name files and hosts of this machine: for the log, not for whoever asks.
        return problem_response(503, "The store cannot be read now. Try again later.", "store")
    return problem_response(500, "The request failed.", error.code.replace("_", "-"))
