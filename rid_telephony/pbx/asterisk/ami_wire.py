"""The manager interface's bytes: banner, messages, headers. No I/O.

Source: Asterisk's main/manager.c; checked with the recordings in fixtures/asterisk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from rid_telephony.errors import RidTelephonyError
from rid_telephony.pbx.asterisk.ami_limits import MAX_BANNER_BYTES, MAX_MESSAGE_BYTES
from rid_telephony.pbx.asterisk.messages import AmiEvent

BANNER = b"Asterisk Call Manager/"
END = b"\r\n\r\n"


class AmiFramingError(RidTelephonyError):
    """What came is not a manager interface, or is larger than we take."""

    code = "ami_framing"


class Framer:
    """Cuts the stream into messages, wherever the reads happened to cut it.

    Works on bytes, so that no character is ever seen in halves.

    Attributes:
        version: The manager interface's version, once the banner has come; empty before.
    """

    def __init__(self) -> None:
        self.version = ""
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that ``data`` completes, without the empty line that ends them.

        Raises:
            AmiFramingError: The greeting is another protocol's, or a message is too large.
        """
        searched = max(0, len(self._rest) - len(END) + 1)
        self._rest += data
        if not self.version:
            searched = 0
            if not self._read_banner():
                return []
        return self._cut(searched)

    def _read_banner(self) -> bool:
        head = bytes(self._rest[: len(BANNER)])
        if head != BANNER[: len(head)]:
            raise AmiFramingError(f"The peer is not a manager interface: it began with {head!r}.")
        end = self._rest.find(b"\n", 0, MAX_BANNER_BYTES)
        if end < 0 and len(self._rest) >= MAX_BANNER_BYTES:
            raise AmiFramingError("The peer is not a manager interface: its greeting never ends.")
        if end < 0:
            return False
        self.version = self._rest[len(BANNER) : end].decode("ascii", "replace").strip() or "?"
        del self._rest[: end + 1]
        return True

    def _cut(self, searched: int) -> list[bytes]:
        messages, begin = [], 0
        while (end := self._rest.find(END, searched)) >= 0:
            if end - begin > MAX_MESSAGE_BYTES:
                break
            message = bytes(self._rest[begin:end]).lstrip(b"\r\n")
            if message:
                messages.append(message)
            begin = searched = end + len(END)
        del self._rest[:begin]
        if end >= 0 or len(self._rest) > MAX_MESSAGE_BYTES + len(END):
            raise AmiFramingError(f"A message is larger than {MAX_MESSAGE_BYTES} bytes.")
        return messages


def read_headers(text: str) -> list[tuple[str, str]]:
    """The headers of a message in their order; lines that are none are left out.

    A key may contain ``:`` (``ChanVariable(AudioSocket/127.0.0.1:9092-…)``), a value ``: ``.
    """
    headers = []
    for line in text.split("\r\n"):
        key, colon, value = line.partition(": ")
        if colon:
            headers.append((key, value))
        elif line.endswith(":"):
            headers.append((line[:-1], ""))
    return headers


@dataclass(frozen=True)
class Incoming:
    """One message as it came.

    Attributes:
        at: Seconds on the event loop's clock at which it was read.
        size: Its bytes.
        headers: Key and value, in order, spelled as Asterisk does; never empty.
    """

    at: float
    size: int
    headers: list[tuple[str, str]]

    @classmethod
    def read(cls, at: float, message: bytes) -> Incoming | None:
        """Read a message; None when it is neither an event nor a response.

        The first header decides: an event (OriginateResponse, a UserEvent) may carry a
        ``Response`` too.
        """
        headers = read_headers(message.decode("utf-8", "replace"))
        if not headers or headers[0][0] not in {"Event", "Response"}:
            return None
        return cls(at, len(message), headers)

    @property
    def is_event(self) -> bool:
        """Whether it is an event; otherwise it is a response."""
        return self.headers[0][0] == "Event"

    @cached_property
    def fields(self) -> dict[str, str]:
        """Key in lower case to its first value, but a command's output lines joined by LF."""
        fields: dict[str, str] = {}
        output: list[str] = []
        for key, value in self.headers:
            name = key.lower()
            if name == "output":
                output.append(value)
            if not name.startswith("chanvariable"):
                fields.setdefault(name, value)
        if output:
            fields["output"] = "\n".join(output)
        return fields

    @cached_property
    def variables(self) -> dict[str, str]:
        """``ChanVariable: name=value`` and ``ChanVariable(channel): name=value``."""
        variables: dict[str, str] = {}
        for key, value in self.headers:
            if key == "ChanVariable" or key.startswith("ChanVariable("):
                name, equals, content = value.partition("=")
                if equals:
                    variables.setdefault(name, content)
        return variables

    @property
    def action_id(self) -> str:
        """The action that it belongs to; empty for none."""
        return self.fields.get("actionid", "")

    @cached_property
    def event(self) -> AmiEvent:
        """The same as the rest of the adapter reads it."""
        return AmiEvent(self.headers[0][1], self.at, self.fields, self.variables)
