"""What a real FreeSWITCH sent on its forks, by WebSocket and through a named pipe."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).parents[1] / "fixtures" / "freeswitch"


@dataclass(slots=True)
class RecordedSocket:
    """One connection: 1 is the customer's leg, 2 the agent's."""

    subprotocol: str | None = None
    messages: list[str | bytes] = field(default_factory=list)

    @property
    def audio(self) -> bytes:
        return b"".join(message for message in self.messages if isinstance(message, bytes))


def recorded_sockets(means: str) -> dict[int, RecordedSocket]:
    """The connections of a session, with what came on them in its order."""
    sockets: dict[int, RecordedSocket] = {}
    for line in _lines(f"ws_{means}_session.jsonl.gz"):
        socket = sockets.setdefault(line["conn"], RecordedSocket())
        if line["ev"] == "open":
            socket.subprotocol = line["subprotocol"]
        elif line["ev"] == "recv":
            text = line.get("text")
            socket.messages.append(base64.b64decode(line["b64"]) if text is None else text)
    return sockets


def recorded_pipe() -> list[bytes]:
    """Each read of the stereo pipe: left the customer, who speaks first, right the agent."""
    lines = _lines("fifo_uuid_record_chunks.jsonl.gz")
    return [base64.b64decode(line["b64"]) for line in lines if line["fifo"] == "fx.r8"]


def _lines(name: str) -> list[dict[str, Any]]:
    with gzip.open(DIRECTORY / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
