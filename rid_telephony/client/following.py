"""What following a feed means, without a connection: where it stands, what to do when it breaks.

The two kinds of streams do the waiting; this says what is new, from where to go on, how long to
pause, and when there is no use in trying again. It has no clock: times are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from websockets.exceptions import (
    ConnectionClosed,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    NegotiationError,
    WebSocketException,
)

from rid_telephony.client.backoff import Backoff
from rid_telephony.client.cursorfile import Bookmark, CursorFile
from rid_telephony.client.errors import (
    CertificateError,
    ClientError,
    FeedFormatError,
    RefusedError,
    UnreachableError,
    refusal,
    refusal_by_close,
    unreachable,
)
from rid_telephony.client.event import Event, decode
from rid_telephony.client.quiet import log
from rid_telephony.client.seen import Seen

Encoding = Literal["json", "msgpack"]
Texts = str | Sequence[str]
OnStatus = Callable[["Status"], None]

STALE_SECONDS = 45.0
STEADY_SECONDS = 30.0
"""A connection that lasted so long was a good one: the next pause is short again."""
MAX_MESSAGE = 16_000_000
"""Bytes of one event; the server keeps far smaller ones."""
TOO_BIG = 1009
MAX_REASON = 200
LOST = (OSError, WebSocketException, UnreachableError, RefusedError)
"""What may end a connection (a timeout is an ``OSError``)."""


class StaleError(OSError):
    """Nothing was heard, not even an answer to a ping."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events a stream wants; what is empty does not narrow, ``*`` is any characters.

    Attributes:
        types: Event types, such as ``hint.*``; ``feed.gap`` always comes.
        agent: Agents.
        tenant: Tenants.
        call: Call ids.
    """

    types: Texts = ()
    agent: Texts = ()
    tenant: Texts = ()
    call: Texts = ()

    def parameters(self) -> dict[str, str]:
        """As the server takes them."""
        lists = {
            "types": _joined(self.types),
            "agent": _joined(self.agent),
            "tenant": _joined(self.tenant),
            "call": _joined(self.call),
        }
        return {name: text for name, text in lists.items() if text}


@dataclass(frozen=True, slots=True)
class Status:
    """How a stream is doing.

    Attributes:
        state: ``connecting``; ``live``; ``waiting`` before another attempt: what is shown of the
            feed is stale meanwhile; ``closed``.
        cursor: Of the last event; None before the first, where none was given.
        attempts: Failed attempts since it was live.
        pause: Seconds until the next one, while ``waiting``.
        reason: Why it is not live; empty while it is.
    """

    state: Literal["connecting", "live", "waiting", "closed"]
    cursor: int | None
    attempts: int = 0
    pause: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How to follow.

    Attributes:
        filters: Which events.
        after: Cursor of the last event that is known; None for what happens from now on. The
            cursor file goes before it.
        cursor_file: Remembers how far the program came.
        encoding: Form of the messages.
        stale_after: Seconds without any sign of life after which the connection is given up.
        give_up_after: Seconds without a connection after which an error is raised; None: never.
        on_status: Called with every change, in the thread, or task, that iterates.
    """

    filters: Filters = Filters()
    after: int | None = None
    cursor_file: CursorFile | None = None
    encoding: Encoding = "json"
    stale_after: float = STALE_SECONDS
    give_up_after: float | None = None
    on_status: OnStatus | None = None

    @property
    def subprotocol(self) -> str:
        """As it is negotiated."""
        return f"cloudevents.{self.encoding}"


def as_cursor_file(given: CursorFile | Path | str | None) -> CursorFile | None:
    """A cursor file by its path."""
    return CursorFile(given) if isinstance(given, (Path, str)) else given


