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
    "CHANNEL_UUID",
    "CALL_UPDATE",
    "HEARTBEAT",
    "SHUTDOWN",
    "MEDIA_BUG_START",
    "MEDIA_BUG_STOP",
    "RECORD_START",
    "RECORD_STOP",
)
"""These make it better; a user of the event socket may be without the right to them."""
SUBCLASSES = (
    "callcenter::info",
    "sofia::transferor",
    "sofia::transferee",
    "sofia::replaced",
    "sofia::intercepted",
    "mod_audio_stream::connect",
    "mod_audio_stream::disconnect",
    "mod_audio_stream::error",
    "mod_audio_stream::json",
    "mod_audio_fork::connect",
    "mod_audio_fork::connect_failed",
    "mod_audio_fork::disconnect",
    "mod_audio_fork::buffer_overrun",
    "mod_audio_fork::error",
    "mod_audio_fork::json",
)
"""Of ``CUSTOM`` events; FreeSWITCH takes those of modules that it has not loaded, too."""


def everything() -> str:
    """The command that asks for all of them at once.

    What follows ``CUSTOM`` is read as subclasses, so it comes last.
    """
    return " ".join(("event json", *NEEDED, *WANTED, "CUSTOM", *SUBCLASSES))


def one(name: str) -> str:
    """The command that asks for one event, or for one subclass of ``CUSTOM``."""
    return f"event json CUSTOM {name}" if "::" in name else f"event json {name}"
