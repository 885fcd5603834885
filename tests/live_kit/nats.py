"""A real nats-server with JetStream on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

from live_kit.ports import HOST
from live_kit.tools import ROOT, wait_for


def program() -> Path:
    """Where ``scripts/live-tools.sh`` puts it."""
    folder = Path(os.environ.get("RID_LIVE_TOOLS") or ROOT / ".live").absolute()
    return folder / "bin" / "nats-server"


class NatsServer:
    """Starts, is killed, and comes back on the same port with what it kept on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as holder:
            holder.bind((HOST, 0))
            self.port = holder.getsockname()[1]

    @property
    def url(self) -> str:
        return f"nats://{HOST}:{self.port}"

    def __enter__(self) -> NatsServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, max_payload: int = 1_000_000) -> None:
        config = self._folder / "nats.conf"
        config.write_text(
            f"listen: {json.dumps(f'{HOST}:{self.port}')}\nmax_payload: {max_payload}\n"
            f"jetstream {{ store_dir: {json.dumps(str(self._folder / 'js'))} }}\n"
        )
        log = (self._folder / "nats.log").open("ab")
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            [program(), "-c", config], stdout=log, stderr=log
        )
        log.close()
        wait_for(self._answers, 10, "nats-server")

    def kill(self) -> None:
        """Kill it like a power failure of the process: nothing is written any more."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), 1) as connection:
                return connection.recv(5) == b"INFO "
        except OSError:
            return False
