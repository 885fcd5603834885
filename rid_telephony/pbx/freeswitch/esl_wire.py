"""The event socket's bytes: frames, events. No I/O.

Source: FreeSWITCH's mod_event_socket.c and switch_event.c; checked with the recordings in
fixtures/freeswitch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from rid_telephony.errors import RidTelephonyError
from rid_telephony.pbx.freeswitch.esl_limits import (
    CUT_REPLY_BYTES,
    MAX_EVENT_BYTES,
    MAX_FRAME_BYTES,
    MAX_HEAD_BYTES,
)
from rid_telephony.pbx.freeswitch.messages import EslEvent

BEGIN = b"Content-"
END = b"\n\n"
ACCEPTED = b"Content-Type: command/reply\nReply-Text: +OK accepted\n"


class EslFramingError(RidTelephonyError):
    """What came is not an event socket, has lost its framing, or is larger than we take."""

    code = "esl_framing"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        kind: Its ``Content-Type`` (``command/reply``).
        head: Header to value.
        body: As it came; empty when it has none.
    """

    kind: str
    head: Mapping[str, str]
    body: bytes = b""

    @property
    def text(self) -> str:
        """The answer: the body of an ``api/response``, else ``Reply-Text``."""
        if self.kind == "command/reply":
            return self.head.get("Reply-Text", "")
        return self.body.decode("utf-8", "replace")


class Framer:
    """Cuts the stream into frames, wherever the reads happened to cut it.

    Works on bytes, so that no character is ever seen in halves. A frame that does not begin as
    FreeSWITCH's do means that the place in the stream is lost: nothing after it can be believed.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._head: dict[str, str] | None = None
        self._length = 0

    @property
    def in_frame(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._rest) or self._head is not None

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that ``data`` completes; to be run to its end.

        Raises:
            EslFramingError: The stream cannot be read on; the frames before that are good.
        """
        self._rest += data
        begin = 0
        while True:
            if self._head is None:
                end = self._find_head(begin)
                if end < 0:
                    break
                self._read_head(bytes(self._rest[begin:end]))
                begin = end + len(END)
            if self._head is None or len(self._rest) - begin < self._length:
                break
            body = bytes(self._rest[begin : begin + self._length])
            begin += self._length
            head, self._head = self._head, None
            yield Frame(head["Content-Type"], head, body)
        del self._rest[:begin]

    def _find_head(self, begin: int) -> int:
        start = bytes(self._rest[begin : begin + len(BEGIN)])
        if not BEGIN.startswith(start):
            raise EslFramingError(f"What came is not an event socket: it began with {start!r}.")
        end = self._rest.find(END, begin, begin + MAX_HEAD_BYTES)
        if end < 0 and len(self._rest) - begin >= MAX_HEAD_BYTES:
            raise EslFramingError(f"The head of a frame is larger than {MAX_HEAD_BYTES} bytes.")
        return end

    def _read_head(self, data: bytes) -> None:
        head: dict[str, str] = {}
        for line in data.decode("utf-8", "replace").split("\n"):
            key, colon, value = line.partition(": ")
            if colon and key in head and key.startswith("Content-"):
                raise EslFramingError(f"A frame has two headers {key}.")
            if colon:
                head[key] = value
        length = head.get("Content-Length", "0")
        if "Content-Type" not in head or not (length.isascii() and length.isdigit()):
            raise EslFramingError("A frame has no type, or no length that is a number.")
        if len(length) > len(str(MAX_FRAME_BYTES)) or int(length) > MAX_FRAME_BYTES:
            raise EslFramingError(f"A frame is larger than {MAX_FRAME_BYTES} bytes.")
        self._head, self._length = head, int(length)

    @property
    def maybe_cut(self) -> bool:
        """Whether what waits may be an answer to ``userauth`` that FreeSWITCH cut off.

        The answer lists what the user may do, in a buffer of 512 bytes; beyond that it ends
        without the empty line that ends a frame.
        """
        return (
            self._head is None
            and len(self._rest) >= CUT_REPLY_BYTES
            and self._rest.startswith(ACCEPTED)
        )

    def take_cut(self) -> Frame:
        """The answer that :attr:`maybe_cut` was told of, once nothing more has come."""
        self._rest.clear()
        return Frame("command/reply", {"Reply-Text": "+OK accepted"})


def read_event(frame: Frame, at: float) -> EslEvent | None:
    """Read an event, JSON or plain; None when it is damaged or too large.

    Args:
        frame: Of kind ``text/event-json`` or ``text/event-plain``.
        at: Seconds on the event loop's clock at which it was read.
    """
    if len(frame.body) > MAX_EVENT_BYTES:
        return None
    read = _read_json if frame.kind == "text/event-json" else _read_plain
    try:
        fields = read(frame.body)
    except (ValueError, RecursionError):
        return None
    name = fields.get("Event-Name", "")
    if not name:
        return None
    body = fields.pop("_body", "")
    subclass = fields.get("Event-Subclass", "") if name == "CUSTOM" else ""
    return EslEvent(name, at, fields, subclass, body)


def _read_json(body: bytes) -> dict[str, str]:
    text = body.decode("utf-8", "replace")
    found = json.loads(
        text,
        strict=False,
        object_pairs_hook=_first_of_each,
        parse_int=str,
        parse_float=str,
        parse_constant=str,
    )
    if not isinstance(found, dict):
        raise ValueError("not an object")
    fields = {key: _value(value) for key, value in found.items()}
    if "\\ud" in text or "\\uD" in text:
        return {_sound(key): _sound(value) for key, value in fields.items()}
    return fields


def _first_of_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The first of headers with the same name counts, as in FreeSWITCH itself."""
    return dict(reversed(pairs))


def _value(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "ARRAY::" + "|:".join(value)  # as plain events and channel variables write it
    raise ValueError("not a value of an event")


def _sound(text: str) -> str:
    """Without halves of surrogate pairs, which no output could encode."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _read_plain(data: bytes) -> dict[str, str]:
    """Lines first, then unquoting: a quoted line end in a value is no line end."""
    head, blank, body = data.partition(END)
    if not blank:
        raise ValueError("cut off")
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\n"):
        key, colon, value = line.partition(":")
        if not key or not colon:
            raise ValueError("not a header")
        fields.setdefault(key, unquote(value.removeprefix(" "), errors="replace"))
    if fields.get("Content-Length", "0") != str(len(body)):
        raise ValueError("a body that is longer or shorter than announced")
    if body:
        fields["_body"] = body.decode("utf-8", "replace")
    return fields
