"""What a channel's name, unique id and failure codes say (Asterisk 16 to 22)."""

from __future__ import annotations

import re

from rid_telephony.calls.observations import ChannelKind, DialStatus
from rid_telephony.pbx.sipstatus import sip_status

FORK_ID = "fork-"
"""How the unique ids of our own forks begin."""

_SERVICES = frozenset(
    {
        "announcer", "asyncgoto", "audiosocket", "bridge", "cbann", "cbrec", "console", "message",
        "multicastrtp", "parked", "recorder", "rtp", "snoop", "surrogate", "transfered",
        "unicastrtp", "websocket",
    }
)  # fmt: skip
"""Technologies of channels that carry no person: core_unreal, bridge and ARI channels, media."""

_INSTANCE = re.compile(r"-[0-9A-Fa-f]+(?:;[12])?$")
_MASQUERADE = re.compile(r"<(?:MASQ|ZOMBIE)>$")
_LOCAL_HALF = re.compile(r";([12])$")

_DIAL_STATUSES = {
    "ANSWER": DialStatus.ANSWERED,
    "BUSY": DialStatus.BUSY,
    "NOANSWER": DialStatus.NO_ANSWER,
    "CANCEL": DialStatus.CANCELLED,
    "DONTCALL": DialStatus.REJECTED,
    "TORTURE": DialStatus.REJECTED,
}

_SIP_CODE = re.compile(r"\b([3-6]\d\d)\b")
_Q850_STATUSES = {
    17: DialStatus.BUSY,
    18: DialStatus.NO_ANSWER,
    19: DialStatus.NO_ANSWER,
    21: DialStatus.REJECTED,
    26: DialStatus.CANCELLED,
}
_Q850_SILENT = frozenset({0, 16, 127})
"""Not set, normal clearing, interworking: they say nothing about an attempt."""


def kind_of(uid: str, name: str) -> ChannelKind:
    """What a channel is, by its unique id and its technology."""
    if uid.startswith(FORK_ID):
        return ChannelKind.FORK
    technology = name.partition("/")[0].lower()
    if technology == "local":
        return ChannelKind.LOCAL
    return ChannelKind.SERVICE if technology in _SERVICES else ChannelKind.PHONE


def endpoint_of(name: str) -> str:
    """The endpoint in ``PJSIP/1001-0000001a``; empty for a Local channel."""
    technology, _, rest = name.partition("/")
    return "" if technology.lower() == "local" else _INSTANCE.sub("", rest)


def settled_name(name: str) -> str:
    """The name, empty where it is one that a masquerade uses for a moment."""
    return "" if _MASQUERADE.search(name) else name


def local_half(name: str) -> tuple[str, str] | None:
    """What both halves of a Local channel have in common, and which half this is."""
    half = _LOCAL_HALF.search(name)
    if half is None or not name.lower().startswith("local/"):
        return None
    return name[: half.start()], half[1]


def dial_status(text: str) -> DialStatus:
    """The ``DialStatus`` of a DialEnd; what is neither success nor a person's doing failed."""
    return _DIAL_STATUSES.get(text.strip().upper(), DialStatus.FAILED)


def hangup_status(tech_cause: str, cause: str) -> DialStatus | None:
    """Why a channel ended; None where that says nothing.

    Args:
        tech_cause: ``TechCause``, the SIP response as it came (20 and later; empty before).
        cause: ``Cause``, the Q.850 cause that Asterisk made of it.
    """
    code = _SIP_CODE.search(tech_cause)
    if code:
        return sip_status(int(code[1]))
    number = int(cause) if cause.isascii() and cause.isdigit() and len(cause) < 4 else 0
    if number in _Q850_SILENT:
        return None
    return _Q850_STATUSES.get(number, DialStatus.FAILED)
