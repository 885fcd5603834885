"""The connection to NATS: made, supervised, made again."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from nats.aio.client import Client
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, PubAck, StorageType, StreamConfig
from nats.js.errors import NoStreamResponseError, NotFoundError

from rid_telephony.pbx.backoff import Backoff
from rid_telephony.settings.server import NatsSettings

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
"""Pauses before connecting again, seconds."""
CONNECT_TIMEOUT = 5
PING_INTERVAL = 10
"""Seconds between two questions whether the server is still there; two without answer end it."""

TROUBLE = (NatsError, OSError, TimeoutError, ValueError)
"""What connecting, asking and publishing may raise when a server is gone, ill, or strange."""


@dataclass(slots=True)
class _Session:
    """One connection that is up."""

    client: Client
    stream: JetStreamContext
    over: asyncio.Event


class NatsLink:
    """Keeps a connection, with the stream there, for as long as it runs.

    The library's own reconnection is not used: it repeats what waited at its own pace and with a
    fixed pause; here each event is sent again by whoever waits for its acknowledgement.

    Args:
        settings: ``[nats]``.
    """

    def __init__(self, settings: NatsSettings) -> None:
        self._settings = settings
        self._servers = [part.strip() for part in settings.url.split(",") if part.strip()]
        self._where = ", ".join(_without_password(server) for server in self._servers)
        self._session: _Session | None = None
        self._up = asyncio.Event()
        self._trouble = ""
        self.connections = 0
        """Times that a connection was made."""

    @property
    def is_up(self) -> bool:
        """Whether events can be published."""
        return self._session is not None

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        loop, backoff, told = asyncio.get_running_loop(), Backoff(FIRST_PAUSE, LONGEST_PAUSE), ""
        while True:
            began, self._trouble = loop.time(), ""
            try:
                await self._connected()
                told = ""
            except TROUBLE as error:
                text = self._trouble or str(error) or type(error).__name__
                if text != told:
                    log.warning("nats_unreachable", server=self._where, error=text)
                told = text
            await asyncio.sleep(backoff.after_failure(loop.time() - began))

    async def publish(self, subject: str, body: bytes, headers: dict[str, str]) -> PubAck:
        """Publish to the stream and wait for its acknowledgement; waits for a connection first.

        Raises:
            TROUBLE: Not acknowledged: to be sent again.
        """
        while (session := self._session) is None:
            await self._up.wait()
        try:
            return await session.stream.publish(
                subject, body, timeout=self._settings.publish_timeout, headers=headers
            )
        except (NoStreamResponseError, ConnectionClosedError):
            # The stream was deleted, or has other subjects now; or the library closed the
            # connection and failed before it could say so (it writes what waits into the dead
            # socket first). A new session looks after both.
            session.over.set()
            raise
        finally:
            _heed_cancellation()

    async def _connected(self) -> None:
        over = asyncio.Event()
        client = Client()
        try:
            await self._connect(client, over)
            stream = client.jetstream(timeout=self._settings.publish_timeout)
            await self._ensure_stream(stream)
            self._session = _Session(client, stream, over)
            self._up.set()
            self.connections += 1
            log.info("nats_up", server=self._where, stream=self._settings.stream)
            await over.wait()
            log.warning("nats_down", server=self._where, error=self._trouble)
        finally:
            self._session = None
            self._up.clear()
            with contextlib.suppress(*TROUBLE):
                await client.close()

    async def _connect(self, client: Client, over: asyncio.Event) -> None:
        async def closed() -> None:
            over.set()

        async def failed(error: Exception) -> None:
            self._trouble = str(error) or type(error).__name__

        credentials = self._settings.credentials
        encrypted = any(server.startswith("tls://") for server in self._servers)
        try:
            await client.connect(
                self._servers,
                name="rid-telephony",
                allow_reconnect=False,
                # Of each server, while connecting the first time: the pauses are ours to make.
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=CONNECT_TIMEOUT,
                ping_interval=PING_INTERVAL,
                max_outstanding_pings=2,
                closed_cb=closed,
                error_cb=failed,
                tls=ssl.create_default_context() if encrypted else None,
                user_credentials=str(credentials) if credentials else None,
            )
        finally:
            _heed_cancellation()

    async def _ensure_stream(self, stream: JetStreamContext) -> None:
        settings = self._settings
        subjects = f"{settings.subject_prefix}.>"
        try:
            info = await stream.stream_info(settings.stream)
        except NotFoundError:
            await stream.add_stream(
                StreamConfig(
                    name=settings.stream,
                    description="Event feed of rid-telephony",
                    subjects=[subjects],
                    storage=StorageType.FILE,
                    discard=DiscardPolicy.OLD,
                    max_age=settings.max_age_hours * 3600,
                    duplicate_window=settings.duplicate_window,
                )
            )
            log.info("nats_stream_made", stream=settings.stream, subjects=subjects)
            return
        window = info.config.duplicate_window or 0
        if window < settings.duplicate_window:
            log.warning("nats_short_duplicate_window", stream=settings.stream, seconds=window)
        if subjects not in (info.config.subjects or []):
            log.warning("nats_stream_lacks_subjects", stream=settings.stream, wanted=subjects)


def _heed_cancellation() -> None:
    """End where we were asked to.

    The library waits by ``asyncio.wait_for``, which in Python 3.11 forgets a cancellation that
    comes together with what it waits for (https://github.com/python/cpython/issues/86296).
    """
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError


def _without_password(server: str) -> str:
    parts = urlsplit(server if "://" in server else f"nats://{server}")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
