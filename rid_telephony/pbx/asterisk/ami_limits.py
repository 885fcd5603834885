"""What the manager interface can carry, and how much of it we take."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rid_telephony.pbx.messages import PbxError

MAX_LINE_BYTES = 1022
"""Longest ``Key: value`` in UTF-8 that Asterisk reads (measured on 22.10: 1023 are refused)."""
MAX_HEADERS = 128
"""Most lines of one action, Action and ActionID included (measured on 22.10)."""
MAX_BANNER_BYTES = 256
"""Longest greeting line of a manager interface that we read."""
MAX_MESSAGE_BYTES = 256 * 1024
"""Largest message that we read; an event has about 1 KB, the output of a command up to 100."""
MAX_QUEUED_BYTES = 64 * 1024 * 1024
"""Most bytes that may wait to be read, whatever the number of events."""
MAX_LIST_ITEMS = 20_000
"""Most items of one list."""
MAX_LIST_BYTES = 32 * 1024 * 1024
"""Most bytes of one list."""
MAX_PENDING_ACTIONS = 2_000
"""Most actions that may wait for their answer at the same time."""
MAX_UNSENT_BYTES = 1024 * 1024
"""Most bytes that we keep for an Asterisk that does not read."""
SLICE_SECONDS = 0.002
"""Seconds that events are handled before the event loop gets its turn."""

_KEY = re.compile(r"[!-9;-~]+")
_LINE_ENDS = re.compile(r"[\r\n\0]")


def check_action(name: str, fields: Mapping[str, str]) -> None:
    """Refuse an action that would say something else to Asterisk than it says here.

    A CR or LF, even alone, begins a new header, and with it a new action. An action that is too
    long, in a line or in lines, is refused here with a reason that names the header.

    Raises:
        PbxError: What is wrong, naming the key but never the value, which may be a secret.
    """
    if not name.isalnum() or not name.isascii():
        raise PbxError(f"{name!r:.60} is not the name of a manager action.")
    if len(fields) > MAX_HEADERS - 2:
        raise PbxError(f"{name} has {len(fields)} headers; Asterisk reads {MAX_HEADERS - 2}.")
    if len({key.lower() for key in fields} | {"action"}) != len(fields) + 1:
        raise PbxError(f"{name} names a header twice, or Action.")
    for key, value in fields.items():
        _check_line(name, key, value)


def _check_line(name: str, key: str, value: str) -> None:
    if not _KEY.fullmatch(key):
        raise PbxError(f"{key!r:.60} cannot be a header of {name}.")
    if _LINE_ENDS.search(value):
        raise PbxError(f"{key} of {name} contains a line end or NUL.")
    try:
        size = len(f"{key}: {value}".encode())
    except UnicodeEncodeError as error:
        raise PbxError(f"{key} of {name} is not valid text: {error.reason}.") from None
    if size > MAX_LINE_BYTES:
        raise PbxError(f"{key} of {name} makes a line of {size} bytes; {MAX_LINE_BYTES} are read.")
