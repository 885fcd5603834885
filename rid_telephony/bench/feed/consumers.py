"""The consumers' process: connects, counts, and tells how late events came.

Run as a module with one argument, a JSON object: ``host``, ``port``, ``path``, ``subprotocol``,
``count``, ``cores`` and ``reads``. It says ``{"connected": n}``, waits for one line, ``{"first":
cursor, "events": n, "sent": [times]}``, answers with the figures once nothing more comes, and ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from rid_telephony.bench.feed.subscriber import Subscriber, Tally, handshake

QUIET = 5.0
"""Seconds without an event after which no more is waited for."""


async def run(order: Mapping[str, Any]) -> None:
    """Connect, wait for the end, report."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    host, port = order["host"], order["port"]
    kept = []  # the event loop forgets a connection that does not read
    for _ in range(order["count"]):
        request = handshake(f"{host}:{port}", order["path"], order["subprotocol"])
        subscriber = Subscriber(request, tally)
        await loop.create_connection(partial(_itself, subscriber), host, port)
        await subscriber.connected
        kept.append(subscriber)
        if not order["reads"]:
            subscriber.stop_reading()
    _say({"connected": order["count"]})
    begun = time.process_time()
    end = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    await _complete(tally, order["count"] * end["events"])
    sent = end["sent"] or [0.0] * end["events"]
    _say(figures(tally, end["first"], sent) | {"cpu": time.process_time() - begun})


def _itself(subscriber: Subscriber) -> Subscriber:
    return subscriber


async def _complete(tally: Tally, expected: int) -> None:
    """Wait until everything came, or nothing more does."""
    seen, since = -1, time.monotonic()
    while len(tally.cursors) < expected and time.monotonic() - since < QUIET:
        if seen != len(tally.cursors):
            seen, since = len(tally.cursors), time.monotonic()
        await asyncio.sleep(0.05)


def figures(tally: Tally, first: int, sent: Sequence[float]) -> dict[str, Any]:
    """What the subscribers got of the events that were sent at these times.

    Args:
        tally: What came.
        first: Cursor of the first event sent; the others follow without a gap.
        sent: Times of sending, on the clock of ``tally.arrivals``.
    """
    times, arrivals = np.asarray(sent), np.asarray(tally.arrivals)
    index = np.asarray(tally.cursors, dtype=np.int64) - first
    mine = (index >= 0) & (index < len(times))
    late = arrivals[mine] - times[index[mine]]
    p50, p95 = (map(float, np.percentile(late, [50, 95]))) if late.size else (None, None)
    return {
        "events": int(late.size),
        "p50": p50,
        "p95": p95,
        "worst": float(late.max()) if late.size else None,
        "begun": float(arrivals.min()) if arrivals.size else None,
        "last": float(arrivals.max()) if arrivals.size else None,
        "octets": tally.octets,
        "missing": tally.missing,
        "closed": tally.closed,
    }


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    os.sched_setaffinity(0, asked["cores"])
    asyncio.run(run(asked))
