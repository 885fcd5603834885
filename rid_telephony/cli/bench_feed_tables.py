"""How ``bench feed`` shows its figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

if TYPE_CHECKING:
    from rid_telephony.bench.feed.memory import Memory
    from rid_telephony.bench.feed.replaying import Lag, Replay
    from rid_telephony.bench.feed.rounds import FeedRound


def rounds_table(rounds: Sequence[FeedRound]) -> Table:
    """Added latency at the rate asked for, and events a second where nothing limits them."""
    table = _table(
        f"Feed to WebSocket consumers, server on one core: {rounds[0].rate:.0f} events/s, then all",
        "to",
        "form",
        "p50, p95, worst ms",
        "merged",
        "CPU+others",
        "all: /s",
        "CPU+others",
    )
    for paced, flood in zip(rounds[::2], rounds[1::2], strict=True):
        table.add_row(
            str(paced.consumers),
            _name(paced.subprotocol),
            ", ".join(_ms(value) for value in (paced.p50, paced.p95, paced.worst)),
            str(paced.missing),
            _cpu(paced),
            f"{flood.per_consumer * flood.consumers:,.0f}",
            _cpu(flood),
        )
    return table


def ratios(rounds: Sequence[FeedRound]) -> Table:
    """What msgpack saves, from the rounds that were not paced."""
    table = _table("msgpack / JSON", "consumers", "bytes", "events/s")
    for count in dict.fromkeys(result.consumers for result in rounds):
        plain, packed = (
            result for result in rounds if result.consumers == count and result.rate is None
        )
        table.add_row(
            str(count),
            f"{packed.event_bytes / plain.event_bytes:.2f}",
            f"{packed.per_consumer / plain.per_consumer:.2f}",
        )
    return table


def memory_table(used: Memory) -> Table:
    """Memory of a consumer."""
    table = _table(
        "Memory of one consumer in the server, kB",
        f"waits, of {used.consumers}",
        "never reads",
        "and later",
        "never reads, of many",
    )
    figures = (used.waiting, used.alone, used.alone_later, used.among_others)
    table.add_row(*(f"{figure / 1000:,.0f}" for figure in figures))
    return table


def replay_table(replays: Sequence[Replay]) -> Table:
    """Replays of the store, and how late the event loop was meanwhile."""
    table = _table(
        f"{replays[0].stored:,} events of the store replayed to one consumer; event loop late by",
        "form",
        "events/s",
        "of reading",
        "p50, p99, worst ms",
        "idle: p99 ms",
        "CPU+others",
    )
    for result in replays:
        table.add_row(
            _name(result.subprotocol),
            f"{result.rate:,.0f}",
            f"{result.rate / result.read_rate:.0%}",
            _lag(result.busy),
            _ms(result.idle.p99),
            _cpu(result),
        )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _cpu(result: FeedRound | Replay) -> str:
    return f"{result.server_cpu:.0%}+{result.others_cpu:.0%}"


def _lag(lag: Lag) -> str:
    return ", ".join(_ms(value) for value in (lag.p50, lag.p99, lag.worst))


def _name(subprotocol: str) -> str:
    return subprotocol.partition(".")[2]


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:.1f}"
