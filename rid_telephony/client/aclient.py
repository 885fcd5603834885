"""The client for programs with an event loop."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Self, Unpack, overload

import httpx

from rid_telephony.client import rest
from rid_telephony.client.astream import AsyncEventStream
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
from rid_telephony.cti.callview import CallHeadline, CallView


class AsyncClient:
    """Speaks to one server; belongs to one event loop. Close it, or use ``async with``.

    Its arguments and errors are those of :class:`~rid_telephony.client.Client`.
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
        self._http = httpx.AsyncClient(
            base_url=self._site.url,
            headers=self._site.headers,
            verify=self._site.tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            timeout=timeout,
            trust_env=trust_env,
        )

    def __repr__(self) -> str:
        return f"AsyncClient({self._site.url!r})"

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
    ) -> AsyncEventStream:
        """Follow the feed; see :meth:`~rid_telephony.client.Client.follow`."""
        options = Options(
            filters=Filters(types, agent, tenant, call),
            after=after,
            cursor_file=as_cursor_file(cursor_file),
            encoding=encoding,
            stale_after=stale_after,
            give_up_after=give_up_after,
            on_status=on_status,
        )
        return AsyncEventStream(
            self._site, options, self._newest, self._timeout, trust_env=self._trust_env
        )

    async def calls(self, state: CallState = "all", limit: int = 50) -> list[CallHeadline]:
        """Live and recent calls; see :meth:`~rid_telephony.client.Client.calls`."""
        return rest.read_calls(await self._send(rest.calls_request(state, limit)))

    async def call(self, call_id: str) -> CallView:
        """One call in full; see :meth:`~rid_telephony.client.Client.call`."""
        return rest.read_call(await self._send(rest.call_request(call_id)))

    async def give_context(
        self, key: str, *, by: By = "call", **known: Unpack[CustomerKnown]
    ) -> GivenOutcome:
        """Tell what the CRM knows; see :meth:`~rid_telephony.client.Client.give_context`."""
        return rest.read_outcome(await self._send(rest.context_request(key, by, known)))

    async def feedback(self, hint_id: str, verdict: Verdict, note: str = "") -> None:
        """Say what became of a hint; see :meth:`~rid_telephony.client.Client.feedback`."""
        await self._send(rest.feedback_request(hint_id, verdict, note))

    @overload
    async def analyze(self, records: Record) -> Record: ...
    @overload
    async def analyze(self, records: list[Record]) -> list[Record]: ...
    async def analyze(self, records: Record | list[Record]) -> Record | list[Record]:
        """What utterances signal; see :meth:`~rid_telephony.client.Client.analyze`."""
        answer: Record | list[Record] = await self._send(rest.analyze_request(records))
        return answer

    async def aclose(self) -> None:
        """Close the connections of requests; a stream is closed by its own ``aclose``."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _newest(self) -> int:
        cursor, more = 0, True
        while more:
            cursor, more = rest.read_newest(await self._send(rest.newest_request(cursor)))
        return cursor

    async def _send(self, request: Request) -> Any:  # noqa: ANN401 - JSON
        try:
            response = await self._http.request(request.method, request.path, **request.arguments())
        except httpx.HTTPError as error:
            raise unreachable(error) from error
        return rest.checked(response)
