"""What rid-telephony needs to be allowed on the event socket, for the settings in force."""

from __future__ import annotations

from collections.abc import Mapping

from rid_telephony.pbx.freeswitch.esl_subscription import NEEDED, SUBCLASSES, WANTED
from rid_telephony.settings.freeswitch import FreeSwitchMeans, FreeSwitchSettings

EVENTS = (*NEEDED, *WANTED)
"""Events that the user of the event socket should be allowed."""
RISKY = (
    "system",
    "bg_system",
    "luarun",
    "lua",
    "jsrun",
    "pyrun",
    "load",
    "unload",
    "reload",
    "reloadxml",
    "fsctl",
    "shutdown",
    "bgapi",
    "sched_api",
    "eval",
    "expand",
    "xml_wrap",
)
"""Commands that make a stolen password into a shell, a changed or a stopped PBX."""
PROOF_COMMANDS = ("originate", "uuid_kill")
"""What a test fork without a call needs beside the means' own command."""
MAX_LISTED_BYTES = 431
"""Bytes that both lists may take together.

The answer to ``userauth`` repeats them; beyond 511 bytes in all, FreeSWITCH 1.11 cuts it off before
the empty line that ends it (``reply[512]`` in mod_event_socket.c), and the client waits for ever.
"""

_OF_MEANS: Mapping[FreeSwitchMeans, tuple[str, ...]] = {
    "audio_stream": ("uuid_audio_stream",),
    "audio_fork": ("uuid_audio_fork", "uuid_buglist"),
    "eavesdrop": ("originate", "uuid_kill"),
    "fifo": ("uuid_record",),
}
_DO = {
    "show": "find running calls again after a reconnect, and list registrations",
    "uuid_dump": "read the variables of running calls",
    "version": "tell the version",
    "module_exists": "see which modules are loaded",
    "global_getvar": "ask for the SIP domain",
    "uuid_setvar": "set channel variables",
    "sofia_contact": "send messages to registered phones",
    "uuid_getvar": "read who the other party is",
    "uuid_display": "show hints on the phone's display",
}
REPORTING = ("show", "uuid_dump", "version", "module_exists", "global_getvar")
"""Commands that only tell something; ``check`` and reconciliation use them."""


def needed_commands(settings: FreeSwitchSettings) -> dict[str, str]:
    """Commands that the settings call for, and what they do for us."""
    back = settings.write_back
    names = [*REPORTING]
    if back.variables:
        names.append("uuid_setvar")
    if back.message:
        names.append("sofia_contact")
    if back.display:
        names += ["uuid_getvar", "uuid_display"]
    needed = {name: _DO[name] for name in names}
    return needed | dict.fromkeys(fork_commands(settings.fork.means), "fork the audio of a leg")


def fork_commands(means: FreeSwitchMeans) -> tuple[str, ...]:
    """Commands without which nothing can be forked."""
    return _OF_MEANS[means]


def events_line() -> str:
    """``esl-allowed-events``: what follows CUSTOM is a subclass."""
    return " ".join([*EVENTS, "CUSTOM", *SUBCLASSES])


def commands_line(settings: FreeSwitchSettings) -> str:
    """``esl-allowed-api``."""
    return " ".join(needed_commands(settings))
