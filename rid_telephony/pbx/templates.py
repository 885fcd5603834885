"""Pieces of a PBX's configuration: shipped as templates, with ``{{name}}`` where a setting goes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from importlib import resources

from rid_telephony.errors import InputError

_PLACE = re.compile(r"\{\{(\w+)\}\}")


def file_of(part: str, parts: Mapping[str, str]) -> str:
    """The file of a part.

    Raises:
        InputError: There is no such part; the advice names those there are.
    """
    if part not in parts:
        raise InputError(f"There is no part {part}.", f"Known: {', '.join(parts)}.")
    return parts[part]


def fill(path: str, values: Mapping[str, str]) -> str:
    """The text of a template.

    Args:
        path: Below ``rid_telephony/data``.
        values: What stands in each place.
    """
    file = resources.files("rid_telephony") / "data" / path
    return _PLACE.sub(lambda place: values[place[1]], file.read_text(encoding="utf-8"))


def is_any(host: str) -> bool:
    """Whether this means every address of the machine."""
    return host in {"0.0.0.0", "::", ""}  # noqa: S104 - recognised, not bound


def own_host(listen: str, advertise: str) -> str:
    """The address of this machine as far as the settings tell it."""
    return advertise or ("127.0.0.1" if is_any(listen) else listen)


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, or None where it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
