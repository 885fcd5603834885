"""A FreeSWITCH that a check finds in order, except for what a test breaks.

Answers as FreeSWITCH 1.11.2 did; a fork that is asked for really connects and carries a tone.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import numpy as np
from esl_server import EslServer, json_event, reply, response
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from rid_telephony.media.listeners import make_listener
from rid_telephony.pbx.check import Finding, run_steps
from rid_telephony.pbx.freeswitch.check import FreeSwitchCheck
from rid_telephony.pbx.freeswitch.forks import FreeSwitchForks
from rid_telephony.pbx.freeswitch.rights import PROOF_COMMANDS, commands_line, events_line
from rid_telephony.settings.freeswitch import FreeSwitchSettings

USER = "rid@bank.example"
TONE = (8000 * np.sin(2 * np.pi * 1000 * np.arange(160) / 8000)).astype("<i2").tobytes()
CONTACT = "sofia/internal/sip:1001@10.0.0.7:5060"


class CheckFreeSwitch(EslServer):
    """The server.

    Attributes:
        modules: Those that are loaded.
        variables: Global ones.
        contacts: User to what ``sofia_contact`` prints.
        rows: Of ``show registrations``.
        commands_allowed: What ``esl-allowed-api`` lists.
        events_allowed: What ``esl-allowed-events`` lists.
        sends: What the fork carries; None where FreeSWITCH cannot connect.
    """

    def __init__(self) -> None:
        super().__init__()
        self.users = {USER: "geheim"}
        self.modules = {
            "mod_audio_stream",
            "mod_commands",
            "mod_dptools",
            "mod_loopback",
            "mod_sndfile",
            "mod_sofia",
            "mod_tone_stream",
        }
        self.variables = {"domain": "bank.example", "global_codec_prefs": "OPUS,G722,PCMU,H264"}
        self.contacts = {"1001": CONTACT}
        self.rows = [{"reg_user": "1001", "realm": "bank.example", "url": CONTACT}]
        self.commands_allowed = " ".join([commands_line(FreeSwitchSettings()), *PROOF_COMMANDS])
        self.events_allowed = events_line()
        self.sends: bytes | None = TONE
        self.tasks: set[asyncio.Task[None]] = set()
        self.answers = {
            "userauth": self._user_auth,
            "api": self._api,
            "bgapi version": lambda c: self._job(c, "FreeSWITCH Version 1.11.2"),
            "bgapi originate": lambda c: self._job(c, "+OK 1\n"),
            "bgapi uuid_kill": lambda c: self._job(c, "+OK\n"),
            "bgapi uuid_audio_stream": self._stream,
        }

    async def check(self, settings: FreeSwitchSettings | None = None, **options: Any) -> Found:
        """Check this server; findings by what they are about."""
        tested = settings or self.tested()
        checker = FreeSwitchCheck(tested, make_listener, FreeSwitchForks, **options)
        try:
            found = await run_steps(checker.steps(), lambda _: None, lambda _: None)
        finally:
            await checker.close()
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
        return {finding.what: finding for finding in found}

    def tested(self, **changes: Any) -> FreeSwitchSettings:
        """Settings with a free port for the forks."""
        fork = {"port": 0, "open_timeout": 1.0}
        return self.settings(**{"user": USER, "connect_timeout": 1.0, "fork": fork} | changes)

    def _user_auth(self, command: str) -> bytes:
        user, _, password = command.split()[1].rpartition(":")
        if self.users.get(user) != password:
            return reply("-ERR invalid")
        # As mod_event_socket writes it, into 511 bytes.
        lines = (
            "Reply-Text: +OK accepted\n"
            f"Allowed-Events: {self.events_allowed}\nAllowed-API: {self.commands_allowed}\n"
            "Allowed-LOG: false\n\n"
        )
        return b"Content-Type: command/reply\n" + lines.encode()[:510]

    def _api(self, command: str) -> bytes:
        name, *words = command.split()[1:]
        if name not in self.commands_allowed.split():
            return reply("-ERR permission denied")
        match name:
            case "version":
                return response("FreeSWITCH Version 1.11.2-release~64bit (git 3f13ad1)\n")
            case "module_exists":
                return response("true" if words[0] in self.modules else "false")
            case "global_getvar":
                return response(self.variables.get(words[0], "-ERR no reply\n"))
            case "show":
                return response(json.dumps({"row_count": len(self.rows), "rows": self.rows}))
            case "sofia_contact":
                user = words[0].removeprefix("*/").partition("@")[0]
                return response(self.contacts.get(user, "error/user_not_registered"))
        return response(f"-ERR {name} Command not found!\n")

    def _job(self, command: str, result: str) -> bytes:
        uuid = command.rpartition("Job-UUID: ")[2]
        stamp = {"Event-Date-Timestamp": "1795314062665869"}
        return (
            reply(f"+OK Job-UUID: {uuid}")
            + json_event("HEARTBEAT", **stamp)
            + json_event("BACKGROUND_JOB", **{"Job-UUID": uuid, "_body": result})
        )

    def _stream(self, command: str) -> bytes:
        words = command.split()
        if words[3] == "start":
            self.tasks.add(asyncio.create_task(self._carry(words[4])))
        return self._job(command, "+OK Success\n")

    async def _carry(self, url: str) -> None:
        if self.sends is None:
            return
        with suppress(OSError, WebSocketException):
            async with connect(url, subprotocols=None) as line:
                while True:
                    await line.send(self.sends)
                    await asyncio.sleep(0.02)


Found = dict[str, Finding]
