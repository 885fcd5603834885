"""``rid-telephony bench feed``: what the feed's server carries."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from rid_telephony.cli.bench_feed_tables import memory_table, ratios, replay_table, rounds_table
from rid_telephony.cli.options import JsonOption
from rid_telephony.cli.screen import say
from rid_telephony.errors import InputError

if TYPE_CHECKING:
    from rid_telephony.bench.feed.memory import Memory
    from rid_telephony.bench.feed.replaying import Replay
    from rid_telephony.bench.feed.rounds import FeedRound

JSON, MSGPACK = "cloudevents.json", "cloudevents.msgpack"
MOST = 1000


@dataclass(frozen=True, slots=True)
class _Measured:
    rounds: list[FeedRound]
    memory: Memory
    replays: list[Replay]


def feed(
    consumers: Annotated[
        str, typer.Option("--consumers", help="WebSocket consumers at the same time; several.")
    ] = "1,10,100",
    rate: Annotated[
        float, typer.Option("--rate", min=1, help="Events a second, all to every consumer.")
    ] = 500.0,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="Length of a round.")] = 10.0,
    stored: Annotated[
        int, typer.Option("--stored", min=0, help="Events to replay from the store; 0: none.")
    ] = 200_000,
    as_json: JsonOption = False,
) -> None:
    """Send events with a demo call's sizes through the real server and measure their arrival.

    Each number of consumers gets the events at `--rate`, then as many as it can take, in JSON and
    in msgpack. The server keeps to one core, the consumers (a process of their own) to the others.
    """
    counts = _counts(consumers)
    measured = asyncio.run(_measure(counts, rate, seconds, stored))
    if as_json:
        sys.stdout.write(json.dumps(asdict(measured)) + "\n")
        return
    console = Console(highlight=False)
    console.print(rounds_table(measured.rounds))
    console.print(ratios(measured.rounds))
    console.print(memory_table(measured.memory))
    if measured.replays:
        console.print(replay_table(measured.replays))


async def _measure(counts: Sequence[int], rate: float, seconds: float, stored: int) -> _Measured:
    # The server's libraries are an extra that other commands do without.
    from rid_telephony.bench.feed.memory import memory  # noqa: PLC0415
    from rid_telephony.bench.feed.replaying import replay  # noqa: PLC0415
    from rid_telephony.bench.feed.rounds import STORE, Bench  # noqa: PLC0415
    from rid_telephony.bench.feed.stock import stock  # noqa: PLC0415

    *others, own = sorted(os.sched_getaffinity(0))
    cores = set(others) or {own}
    os.sched_setaffinity(0, {own})
    rounds: list[FeedRound] = []
    replays: list[Replay] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(_made(folder, "live"), cores)
        async with bench.serving():
            for count in counts:
                for subprotocol in (JSON, MSGPACK):
                    rounds.append(await bench.round(count, subprotocol, rate, seconds))
                    rounds.append(await bench.round(count, subprotocol, None, seconds))
                say(f"{count} consumers done")
            used = await memory(bench, max(counts))
        if stored:
            kept = _made(folder, "stored")
            stock(f"sqlite:///{kept / STORE}", stored)
            bench = Bench(kept, cores)
            async with bench.serving():
                replays = [await replay(bench, subprotocol) for subprotocol in (JSON, MSGPACK)]
    return _Measured(rounds, used, replays)


def _made(folder: str, name: str) -> Path:
    made = Path(folder, name)
    made.mkdir()
    return made


def _counts(text: str) -> tuple[int, ...]:
    try:
        counts = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--consumers {text} is no number or list of numbers.") from None
    if not all(0 < count <= MOST for count in counts):
        raise InputError(f"--consumers {text} is not within 1 to {MOST}.")
    return counts
