"""A manager interface on loopback that does what a test tells it, good or bad.

async with AmiServer() as server:
    client = AmiClient(server.settings(), on_event=..., on_up=..., on_down=...)
    ...
    server.event("Newchannel", Uniqueid="1.1")
    server.drop()
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rid_telephony.settings.asterisk import AsteriskSettings

RECORDINGS = Path(__file__).parents[1] / "fixtures" / "asterisk"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"

Answer = Callable[[dict[str, str]], bytes]
"""Takes an action (keys in lower case), returns the bytes to answer with; none for silence."""


def message(kind: str, name: str, fields: Iterable[tuple[str, str]] = ()) -> bytes:
    """An event or a response as bytes."""
    lines = [f"{kind}: {name}", *(f"{key}: {value}" for key, value in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def response(action: dict[str, str], name: str = "Success", **fields: str) -> bytes:
    """The response to an action."""
    return message("Response", name, [("ActionID", action["actionid"]), *fields.items()])


def silence(_: dict[str, str]) -> bytes:
    """No answer."""
    return b""


def recorded(name: str, direction: str = "s2c") -> bytes:
    """What a recording holds of one direction: ``s2c`` from Asterisk, ``c2s`` to it."""
    data = b""
    for line in (RECORDINGS / name).read_text(encoding="utf-8").splitlines():
        chunk = json.loads(line)
        if chunk["dir"] == direction:
            data += chunk["data"].encode() if "data" in chunk else base64.b64decode(chunk["b64"])
    return data


def recorded_events(name: str) -> bytes:
    """The events of a recording, without the answers to the actions of its own client."""
    parts = recorded(name).partition(b"\r\n")[2].split(b"\r\n\r\n")
    return b"".join(part + b"\r\n\r\n" for part in parts if part.startswith(b"Event"))


class AmiServer:
    """The server; every attribute can be changed while it runs.

    Args:
        tls: Speak TLS.

    Attributes:
        secret: What Login is accepted with.
        greeting: Sent to every new connection.
        split: Bytes per write; 0 writes as given. Each part goes out in a turn of its own.
        answers: By action name; those not named are answered with Success.
        actions: All actions received, keys in lower case.
        logins: How many logins were accepted.
        connections: How many connections were made.
        open: Those that stand now.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.secret = "geheim"  # noqa: S105  # of a server that exists for milliseconds
        self.greeting = BANNER
        self.split = 0
        self.answers: dict[str, Answer] = {}
        self.actions: list[dict[str, str]] = []
        self.logins = 0
        self.connections = 0
        self.open: list[asyncio.StreamWriter] = []
        self.port = 0
        self._tls = tls
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> AmiServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; again on the same port after :meth:`stop`."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end all connections."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()

    def settings(self, **changes: Any) -> AsteriskSettings:
        """Settings of a client of this server, impatient."""
        values: dict[str, Any] = {
            "port": self.port,
            "username": "rid",
            "secret": "geheim",
            "connect_timeout": 2.0,
            "action_timeout": 2.0,
            "backoff": (0.01, 0.05),
        }
        return AsteriskSettings.model_validate(values | changes)

    def send(self, data: bytes) -> None:
        """Write to every connection."""
        for writer in self.open:
            writer.write(data)

    def event(self, name: str, **fields: str) -> None:
        """Send an event to every connection."""
        self.send(message("Event", name, fields.items()))

    def deafen(self) -> None:
        """Read no more from the connections that stand now."""
        for writer in self.open:
            writer.transport.pause_reading()

    def drop(self, *, reset: bool = False) -> None:
        """End every connection: orderly, or at once with what is unsent thrown away."""
        for writer in self.open:
            writer.transport.abort() if reset else writer.close()
        self.open = []

    def asked(self, name: str) -> int:
        """How often an action was received."""
        return sum(action["action"] == name for action in self.actions)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.append(writer)
        try:
            await self._write(writer, self.greeting)
            while lines := await reader.readuntil(b"\r\n\r\n"):
                pairs = (line.split(": ", 1) for line in lines.decode().split("\r\n") if line)
                action = {key.lower(): value for key, value in pairs}
                self.actions.append(action)
                await self._write(writer, self._answer(action))
                if action["action"] == "Login" and action["secret"] != self.secret:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            if writer in self.open:
                self.open.remove(writer)

    def _answer(self, action: dict[str, str]) -> bytes:
        name = action["action"]
        if name in self.answers:
            return self.answers[name](action)
        if name != "Login":
            return response(action, Message="Done")
        if action["secret"] != self.secret:
            return response(action, "Error", Message="Authentication failed")
        self.logins += 1
        return response(action, Message="Authentication accepted")

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        step = self.split or max(1, len(data))
        for begin in range(0, len(data), step):
            writer.write(data[begin : begin + step])
            await writer.drain()
            await asyncio.sleep(0)
