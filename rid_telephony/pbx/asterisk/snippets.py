"""The pieces of Asterisk's configuration that join it to us, for the settings in force.

They are shipped as templates, ``data/dialplan/asterisk``, with ``{{name}}`` where a setting goes.
"""

from __future__ import annotations

import ipaddress
import re
from importlib import resources

from rid_telephony.errors import InputError
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
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def render(part: str, settings: AsteriskSettings) -> str:
    """The text of a part.

    Args:
        part: A key of :data:`PARTS`.
        settings: In force. Their secret is not printed: ``CHANGE-ME`` stands in its place.

    Raises:
        InputError: There is no such part, or a setting holds a character that would end a line
            or begin a comment in Asterisk's configuration.
    """
    if part not in PARTS:
        raise InputError(f"There is no part {part}.", f"Known: {', '.join(PARTS)}.")
    values = _values(settings)
    file = resources.files("rid_telephony") / "data" / "dialplan" / "asterisk" / PARTS[part]
    return _PLACE.sub(lambda place: values[place[1]], file.read_text(encoding="utf-8"))


def _values(settings: AsteriskSettings) -> dict[str, str]:
    fork = settings.fork
    host = fork.advertise or ("127.0.0.1" if _is_any(fork.listen) else fork.listen)
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


def _is_any(host: str) -> bool:
    return host in {"0.0.0.0", "::", ""}  # noqa: S104 - recognised, not bound


def _network(host: str) -> str:
    """The permit line's value: one address, or loopback where only a name is known."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "127.0.0.1/255.255.255.255  ; the address of the machine that rid-telephony runs on"
    mask = "255.255.255.255" if address.version == 4 else "128"
    return f"{address}/{mask}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
