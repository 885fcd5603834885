"""A real softphone: baresip, driven through its ctrl_tcp module (netstrings of JSON)."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from live_kit.asterisk import RealAsterisk
from live_kit.config import PASSWORD, PHONES
from live_kit.ports import HOST
from live_kit.tools import Tools, wait_for

CONFIG = """poll_method epoll
sip_listen {host}:{sip}
net_interface {host}
call_local_timeout 120
call_max_calls 4
audio_source aufile,{wav}
snd_path {folder}
audio_path {folder}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp}-{rtcp}
rtp_stats yes
statmode_default off
ctrl_tcp_listen {host}:{control}
module_path {modules}
module g711.so
module aufile.so
module sndfile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
module_app rtcpsummary.so
module cons.so
cons_listen {host}:{console}
"""
Event = dict[str, Any]
# What it prints of a SIP MESSAGE; the sound that it wants to play next is never there.
MESSAGE = re.compile(r'\r(\S+): "(.*?)"\nplay: [^\n]*message\.wav', re.DOTALL)


@dataclass(frozen=True)
class Text:
    """A SIP MESSAGE as the phone showed it; ``at`` is on the monotonic clock."""

    sender: str
    body: str
    at: float


class Baresip:
    """A phone of :data:`live_kit.config.PHONES`; a context manager.

    Args:
        pbx: The PBX, whose ports it uses.
        user: Which phone. 2001 and 2002 register.
        wav: What it says: mono, 16 bit, 8 kHz. Where it ends, baresip hangs up.
    """

    def __init__(self, pbx: RealAsterisk, user: str, wav: Path) -> None:
        self.pbx, self.user = pbx, user
        slot, number, name, codecs, _, registers = PHONES[user]
        self.ports = pbx.ports.phone(slot)
        self.folder = Path(tempfile.mkdtemp(prefix="rid-phone-"))
        tools = Tools()
        config = CONFIG.format(
            host=HOST, rtcp=self.ports.rtp + 1, **self.ports._asdict(),
            wav=wav, folder=self.folder, modules=tools.baresip_modules,
        )  # fmt: skip
        (self.folder / "config").write_text(config)
        (self.folder / "contacts").touch()
        order = {"ulaw,alaw": "PCMU/8000/1,PCMA/8000/1", "alaw,ulaw": "PCMA/8000/1,PCMU/8000/1"}
        register = f"regint=60;auth_user={user};auth_pass={PASSWORD}" if registers else "regint=0"
        # The second is where the trunk's calls, which name the number, ring.
        accounts = [user] if user == number else [user, number]
        (self.folder / "accounts").write_text(
            "".join(
                f'"{name}" <sip:{account}@{HOST}:{pbx.ports.sip}>;{register};answermode=manual;'
                f"audio_codecs={order[codecs]}\n"
                for account in accounts
            ),
            encoding="utf-8",
        )
        self.registers = registers
        self.events: list[Event] = []
        self.texts: list[Text] = []
        self._changed = threading.Condition()
        self._output = (self.folder / "output").open("wb")
        self.process = subprocess.Popen(  # noqa: S603
            [tools.program("baresip"), "-4", "-f", str(self.folder)],
            stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def __enter__(self) -> Baresip:
        try:
            self._socket = self._connected(self.ports.control)
            self._console = self._connected(self.ports.console)
            threading.Thread(target=self._read, daemon=True).start()
            threading.Thread(target=self._read_console, daemon=True).start()
            if self.registers:  # its event may have come before we listened
                wait_for(self._registered, 10, f"registration of {self.user}")
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is not None:
            print(f"--- baresip {self.user}: {self.types()}\n{self.output()[-3000:]}")  # noqa: T201
        self.close()

    def do(self, command: str, params: str = "") -> None:
        """Run a long command of baresip's menu."""
        text = json.dumps({"command": command, "params": params}).encode()
        self._socket.sendall(b"%d:%s," % (len(text), text))

    def dial(self, number: str) -> None:
        server = f"{HOST}:{self.pbx.ports.sip}"
        self.do("uafind", f"sip:{self.user}@{server}")  # the account that the last call had else
        self.do("dial", f"sip:{number}@{server}")

    def accept(self) -> None:
        self.do("accept")

    def take(self) -> None:
        """Let it ring, then accept."""
        self.wait("CALL_INCOMING")
        self.accept()

    def hangup(self) -> None:
        self.do("hangup")

    def hold(self) -> None:
        self.do("hold")

    def resume(self) -> None:
        self.do("resume")

    def transfer(self, number: str) -> None:
        """Blind transfer by REFER."""
        self.do("transfer", f"sip:{number}@{HOST}:{self.pbx.ports.sip}")

    def wait(
        self,
        kind: str,
        seconds: float = 10,
        start: int = 0,
        where: Callable[[Event], bool] = lambda _: True,
    ) -> Event:
        """Return the first event of a type (CALL_ESTABLISHED …), since the position ``start``."""

        def found() -> Event | None:
            fits = (e for e in self.events[start:] if e.get("type") == kind and where(e))
            return next(fits, None)

        with self._changed:
            self._changed.wait_for(found, seconds)
            if event := found():
                return event
        raise TimeoutError(f"no {kind} from baresip {self.user} in {seconds} s: {self.types()}")

    def forget(self) -> None:
        """Start the list of events anew."""
        with self._changed:
            self.events = []

    def wait_text(self, seconds: float = 10, count: int = 1) -> Text:
        """Return the SIP MESSAGE number ``count`` that came."""
        with self._changed:
            if self._changed.wait_for(lambda: len(self.texts) >= count, seconds):
                return self.texts[count - 1]
        raise TimeoutError(f"no MESSAGE at {self.user} in {seconds} s: {self.texts}")

    def types(self) -> list[str]:
        return [event.get("type", "?") for event in self.events]

    def output(self) -> str:
        """What it printed so far."""
        return (self.folder / "output").read_text(errors="replace")

    def close(self) -> None:
        """End the process, and its calls with it."""
        try:
            self.do("quit")
            self.process.wait(3)
        except (OSError, AttributeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait(5)
        self._output.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _registered(self) -> bool:
        state = self.pbx.ami.action("Getvar", Variable=f"DEVICE_STATE(PJSIP/{self.user})")
        return state["Value"] == "NOT_INUSE"

    def _connected(self, port: int) -> socket.socket:
        found = wait_for(lambda: self._connect(port), 10, f"baresip {self.user}")
        assert found
        return found

    def _connect(self, port: int) -> socket.socket | None:
        if self.process.poll() is not None:
            raise RuntimeError(f"baresip ended: {self.output()}")
        try:
            return socket.create_connection((HOST, port))
        except OSError:
            return None

    def _read(self) -> None:
        data = b""
        try:
            while chunk := self._socket.recv(65536):
                data += chunk
                while (m := re.match(rb"(\d+):", data)) and len(data) > m.end() + int(m[1]):
                    message, data = data[m.end() :][: int(m[1])], data[m.end() + int(m[1]) + 1 :]
                    event = {**json.loads(message), "at": time.monotonic()}
                    with self._changed:
                        self.events.append(event)
                        self._changed.notify_all()
        except OSError:
            return

    def _read_console(self) -> None:
        data = b""
        try:
            while chunk := self._console.recv(65536):
                data += chunk
                texts = MESSAGE.findall(data.decode(errors="replace"))
                with self._changed:
                    new = texts[len(self.texts) :]
                    self.texts += [Text(*text, time.monotonic()) for text in new]
                    self._changed.notify_all()
        except OSError:
            return
