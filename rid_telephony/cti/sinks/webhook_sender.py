"""One attempt to send one event to one target: signed, bounded in time and size."""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import httpcore
import httpx
from standardwebhooks import Webhook

from rid_telephony import __version__
from rid_telephony.cti.sinks.addresses import AddressPolicy, ForbiddenAddressError
from rid_telephony.cti.sinks.guarded import GuardedBackend, Resolve, resolve
from rid_telephony.cti.sinks.retries import retry_after
from rid_telephony.errors import SettingsError
from rid_telephony.settings.server import WebhookTarget

MAX_CONNECTIONS = 8
"""To one target at the same time."""
KEEP_ALIVE = 15.0
"""Seconds for which an idle connection is kept."""
MAX_ANSWER = 16_384
"""Bytes of an answer that are read; the rest is cut off with the connection."""
EXCERPT = 200
"""Characters of an answer that a person may see."""
GONE = 410


class Verdict(StrEnum):
    """What came of an attempt."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """To be tried again: anything but 2xx and 410, redirects too, and every failure to connect."""
    GONE = "gone"
    """410: the target wants no more."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of one attempt.

    Attributes:
        verdict: What came of it.
        reason: In a few words, such as ``HTTP 503``.
        excerpt: The beginning of the answer, printable.
        wait: Seconds that the target asks us to wait.
    """

    verdict: Verdict
    reason: str
    excerpt: str = ""
    wait: float = 0.0


class WebhookSender:
    """Signs events for one target and posts them (https://www.standardwebhooks.com).

    Redirects are not followed, proxies of the environment are not used, cookies are not kept.

    Args:
        target: Where to.
        policy: Which addresses may be reached.
        timeout: Seconds for one attempt, everything included.
        trust: TLS authorities; the system's where None (``SSL_CERT_FILE`` adds to them).
        resolver: Finds the addresses of a host.
        now: Wall clock, UTC.

    Raises:
        SettingsError: The target's host is no name that can be looked up.
    """

    def __init__(
        self,
        target: WebhookTarget,
        policy: AddressPolicy,
        timeout: float,
        *,
        trust: ssl.SSLContext | None = None,
        resolver: Resolve = resolve,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        url = _parsed(target)
        self._url = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        self._webhook = Webhook(target.secret.get_secret_value())
        self._timeout = timeout
        self._now = now
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust or ssl.create_default_context(),
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=GuardedBackend(policy, url.scheme == "https", resolver),
        )

    async def send(self, line: str) -> Attempt:
        """Post an event once; never raises for what the target or the network does.

        Args:
            line: The CloudEvent as JSON.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(line)
        except ForbiddenAddressError as error:
            return Attempt(Verdict.FAILED, str(error))
        except (TimeoutError, httpcore.TimeoutException):
            return Attempt(Verdict.FAILED, f"no answer within {self._timeout:g} s")
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            OSError,  # the host has no address
            UnicodeError,  # the host is no name
        ) as error:
            return Attempt(Verdict.FAILED, _line(str(error)) or type(error).__name__)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def _post(self, line: str) -> Attempt:
        headers = [
            ("content-type", "application/cloudevents+json; charset=utf-8"),
            ("user-agent", f"rid-telephony/{__version__}"),
            *signature(self._webhook, message_id_of(line), self._now(), line),
        ]
        async with self._pool.stream(
            "POST",
            self._url,
            headers=headers,
            content=line.encode(),
            extensions={"timeout": {"connect": self._timeout}},
        ) as response:
            answer = b""
            async for part in response.aiter_stream():
                answer += part
                if len(answer) > MAX_ANSWER:
                    break
            asked = next((v for k, v in response.headers if k.lower() == b"retry-after"), b"")
        return _judge(response.status, answer, retry_after(asked.decode("latin-1"), self._now()))


def signature(
    webhook: Webhook, message_id: str, moment: datetime, body: str
) -> list[tuple[str, str]]:
    """The headers by which a receiver knows that a body is ours, and new (UTC)."""
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", str(int(moment.timestamp()))),
        ("webhook-signature", webhook.sign(message_id, moment, body)),
    ]


def message_id_of(line: str) -> str:
    """The ``webhook-id``: the same for every attempt, unique, without a dot or an odd character.

    It is a hash of what makes an event unique (``source`` and ``id``), since call ids come from
    the PBX and may hold anything.
    """
    event = json.loads(line)
    unique = f"{event['source']}\n{event['id']}".encode()
    return "msg_" + hashlib.sha256(unique).hexdigest()[:32]


def _parsed(target: WebhookTarget) -> httpx.URL:
    try:
        return httpx.URL(target.url)
    except httpx.InvalidURL as error:
        raise SettingsError(f"Webhook target {target.name}: {error}.") from error


def _judge(status: int, answer: bytes, wait: float) -> Attempt:
    excerpt = _line(answer[: 4 * EXCERPT].decode("utf-8", "replace"))
    if 200 <= status < 300:
        return Attempt(Verdict.DELIVERED, f"HTTP {status}", excerpt)
    if status == GONE:
        return Attempt(Verdict.GONE, f"HTTP {status}", excerpt)
    redirect = " (a redirect, which is never followed)" if 300 <= status < 400 else ""
    return Attempt(Verdict.FAILED, f"HTTP {status}{redirect}", excerpt, wait)


def _line(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:EXCERPT]
