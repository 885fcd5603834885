"""Calls come and go while the manager connection, Asterisk and we ourselves fail: nothing leaks.

RID_SOAK_MINUTES says for how long (default 1; `make soak` takes 30). Prints a table.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from live_kit.proxy import TcpProxy
from live_kit.service import READY, Service
from live_kit.soak import HEAD, LARGE, LINE, SMALL, Soak, Wave, prepared

from rid_telephony.store.events import EventStore

MINUTES = float(os.environ.get("RID_SOAK_MINUTES", "1"))
LONG = MINUTES >= 5
SETTINGS = {"ping_interval": 2.0, "action_timeout": 3.0, "backoff": [0.2, 2.0]}
Breaking = Callable[[], Awaitable[None]]


def test_calls_that_come_and_go_leave_nothing_behind_whatever_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with prepared() as pbx, TcpProxy(pbx.ports.ami) as proxy:
        service = Service(tmp_path, pbx, {"asterisk": SETTINGS | {"port": proxy.port}})
        service.start()
        soak = Soak(pbx, service, proxy, LARGE if LONG else SMALL)
        try:
            with capsys.disabled():
                print(f"\n{HEAD}\n{LINE}")  # noqa: T201 - it is what the soak is for
                before, after = asyncio.run(_run(soak))
            assert service.stop() == 0
        finally:
            service.kill()
            soak.close()
        with capsys.disabled():
            print(_feed(service, soak), _tasks(service), sep="\n")  # noqa: T201
    _assert_unharmed(soak)
    _assert_nothing_leaked(service, before, after)
    _assert_feed_whole(service, soak)


async def _run(soak: Soak) -> tuple[Wave, Wave]:
    agents = await soak.agents()
    try:
        return await (_long(soak) if LONG else _short(soak))
    finally:
        for agent in agents:
            agent.kill()
            agent.wait()


async def _short(soak: Soak) -> tuple[Wave, Wave]:
    before = await soak.wave()
    await soak.wave("manager connection reset", _cut(soak, 3))
    await soak.wave("Asterisk killed and started", _pbx_anew(soak, kill=True))
    return before, await soak.wave()


async def _long(soak: Soak) -> tuple[Wave, Wave]:
    end = time.monotonic() + MINUTES * 60
    await soak.wave()
    await soak.wave("serve stopped and started", _serve_anew(soak, kill=False))
    await soak.wave("serve killed and started", _serve_anew(soak, kill=True))
    await soak.wave()
    before = await soak.wave()
    troubles: list[tuple[str, Breaking | None]] = [
        ("manager connection reset 3 times", _cut(soak, 3)),
        ("Asterisk stopped and started", _pbx_anew(soak, kill=False)),
        ("manager connection black-holed for 10 s", _hole(soak)),
        ("none", None),
        ("manager refused for 10 s", _refused(soak)),
        ("Asterisk killed and started", _pbx_anew(soak, kill=True)),
        ("serve frozen for 10 s", _frozen(soak)),
    ]
    count = 0
    while time.monotonic() < end - 90:
        await soak.wave(*troubles[count % len(troubles)])
        count += 1
    return before, await soak.wave()


def _cut(soak: Soak, times: int) -> Breaking:
    async def breaking() -> None:
        for _ in range(times):
            await asyncio.sleep(soak.size.spoken / (times + 1))
            soak.proxy.cut()

    return breaking


def _hole(soak: Soak) -> Breaking:
    async def breaking() -> None:
        await asyncio.sleep(soak.size.spoken / 4)
        soak.proxy.black_hole()
        await asyncio.sleep(10)
        soak.proxy.heal()

    return breaking


def _refused(soak: Soak) -> Breaking:
    async def breaking() -> None:
        await asyncio.sleep(soak.size.spoken / 4)
        soak.proxy.refuse()
        await asyncio.sleep(10)
        soak.proxy.heal()

    return breaking


def _frozen(soak: Soak) -> Breaking:
    async def breaking() -> None:
        await asyncio.sleep(soak.size.spoken / 4)
        soak.service.freeze()
        await asyncio.sleep(10)
        soak.service.thaw()

    return breaking


def _pbx_anew(soak: Soak, *, kill: bool) -> Breaking:
    async def breaking() -> None:
        await asyncio.sleep(soak.size.spoken / 2)
        connected = soak.service.log.count(READY)
        await asyncio.to_thread(soak.pbx.kill if kill else soak.pbx.stop)
        await asyncio.to_thread(soak.pbx.start)
        # The next wave's calls can only be told where the manager connection is back.
        await asyncio.to_thread(
            soak.service.until, lambda: soak.service.log.count(READY) > connected, 30, "pbx_up"
        )

    return breaking


def _serve_anew(soak: Soak, *, kill: bool) -> Breaking:
    async def breaking() -> None:
        await asyncio.sleep(soak.size.spoken / 2)
        await asyncio.to_thread(soak.service.kill if kill else soak.service.stop)
        await asyncio.to_thread(soak.service.start)

    return breaking


def _assert_unharmed(soak: Soak) -> None:
    """Whatever became of us, calls went on as long as Asterisk did."""
    assert not soak.complaints, "\n".join(soak.complaints)
    for wave in soak.waves:
        assert wave.channels == wave.unended == 0, wave
        if not wave.trouble.startswith("Asterisk"):
            assert wave.done == wave.placed, wave
            assert wave.lost == 0, wave
        if wave.trouble == "none":
            assert wave.on_feed == wave.placed, wave


def _assert_nothing_leaked(service: Service, before: Wave, after: Wave) -> None:
    assert after.ours.fds == before.ours.fds
    assert after.ours.sockets == before.ours.sockets
    assert after.ours.threads <= before.ours.threads + 2  # the loop's own pool grows on demand
    # The first calls fill the caches of the models; after that memory stands still.
    assert after.ours.rss_mb - before.ours.rss_mb < (60 if LONG else 150)
    assert after.asterisk.fds <= before.asterisk.fds + 2
    for calls, forks, tasks in _status(service):
        if calls == 0:
            assert forks == 0
            assert tasks <= 12, _tasks(service)


def _assert_feed_whole(service: Service, soak: Soak) -> None:
    """Every call has one start and one end, and no event is missing."""
    cursors, sequences, types = [], {}, {}
    store = EventStore(service.store)
    for event in store.replay():
        cursors.append(event.cursor)
        sequences.setdefault(event.subject, []).append(event.sequence)
        types.setdefault(event.subject, []).append(event.type)
    store.close()
    assert cursors == sorted(set(cursors))
    for call, kept in types.items():
        assert kept.count("call.started") == kept.count("call.ended") == 1, (call, kept)
        numbers = [int(number) for number in sequences[call]]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), call
    assert len(types) == sum(wave.on_feed for wave in soak.waves)
    assert re.findall(r"(?m)^.*level=(?:error|critical).*$", service.log) == []


def _status(service: Service) -> list[tuple[int, int, int]]:
    """Calls, forks and tasks, as the log's status lines have them."""
    pattern = r"event=status calls_now=(\d+) forks_now=(\d+) tasks_now=(\d+)"
    found = re.findall(pattern, service.log)
    return [(int(calls), int(forks), int(tasks)) for calls, forks, tasks in found]


def _tasks(service: Service) -> str:
    """The tasks of the event loop, over time."""
    lines = [f"{tasks} ({calls} calls, {forks} forks)" for calls, forks, tasks in _status(service)]
    return "asyncio tasks, at each status line of the log: " + ", ".join(lines)


def _feed(service: Service, soak: Soak) -> str:
    """What is on the feed, in a sentence."""
    started = len(service.of_type("call.started"))
    ended = len(service.of_type("call.ended"))
    placed = sum(wave.placed for wave in soak.waves)
    done = sum(wave.done for wave in soak.waves)
    hints = len(service.of_type("hint.offered"))
    return (
        f"{placed} calls placed, {done} went as they should; on the feed {started} "
        f"started, {ended} ended, {hints} hints offered, {len(service.events)} events."
    )
