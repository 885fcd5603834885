"""The pieces of FreeSWITCH's configuration that join it to us, for the settings in force."""

from __future__ import annotations

import re

from rid_telephony.errors import InputError
from rid_telephony.pbx.freeswitch.rights import PROOF_COMMANDS, commands_line, events_line
from rid_telephony.pbx.templates import address_of, file_of, fill, is_any, own_host
from rid_telephony.settings.freeswitch import FreeSwitchSettings

PARTS = {
    "readme": "dialplan/freeswitch/README.md",
    "rid-assist": "dialplan/freeswitch/rid-assist.xml",
    "user": "plugins/freeswitch/rid-user.xml",
    "outbound": "dialplan/freeswitch/outbound.xml",
    "callcenter": "dialplan/freeswitch/callcenter.xml",
    "queues": "dialplan/freeswitch/callcenter.conf.xml",
    "event_socket": "plugins/freeswitch/event_socket.conf.xml",
    "acl": "plugins/freeswitch/acl.conf.xml",
    "modules": "plugins/freeswitch/modules.conf.xml",
}
"""Name of a part to its file, in the order in which an administrator reads them."""

_MODULES = {
    "audio_stream": ("mod_audio_stream",),
    "audio_fork": ("mod_audio_fork",),
    "eavesdrop": (),
    "fifo": ("mod_sndfile",),
}
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f<>\"'&{}$]|--")


def render(part: str, settings: FreeSwitchSettings) -> str:
    """The text of a part.

    Args:
        part: A key of :data:`PARTS`.
        settings: In force. Their password is not printed: ``CHANGE-ME`` stands in its place.

    Raises:
        InputError: There is no such part, or a setting holds a character that means something in
            FreeSWITCH's configuration.
    """
    return fill(file_of(part, PARTS), _values(settings))


def _values(settings: FreeSwitchSettings) -> dict[str, str]:
    fork = settings.fork
    host = own_host(fork.listen, fork.advertise)
    modules = _MODULES[fork.means]
    values = {
        "user": settings.user.partition("@")[0] or "rid",
        "port": str(settings.port),
        "event_socket_ip": _event_socket_ip(settings.host),
        "permit": _network(host),
        "means": fork.means,
        "profile": fork.profile,
        "events": events_line(),
        "commands": commands_line(settings),
        "proof_commands": " and ".join(PROOF_COMMANDS),
        "means_modules": "\n".join(
            ["  <!-- forks -->", *(f'  <load module="{name}"/>' for name in modules)]
            if modules
            else ["  <!-- forks: nothing more is needed -->"]
        ),
        "means_says": _means_says(modules),
    }
    for value in (values["user"], values["event_socket_ip"], values["permit"], fork.profile):
        if _FORBIDDEN.search(value):
            raise InputError(
                f"{value!r} cannot stand in FreeSWITCH's configuration.",
                "Take quotes, brackets, dollar signs and the like out of the setting.",
            )
    return values


def _means_says(modules: tuple[str, ...]) -> str:
    if not modules:
        return "nothing to install."
    return f"`{modules[0]}` is to be installed and loaded."


def _event_socket_ip(host: str) -> str:
    return "127.0.0.1" if is_any(host) or host == "localhost" else host


def _network(host: str) -> str:
    """The one address of this machine, or loopback where only a name is known."""
    address = address_of(host)
    if address is None:
        return "127.0.0.1/32"
    return f"{address}/{address.max_prefixlen}"
