"""Reads the recorded event sockets in fixtures/freeswitch, without our own client."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from rid_telephony.pbx.freeswitch.messages import EslEvent

RECORDINGS = Path(__file__).parents[1] / "fixtures" / "freeswitch"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of the event socket: seconds since the recording began, its headers, its body."""

    at: float
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        return self.headers.get("Content-Type", "")


def recorded_names() -> list[str]:
    """Every recorded event socket."""
    return sorted(path.stem for path in RECORDINGS.glob("esl_*.jsonl"))


@cache
def _lines(name: str) -> list[dict[str, object]]:
    text = (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def connections(name: str) -> list[object]:
    """The connections of a recording, in the order in which they were opened."""
    return list(dict.fromkeys(line["conn"] for line in _lines(name)))


def recorded_bytes(name: str, conn: object, direction: str = "s2c") -> list[tuple[float, bytes]]:
    """The TCP reads of one direction of a connection: seconds since the start, bytes."""
    began = float(str(_lines(name)[0]["t"]))
    return [
        (float(str(line["t"])) - began, str(line["data"]).encode("latin-1"))
        for line in _lines(name)
        if line["conn"] == conn and line["dir"] == direction
    ]


def frames(chunks: list[tuple[float, bytes]]) -> list[Frame]:
    """The frames of a stream, each at the time its last byte was read."""
    found, pending = [], b""
    for at, raw in chunks:
        pending += raw
        while (taken := _take_frame(pending)) is not None:
            headers, body, pending = taken
            found.append(Frame(at, headers, body))
    return found


def _take_frame(pending: bytes) -> tuple[dict[str, str], bytes, bytes] | None:
    head, blank, rest = pending.lstrip(b"\n").partition(b"\n\n")
    if not blank:
        return None
    headers = dict(_header(line) for line in head.decode().split("\n"))
    length = int(headers.get("Content-Length", "0"))
    return None if len(rest) < length else (headers, rest[:length], rest[length:])


def _header(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key.strip(), value.strip()


def event_of(frame: Frame) -> EslEvent | None:
    """The event in a frame, None where it is an answer or a notice."""
    if frame.kind == "text/event-json":
        fields = json.loads(frame.body)
        body = fields.pop("_body", "")
    elif frame.kind == "text/event-plain":
        # Lines first: a decoded value may contain line feeds.
        head, _, raw = frame.body.decode().partition("\n\n")
        pairs = [_header(line) for line in head.split("\n") if line]
        fields = {key: unquote(value) for key, value in pairs}
        body = raw[: int(fields.get("Content-Length", "0"))]
    else:
        return None
    return EslEvent(fields["Event-Name"], frame.at, fields, fields.get("Event-Subclass", ""), body)


def recorded_events(name: str) -> list[EslEvent]:
    """Every event of a recording, over all its connections, in order."""
    return [event for conn in connections(name) for event in _events(name, conn)]


def _events(name: str, conn: object) -> list[EslEvent]:
    found = (event_of(frame) for frame in frames(recorded_bytes(name, conn)))
    return [event for event in found if event]


def command_answers(name: str) -> list[tuple[str, str]]:
    """What was asked by ``api`` and what came back, of every connection, in order."""
    pairs: list[tuple[str, str]] = []
    for conn in connections(name):
        asked = b"".join(raw for _, raw in recorded_bytes(name, conn, "c2s")).decode()
        commands = [line[4:] for line in asked.split("\n") if line.startswith("api ")]
        answers = [f for f in frames(recorded_bytes(name, conn)) if f.kind == "api/response"]
        pairs += zip(commands, (answer.body.decode() for answer in answers), strict=False)
    return pairs
