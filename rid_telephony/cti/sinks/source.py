"""How a sink follows the feed without losing anything."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from rid_telephony.cti.server.encoding import Line
from rid_telephony.cti.server.filters import Selection
from rid_telephony.cti.server.hub import Hub
from rid_telephony.cti.server.stream import StreamClosedError

EVERYTHING = Selection()
"""Sinks choose by themselves, so that their cursors move on with what they do not want."""


async def follow(hub: Hub, after: int) -> AsyncGenerator[Line, None]:
    """Every event after a cursor, one by one, until the hub is closed.

    A slow sink misses nothing: where its queue ran over, it goes back to the last event that it
    took, and gets the rest from the store. Only what nobody keeps is told by ``feed.gap``.

    Raises:
        StoreError: What was missed cannot be read.
        Problem: The hub takes no more subscribers.
    """
    stream = hub.open(EVERYTHING, after)
    try:
        while True:
            for line in await stream.batch():
                if _is_overrun(line):
                    stream.close()
                    stream = hub.open(EVERYTHING, after)
                    break
                after = line.cursor
                yield line
    except StreamClosedError:
        return
    finally:
        stream.close()


def _is_overrun(line: Line) -> bool:
    if line.type != "feed.gap":
        return False
    reason: str = json.loads(line.json)["data"]["reason"]
    return reason == "consumer_too_slow"
