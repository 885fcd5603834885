"""Rounds of calls, with us and without us, and what each costs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rid_telephony.bench.live.calls import Plan, Telephones, telephones
from rid_telephony.bench.live.figures import Figures, round_figures
from rid_telephony.bench.live.material import Material
from rid_telephony.bench.live.processes import (
    cpu_seconds,
    machine_cpu_seconds,
    resident_bytes,
)
from rid_telephony.bench.live.serving import ServeError, Serving
from rid_telephony.bench.phone.pacing import shared_clock

_COMPLETED_SECONDS = 20.0
"""How long the feed may take to finish the calls of a round."""
_SETTLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Round:
    """One number of calls at the same time.

    Attributes:
        calls: How many.
        figures: What the feed and the telephones show.
        pbx_bare: Cores that the PBX used without forks; None where its process is not known.
        pbx_forked: The same with forks.
        ours: Cores that ``serve`` used.
        memory: Bytes resident of ``serve`` at the end.
        bench: Cores that the telephones of this bench used: it shares the machine.
        others: Cores that all else on this machine used: what the service could not have.
        bench_late: How late a telephone of this bench sent a packet at worst, seconds; gaps of
            that length are not the PBX's.
        bare_gap: Longest gap in what a customer heard without forks, seconds.
        bare_lost: RTP packets lost to the customers without forks.
    """

    calls: int
    figures: Figures
    pbx_bare: float | None
    pbx_forked: float | None
    ours: float | None
    memory: int | None
    bench: float
    others: float
    bench_late: float
    bare_gap: float
    bare_lost: int


@dataclass(frozen=True, slots=True)
class Bare:
    """Calls without us: cores of the PBX, longest gap and packets lost to the customers."""

    pbx: float | None
    gap: float
    lost: int


@dataclass(frozen=True, slots=True)
class Workload:
    """What is measured.

    Attributes:
        counts: Calls at the same time, one round each.
        seconds: How much of the material is played in a round.
        bare_seconds: The same without us.
        pbx: Process id of the PBX, None where not known.
        config: Settings file for ``serve``.
        until_saturated: Stop after the first round that is.
    """

    counts: tuple[int, ...]
    seconds: float
    bare_seconds: float
    pbx: int | None
    config: Path | None
    until_saturated: bool


async def run_rounds(plan: Plan, material: Material, work: Workload) -> AsyncIterator[Round]:
    """Measure each number of calls without us, then with us; yields each finished round.

    Raises:
        PhoneError: The PBX refused a telephone or a call.
        ServeError: The service did not start or ended.
    """
    async with telephones(plan, max(work.counts)) as phones:
        bare = {
            count: await _bare(phones, count, material, work) for count in sorted(set(work.counts))
        }
        async with Serving(work.config) as serving:
            await asyncio.sleep(_SETTLE_SECONDS)
            for count in work.counts:
                result = await _round(phones, count, material, work, serving, bare[count])
                yield result
                if work.until_saturated and result.figures.saturated:
                    return


async def _bare(phones: Telephones, count: int, material: Material, work: Workload) -> Bare:
    meter = _Meter([work.pbx])
    placed = await phones.place(count, material, work.bare_seconds)
    return Bare(
        pbx=meter.cores()[0],
        gap=max(call.rtp_gap for call in placed),
        lost=sum(call.rtp_lost for call in placed),
    )


async def _round(
    phones: Telephones,
    count: int,
    material: Material,
    work: Workload,
    serving: Serving,
    bare: Bare,
) -> Round:
    first = len(serving.events)
    meter = _Meter([work.pbx, serving.pid, os.getpid()])
    shared_clock().take_latest()
    placed = await phones.place(count, material, work.seconds)
    (pbx, ours, bench), machine = meter.cores(), meter.machine()
    await _completed(serving, first, count)
    if not serving.running:
        raise ServeError("`rid-telephony serve` ended during the measurement.")
    return Round(
        calls=count,
        figures=round_figures(placed, serving.events[first:]),
        pbx_bare=bare.pbx,
        pbx_forked=pbx,
        ours=ours,
        memory=resident_bytes(serving.pid),
        bench=bench or 0.0,
        others=max(machine - sum(filter(None, (pbx, ours, bench))), 0.0),
        bench_late=shared_clock().take_latest(),
        bare_gap=bare.gap,
        bare_lost=bare.lost,
    )


async def _completed(serving: Serving, first: int, count: int) -> None:
    """Wait until the feed ended all calls, or no longer than it may take."""
    end = time.monotonic() + _COMPLETED_SECONDS
    while time.monotonic() < end and serving.running:
        over = sum(item.event["type"] == "call.ended" for item in serving.events[first:])
        if over >= count:
            return
        await asyncio.sleep(0.1)


class _Meter:
    """Cores that some processes use from now on."""

    def __init__(self, pids: Sequence[int | None]) -> None:
        self._pids = pids
        self._begin = time.monotonic()
        self._machine = machine_cpu_seconds()
        self._before = [cpu_seconds(pid) if pid else None for pid in pids]

    def machine(self) -> float:
        """CPU seconds a second of everything on this machine."""
        return (machine_cpu_seconds() - self._machine) / (time.monotonic() - self._begin)

    def cores(self) -> list[float | None]:
        """CPU seconds a second of each, None where it cannot be told."""
        elapsed = time.monotonic() - self._begin
        after = [cpu_seconds(pid) if pid else None for pid in self._pids]
        return [
            (end - begin) / elapsed if begin is not None and end is not None else None
            for begin, end in zip(self._before, after, strict=True)
        ]
