"""Reads the recorded manager sessions in fixtures/asterisk, without our own client."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from rid_telephony.pbx.asterisk.messages import AmiEvent

RECORDINGS = Path(__file__).parents[1] / "fixtures" / "asterisk"


def recorded_bytes(name: str, direction: str = "s2c") -> list[tuple[float, bytes]]:
    """The TCP reads of one direction: seconds since the start, bytes."""
    chunks = []
    for line in (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        chunk = json.loads(line)
        if chunk["dir"] != direction:
            continue
        data = chunk.get("data")
        raw = base64.b64decode(chunk["b64"]) if data is None else data.encode()
        chunks.append((float(chunk["t"]), raw))
    return chunks


def recorded_events(name: str) -> list[AmiEvent]:
    """Every event of a recording, list items too, each at the time its last byte was read."""
    events, pending = [], b""
    for at, raw in recorded_bytes(name):
        pending += raw
        while b"\r\n\r\n" in pending:
            message, pending = pending.split(b"\r\n\r\n", 1)
            event = _event(message.decode(), at)
            if event:
                events.append(event)
    return events


def _event(message: str, at: float) -> AmiEvent | None:
    fields: dict[str, str] = {}
    variables: dict[str, str] = {}
    for line in message.split("\r\n"):
        key, colon, value = line.partition(":")
        key, value = key.strip().lower(), value.strip()
        if key == "chanvariable":
            name, _, value = value.partition("=")
            variables.setdefault(name, value)
        elif colon:
            fields.setdefault(key, value)
    name = fields.pop("event", "")
    return AmiEvent(name, at, fields, variables) if name else None
