"""The pieces of Asterisk's configuration that join it to us, for the settings in force.

They are shipped as templates, ``data/dialplan/asterisk``, with ``{{name}}`` where a setting goes.
"""

from __future__ import annotations

import re

from rid_telephony.errors import InputError
from rid_telephony.pbx.templates import address_of, file_of, fill, own_host
from rid_telephony.settings.asterisk import AsteriskSettings

PARTS = {
    "rid-assist": "rid-assist.conf",
    "manager": "manager-rid.conf",
    "dial": "extensions-dial.conf",
    "queue": "extensions-queue.conf",
    "queues": "queues.conf",
    "outbound": "extensions-outbound.conf",
    "websocket": "websocket_client-rid.conf",
    "pjsip": "pjsip-notes.conf",
    "modules": "modules-notes.conf",
    "readme": "README.md",
}
"""Name of a part to its file, in the order in which an administrator reads them."""

_MODULES = {
    "audiosocket": ("res_audiosocket", "chan_audiosocket"),
    "unicast_rtp": ("res_rtp_multicast", "chan_rtp"),
    "websocket": ("res_http_websocket", "res_websocket_client", "chan_websocket"),
}


def render(part: str, settings: AsteriskSettings) -> str:
    """The text of a part.

    Args:
        part: A key of :data:`PARTS`.
        settings: In force. Their secret is not printed: ``CHANGE-ME`` stands in its place.

    Raises:
        InputError: There is no such part, or a setting holds a character that would end a line
            or begin a comment in Asterisk's configuration.
    """
    return fill(f"dialplan/asterisk/{file_of(part, PARTS)}", _values(settings))


def _values(settings: AsteriskSettings) -> dict[str, str]:
    fork = settings.fork
    host = own_host(fork.listen, fork.advertise)
    values = {
        "user": settings.username or "rid",
        "secret": "CHANGE-ME",
        "port": str(settings.port),
        "permit": _network(host),
        "websocket_client": fork.websocket_client,
        "websocket_uri": f"ws://{_bracketed(host)}:{fork.port}/media",
        "message_from": settings.write_back.message_from,
        "message_to": settings.write_back.message_to,
        "means_modules": "\n".join(f"load = {name}.so" for name in _MODULES[fork.means]),
    }
    written = (settings.username, fork.websocket_client, host)
    messages = (settings.write_back.message_from, settings.write_back.message_to)
    for value in (*written, *messages):
        if re.search(r"[\r\n;\[\]]", value):
            raise InputError(
                f"{value!r} cannot stand in Asterisk's configuration.",
                "Take line breaks, semicolons and square brackets out of the setting.",
            )
    return values


def _network(host: str) -> str:
    """The permit line's value: one address, or loopback where only a name is known."""
    address = address_of(host)
    if address is None:
        return "127.0.0.1/255.255.255.255  ; the address of the machine that rid-telephony runs on"
    mask = "255.255.255.255" if address.version == 4 else "128"
    return f"{address}/{mask}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
