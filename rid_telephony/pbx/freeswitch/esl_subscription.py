"""Which events we ask for."""

from __future__ import annotations

NEEDED = (
    "CHANNEL_CREATE",
    "CHANNEL_ANSWER",
    "CHANNEL_BRIDGE",
    "CHANNEL_UNBRIDGE",
    "CHANNEL_HOLD",
    "CHANNEL_UNHOLD",
    "CHANNEL_HANGUP",
    "CHANNEL_HANGUP_COMPLETE",
    "BACKGROUND_JOB",
)
"""Without these no call can be followed, and no ``bgapi`` ends."""
WANTED = (
    "CHANNEL_ORIGINATE",
    "CHANNEL_EXECUTE",
    "CHANNEL_PROGRESS",
    "CHANNEL_PROGRESS_MEDIA",
    "CHANNEL_PARK",
    "CHANNEL_DESTROY",
    "CALL_UPDATE",
    "HEARTBEAT",
    "SHUTDOWN",
)
"""These make it better; a user of the event socket may be without the right to them."""
SUBCLASSES = ("callcenter::info",)
"""Of ``CUSTOM`` events; FreeSWITCH takes those of modules that it has not loaded, too."""


def everything() -> str:
    """The command that asks for all of them at once.

    What follows ``CUSTOM`` is read as subclasses, so it comes last.
    """
    return " ".join(("event json", *NEEDED, *WANTED, "CUSTOM", *SUBCLASSES))


def one(name: str) -> str:
    """The command that asks for one event, or for one subclass of ``CUSTOM``."""
    return f"event json CUSTOM {name}" if "::" in name else f"event json {name}"
