"""An Asterisk that a check finds in order, except for what a test breaks.

Answers as Asterisk 22.10 did; a fork that is asked for really connects and plays a tone.
"""

from __future__ import annotations

import asyncio
import struct
import uuid
from typing import Any

import numpy as np
from ami_server import AmiServer, message, response

from rid_telephony.media.listeners import make_listener
from rid_telephony.pbx.asterisk.check import AsteriskCheck
from rid_telephony.pbx.check import Finding, run_steps
from rid_telephony.settings.asterisk import AsteriskSettings

COMMANDS = {
    "Getvar": "Gets a channel variable or function value.  (Priv: call,reporting,all)",
    "Hangup": "Hangup channel.  (Priv: system,call,all)",
    "Setvar": "Sets a channel variable or function value.  (Priv: call,all)",
    "Originate": "Originate a call.  (Priv: originate,all)",
    "CoreShowChannels": "List currently active channels.  (Priv: system,reporting,all)",
    "UserEvent": "Send an arbitrary event.  (Priv: user,all)",
    "MessageSend": "Send an out of call message to an endpoint.  (Priv: message,all)",
    "Ping": "Keepalive command.  (Priv: <none>)",
}
FUNCTIONS = {
    "DIALPLAN_EXISTS(rid-assist,s,1)": "1",
    "PJSIP_ENDPOINT(1001,aors)": "1001",
    "PJSIP_ENDPOINT(1001,allow)": "(ulaw|alaw)",
    "PJSIP_AOR(1001,contact)": "1001;@f00",
    "PJSIP_CONTACT(1001;@f00,uri)": "sip:1001@127.0.0.1:5070",
    "PJSIP_CONTACT(1001;@f00,status)": "Reachable",
}
TONE = (23_000 * np.sin(2 * np.pi * 1004 * np.arange(160) / 8000)).astype("<i2").tobytes()


class CheckPbx(AmiServer):
    """The server.

    Attributes:
        commands: What ``ListCommands`` lists.
        functions: Values of functions; modules are loaded unless listed here as ``0``.
        sends: What the fork's connection carries; None where Asterisk cannot connect.
        hears: The first channel waits until it was spoken to; the bytes it got.
    """

    def __init__(self) -> None:
        super().__init__()
        self.commands = dict(COMMANDS)
        self.functions = dict(FUNCTIONS)
        self.sends: bytes | None = TONE
        self.hears = b""
        self.tasks: set[asyncio.Task[None]] = set()
        self.answers = {
            "Login": self._log_in,
            "CoreSettings": lambda a: response(a, AsteriskVersion="22.10.1+dfsg"),
            "ListCommands": lambda a: response(a, **self.commands),
            "Getvar": self._getvar,
            "DeviceStateList": self._states,
            "UserEvent": lambda a: response(a) + message("Event", "UserEvent", self._echo(a)),
            "Ping": lambda a: response(a, Ping="Pong", Timestamp="0.5"),
            "Originate": self._originate,
        }

    async def check(self, **options: Any) -> dict[str, Finding]:
        """Check this server; findings by what they are about."""
        settings = options.pop("settings", None) or self.tested()
        checker = AsteriskCheck(settings, make_listener, **options)
        try:
            found = await run_steps(checker.steps(), lambda _: None, lambda _: None)
        finally:
            await checker.close()
        return {finding.what: finding for finding in found}

    def tested(self, **changes: Any) -> AsteriskSettings:
        """Settings with a free port for the forks."""
        return self.settings(**{"fork": {"port": 0, "open_timeout": 1.0}} | changes)

    def _log_in(self, action: dict[str, str]) -> bytes:
        if action["secret"] != self.secret:
            return response(action, "Error", Message="Authentication failed")
        return response(action, Message="Authentication accepted") + message(
            "Event", "FullyBooted", [("Status", "Fully Booted")]
        )

    def _getvar(self, action: dict[str, str]) -> bytes:
        variable = action["variable"]
        known = "1" if variable.startswith("IFMODULE(") else ""
        return response(action, Variable=variable, Value=self.functions.get(variable, known))

    def _states(self, action: dict[str, str]) -> bytes:
        tag = ("ActionID", action["actionid"])
        parts = [response(action, EventList="start", Message="Device State Changes will follow")]
        for device in ("PJSIP/1001", "PJSIP/trunk", "Queue:wealth"):
            fields = [tag, ("Device", device), ("State", "NOT_INUSE")]
            parts.append(message("Event", "DeviceStateChange", fields))
        end = [tag, ("EventList", "Complete"), ("ListItems", "3")]
        return b"".join([*parts, message("Event", "DeviceStateListComplete", end)])

    def _echo(self, action: dict[str, str]) -> list[tuple[str, str]]:
        return [(key, action[key]) for key in ("userevent", "token") if key in action]

    def _originate(self, action: dict[str, str]) -> bytes:
        _, where, fork_id = action["channel"].split("/")
        host, port = where.split(":")
        result = "Failure" if self.sends is None else "Success"
        outcome = [("ActionID", action["actionid"]), ("Response", result)]
        if self.sends is not None:
            audio = self.sends if action["application"] == "ChanSpy" else b""
            task = asyncio.create_task(self._play(host, int(port), fork_id, audio))
            self.tasks.add(task)
        return response(action, Message="Originate successfully queued") + message(
            "Event", "OriginateResponse", outcome
        )

    async def _play(self, host: str, port: int, fork_id: str, audio: bytes) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(struct.pack(">BH", 0x01, 16) + uuid.UUID(fork_id).bytes)
        for begin in range(0, len(audio), 320):
            writer.write(struct.pack(">BH", 0x10, 320) + audio[begin : begin + 320])
        await writer.drain()
        if not audio:
            self.hears = await reader.read(323)
        self.tasks.discard(asyncio.current_task())  # type: ignore[arg-type]  # we run in one
