"""Texts as FreeSWITCH reads them: none becomes a command, a variable or another header.

Seen in the sources of 1.11 (mod_event_socket.c, switch_utils.c, switch_channel.c, switch_event.c):
an argument loses its single quotes and its backslashes are read as escapes; a dialplan that writes
``${rid_hint}`` expands what the variable holds once more, ``${system(…)}`` included; a packet that
contains ``unload`` and ``mod_event_socket`` anywhere, even in a header's value, unloads the event
socket; and a value that begins with ``ARRAY::`` is taken apart.
"""

from __future__ import annotations

import re

from rid_telephony.pbx.messages import PbxError
from rid_telephony.pbx.writeback_text import bounded, one_line

MAX_VALUE_BYTES = 900
"""Bytes of one value, as for every PBX."""

_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}")
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}")
_HOST = re.compile(r"[A-Za-z0-9\[][A-Za-z0-9_.:\]-]{0,252}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SOCKET_MODULE = re.compile(r"(mod)_(event)_(socket)", re.IGNORECASE)
_ARRAY = re.compile(r"^ARRAY::")
_LOOK_ALIKES = str.maketrans({"'": "’", "\\": "＼", "$": "＄"})
_DISPLAY_ENDS = str.maketrans({'"': "”", "<": "＜", ">": "＞", "|": "｜"})


def channel(text: str) -> str:
    """The unique id of a channel, checked.

    Raises:
        PbxError: It is none: it could be an argument more.
    """
    return _checked(_CHANNEL, text, "channel")


def user(text: str) -> str:
    """The user part of an agent's address, checked; raises :class:`PbxError`."""
    return _checked(_USER, text, "user")


def host(text: str) -> str:
    """A SIP domain, checked; raises :class:`PbxError`."""
    return _checked(_HOST, text, "domain")


def name(text: str) -> str:
    """A variable or field, without its prefix, checked; raises :class:`PbxError`."""
    return _checked(_NAME, text, "variable or field")


def profile(text: str) -> str:
    """A SIP profile, checked; raises :class:`PbxError`."""
    return _checked(_PROFILE, text, "SIP profile")


def header(text: str) -> str:
    """The value of a header: one line, at most :data:`MAX_VALUE_BYTES` bytes."""
    harmless = _SOCKET_MODULE.sub(r"\1-\2-\3", _ARRAY.sub("ARRAY ", one_line(text)))
    return bounded(harmless, MAX_VALUE_BYTES)


def argument(text: str) -> str:
    """The last argument of a command, kept as it is but for quote, backslash and dollar.

    These become their full-width or typographic likes: no dialplan expands them, nothing is
    stripped, and people read the same.
    """
    return bounded(header(text).translate(_LOOK_ALIKES), MAX_VALUE_BYTES)


def display(text: str) -> str:
    """A name as it may stand between quotes in a SIP header, and before ``|`` in the command."""
    return argument(text).translate(_DISPLAY_ENDS)


def _checked(pattern: re.Pattern[str], text: str, what: str) -> str:
    if pattern.fullmatch(text):
        return text
    raise PbxError(f"{text[:80]!r} is not the name of a {what}.")
