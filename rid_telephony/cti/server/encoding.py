"""Events in the forms that consumers ask for; each form is made once and sent to all of them."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass

import msgpack  # type: ignore[import-untyped]  # ships no types
from websockets.frames import Opcode

from rid_telephony.cti.backlog import Entry
from rid_telephony.cti.envelope import CloudEvent

_FINAL = 0x80
"""Bit of a frame that is a whole message."""


class Line:
    """An event as the feed and the store have it: one line of JSON, and what it is chosen by.

    Attributes:
        cursor: Its place on the feed.
        type: Event type.
        tenant: Of its call.
        agent: Of its call at that moment.
        call_id: Of its call.
        json: The whole CloudEvent, UTF-8, without a newline.
    """

    __slots__ = ("_forms", "agent", "call_id", "cursor", "json", "tenant", "type")

    def __init__(
        self, cursor: int, call_id: str, event_type: str, tenant: str, agent: str, text: str
    ) -> None:
        self.cursor = cursor
        self.call_id = call_id
        self.type = event_type
        self.tenant = tenant
        self.agent = agent
        self.json = text.encode()
        self._forms: dict[Form, bytes] = {}

    @classmethod
    def of(cls, event: CloudEvent) -> Line:
        """The line of an event."""
        return cls(event.cursor, event.subject, event.type, event.tenant, event.agent, event.line())

    @property
    def left(self) -> str:
        """The agent whom the call leaves by this event; empty for all but transfers."""
        if self.type != "call.transferred":
            return ""
        left: str = json.loads(self.json)["data"].get("from_agent", "")
        return left

    def form(self, make: Form) -> bytes:
        """The event as ``make`` writes it, made when first asked for."""
        made = self._forms.get(make)
        if made is None:
            made = self._forms[make] = make(self)
        return made


Form = Callable[[Line], bytes]
"""Makes bytes of a line, always the same."""


class LiveLine(Entry):
    """A line that waits for consumers."""

    __slots__ = ("line",)

    def __init__(self, event: CloudEvent) -> None:
        self.line = Line.of(event)
        super().__init__(event, len(self.line.json))


def msgpack_message(line: Line) -> bytes:
    """The event as msgpack: the same keys and values as in JSON.

    Source: https://github.com/msgpack/msgpack/blob/master/spec.md
    """
    packed: bytes = msgpack.packb(json.loads(line.json))
    return packed


def text_frame(line: Line) -> bytes:
    """A WebSocket text frame with the event's JSON.

    A server's frame is neither masked nor, without an extension, dependent on those before it, so
    that one serves every connection (https://www.rfc-editor.org/rfc/rfc6455#section-5.2).
    """
    return _frame(Opcode.TEXT, line.json)


def binary_frame(line: Line) -> bytes:
    """A WebSocket binary frame with the event's msgpack."""
    return _frame(Opcode.BINARY, msgpack_message(line))


def _frame(kind: Opcode, payload: bytes) -> bytes:
    """A whole unmasked frame (RFC 6455, section 5.2).

    A quarter of the time of the library's own way, which a replay of a million events needs.
    """
    size, head = len(payload), _FINAL | kind
    if size < 126:
        return struct.pack("!BB", head, size) + payload
    if size < 65_536:
        return struct.pack("!BBH", head, 126, size) + payload
    return struct.pack("!BBQ", head, 127, size) + payload


def sse_message(line: Line) -> bytes:
    """The event for an ``EventSource``: its cursor as id, its JSON as data.

    Without an event name, so that one ``onmessage`` gets every type, new ones too.
    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    return b"id: %d\ndata: %s\n\n" % (line.cursor, line.json)


@dataclass(frozen=True, slots=True)
class Subprotocol:
    """A WebSocket subprotocol: one event a message.

    Attributes:
        name: As negotiated.
        frame: An event as a whole frame.
        is_text: Whether messages are text; binary otherwise.
    """

    name: str
    frame: Form
    is_text: bool


SUBPROTOCOLS = {
    "cloudevents.json": Subprotocol("cloudevents.json", text_frame, is_text=True),
    "cloudevents.msgpack": Subprotocol("cloudevents.msgpack", binary_frame, is_text=False),
}
"""By name (https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/websockets-protocol-binding.md)."""
