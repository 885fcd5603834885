"""Asks Asterisk for a copy of one leg: a media channel of ours that runs ChanSpy.

``Originate`` of ``AudioSocket/…`` (or ``UnicastRTP/…``, ``WebSocket/…``) with the application
``ChanSpy(<uniqueid>,quoESl)``: quiet, only what that channel says (``o``), leaves with the channel
(``E``, ``S``), and lets half a second wait (``l``): without it, speech that reaches Asterisk in
bursts, or that it is late to copy, is lost to the fork though the call has it. It is passive: the
call neither waits for it nor hears it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from rid_telephony.media.forks import Destination
from rid_telephony.pbx.asterisk.messages import AmiEvent, AmiReply
from rid_telephony.pbx.messages import (
    Fork,
    PbxError,
    PbxRefusedError,
    PbxTimeoutError,
)
from rid_telephony.settings.asterisk import AsteriskForkSettings

PREFIX = "fork-"
"""How the unique ids of our channels begin: what reconciliation goes by."""

_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/;@+-]*")
"""Unique ids that are nothing else inside the arguments of ChanSpy: a comma begins its options."""


class Manager(Protocol):
    """The part of the manager client that forks need."""

    async def action(
        self, name: str, fields: Mapping[str, str] = ..., *, timeout: float | None = None
    ) -> AmiReply:
        """Do something and wait for the answer."""


class AsteriskForks:
    """A ``ForkDriver`` for Asterisk.

    Args:
        manager: The manager client.
        settings: Means and time-outs.
    """

    def __init__(self, manager: Manager, settings: AsteriskForkSettings) -> None:
        self._manager = manager
        self._settings = settings
        self._asked: dict[str, asyncio.Future[bool]] = {}

    async def start(self, fork: Fork, destination: Destination) -> None:
        """Originate the fork's channel and wait until Asterisk says how it went."""
        if not _CHANNEL.fullmatch(fork.channel):
            raise PbxRefusedError(f"{fork.channel[:80]!r} cannot be listened to by that id.")
        action_id = f"{PREFIX}{fork.fork_id}"
        answered = asyncio.get_running_loop().create_future()
        self._asked[action_id] = answered
        try:
            await self._hang_up(fork)
            await self._manager.action("Originate", self._originate(fork, destination, action_id))
            if not await asyncio.wait_for(answered, self._settings.open_timeout):
                raise PbxRefusedError(
                    f"Asterisk could not reach {destination.host}:{destination.port}.",
                    "Is [asterisk.fork] advertise an address that Asterisk can reach?",
                )
        except TimeoutError as error:
            raise PbxTimeoutError("Asterisk did not say how the fork went.") from error
        finally:
            self._asked.pop(action_id, None)

    async def stop(self, fork: Fork) -> None:
        """Hang the fork's channel up; that it is gone already is fine."""
        with suppress(PbxError):
            await self._hang_up(fork)

    async def hang_up(self, channel: str) -> None:
        """End a fork that an earlier run left behind."""
        with suppress(PbxError):
            await self._manager.action("Hangup", {"Channel": channel})

    def observe(self, event: AmiEvent) -> None:
        """Take note of how an Originate went."""
        if event.name != "OriginateResponse":
            return
        answered = self._asked.get(event.get("actionid"))
        if answered and not answered.done():
            answered.set_result(event.get("response").lower() == "success")

    async def _hang_up(self, fork: Fork) -> None:
        """Hang up what an earlier attempt may have left: two channels cannot have one id."""
        with suppress(PbxRefusedError):
            await self._manager.action("Hangup", {"Channel": fork_channel(fork)})

    def _originate(self, fork: Fork, destination: Destination, action_id: str) -> dict[str, str]:
        return {
            "ActionID": action_id,
            "Channel": self._dialled(fork, destination),
            "Application": "ChanSpy",
            "Data": f"{fork.channel},quoESl",
            "ChannelId": fork_channel(fork),
            "Timeout": str(int(self._settings.open_timeout * 1000)),
            "Async": "true",
        }

    def _dialled(self, fork: Fork, destination: Destination) -> str:
        host = f"[{destination.host}]" if ":" in destination.host else destination.host
        match self._settings.means:
            case "audiosocket":
                return f"AudioSocket/{host}:{destination.port}/{fork.fork_id}"
            case "unicast_rtp":
                return f"UnicastRTP/{host}:{destination.port}/c(slin)"
            case "websocket":
                client = self._settings.websocket_client
                return f"WebSocket/{client}/c(slin)f(json)v(fork={fork.fork_id})"


def fork_channel(fork: Fork) -> str:
    """The unique id that a fork's channel gets: one for each leg, so that none is forked twice."""
    return f"{PREFIX}{fork.party.value}-{fork.channel}"
