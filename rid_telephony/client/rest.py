"""The requests and answers of the REST interface; the two clients do the sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from rid_telephony.client.errors import FeedFormatError, refusal
from rid_telephony.client.event import tolerant
from rid_telephony.client.site import EVENTS
from rid_telephony.cti.callview import CallHeadline, CallView

By = Literal["call", "channel", "customer"]
CallState = Literal["live", "ended", "all"]
GivenOutcome = Literal["done", "kept"]
Verdict = Literal["displayed", "used", "useful", "wrong", "dismissed"]
Holding = Literal["deposit", "wealth_product", "fund", "stock", "insurance", "gold", "property"]
Record = dict[str, Any]

TIMEOUT = 10.0
MAX_WORDS = 200
NO_CALL = "-"
"""Asked for, so that the answer holds no events but only how far the feed has come."""
PAGE = 1000

ModelT = TypeVar("ModelT", bound=BaseModel)


class CustomerKnown(TypedDict, total=False):
    """What the bank knows of a customer; leave out what it does not."""

    customer_id: str
    age: int
    occupation: str
    education: str
    income_monthly_cny: float
    holdings: list[Holding]
    risk_level: int | str
    tenure_years: float
    past_calls: int
    do_not_call: bool


@dataclass(frozen=True, slots=True)
class Request:
    """A request to be sent.

    Attributes:
        method: HTTP method.
        path: Percent-encoded, from ``/v1`` on.
        parameters: Query.
        body: JSON body; None for none.
    """

    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: object = None

    def arguments(self) -> dict[str, Any]:
        """For httpx."""
        found: dict[str, Any] = {"params": dict(self.parameters)} if self.parameters else {}
        return found if self.body is None else {**found, "json": self.body}


def calls_request(state: CallState, limit: int) -> Request:
    """``GET /v1/calls``."""
    return Request("GET", "/v1/calls", {"state": state, "limit": str(limit)})


def call_request(call_id: str) -> Request:
    """``GET /v1/calls/{id}``."""
    return Request("GET", f"/v1/calls/{_segment(call_id)}")


def context_request(key: str, by: By, known: CustomerKnown) -> Request:
    """``POST /v1/calls/{id}/context``."""
    return Request("POST", f"/v1/calls/{_segment(key)}/context", {"by": by}, dict(known))


def feedback_request(hint_id: str, verdict: Verdict, note: str) -> Request:
    """``POST /v1/hints/{id}/feedback``."""
    body = {"verdict": verdict, "note": note}
    return Request("POST", f"/v1/hints/{_segment(hint_id)}/feedback", {}, body)


def analyze_request(records: Record | list[Record]) -> Request:
    """``POST /v1/analyze``."""
    return Request("POST", "/v1/analyze", {}, records)


def newest_request(after: int) -> Request:
    """``GET /v1/events``, for the cursor alone."""
    return Request("GET", EVENTS, {"after": str(after), "call": NO_CALL, "limit": str(PAGE)})


def read_calls(answer: object) -> list[CallHeadline]:
    """The answer to :func:`calls_request`."""
    calls = answer.get("calls") if isinstance(answer, dict) else None
    if not isinstance(calls, list):
        raise _unexpected("calls")
    return [read(CallHeadline, call) for call in calls]


def read_call(answer: object) -> CallView:
    """The answer to :func:`call_request`."""
    return read(CallView, answer)


def read_outcome(answer: object) -> GivenOutcome:
    """The answer to :func:`context_request`."""
    try:
        given: GivenOutcome = _OUTCOME.validate_python(
            answer.get("outcome") if isinstance(answer, dict) else None
        )
    except ValidationError:
        raise _unexpected("outcome") from None
    return given


def read_newest(answer: object) -> tuple[int, bool]:
    """The answer to :func:`newest_request`: how far it looked, and whether there is more."""
    cursor = answer.get("cursor") if isinstance(answer, dict) else None
    if type(cursor) is not int or not isinstance(answer, dict):
        raise _unexpected("cursor")
    return cursor, bool(answer.get("more"))


def read(model: type[ModelT], values: object) -> ModelT:
    """A model out of an answer; fields of a newer server are left out.

    Raises:
        FeedFormatError: It is not of the model.
    """
    try:
        return tolerant(model, values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _unexpected(f"{where} {first['msg']}") from None  # its words hold what came


def checked(response: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    """The JSON of an answer.

    Raises:
        RefusedError: It is a refusal.
        FeedFormatError: It is no JSON.
    """
    if not response.is_success:
        raise refusal(response.status_code, response.headers, response.content)
    try:
        return response.json()
    except ValueError as error:
        raise _unexpected("no JSON") from error


_OUTCOME: TypeAdapter[GivenOutcome] = TypeAdapter(GivenOutcome)


def _segment(text: str) -> str:
    return quote(text, safe="")


def _unexpected(what: str) -> FeedFormatError:
    return FeedFormatError(
        f"The answer is not as expected: {what}"[:MAX_WORDS] + ".",
        "Is this the address of rid-telephony's server?",
    )
