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
from rich.table import Table

from rid_telephony.cli.options import JsonOption
from rid_telephony.cli.screen import say
from rid_telephony.errors import InputError

if TYPE_CHECKING:
    from rid_telephony.bench.feed.replaying import Replay
    from rid_telephony.bench.feed.rounds import FeedRound

JSON, MSGPACK = "cloudevents.json", "cloudevents.msgpack"
MOST = 1000


@dataclass(frozen=True, slots=True)
class _Measured:
    rounds: list[FeedRound]
    memory: float
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
    ] = 100_000,
    as_json: JsonOption = False,
) -> None:
    """Send events with a demo call's sizes through the real server and measure their arrival.

    Each number of consumers gets the events at `--rate`, then as many as it can take, in JSON and
    in msgpack. The server keeps to one core, the consumers (a process of their own) to the others.
    """
    counts = _counts(consumers)
    measured = asyncio.run(_measure(counts, rate, seconds, stored))
    rounds, replays = measured.rounds, measured.replays
    if as_json:
        sys.stdout.write(json.dumps(asdict(measured)) + "\n")
        return
    console = Console(highlight=False)
    console.print(_rounds_table(rounds))
    console.print(_ratios(rounds))
    console.print(f"memory: {measured.memory / 1000:.0f} kB for each of {max(counts)} consumers")
    if replays:
        console.print(_replay_table(replays))


async def _measure(counts: Sequence[int], rate: float, seconds: float, stored: int) -> _Measured:
    # The server's libraries are an extra that other commands do without.
    from rid_telephony.bench.feed.replaying import fill, replay  # noqa: PLC0415
    from rid_telephony.bench.feed.rounds import Bench  # noqa: PLC0415

    *others, own = sorted(os.sched_getaffinity(0))
    rounds: list[FeedRound] = []
    replays: list[Replay] = []
    with tempfile.TemporaryDirectory() as folder:
        os.sched_setaffinity(0, {own})
        bench = Bench(Path(folder), set(others) or {own})
        async with bench.serving():
            memory = await bench.memory(max(counts))
            for count in counts:
                for subprotocol in (JSON, MSGPACK):
                    rounds.append(await bench.round(count, subprotocol, rate, seconds))
                    rounds.append(await bench.round(count, subprotocol, None, seconds))
                say(f"{count} consumers done")
            if stored:
                await fill(bench, max(0, stored - bench.feed.cursor))
                replays = [await replay(bench, subprotocol) for subprotocol in (JSON, MSGPACK)]
    return _Measured(rounds, memory, replays)


def _counts(text: str) -> tuple[int, ...]:
    try:
        counts = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--consumers {text} is no number or list of numbers.") from None
    if not all(0 < count <= MOST for count in counts):
        raise InputError(f"--consumers {text} is not within 1 to {MOST}.")
    return counts


def _rounds_table(rounds: Sequence[FeedRound]) -> Table:
    table = Table(title="Events from the feed to WebSocket consumers; the server on one core")
    for column in (
        "consumers",
        "messages",
        "asked (/s)",
        "each got (/s)",
        "all got (/s)",
        "p50 (ms)",
        "p95 (ms)",
        "worst (ms)",
        "left out",
        "CPU: server, consumers, others",
    ):
        table.add_column(column, justify="right")
    for result in rounds:
        table.add_row(
            str(result.consumers),
            f"{result.subprotocol.partition('.')[2]} {result.event_bytes:.0f} B",
            f"{result.rate:.0f}" if result.rate else "all",
            f"{result.per_consumer:.0f}",
            f"{result.per_consumer * result.consumers:.0f}",
            *_late(result),
            str(result.missing),
            f"{result.server_cpu:.0%}, {result.consumers_cpu:.0%}, {result.others_cpu:.0%}",
        )
    return table


def _late(result: FeedRound) -> tuple[str, ...]:
    if result.rate is None:  # everybody waits then, by intent
        return ("-", "-", "-")
    return tuple(_ms(value) for value in (result.p50, result.p95, result.worst))


def _ratios(rounds: Sequence[FeedRound]) -> str:
    """What msgpack saves, from the rounds that were not paced."""
    lines = []
    for count in dict.fromkeys(result.consumers for result in rounds):
        by_name = {
            result.subprotocol: result
            for result in rounds
            if result.consumers == count and result.rate is None
        }
        packed, plain = by_name[MSGPACK], by_name[JSON]
        lines.append(
            f"{count} consumers, msgpack to JSON: "
            f"bytes {packed.event_bytes / plain.event_bytes:.2f}, "
            f"events a second {packed.per_consumer / plain.per_consumer:.2f}"
        )
    return "\n".join(lines)


def _replay_table(replays: Sequence[Replay]) -> Table:
    table = Table(title=f"{replays[0].stored} events of the store, replayed to one consumer")
    for column in (
        "messages",
        "events (/s)",
        "of reading alone",
        "event loop held up (ms)",
        "without (ms)",
    ):
        table.add_column(column, justify="right")
    for result in replays:
        table.add_row(
            result.subprotocol.partition(".")[2],
            f"{result.rate:.0f}",
            f"{result.rate / result.read_rate:.0%}",
            _ms(result.worst_lag),
            _ms(result.idle_lag),
        )
    return table


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:.1f}"
