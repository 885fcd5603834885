"""Runs the server inside the event loop of the calls, and keeps its troubles from them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator

import structlog
import uvicorn

from rid_telephony.cti.server.app import make_app
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.protocol import bounded_protocol
from rid_telephony.cti.server.ws import WS_IMPLEMENTATION
from rid_telephony.errors import SettingsError
from rid_telephony.settings.server import ServerSettings

log = structlog.get_logger(__name__)

START_SECONDS = 10.0
CLOSE_SECONDS = 5.0
"""Time for what is being answered when we stop."""
GRACE_SECONDS = 2
"""Of these, what uvicorn gives to streams."""
MORE_CONNECTIONS = 200
"""Connections beside those of subscribers: REST, pages, probes."""
MAX_MESSAGE = 65_536
"""Bytes of one message that a WebSocket may send us."""
BACKLOG = 512
RESTART_SECONDS = 2.0


class FeedServer:
    """The server of the feed.

    Args:
        parts: What it serves.
    """

    def __init__(self, parts: ServerParts) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._app = make_app(parts)
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._port = parts.settings.port
        self._closing = False

    @property
    def url(self) -> str:
        """Where it answers; with the real port once it is started."""
        scheme = "https" if self._settings.tls_certificate else "http"
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return f"{scheme}://{host}:{self._port}"

    async def start(self) -> None:
        """Open the port and answer.

        Raises:
            SettingsError: The port is in use or not allowed, the address is not of this machine,
                or certificate and key cannot be used.
        """
        _check_tls(self._settings)
        _quiet_logs()
        listening = _listen(self._settings, self._settings.port)
        self._port = listening.getsockname()[1]
        self._task = asyncio.create_task(self._run(listening), name="feed-server")
        async with asyncio.timeout(START_SECONDS):
            while not (self._server and self._server.started) and not self._task.done():
                await asyncio.sleep(0.01)
        log.info("feed_server", url=self.url)

    async def close(self) -> None:
        """Stop; streams are told, and cut where they do not go within a few seconds."""
        self._closing = True
        if self._task is None:
            return
        if self._server:
            self._server.should_exit = True
        _, late = await asyncio.wait({self._task}, timeout=CLOSE_SECONDS)
        if late:
            if self._server:
                self._server.force_exit = True
            self._task.cancel()
            await asyncio.wait(late, timeout=CLOSE_SECONDS)

    async def _run(self, listening: socket.socket) -> None:
        """Serve until closed; a fault of the server is logged, and it begins anew."""
        while not self._closing:
            self._server = server = _Server(self._config())
            try:
                await server.serve(sockets=[listening])
            except (Exception, SystemExit) as error:
                # uvicorn leaves by sys.exit in places, which would end the calls with it.
                log.error("feed_server_failed", error=type(error).__name__, exc_info=True)
            finally:
                server.stop_listening()
                listening.close()
            if not self._closing:
                listening = await self._listen_again()
        listening.close()

    async def _listen_again(self) -> socket.socket:
        while True:
            await asyncio.sleep(RESTART_SECONDS)
            try:
                return _listen(self._settings, self._port)
            except SettingsError as error:
                log.error("feed_server_waits", error=str(error))

    def _config(self) -> uvicorn.Config:
        settings = self._settings
        return uvicorn.Config(
            self._app,
            http=bounded_protocol(settings.max_connections + MORE_CONNECTIONS),
            ws=WS_IMPLEMENTATION,
            ws_max_size=MAX_MESSAGE,
            ws_ping_interval=settings.ping_seconds,
            ws_ping_timeout=settings.send_timeout,
            # One event goes to many: encoded once, but deflate would be paid for each of them.
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            backlog=BACKLOG,
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
        )


class _Server(uvicorn.Server):
    """Leaves the signals to the program that it runs in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop_listening(self) -> None:
        """After a fault uvicorn leaves its listeners in the loop."""
        for listener in getattr(self, "servers", ()):
            listener.close()


def _listen(settings: ServerSettings, port: int) -> socket.socket:
    host = settings.host
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Inherited by every connection: what a peer does not take must not be kept for ever.
            # Twice, since a WebSocket is first told why it has to go.
            taken_within = round(2000 * settings.send_timeout)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, taken_within)
            listening.setblocking(False)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise SettingsError(
            f"The feed's server cannot listen on {host} port {port}: {error.strerror}.",
            "Set server.port to a free one (0 takes any), server.host to an address of this "
            "machine, or server.enabled = false.",
        ) from error
    return listening


def _check_tls(settings: ServerSettings) -> None:
    if settings.tls_certificate is None:
        return
    try:
        # An empty password instead of none: OpenSSL would ask for it on the terminal, and wait.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password="")
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"The certificate {settings.tls_certificate} and the key {settings.tls_key} cannot be "
            f"used: {error.strerror or error}.",
            "Both are PEM files, readable for this user; the key has no password and fits.",
        ) from error


class _ToOurLog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Hand on what uvicorn says; requests and their data are not among it."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, asyncio.CancelledError):
            return  # a request that was cut because we stop
        log.warning("feed_server_says", says=record.getMessage(), exc_info=error is not None)


def _quiet_logs() -> None:
    """What uvicorn has to complain of goes to our log, the rest nowhere."""
    logger = logging.getLogger("uvicorn.error")
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logger.handlers = [_ToOurLog()]
