"""Writes to FreeSWITCH through the event socket."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from rid_telephony.pbx.freeswitch import texts
from rid_telephony.pbx.messages import PbxRefusedError
from rid_telephony.pbx.writeback_text import MAX_MESSAGE_BYTES, bounded, one_line
from rid_telephony.settings.freeswitch import FreeSwitchSettings

PREFIX = "rid_"
CHANNEL_HEADER = "RID-UUID"
"""Names the channel of an event. ``Unique-ID`` would have that channel swallow the event."""
SUBJECT = "RID"
UNREGISTERED = "error/user_not_registered"
UNDEFINED = "_undef_"
NO_REPLY = "no reply"
"""FreeSWITCH's words (an error) for a command that printed nothing."""

_CONTACT = re.compile(r"(?:^|,)(?:\[[^\]]*\])?sofia/([^/,]+)/")
_EVENT = re.compile(r"Rid([A-Z][A-Za-z]{0,30})")


class EslCommands(Protocol):
    """What is needed of the event socket's client. Every method raises ``PbxError``."""

    async def api(self, command: str, *arguments: str, timeout: float | None = None) -> str:
        """Run a command and return what it printed."""

    async def bgapi(self, command: str, *arguments: str, timeout: float | None = None) -> str:
        """The same, without holding up the socket meanwhile."""

    async def send_event(
        self,
        name: str,
        headers: Mapping[str, str],
        body: str = "",
        *,
        timeout: float | None = None,
    ) -> str:
        """Put an event on FreeSWITCH's bus."""


class FreeSwitchWriter:
    """Implements :class:`~rid_telephony.pbx.messages.PbxWriter` for FreeSWITCH 1.10 and later.

    Variables are set one by one with ``uuid_setvar``: ``uuid_setvar_multi`` splits at semicolons.
    Messages go by the event ``SEND_MESSAGE``, whose text is a body with a length and so can hold
    anything; ``api chat`` would take it apart at ``|``, and would send it to whatever host the
    domain names when the agent is not registered.

    Args:
        client: The event socket; see ``plugins/freeswitch`` for the rights it needs.
        settings: ``[freeswitch]``.
    """

    def __init__(self, client: EslCommands, settings: FreeSwitchSettings) -> None:
        self._client = client
        self._settings = settings
        self._domain = settings.domain

    async def set_variables(self, channel: str, values: Mapping[str, str]) -> None:
        """Set channel variables, ``hint`` as ``rid_hint``; an empty value removes it.

        Raises:
            PbxError: The channel is gone (:class:`PbxRefusedError`), a name is not a plain word,
                or the PBX is away or does not answer.
        """
        uuid = texts.channel(channel)
        named = {PREFIX + texts.name(name): texts.argument(text) for name, text in values.items()}
        for variable, text in named.items():
            await self._client.api("uuid_setvar", uuid, variable, *([text] if text else []))

    async def send_message(self, endpoint: str, text: str) -> None:
        """Send a SIP MESSAGE, ``text/plain``, to every phone that the agent registered.

        FreeSWITCH's answer means that it took the message, not that the phone did. The message
        comes from the agent's own address: the event knows no other.

        Raises:
            PbxError: The endpoint's name is not one, it is not registered
                (:class:`PbxRefusedError`), or the PBX is away or silent.
        """
        user, host = await self.address(endpoint)
        contacts = await self._client.api("sofia_contact", f"*/{user}@{host}")
        profiles = profiles_of(contacts)
        if not profiles:
            raise PbxRefusedError(f"{user}@{host} is not registered.")
        for profile in profiles:
            headers = {
                "profile": texts.profile(profile),
                "user": user,
                "host": host,
                "content-type": "text/plain",
                "subject": SUBJECT,
            }
            await self._client.send_event("SEND_MESSAGE", headers, _body(text))

    async def emit(self, name: str, fields: Mapping[str, str]) -> None:
        """Send a ``CUSTOM`` event; ``RidHint`` is ``rid::hint``, ``hint_id`` ``RID-Hint-Id``.

        Raises:
            PbxError: A name is not a plain word, or the PBX refused, is away or silent.
        """
        event = _EVENT.fullmatch(name)
        if not event:
            raise PbxRefusedError(f"{name[:80]!r} is not the name of an event.")
        headers = {"Event-Subclass": f"rid::{event[1].lower()}"}
        for key, text in fields.items():
            headers[_header_name(texts.name(key))] = texts.header(text)
        await self._client.send_event("CUSTOM", headers)

    async def display(self, channel: str, text: str) -> None:
        """Show a text in place of the other party's name; an empty one brings the name back.

        Who the other party is, is asked each time: a transfer may have changed it. FreeSWITCH
        says yes also where it sends nothing; see the README of ``dialplan/freeswitch`` for
        which phones it does send to.

        Raises:
            PbxError: The channel is gone, or the PBX refused, is away or silent.
        """
        uuid = texts.channel(channel)
        outbound = await self._getvar(uuid, "direction") != "inbound"
        party = "caller" if outbound else "callee"  # whom the phone's own user sees
        name = await self._getvar(uuid, f"{party}_id_name")
        number = await self._getvar(uuid, f"{party}_id_number")
        shown = texts.display(text or name or number)
        if shown:
            await self._client.api("uuid_display", uuid, f"{shown}|{texts.display(number)}")

    async def address(self, endpoint: str) -> tuple[str, str]:
        """User and domain of an agent, as ``message_to`` says.

        Raises:
            PbxError: They are none, or the domain is not known.
        """
        target = self._settings.write_back.message_to.replace("{endpoint}", texts.user(endpoint))
        user, _, host = target.partition("@")
        return texts.user(user), texts.host(host) if host else await self.domain()

    async def domain(self) -> str:
        """The agents' SIP domain: that of the settings, or else FreeSWITCH's, asked once.

        Raises:
            PbxError: FreeSWITCH has none, or does not tell.
        """
        if not self._domain:
            answer = await ask(self._client, "global_getvar", "domain")
            if not answer:
                raise PbxRefusedError(
                    "FreeSWITCH has no global variable domain.",
                    "Set domain in [freeswitch] to the domain that the agents register with.",
                )
            self._domain = texts.host(answer)
        return texts.host(self._domain)

    async def _getvar(self, uuid: str, variable: str) -> str:
        value = await ask(self._client, "uuid_getvar", uuid, variable)
        return "" if value == UNDEFINED else value


async def ask(client: EslCommands, command: str, *arguments: str) -> str:
    """What a command printed; an empty text where it printed nothing.

    Raises:
        PbxError: As the client says.
    """
    try:
        return (await client.api(command, *arguments)).strip()
    except PbxRefusedError as error:
        if error.message == NO_REPLY:
            return ""
        raise


def profiles_of(contacts: str) -> list[str]:
    """The SIP profiles in what ``sofia_contact`` printed; none where nobody is registered."""
    if contacts.strip() == UNREGISTERED:
        return []
    return list(dict.fromkeys(_CONTACT.findall(contacts)))


def _body(text: str) -> str:
    clean = "\n".join(one_line(line) for line in text.splitlines())
    return bounded(clean, MAX_MESSAGE_BYTES)


def _header_name(field: str) -> str:
    if field == "channel":
        return CHANNEL_HEADER
    return "-".join(["RID", *(part.capitalize() for part in field.split("_") if part)])
