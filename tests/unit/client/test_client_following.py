"""What a stream does when things go wrong, without a connection."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, InvalidMessage, InvalidStatus
from websockets.frames import Close
from websockets.http11 import Response

from rid_telephony.client import (
    CertificateError,
    ClientError,
    CursorAheadError,
    CursorFile,
    FeedFormatError,
    NotAllowedError,
    NotAuthenticatedError,
    RefusedError,
    Status,
    UnavailableError,
    UnreachableError,
)
from rid_telephony.client.backoff import Backoff
from rid_telephony.client.following import STEADY_SECONDS, Filters, Following, Options
from rid_telephony.client.seen import Seen

pytestmark = pytest.mark.unit


def message(cursor: int, event_id: str = "", event_type: str = "call.answered", **data: Any) -> str:
    value = {
        "id": event_id or f"c1/{cursor}",
        "source": "/s",
        "type": event_type,
        "subject": "c1",
        "time": "2026-11-22T09:00:00Z",
        "sequence": cursor,
        "cursor": cursor,
        "tenant": "",
        "agent": "",
        "data": {"at_ms": 0, **data},
    }
    return json.dumps(value)


def most(_: float, high: float) -> float:
    """Jitter at its bound."""
    return high


def following(**options: Any) -> Following:
    return Following(Options(**options), Backoff(1.0, 8.0, most))


def refused(status: int, document: dict[str, Any] | None = None, **headers: str) -> InvalidStatus:
    body = json.dumps(document).encode() if document else b"<html>"
    return InvalidStatus(Response(status, "", Headers(**headers), body))


def closed(code: int, reason: str = "") -> ConnectionClosedError:
    return ConnectionClosedError(Close(code, reason), None)


def problem(word: str, status: int) -> dict[str, Any]:
    kind = f"urn:rid-telephony:problem:{word}"
    return {"type": kind, "title": "", "status": status, "detail": "Because."}


def test_an_event_that_comes_again_after_a_reconnect_is_left_out() -> None:
    stream = following(after=0)
    assert stream.take(message(1)) is not None
    assert stream.take(message(2)) is not None
    assert stream.take(message(2)) is None
    assert stream.parameters()["after"] == "2"


def test_a_gap_is_an_event_like_others() -> None:
    stream = following(after=0)
    gap = {"from_cursor": 3, "to_cursor": 9, "dropped": 5, "reason": "consumer_too_slow"}
    event = stream.take(message(2, "gap/3-9", "feed.gap", **gap))
    assert event is not None
    assert event.data.dropped == 5  # type: ignore[union-attr]  # its type says which it is


def test_the_window_of_ids_is_bounded_and_forgets_the_oldest() -> None:
    seen = Seen(window=2)
    assert [seen.is_new("s", one) for one in "abab"] == [True, True, False, False]
    assert seen.is_new("other", "a")
    assert seen.is_new("s", "a")


@given(st.lists(st.integers(1, 30), max_size=60))
def test_the_position_never_falls_and_no_id_comes_twice(cursors: list[int]) -> None:
    stream = following(after=0)
    taken = [stream.take(message(cursor)) for cursor in cursors]
    ids = [event.id for event in taken if event]
    assert len(ids) == len(set(ids)) == len(set(cursors))
    assert stream.position == max([0, *cursors])


def test_pauses_double_up_to_a_bound_and_are_short_again_after_an_event() -> None:
    stream = following(after=0)
    pauses = [stream.failed(OSError("refused"), now) for now in range(6)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    stream.connected(10.0)
    stream.take(message(1))
    assert stream.failed(OSError("reset"), 11.0) == 1.0


def test_a_server_that_accepts_and_closes_at_once_is_not_hammered() -> None:
    stream = following(after=0)
    pauses = []
    for now in range(4):
        stream.connected(float(now))
        pauses.append(stream.failed(closed(1011), now + 0.1))
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    stream.connected(100.0)
    assert stream.failed(closed(1012), 100.0 + STEADY_SECONDS) == 1.0


@given(st.integers(0, 2000))
def test_jitter_is_full_and_never_above_its_bound(attempts: int) -> None:
    backoff = Backoff(0.5, 30.0)
    backoff.attempts = attempts
    assert 0.0 <= backoff.pause() <= 30.0
    backoff.attempts = 0
    assert backoff.pause() <= 0.5


def test_what_the_server_asks_for_is_waited_at_least() -> None:
    stream = following(after=0)
    headers = {"Retry-After": "7"}
    assert stream.failed(refused(429, problem("too-many", 429), **headers), 0.0) == 8.0


@pytest.mark.parametrize(
    "error",
    [
        OSError("refused"),
        TimeoutError(),
        closed(1012, "The server stops."),
        closed(1013),
        closed(4408, "Nothing was read in time."),
        closed(4503),
        ConnectionClosedError(None, None),
        refused(502),
        refused(503, problem("too-many", 503)),
        InvalidMessage("did not receive a valid HTTP response"),
        ssl.SSLEOFError("broken"),
        UnreachableError("no answer"),
        UnavailableError(503, {}),
    ],
    ids=repr,
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    stream = following(after=0)
    assert stream.failed(error, 0.0) > 0
    assert stream.status.state == "waiting"
    assert stream.status.reason


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (refused(401, problem("token-refused", 401)), NotAuthenticatedError),
        (refused(403, problem("right-missing", 403)), NotAllowedError),
        (refused(400, problem("cursor-ahead", 400)), CursorAheadError),
        (refused(400, problem("filter", 400)), RefusedError),
        (refused(404), RefusedError),
        (refused(200), RefusedError),
        (closed(4401, "The token was revoked, or has expired."), NotAuthenticatedError),
        (closed(4403), NotAllowedError),
        (ConnectionClosedError(None, Close(1009, "")), FeedFormatError),
        (NotAllowedError(403, {}), NotAllowedError),
        (ssl.SSLCertVerificationError(1, "self-signed"), CertificateError),
    ],
    ids=repr,
)
def test_what_will_not_pass_is_raised(error: Exception, raised: type[ClientError]) -> None:
    """A program that retries a revoked token for ever looks alive and is not."""
    with pytest.raises(raised):
        following(after=0).failed(error, 0.0)


def test_errors_say_what_the_problem_document_says() -> None:
    with pytest.raises(RefusedError) as caught:
        following().failed(refused(403, problem("right-missing", 403)), 0.0)
    error = caught.value
    assert (error.status, error.word, error.detail) == (403, "right-missing", "Because.")
    assert str(error) == "Refused with 403 Forbidden. Because."
    with pytest.raises(RefusedError, match="is this the right address"):
        following().failed(refused(404), 0.0)


def test_who_gives_up_does_so_after_the_time_that_was_said() -> None:
    stream = following(give_up_after=10.0, after=0)
    stream.connecting(100.0)
    stream.failed(OSError("refused"), 101.0)
    stream.connected(105.0)
    stream.failed(OSError("reset"), 112.0)
    stream.failed(OSError("refused"), 121.0)
    with pytest.raises(UnreachableError):
        stream.failed(OSError("refused"), 122.0)


def test_every_change_of_the_state_is_told() -> None:
    told: list[Status] = []
    stream = following(after=3, on_status=told.append)
    stream.connecting(0.0)
    stream.failed(OSError("refused"), 0.0)
    stream.connecting(1.0)
    stream.connected(1.0)
    stream.closed()
    stream.closed()
    states = [status.state for status in told]
    assert states == ["connecting", "waiting", "connecting", "live", "closed"]
    assert told[1].attempts == 1
    assert told[3].reason == ""


def test_the_cursor_file_goes_before_after_and_holds_only_what_was_dealt_with(
    tmp_path: Path,
) -> None:
    """An event that was handed out and not dealt with has to come again after a crash."""
    file = CursorFile(tmp_path / "c")
    stream = following(after=5, cursor_file=file)
    assert stream.position == 5
    stream.take(message(6))
    stream.save(0.0)
    assert file.read() is None
    stream.dealt_with(1.0)
    stream.take(message(7))
    assert file.read() == 6
    assert following(after=5, cursor_file=file).position == 6


def test_filters_are_lists_by_comma_and_a_comma_inside_is_refused() -> None:
    filters = Filters(types=["hint.*", "call.ended"], agent="10*", call=())
    assert filters.parameters() == {"types": "hint.*,call.ended", "agent": "10*"}
    with pytest.raises(ClientError, match="comma"):
        following(filters=Filters(call=["a,b"]))
