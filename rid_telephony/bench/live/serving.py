"""A running ``rid-telephony serve`` that the bench started, and the feed that it prints."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rid_telephony.bench.live.figures import Seen
from rid_telephony.errors import RidTelephonyError

PROGRAM = (sys.executable, "-m", "rid_telephony")
_READY = "event=pbx_up"
_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_LINE_BYTES = 1 << 22


class ServeError(RidTelephonyError):
    """The service that is to be measured did not start, or ended by itself."""

    code = "serve_failed"


class Serving:
    """``serve --json`` as a child process. An async context manager.

    Args:
        config: Settings file for it; its own default where None.
        program: What runs ``rid-telephony``.
    """

    def __init__(self, config: Path | None, program: Sequence[str] = PROGRAM) -> None:
        self._config = config
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._readers: list[asyncio.Task[None]] = []
        self._last_words: deque[str] = deque(maxlen=20)
        self.events: list[Seen] = []
        """Every event of the feed so far."""

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid if self._process else 0

    async def __aenter__(self) -> Self:
        """Start it and wait until it is connected to the PBX.

        Raises:
            ServeError: It ended, or was not ready within two minutes.
        """
        command = [*self._program, "serve", "--json", "--no-store"]
        if self._config:
            command += ["--config", str(self._config)]
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES,
        )
        self._readers = [
            asyncio.create_task(self._read_feed()),
            asyncio.create_task(self._read_log()),
        ]
        ended = asyncio.create_task(self._process.wait())
        ready = asyncio.create_task(self._ready.wait())
        done, _ = await asyncio.wait(
            {ended, ready}, timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for task in (ended, ready):
            task.cancel()
        if ready not in done:
            await self._stop()
            words = "\n".join(self._last_words)
            raise ServeError("`rid-telephony serve` did not start.", f"It said:\n{words}")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        await self._stop()

    @property
    def running(self) -> bool:
        """False once it ended."""
        return self._process is not None and self._process.returncode is None

    async def _stop(self) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                with suppress(ProcessLookupError):
                    self._process.kill()
                await self._process.wait()
        # What it said last is still in the pipes.
        await asyncio.wait(self._readers, timeout=1.0)
        for reader in self._readers:
            reader.cancel()

    async def _read_feed(self) -> None:
        stream = self._process.stdout if self._process else None
        while stream and (line := await stream.readline()):
            with suppress(ValueError):
                event: dict[str, Any] = json.loads(line)
                self.events.append(Seen(time.time(), event))

    async def _read_log(self) -> None:
        stream = self._process.stderr if self._process else None
        while stream and (line := await stream.readline()):
            text = line.decode(errors="replace").rstrip()
            self._last_words.append(text)
            if _READY in text:
                self._ready.set()
