"""Writes to Asterisk through the manager interface."""

from __future__ import annotations

import base64
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rid_telephony.pbx.asterisk.ami_limits import MAX_LINE_BYTES
from rid_telephony.pbx.asterisk.messages import AmiReply
from rid_telephony.pbx.messages import PbxError
from rid_telephony.pbx.writeback_text import bounded, one_line
from rid_telephony.settings.asterisk import AsteriskWriteBackSettings

MAX_BODY = (MAX_LINE_BYTES - len("Base64Body: ")) // 4 * 3
"""Bytes of a message that fit in a line as base64: 756 (Asterisk refuses an action with a longer
line)."""
MAX_DISPLAYS = 1000
"""Phones whose former connected line is remembered."""
PREFIX = "RID_"

_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/;@+-]{0,149}")
_ENDPOINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_EVENT = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")
_CONNECTED_NAME = "CONNECTEDLINE(name)"


class AmiActions(Protocol):
    """What the writer needs of the manager client."""

    async def action(
        self, name: str, fields: Mapping[str, str] = ..., *, timeout: float | None = None
    ) -> AmiReply:
        """Send an action and return what Asterisk answered; raises :class:`PbxError`."""


@dataclass(frozen=True, slots=True)
class _Shown:
    before: str
    text: str


class AsteriskWriter:
    """Implements :class:`~rid_telephony.pbx.messages.PbxWriter` for Asterisk 16 and later.

    Source: https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/AMI_Actions/

    Args:
        client: The manager client; user ``write`` permissions ``call`` (Setvar, Getvar),
            ``user`` (UserEvent) and ``message`` (MessageSend).
        settings: From whom and where messages go.
    """

    def __init__(self, client: AmiActions, settings: AsteriskWriteBackSettings) -> None:
        self._client = client
        self._settings = settings
        self._shown: OrderedDict[str, _Shown] = OrderedDict()

    async def set_variables(self, channel: str, values: Mapping[str, str]) -> None:
        """Set channel variables one by one, ``hint`` as ``RID_HINT``.

        Raises:
            PbxError: The channel is gone (:class:`PbxRefusedError`), a name is not a plain
                word, or the PBX is away or does not answer.
        """
        _check(_CHANNEL, channel, "channel")
        for name, text in values.items():
            _check(_NAME, name, "variable")
            await self._set(channel, PREFIX + name.upper(), text)

    async def send_message(self, endpoint: str, text: str) -> None:
        """Send a SIP MESSAGE to every contact of an endpoint.

        Only ``To`` is given: Asterisk 16 knows nothing else, and later ones take it as the
        ``Destination`` where that is missing. The body goes as base64, which keeps its lines,
        and is cut to :data:`MAX_BODY` bytes. Asterisk's answer means that it took the message,
        not that the phone did.

        Raises:
            PbxError: The endpoint's name is not one, or the PBX refused, is away or silent.
        """
        _check(_ENDPOINT, endpoint, "endpoint")
        body = base64.b64encode(bounded(text, MAX_BODY).encode("utf-8")).decode("ascii")
        fields = {
            "To": self._settings.message_to.replace("{endpoint}", endpoint),
            "From": self._settings.message_from,
            "Base64Body": body,
        }
        await self._client.action("MessageSend", fields)

    async def emit(self, name: str, fields: Mapping[str, str]) -> None:
        """Send a ``UserEvent``; ``hint_id`` becomes ``HintId``.

        Raises:
            PbxError: A name is not a plain word, or the PBX refused, is away or silent.
        """
        _check(_EVENT, name, "event")
        event = {"UserEvent": name}
        for key, text in fields.items():
            _check(_NAME, key, "field")
            event[_camel_case(key)] = text
        await self._client.action("UserEvent", _fitting(event))

    async def display(self, channel: str, text: str) -> None:
        """Show a text as the connected line; an empty one brings back what stood there.

        It is brought back only where ours still stands: Asterisk may have put another party
        there meanwhile. The phone sees it by UPDATE or re-INVITE where its endpoint has
        ``send_pai`` or ``send_rpid`` and ``trust_id_outbound``.

        Raises:
            PbxError: The channel is gone, or the PBX refused, is away or silent.
        """
        _check(_CHANNEL, channel, "channel")
        reply = await self._client.action(
            "Getvar", {"Channel": channel, "Variable": _CONNECTED_NAME}
        )
        stands = reply.fields.get("value", "")
        shown = self._shown.pop(channel, None)
        ours = shown is not None and shown.text == stands
        before = shown.before if shown and ours else stands
        if text:
            self._remember(channel, _Shown(before, one_line(text)))
            await self._set(channel, _CONNECTED_NAME, text)
        elif ours:
            await self._set(channel, _CONNECTED_NAME, before)

    def _remember(self, channel: str, shown: _Shown) -> None:
        self._shown[channel] = shown
        while len(self._shown) > MAX_DISPLAYS:
            self._shown.popitem(last=False)

    async def _set(self, channel: str, variable: str, text: str) -> None:
        fields = {"Channel": channel, "Variable": variable, "Value": text}
        await self._client.action("Setvar", _fitting(fields))


def _check(pattern: re.Pattern[str], text: str, what: str) -> None:
    if not pattern.fullmatch(text):
        raise PbxError(f"{text[:80]!r} is not the name of a {what}.")


def _fitting(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields, each on one line that the manager interface takes."""
    return {
        key: bounded(one_line(text), MAX_LINE_BYTES - len(f"{key}: ".encode()))
        for key, text in fields.items()
    }


def _camel_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
