"""An event socket on loopback that does what a test tells it, good or bad.

async with EslServer() as server:
    client = EslClient(server.settings(), on_event=..., on_up=..., on_down=...)
    ...
    server.event("CHANNEL_ANSWER", **{"Unique-ID": "1"})
    server.drop()

:class:`RecordedServer` plays a recording instead, byte for byte.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from rid_telephony.settings.freeswitch import FreeSwitchSettings

RECORDINGS = Path(__file__).parents[1] / "fixtures" / "freeswitch"
GREETING = b"Content-Type: auth/request\n\n"
GOODBYE = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"

Answer = Callable[[str], bytes]
"""Takes a command as it came, returns the bytes to answer with; none for silence."""


def reply(text: str) -> bytes:
    """The answer to most commands."""
    return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()


def response(body: str) -> bytes:
    """The answer to ``api``."""
    data = body.encode()
    return f"Content-Type: api/response\nContent-Length: {len(data)}\n\n".encode() + data


def notice(text: str, kind: str = "text/disconnect-notice") -> bytes:
    """What FreeSWITCH says when it ends a connection."""
    return f"Content-Type: {kind}\nContent-Length: {len(text)}\n\n{text}".encode()


def json_frame(body: bytes) -> bytes:
    """A frame of ``event json``, whatever its body is."""
    head = f"Content-Length: {len(body)}\nContent-Type: text/event-json\n\n"
    return head.encode() + body


def json_event(name: str, **fields: str) -> bytes:
    """An event as ``event json`` gives it."""
    text = json.dumps({"Event-Name": name, **fields}, ensure_ascii=False, separators=(",", ":"))
    return json_frame(text.encode())


def silence(_: str) -> bytes:
    """No answer."""
    return b""


class EslServer:
    """The server; every attribute can be changed while it runs.

    Attributes:
        password: What ``auth`` is accepted with.
        users: ``user@domain`` to password, for ``userauth``.
        allowed: Events and subclasses that may be asked for; all when None.
        greeting: Sent to every new connection.
        split: Bytes per write; 0 writes as given. Each part goes out in a turn of its own.
        answers: By ``api uuid_setvar`` or ``api``; the longer one counts.
        commands: All commands received, with their headers and bodies.
        logins: How many logins were accepted.
        connections: How many connections were made.
        open: Those that stand now.
    """

    def __init__(self) -> None:
        self.password = "geheim"  # noqa: S105  # of a server that exists for milliseconds
        self.users: dict[str, str] = {}
        self.allowed: set[str] | None = None
        self.greeting = GREETING
        self.split = 0
        self.answers: dict[str, Answer] = {}
        self.commands: list[str] = []
        self.logins = 0
        self.connections = 0
        self.open: list[asyncio.StreamWriter] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; again on the same port after :meth:`stop`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end all connections."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()

    def settings(self, **changes: Any) -> FreeSwitchSettings:
        """Settings of a client of this server, impatient."""
        values: dict[str, Any] = {
            "port": self.port,
            "password": "geheim",
            "connect_timeout": 5.0,
            "command_timeout": 5.0,
            "ping_interval": 60.0,
            "backoff": (0.01, 0.05),
        }
        return FreeSwitchSettings.model_validate(values | changes)

    def send(self, data: bytes) -> None:
        """Write to every connection."""
        for writer in self.open:
            writer.write(data)

    def event(self, name: str, **fields: str) -> None:
        """Send an event to every connection."""
        self.send(json_event(name, **fields))

    def deafen(self) -> None:
        """Read no more from the connections that stand now."""
        for writer in self.open:
            writer.transport.pause_reading()

    def drop(self, *, reset: bool = False) -> None:
        """End every connection: orderly, or at once with what is unsent thrown away."""
        for writer in self.open:
            writer.transport.abort() if reset else writer.close()
        self.open = []

    def asked(self, begins: str) -> int:
        """How often a command that begins so was received."""
        return sum(command.startswith(begins) for command in self.commands)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.append(writer)
        try:
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # cancelled at the end of the test; a client that was quickly gone came late
        finally:
            writer.close()
            if writer in self.open:
                self.open.remove(writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._write(writer, self.greeting)
        while True:
            command = await self._read(reader)
            answer = self._answer(command)
            await self._write(writer, answer)
            if answer == reply("-ERR invalid"):
                await self._write(writer, notice(GOODBYE))
                return

    async def _read(self, reader: asyncio.StreamReader) -> str:
        head = (await reader.readuntil(b"\n\n")).decode()[:-2]
        lines = (line.partition(": ") for line in head.split("\n"))
        length = int(next((v for key, _, v in lines if key == "Content-Length"), "0"))
        body = (await reader.readexactly(length)).decode()
        self.commands.append(f"{head}\n\n{body}" if body else head)
        return self.commands[-1]

    def _answer(self, command: str) -> bytes:
        words = command.split()
        for key in (" ".join(words[:2]), words[0]):
            if key in self.answers:
                return self.answers[key](command)
        match words[0]:
            case "auth" | "userauth":
                return self._log_in(words)
            case "event":
                return self._subscribe(words[2:])
            case "api":
                return response("+OK\n")
            case "bgapi":
                return self._background(command)
            case "sendevent":
                return reply("+OK 27ad58b2-0c43-4c9b-9f72-bbc4e422b971")
            case "nolog":
                return reply("-ERR not loging")
        return reply("-ERR command not found")

    def _log_in(self, words: list[str]) -> bytes:
        user, _, password = words[1].partition(":")
        if words[0] == "auth":
            known = words[1] == self.password
        else:
            known = user in self.users and password == self.users[user]
        if not known:
            return reply("-ERR invalid")
        self.logins += 1
        return reply("+OK accepted")

    def _subscribe(self, names: list[str]) -> bytes:
        if self.allowed is None or self.allowed >= set(names):
            return reply("+OK event listener enabled json")
        return reply("-ERR permission denied")

    def _background(self, command: str) -> bytes:
        uuid = command.rpartition("Job-UUID: ")[2]
        job = json_event("BACKGROUND_JOB", **{"Job-UUID": uuid, "_body": "+OK done\n"})
        return reply(f"+OK Job-UUID: {uuid}") + job

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        step = self.split or max(1, len(data))
        for begin in range(0, len(data), step):
            writer.write(data[begin : begin + step])
            await writer.drain()
            await asyncio.sleep(0)


class RecordedServer(EslServer):
    """Plays a recording: its n-th connection to the n-th client, each read as it was read.

    Where the recording has a command, it waits for one from the client, whatever it is.

    Args:
        name: The recording (``esl_hold_unhold``).
        speed: How much faster than recorded; 0 for as fast as it goes.
    """

    def __init__(self, name: str, speed: float = 0.0) -> None:
        super().__init__()
        self._name = name
        self._speed = speed

    def requests(self, conn: int = 1) -> list[str]:
        """What the recorded client asked after its login and subscription."""
        asked = (data.decode() for kind, data, _ in self._rows(conn) if kind == "c2s")
        return [text for text in asked if text != "exit\n\n"][2:]

    def _rows(self, conn: int) -> Iterator[tuple[str, bytes, float]]:
        last = None
        for line in (RECORDINGS / f"{self._name}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["conn"] == conn:
                pause = 0.0 if last is None else row["t"] - last
                last = row["t"]
                yield row["dir"], row["data"].encode("latin-1"), pause

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for kind, data, pause in self._rows(self.connections):
            if self._speed:
                await asyncio.sleep(pause / self._speed)
            if data == b"exit\n\n":
                break
            if kind == "c2s":
                await self._read(reader)
            elif kind == "s2c":
                await self._write(writer, data)
            elif kind == "close":
                return
        await reader.read()  # until the client goes
