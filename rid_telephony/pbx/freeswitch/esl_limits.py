"""What the event socket can carry, and how much of it we take.

Source: FreeSWITCH's mod_event_socket.c (read_packet, parse_command).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rid_telephony.pbx.messages import PbxError

MAX_HEAD_BYTES = 16 * 1024
"""Largest head of a frame that we read; they have about 50 bytes, after ``userauth`` 538."""
MAX_FRAME_BYTES = 16 * 1024 * 1024
"""Largest body of a frame; ``show channels as json`` has 1 KB a channel."""
MAX_EVENT_BYTES = 1024 * 1024
"""Largest event that we read; most have 2 to 10 KB."""
MAX_QUEUED_BYTES = 64 * 1024 * 1024
"""Most bytes of events that may wait to be handled, whatever their number."""
MAX_COMMAND_BYTES = 64 * 1024
"""Longest command line, and longest body, that we send."""
MAX_HEADERS = 128
"""Most headers of an event that we send."""
MAX_PENDING_COMMANDS = 2_000
"""Most commands that may wait for their answer at the same time."""
MAX_UNSENT_BYTES = 1024 * 1024
"""Most bytes that we keep for a FreeSWITCH that does not read."""
READ_BYTES = 64 * 1024
"""Bytes of one read."""
CROWDED = 1_000
"""Events that wait before the reader slows down, so that they are handled first."""
PACE_SECONDS = 0.002
"""How long a slowed reader rests after each read."""
CUT_REPLY_BYTES = 512
"""An answer to ``userauth`` of this length may be cut off: mod_event_socket keeps 511 bytes."""
CUT_REPLY_SECONDS = 0.25
"""Silence after which such an answer is taken for cut off."""
SLICE_SECONDS = 0.002
"""Seconds that events are handled before the event loop gets its turn."""
STOP_SECONDS = 2.0
"""Seconds that a connection's thread has to end."""

_COMMAND = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_EVENT = re.compile(r"[A-Z][A-Z_]*")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_LINE_ENDS = re.compile(r"[\r\n\0]")
_RESERVED = frozenset({"command", "content-length", "event-name", "event-uuid", "unique-id"})


def command_line(command: str, arguments: tuple[str, ...]) -> str:
    """Join an API command and its arguments.

    Only the last argument may contain blanks: anywhere else one would shift the arguments after
    it, and what a customer is called would become what is done to his call.

    Raises:
        PbxError: What is wrong; the value itself, which may be personal, is not quoted.
    """
    if not _COMMAND.fullmatch(command):
        raise PbxError(f"{command!r:.60} is not the name of an API command.")
    for place, argument in enumerate(arguments, 1):
        _check_text(f"Argument {place} of {command}", argument)
        if place < len(arguments) and (not argument or any(map(str.isspace, argument))):
            raise PbxError(f"Argument {place} of {command} is empty or has blanks.")
    line = " ".join((command, *arguments))
    _check_size(command, line)
    folded = line.lower()
    if "mod_event_socket" in folded and ("unload" in folded or "reload" in folded):
        # parse_command looks for these words anywhere in the line, values included, and would
        # run "unload mod_event_socket" instead of our command.
        raise PbxError(f"{command} names mod_event_socket and unload or reload.")
    return line


def event_lines(name: str, headers: Mapping[str, str], body: str) -> str:
    """A ``sendevent`` command, complete with its body.

    Raises:
        PbxError: What is wrong; values are not quoted.
    """
    if not _EVENT.fullmatch(name):
        raise PbxError(f"{name!r:.60} is not the name of an event.")
    if len(headers) > MAX_HEADERS:
        raise PbxError(f"{name} has {len(headers)} headers; {MAX_HEADERS} are allowed.")
    if len({key.lower() for key in headers} | _RESERVED) != len(headers) + len(_RESERVED):
        # An event with the Unique-ID of a live channel is swallowed by that channel.
        raise PbxError(f"{name} names a header twice, or one of {', '.join(sorted(_RESERVED))}.")
    lines = [f"sendevent {name}"]
    for key, value in headers.items():
        if not _HEADER.fullmatch(key):
            raise PbxError(f"{key!r:.60} cannot be a header of {name}.")
        _check_text(f"{key} of {name}", value)
        lines.append(f"{key}: {value}")
    _check_body(name, body)
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    text = "\n".join(lines)
    _check_size(name, text)
    _check_size(f"The body of {name}", body)
    return f"{text}\n\n{body}"


def check_password(password: str) -> None:
    """Refuse a password that could not be sent in one line.

    Raises:
        PbxError: What is wrong.
    """
    _check_text("The password", password)
    _check_size("The password", password)


def _check_text(what: str, text: str) -> None:
    if _LINE_ENDS.search(text):
        raise PbxError(f"{what} contains a line end or NUL.")
    _check_encodable(what, text)


def _check_body(name: str, body: str) -> None:
    """Lines are fine: its length says where it ends. FreeSWITCH would cut it at a NUL."""
    if "\0" in body:
        raise PbxError(f"The body of {name} contains NUL.")
    _check_encodable(f"The body of {name}", body)


def _check_encodable(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PbxError(f"{what} is not valid text: {error.reason}.") from None


def _check_size(what: str, text: str) -> None:
    size = len(text.encode())
    if size > MAX_COMMAND_BYTES:
        raise PbxError(f"{what} has {size} bytes; {MAX_COMMAND_BYTES} are allowed.")
