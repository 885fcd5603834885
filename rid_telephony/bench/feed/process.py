"""The consumers' process, seen from the measuring one."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rid_telephony.errors import RidTelephonyError

PATIENCE = 600.0


class BenchError(RidTelephonyError):
    """The consumers' process did not come up, or went away."""

    code = "bench_failed"


class ConsumersProcess:
    """Subscribers in a process of their own. An async context manager.

    Args:
        url: The server.
        cores: What it may run on.
        count: Subscribers.
        subprotocol: What they ask for.
        path: Path and query of the feed.
        reads: Whether they read what comes; otherwise they only connect.
    """

    def __init__(
        self,
        url: str,
        cores: Iterable[int],
        count: int,
        subprotocol: str,
        path: str = "/v1/events",
        *,
        reads: bool = True,
    ) -> None:
        host, _, port = url.rpartition("/")[2].rpartition(":")
        self._order = {
            "host": host,
            "port": int(port),
            "path": path,
            "subprotocol": subprotocol,
            "count": count,
            "cores": sorted(cores),
            "reads": reads,
        }

    async def __aenter__(self) -> Self:
        """Start it and wait until all are connected.

        Raises:
            BenchError: It ended.
        """
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "rid_telephony.bench.feed.consumers",
            json.dumps(self._order),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            await self._answer()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def report(self, first: int, sent: Sequence[float]) -> dict[str, Any]:
        """What they got (see :func:`rid_telephony.bench.feed.consumers.figures`).

        Raises:
            BenchError: The process ended.
        """
        return await self._ask({"first": first, "events": len(sent), "sent": list(sent)})

    async def count(self, events: int) -> dict[str, Any]:
        """The same of the feed's first events, of which nobody knows when they were sent.

        Raises:
            BenchError: The process ended.
        """
        return await self._ask({"first": 1, "events": events, "sent": []})

    async def _ask(self, end: Mapping[str, Any]) -> dict[str, Any]:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - a pipe
        stdin.write(json.dumps(end).encode() + b"\n")
        await stdin.drain()
        return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - a pipe
        async with asyncio.timeout(PATIENCE):
            line = await stdout.readline()
        if not line:
            raise BenchError("The consumers' process ended early.", "Its words stand above.")
        answer: dict[str, Any] = json.loads(line)
        return answer
