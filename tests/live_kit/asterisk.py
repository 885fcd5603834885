"""A real Asterisk on loopback, with the product's dialplan."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from live_kit import config
from live_kit.ami import Ami
from live_kit.ports import HOST, PortBlock
from live_kit.tools import Tools, wait_for
from rid_telephony.settings.asterisk import AsteriskSettings

SECRET = "live-only"  # noqa: S105 - of a PBX that lives on loopback for seconds

# Real-time priority as in Debian's own service, where we may: a fork's clock is a thread of
# Asterisk's, and what it does not get to read in time is lost to the fork, not to the call.
FOREGROUND = ["-f", "-p"] if os.geteuid() == 0 else ["-f"]


class RealAsterisk:
    """A running Asterisk; a context manager.

    Args:
        settings: Overrides of ``[asterisk]`` (host, port, user, secret and the fork's ports are
            filled in); :attr:`settings` is the result, ready to be handed to the product.
        variables: Channel variables that calls of the customers' endpoints begin with.
        dialplan: More of extensions.conf.
        files: More configuration, name to text; replaces what the kit writes. manager-more.conf
            adds manager users.
        modules: More modules to load, such as ``app_confbridge``.
        without: Modules not to load.
        tree: Another unpacked Asterisk: (command, root), as of an older release.
    """

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        variables: Mapping[str, str] | None = None,
        dialplan: str = "",
        files: Mapping[str, str] | None = None,
        modules: Sequence[str] = (),
        without: Sequence[str] = (),
        tree: tuple[str, Path] | None = None,
    ) -> None:
        self.ports = PortBlock()
        self.settings = self._settings(settings or {})
        # Short, because the path of the console's socket may have 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="rid-pbx-"))
        tools = Tools() if tree is None else None
        program = tools.program("asterisk") if tools else tree[0]  # type: ignore[index]
        root = tools.pbx if tools else tree[1]  # type: ignore[index]
        self.command = [program, "-C", str(self.folder / "etc/asterisk.conf")]
        for name in ("etc", "var", "spool", "run", "log", "moh"):
            (self.folder / name).mkdir()
        written = config.files(
            self.folder, root, self.ports, self.settings, variables or {}, dialplan
        )
        written["modules.conf"] = config.module_list(root, modules, without)
        for name, text in {**written, **(files or {})}.items():
            (self.folder / "etc" / name).write_text(text, encoding="utf-8")
        config.hold_music(self.folder / "moh/hold.wav")
        self.process: subprocess.Popen[bytes] | None = None
        self.ami: Ami

    def __enter__(self) -> RealAsterisk:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is not None:
            print(f"--- Asterisk's log\n{self.log()[-6000:]}")  # noqa: T201 - pytest shows it
        self.close()

    def start(self) -> RealAsterisk:
        """Start (again), and return once it is fully booted."""
        with (self.folder / "log/console").open("ab") as console:
            self.process = subprocess.Popen(  # noqa: S603
                [*self.command, *FOREGROUND],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
            )  # fmt: skip
        self.ami = wait_for(self._login, 20, "Asterisk's manager interface")
        self.ami.wait("FullyBooted", 20)
        return self

    def login(self, user: str = "admin", secret: str = SECRET) -> Ami:
        """Another manager session; ``rid`` is the product's user, ``admin`` may do everything."""
        return Ami(HOST, self.ports.ami, user, secret)

    def cli(self, line: str) -> str:
        """Run a console command and return its output."""
        return subprocess.run(  # noqa: S603
            [*self.command, "-rx", line], capture_output=True, text=True, check=False, timeout=20
        ).stdout

    def log(self) -> str:
        """Notices, warnings and errors so far."""
        return (self.folder / "log/messages").read_text(errors="replace")

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End at once, as a crash does; :meth:`start` starts it again."""
        self._signal(signal.SIGKILL)
        self._gone()

    def stop(self) -> None:
        """End as an administrator does, calls included."""
        self._signal(signal.SIGTERM)
        self._gone()

    def close(self) -> None:
        """End, and delete all that it left."""
        if self.process:
            self.process.kill()  # a frozen one too
            self._gone()
        self.ports.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cpu_seconds(self) -> float:
        """CPU that the process has taken so far."""
        assert self.process
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _settings(self, overrides: Mapping[str, Any]) -> AsteriskSettings:
        given: dict[str, Any] = {
            "host": HOST,
            "port": self.ports.ami,
            "username": "rid",
            "secret": SECRET,
            **overrides,
        }
        fork = {"port": self.ports.fork, "rtp_ports": self.ports.fork_rtp}
        given["fork"] = {**fork, **overrides.get("fork", {})}
        return AsteriskSettings(**given)

    def _login(self) -> Ami | None:
        assert self.process
        if self.process.poll() is not None:
            raise RuntimeError(f"Asterisk ended: {(self.folder / 'log/console').read_text()}")
        try:
            return self.login()
        except (OSError, TimeoutError):
            return None

    def _signal(self, number: int) -> None:
        assert self.process
        self.process.send_signal(number)

    def _gone(self) -> None:
        assert self.process
        self.process.wait(10)
        if hasattr(self, "ami"):
            self.ami.close()
