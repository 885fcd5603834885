"""The client for programs with threads, or with nothing of the kind."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Self, Unpack, overload

import httpx

from rid_telephony.client import rest
from rid_telephony.client.cursorfile import CursorFile
from rid_telephony.client.errors import unreachable
from rid_telephony.client.following import (
    STALE_SECONDS,
    Encoding,
    Filters,
    OnStatus,
    Options,
    Texts,
    as_cursor_file,
)
from rid_telephony.client.rest import (
    By,
    CallState,
    CustomerKnown,
    GivenOutcome,
    Record,
    Request,
    Verdict,
)
from rid_telephony.client.site import DEFAULT_URL, Tls, site_of
from rid_telephony.client.stream import EventStream
from rid_telephony.cti.callview import CallHeadline, CallView


class Client:
    """Speaks to one server; may be used by several threads. Close it, or use ``with``.

    Args:
        url: Address of the server.
        token: None for that of the variable ``RID_TELEPHONY_TOKEN``; empty for none.
        tls: Files, or an ``ssl.SSLContext``; None for the system's defaults.
        timeout: Seconds for a connection, and for each step of an answer.
        plain_http: Send the token to another machine without encryption.
        trust_env: Use the proxies of the environment.

    Raises:
        ClientError: Address, token or TLS files cannot be used.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        token: str | None = None,
        *,
        tls: Tls | ssl.SSLContext | None = None,
        timeout: float = rest.TIMEOUT,
        plain_http: bool = False,
        trust_env: bool = True,
    ) -> None:
        self._site = site_of(url, token, tls, plain_http=plain_http)
        self._timeout = timeout
        self._trust_env = trust_env
        self._http = httpx.Client(
            base_url=self._site.url,
            headers=self._site.headers,
            verify=self._site.tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            timeout=timeout,
            trust_env=trust_env,
        )

    def __repr__(self) -> str:
        return f"Client({self._site.url!r})"

    def follow(
        self,
        *,
        types: Texts = (),
        agent: Texts = (),
        tenant: Texts = (),
        call: Texts = (),
        after: int | None = None,
        cursor_file: CursorFile | Path | str | None = None,
        encoding: Encoding = "json",
        stale_after: float = STALE_SECONDS,
        give_up_after: float | None = None,
        on_status: OnStatus | None = None,
    ) -> EventStream:
        """Follow the feed: events as they come, through restarts and broken connections.

        Each event comes at least once, in the order of its call; what came already is left out as
        far as ids are remembered (the newest 10,000). Nothing is lost silently: ``feed.gap``
        comes as an event of its own.

        Args:
            types: Event types, with ``*``: ``["hint.*", "compliance.alert"]``.
            agent: Agents, with ``*``.
            tenant: Tenants, with ``*``.
            call: Call ids, with ``*``.
            after: Cursor of the last event that is known; 0 for all that are kept, None for what
                happens from now on: from ``with``, or else from the first event asked for. A
                cursor file goes before it.
            cursor_file: Remembers how far the program came, over its own restarts.
            encoding: ``msgpack`` is a little smaller.
            stale_after: Seconds without any sign of life after which a connection is given up.
            give_up_after: Seconds without a connection after which an error is raised; None: never.
            on_status: Called with every change of the stream's ``status``.

        Raises:
            ClientError: The cursor file is damaged, or a filter holds a comma.
        """
        options = Options(
            filters=Filters(types, agent, tenant, call),
            after=after,
            cursor_file=as_cursor_file(cursor_file),
            encoding=encoding,
            stale_after=stale_after,
            give_up_after=give_up_after,
            on_status=on_status,
        )
        return EventStream(
            self._site, options, self._newest, self._timeout, trust_env=self._trust_env
        )

    def calls(self, state: CallState = "all", limit: int = 50) -> list[CallHeadline]:
        """Calls that go on, then those that are over; each part with the newest first.

        Raises:
            ClientError: No answer, or a refusal.
        """
        return rest.read_calls(self._send(rest.calls_request(state, limit)))

    def call(self, call_id: str) -> CallView:
        """One call in full; of one that goes on as it stands: follow after its ``cursor``.

        Raises:
            NotFoundError: There is none within the token's scope.
            ClientError: No answer, or another refusal.
        """
        return rest.read_call(self._send(rest.call_request(call_id)))

    def give_context(
        self, key: str, *, by: By = "call", **known: Unpack[CustomerKnown]
    ) -> GivenOutcome:
        """Tell what the CRM knows of a customer, before the call or during it.

        May be repeated: the same again changes nothing.

        Args:
            key: The call's id, the PBX's channel id, or the CRM's customer id.
            by: Which of them.
            **known: Fields of :class:`~rid_telephony.client.rest.CustomerKnown`.

        Returns:
            ``done``: a call that goes on has it. ``kept``: it waits for the call to begin.

        Raises:
            TooLateError: The call is over, or is another customer's.
            ClientError: No answer, or another refusal.
        """
        return rest.read_outcome(self._send(rest.context_request(key, by, known)))

    def feedback(self, hint_id: str, verdict: Verdict, note: str = "") -> None:
        """Say what became of a hint: ``displayed``, ``used``, ``useful``, ``wrong``, ``dismissed``.

        May be repeated: a verdict counts once.

        Raises:
            NotFoundError: There is no such hint within the token's scope.
            TooLateError: It has the opposite verdict, or its call has been over for too long.
            ClientError: No answer, or another refusal.
        """
        self._send(rest.feedback_request(hint_id, verdict, note))

    @overload
    def analyze(self, records: Record) -> Record: ...
    @overload
    def analyze(self, records: list[Record]) -> list[Record]: ...
    def analyze(self, records: Record | list[Record]) -> Record | list[Record]:
        """What utterances or dialogues signal, as ``rid-telephony analyze`` does it.

        Raises:
            NotValidError: A record is not valid; ``document["record"]`` says which.
            UnavailableError: Too many wait; again after ``retry_after``.
            ClientError: No answer, or another refusal.
        """
        answer: Record | list[Record] = self._send(rest.analyze_request(records))
        return answer

    def close(self) -> None:
        """Close the connections of requests; a stream is closed by its own ``close``."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _newest(self) -> int:
        cursor, more = 0, True
        while more:
            cursor, more = rest.read_newest(self._send(rest.newest_request(cursor)))
        return cursor

    def _send(self, request: Request) -> Any:  # noqa: ANN401 - JSON
        try:
            response = self._http.request(request.method, request.path, **request.arguments())
        except httpx.HTTPError as error:
            raise unreachable(error) from error
        return rest.checked(response)
