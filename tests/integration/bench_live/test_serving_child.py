"""The bench's child process and what /proc says of it; `serve` itself is played by a script."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import pytest

from rid_telephony.bench.live.processes import cpu_seconds, listener_of, resident_bytes
from rid_telephony.bench.live.serving import ServeError, Serving

EVENT = {"type": "call.started", "subject": "a", "data": {}}
CONNECTED = f"""
import sys, time
print({json.dumps(json.dumps(EVENT))}, flush=True)
print("not an event", flush=True)
print("level=info event=pbx_up calls=0", file=sys.stderr, flush=True)
time.sleep(60)
"""


def _program(folder: Path, text: str) -> tuple[str, ...]:
    script = folder / "program.py"
    script.write_text(text, encoding="utf-8")
    return (sys.executable, str(script))


def test_events_are_read_while_it_runs_and_it_is_gone_afterwards(tmp_path: Path) -> None:
    async def script() -> int:
        async with asyncio.timeout(20), Serving(None, _program(tmp_path, CONNECTED)) as serving:
            while not serving.events:
                await asyncio.sleep(0.01)
            assert serving.running
            assert [seen.event for seen in serving.events] == [EVENT]
            assert (resident_bytes(serving.pid) or 0) > 1_000_000
            return serving.pid

    pid = asyncio.run(script())
    assert cpu_seconds(pid) is None


def test_a_service_that_does_not_start_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    program = _program(tmp_path, "import sys; sys.exit('secret is wrong')")

    async def script() -> None:
        async with Serving(None, program):
            pass

    with pytest.raises(ServeError) as caught:
        asyncio.run(script())
    assert "secret is wrong" in caught.value.advice


def test_the_process_behind_a_port_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listener_of(port) == os.getpid()
    assert listener_of(port) is None


def test_cpu_of_a_process_is_that_which_it_used() -> None:
    before = cpu_seconds(os.getpid())
    begin = sum(os.times()[:2])
    while sum(os.times()[:2]) < begin + 0.2:
        pass
    after = cpu_seconds(os.getpid())
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(sum(os.times()[:2]) - begin, abs=0.1)
