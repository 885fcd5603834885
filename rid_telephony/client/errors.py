"""What can go wrong between a program of yours and the server, each with a class of its own."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rid_telephony.errors import RidTelephonyError

MAX_WORDS = 1000
"""Characters kept of what a peer says of its refusal."""
CLOSE_CODES = 4000
"""The server closes a WebSocket with this and the HTTP status that it would have answered."""
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed later."""


class ClientError(RidTelephonyError):
    """Everything that this package raises."""

    code = "client"


class UnreachableError(ClientError):
    """There is no connection, or no answer in time. The request may be repeated."""

    code = "unreachable"


class CertificateError(UnreachableError):
    """The server's certificate is not trusted, or is another host's; trying again does not help."""

    code = "certificate"


class FeedFormatError(ClientError):
    """What came is not what the feed's contract says: another kind of server, or a proxy."""

    code = "feed_format"


class RefusedError(ClientError):
    """The server said no; it answers with a problem document (RFC 9457).

    Args:
        status: HTTP status.
        document: The problem document; empty where something between us and the server answered.
        retry_after: Seconds after which to try again, where the server says so.

    Attributes:
        status: HTTP status.
        word: Ends the document's ``type`` and stays the same over releases (``token-refused``,
            ``right-missing``, ``cursor-ahead`` …); empty without a document.
        detail: What was wrong with this request.
        document: The whole problem document.
        retry_after: Seconds after which to try again; None where nothing was said.
    """

    code = "refused"
    hint = ""

    def __init__(
        self, status: int, document: Mapping[str, Any], retry_after: float | None = None
    ) -> None:
        self.status = status
        self.document = dict(document)
        self.word = str(document.get("type", "")).rpartition(":")[2][:MAX_WORDS]
        self.detail = str(document.get("detail", ""))[:MAX_WORDS]
        self.retry_after = retry_after
        said = self.detail or "The answer has no problem document: is this the right address?"
        super().__init__(f"Refused with {status} {_phrase(status)}. {said}", self.hint)

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in TRANSIENT


class NotAuthenticatedError(RefusedError):
    """401: no token was sent, or it is unknown, revoked or too old."""

    code = "not_authenticated"
    hint = "Make one with `rid-telephony token make` and put it into RID_TELEPHONY_TOKEN."


class NotAllowedError(RefusedError):
    """403: the token has not got the right, or not the scope."""

    code = "not_allowed"


class NotFoundError(RefusedError):
    """404: there is no such call or hint, or it is not within the token's scope."""

    code = "not_found"


class TooLateError(RefusedError):
    """409: the call is over, or the hint was judged otherwise before."""

    code = "too_late"


class NotValidError(RefusedError):
    """422: the request breaks its schema; ``document["errors"]`` says where."""

    code = "not_valid"


class UnavailableError(RefusedError):
    """408, 429 or 5xx: not now. The request may be repeated, after ``retry_after`` if given."""

    code = "unavailable"


class CursorAheadError(RefusedError):
    """400: the cursor is beyond the feed's end: the server's store was replaced."""

    code = "cursor_ahead"
    hint = "Delete the cursor file, or follow with after=0, once you have seen to the lost events."


_BY_STATUS: dict[int, type[RefusedError]] = {
    401: NotAuthenticatedError,
    403: NotAllowedError,
    404: NotFoundError,
    409: TooLateError,
    422: NotValidError,
}


def unreachable(error: BaseException) -> UnreachableError:
    """The error of a connection that failed, whichever library says so."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CertificateError(
                f"The server's certificate is not accepted: {cause}",
                "Give the bank's own authority with tls=Tls(ca_file=…).",
            )
        cause = cause.__cause__ or cause.__context__
    words = str(error) or type(error).__name__
    return UnreachableError(f"The server was not reached: {words}"[:MAX_WORDS])


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> RefusedError:
    """The error of an HTTP answer that is not a success."""
    return _refusal(status, _document(body), _seconds(headers.get("retry-after", "")))


def refusal_by_close(code: int, reason: str) -> RefusedError | None:
    """The error of a WebSocket's close code; None where it tells of no refusal."""
    status = code - CLOSE_CODES
    if not 400 <= status <= 599:
        return None
    return _refusal(status, {"detail": reason or "The server closed the stream."}, None)


def _refusal(status: int, document: Mapping[str, Any], retry_after: float | None) -> RefusedError:
    if str(document.get("type", "")).endswith(":cursor-ahead"):
        return CursorAheadError(status, document, retry_after)
    fallback = UnavailableError if status in TRANSIENT else RefusedError
    return _BY_STATUS.get(status, fallback)(status, document, retry_after)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