class Following:
    """The state of one stream.

    Args:
        options: What is wanted.
        backoff: Pauses between attempts.

    Raises:
        ClientError: The cursor file is damaged, or a filter holds a comma.
    """

    def __init__(self, options: Options, backoff: Backoff | None = None) -> None:
        self._options = options
        self._filters = options.filters.parameters()
        self._backoff = backoff or Backoff()
        self._seen = Seen()
        self._bookmark = Bookmark(options.cursor_file)
        self._handed_out: int | None = None
        self._live_since: float | None = None
        self._down_since: float | None = None
        kept = options.cursor_file.read() if options.cursor_file else None
        self.position = options.after if kept is None else kept
        """Cursor after which to go on; None until it is known where "now" is."""
        self.status = Status("connecting", self.position)

    @property
    def has_unsaved(self) -> bool:
        """Whether the cursor file is behind."""
        return self._bookmark.is_behind

    def parameters(self) -> dict[str, str]:
        """The WebSocket's query."""
        return {"after": str(self.position or 0), **self._filters}

    def begin(self, newest: int) -> None:
        """Start from now on: ``newest`` is the cursor of the feed's newest event."""
        self.position = newest

    def connecting(self, now: float) -> None:
        """An attempt begins."""
        self._down_since = now if self._down_since is None else self._down_since
        self._tell(replace(self.status, state="connecting", pause=0.0))

    def connected(self, now: float) -> None:
        """The stream is open."""
        self._live_since, self._down_since = now, None
        self._tell(Status("live", self.position))

    def take(self, message: str | bytes) -> Event | None:
        """The event of a message; None where it came before.

        Raises:
            FeedFormatError: It is no event.
        """
        event = decode(message)
        self.position = max(event.cursor, self.position or 0)
        self._backoff.reset()
        if not self._seen.is_new(event.source, event.id):
            return None
        self._handed_out = event.cursor
        self.status = replace(self.status, cursor=self.position)
        return event

    def dealt_with(self, now: float) -> None:
        """The program asks for the next event, so it is done with the one before.

        Raises:
            ClientError: The cursor file cannot be written.
        """
        if self._handed_out is not None:
            self._bookmark.dealt_with(self._handed_out, now)
            self._handed_out = None

    def save(self, now: float) -> None:
        """Write the cursor file, where it is behind.

        Raises:
            ClientError: It cannot be written.
        """
        self._bookmark.save(now)

    def failed(self, error: Exception, now: float) -> float:
        """The connection is lost, or there was none: seconds to wait before the next attempt.

        Raises:
            ClientError: There is no use in another attempt, or no more time for it.
        """
        if self._live_since is not None and now - self._live_since >= STEADY_SECONDS:
            self._backoff.reset()
        self._live_since = None
        self._down_since = now if self._down_since is None else self._down_since
        trouble = explained(error)
        asked = 0.0
        if isinstance(trouble, RefusedError):
            asked = trouble.retry_after or 0.0
        if not _may_pass(trouble) or self._is_too_long(now):
            raise trouble from error
        pause = self._backoff.pause(asked)
        log.warning("The feed is not connected, again in %.1f s: %s", pause, trouble)
        self._tell(Status("waiting", self.position, self._backoff.attempts, pause, trouble.message))
        return pause

    def closed(self) -> None:
        """Nothing more is wanted."""
        if self.status.state != "closed":
            self._tell(Status("closed", self.position))

    def _is_too_long(self, now: float) -> bool:
        longest, since = self._options.give_up_after, self._down_since
        return longest is not None and since is not None and now - since >= longest

    def _tell(self, status: Status) -> None:
        self.status = status
        if self._options.on_status:
            self._options.on_status(status)


def explained(error: Exception) -> ClientError:
    """An error of the libraries as one of ours; ours stay as they are."""
    match error:
        case ClientError():
            return error
        case InvalidStatus():
            answer = error.response
            return refusal(answer.status_code, answer.headers, bytes(answer.body or b""))
        case ConnectionClosed():
            return _by_close(error)
        case InvalidURI() | InvalidProxy() | NegotiationError():
            return FeedFormatError(f"The server cannot be spoken to: {error}"[:MAX_REASON] + ".")
        case StaleError():
            return UnreachableError("Nothing was heard of the server, not even an answer to a ping")
        case _:
            return unreachable(error)


def _by_close(error: ConnectionClosed) -> ClientError:
    if error.rcvd is None:
        if error.sent is not None and error.sent.code == TOO_BIG:
            return FeedFormatError(f"A message is larger than {MAX_MESSAGE} bytes.")
        return UnreachableError("The connection broke.")
    found = refusal_by_close(error.rcvd.code, error.rcvd.reason)
    said = error.rcvd.reason or "without a reason"
    return found or UnreachableError(f"The server ended the stream ({error.rcvd.code}): {said}")


def _may_pass(trouble: ClientError) -> bool:
    if isinstance(trouble, RefusedError):
        return trouble.is_transient
    return isinstance(trouble, UnreachableError) and not isinstance(trouble, CertificateError)


def _joined(values: Texts) -> str:
    if isinstance(values, str):
        return values
    if any("," in value for value in values):
        raise ClientError("A value of a filter holds a comma.", "Give values one by one.")
    return ",".join(values)
