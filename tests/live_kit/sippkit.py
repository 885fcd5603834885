"""SIPp: many calls with real RTP that come and go. The scenarios are in ``sipp/``."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import soundfile

from live_kit.ports import HOST
from live_kit.tools import ROOT, Tools
from rid_telephony.media.g711 import G711Law, encode_g711

SCENARIOS = Path(__file__).with_name("sipp")


class SippFolder:
    """What runs of SIPp share: what is said, and where errors are written.

    Args:
        dialogue: The dialogue of fixtures/audio that is spoken, over and over.
        begin: Seconds of it to leave out.
    """

    def __init__(self, dialogue: str = "dd01", begin: float = 0.0) -> None:
        self._tools = Tools()
        self.path = Path(tempfile.mkdtemp(prefix="rid-sipp-"))
        sound, rate = soundfile.read(ROOT / f"fixtures/audio/{dialogue}.flac", dtype="int16")
        for channel, party in enumerate(("agent", "customer")):
            line = encode_g711(G711Law.PCMU, sound[int(begin * rate) :, channel].copy())
            (self.path / f"{party}.ulaw").write_bytes(line)

    def run(
        self,
        scenario: str,
        *,
        words: dict[str, int] | None = None,
        port: int = 0,
        pbx: int = 0,
        service: str = "",
        calls: int = 0,
        at_once: int = 1,
        apart: float = 1.0,
    ) -> subprocess.Popen[bytes]:
        """Start SIPp, as an agent who waits for calls or (with ``pbx``) as customers who call.

        Args:
            scenario: File in ``sipp/``.
            words: Numbers to put in place of words of the scenario (``MIN``, ``MAX``).
            port: UDP port to use.
            pbx: UDP port to call.
            service: Number to call.
            calls: Calls after which to end; SIPp's exit code is 0 if all went well.
            at_once: Most calls at the same time.
            apart: Seconds between the beginnings of two calls.
        """
        text = (SCENARIOS / f"{scenario}.xml").read_text(encoding="utf-8")
        for word, number in (words or {}).items():
            text = text.replace(f'"{word}"', f'"{number}"')
        file = Path(tempfile.mkstemp(suffix=".xml", prefix=f"{scenario}-", dir=self.path)[1])
        file.write_text(text, encoding="utf-8")
        command = [self._tools.program("sipp"), "-sf", str(file), "-i", HOST, "-mi", HOST]
        command += ["-nostdin", "-trace_err", "-error_file", str(file.with_suffix(".errors"))]
        if port:
            command += ["-p", str(port)]
        if pbx:
            every = max(1, round(apart * 1000))
            command += ["-s", service, "-m", str(calls), "-l", str(at_once), "-r", "1"]
            command += ["-rp", str(every), "-recv_timeout", "40000", f"{HOST}:{pbx}"]
        with file.with_suffix(".out").open("wb") as out:
            return subprocess.Popen(  # noqa: S603
                command, cwd=self.path, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    def errors(self) -> str:
        """What was complained of since this was asked last."""
        files = sorted(self.path.glob("*.errors"))
        texts = [file.read_text(errors="replace") for file in files]
        for file in files:
            file.write_text("")
        return "\n".join(filter(None, texts))

    def close(self) -> None:
        """Delete it all."""
        shutil.rmtree(self.path, ignore_errors=True)
