"""A real ``rid-telephony serve`` beside a real PBX."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from rid_telephony.settings.asterisk import AsteriskSettings
from rid_telephony.settings.freeswitch import FreeSwitchSettings

READY = "event=pbx_up"
START_SECONDS = 60.0
Event = dict[str, Any]


class Pbx(Protocol):
    """A PBX to serve."""

    @property
    def settings(self) -> AsteriskSettings | FreeSwitchSettings:
        """How to reach it."""


class Service:
    """The program as an admin runs it: its own process, its feed read from stdout.

    Args:
        folder: For settings, store and log.
        pbx: Which PBX.
        settings: Further settings, by section (``{"privacy": {"mask_text": False}}``).
    """

    def __init__(
        self, folder: Path, pbx: Pbx, settings: dict[str, dict[str, Any]] | None = None
    ) -> None:
        self.folder = folder
        self.log_file = folder / "serve.log"
        self.store = f"sqlite:///{folder / 'calls.sqlite'}"
        self.events: list[Event] = []
        self._arrived = threading.Condition()
        self._config = folder / "rid.toml"
        self._config.write_text(_toml(pbx, settings or {}), encoding="utf-8")
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything it logged, all runs."""
        return self.log_file.read_text(encoding="utf-8") if self.log_file.exists() else ""

    def start(self) -> None:
        """Start it and wait until it is connected to the PBX and knows all calls."""
        ready_before = self.log.count(READY)
        command = [str(Path(sys.executable).with_name("rid-telephony")), "serve", "--json"]
        command += ["--config", str(self._config), "--store", self.store]
        with self.log_file.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program, our own arguments
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=dict(os.environ)
            )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        self.until(lambda: self.log.count(READY) > ready_before, START_SECONDS, "pbx_up")

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """SIGKILL, as if the machine took it away."""
        return self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: it hangs."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def of_type(self, *types: str, call: str | None = None) -> list[Event]:
        """Events so far of some types (a prefix such as ``call.`` will do), of one call or all."""
        return [
            event
            for event in tuple(self.events)
            if event["type"].startswith(types) and call in (None, event["subject"])
        ]

    def wait(
        self,
        event_type: str,
        *,
        seconds: float = 15.0,
        where: Callable[[Event], bool] | None = None,
    ) -> Event:
        """The first event of a type (that fits), now or within ``seconds``."""
        found: list[Event] = []

        def there() -> bool:
            found[:] = [e for e in self.of_type(event_type) if where is None or where(e)]
            return bool(found)

        self.until(there, seconds, event_type)
        return found[0]

    def until(self, true: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for something that an event or a log line brings."""
        deadline = time.monotonic() + seconds
        while not true():
            if self._process and self._process.poll() is not None and not true():
                raise AssertionError(f"serve ended with {self._process.returncode}:\n{self.log}")
            if time.monotonic() > deadline:
                seen = [event["type"] for event in self.events]
                raise AssertionError(f"no {what} in {seconds} s; events {seen}; log:\n{self.log}")
            with self._arrived:
                self._arrived.wait(0.1)

    def _end(self, number: int) -> int:
        assert self._process is not None
        if self._process.poll() is None:
            os.kill(self.pid, signal.SIGCONT)
            self._process.send_signal(number)
        return self._process.wait(30)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._arrived:
                self.events.append(json.loads(line))
                self._arrived.notify_all()


@contextmanager
def serving(
    folder: Path, pbx: Pbx, settings: dict[str, dict[str, Any]] | None = None
) -> Iterator[Service]:
    """A service from start to SIGTERM."""
    service = Service(folder, pbx, settings)
    try:
        service.start()
        yield service
    finally:
        service.stop()


def _toml(pbx: Pbx, extra: dict[str, dict[str, Any]]) -> str:
    told = pbx.settings.model_dump(mode="json", exclude_none=True)
    if isinstance(pbx.settings, FreeSwitchSettings):
        told["password"] = pbx.settings.password.get_secret_value()
        sections: dict[str, dict[str, Any]] = {"freeswitch": told}
    else:
        told["secret"] = pbx.settings.secret.get_secret_value()
        sections = {"asterisk": told}
    for name, values in extra.items():
        section = sections
        for part in name.split("."):
            section = section.setdefault(part, {})
        section.update(values)
    lines: list[str] = []
    _write(sections, "", lines)
    return "\n".join(lines) + "\n"


def _write(table: dict[str, Any], path: str, lines: list[str]) -> None:
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    if path:
        lines.append(f"[{path}]")
    lines += [f"{key} = {_value(value)}" for key, value in plain.items()]
    for key, value in tables.items():
        _write(value, f"{path}.{key}".lstrip("."), lines)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    # JSON's strings, numbers and booleans are TOML's.
    return json.dumps(value, ensure_ascii=False)
