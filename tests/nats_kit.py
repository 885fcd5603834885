"""What the tests of the NATS sink share."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import nats
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, DeliverPolicy
from sinks_kit import PATIENCE, Stage

from rid_telephony.cti.sinks.making import make_nats
from rid_telephony.cti.sinks.nats_sink import NatsSink
from rid_telephony.settings.server import NatsSettings


def run(story: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 60))


@asynccontextmanager
async def publishing(on: Stage, url: str) -> AsyncIterator[NatsSink]:
    sink = make_nats(NatsSettings(url=url, publish_timeout=1.0), on.hub, on.store)
    assert sink
    await sink.start()
    try:
        yield sink
    finally:
        await sink.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(4 * PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


async def published(sink: NatsSink) -> None:
    await until(lambda: sink.figures()["nats_behind"] == 0)


async def consumed(url: str, subject: str = "rid.>") -> list[Msg]:
    """Everything that a durable consumer gets, acknowledged."""
    client = await nats.connect(url)
    try:
        config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL)
        consumer = await client.jetstream().pull_subscribe(subject, "crm", config=config)
        found: list[Msg] = []
        while waiting := (await consumer.consumer_info()).num_pending:
            batch = await consumer.fetch(min(waiting, 500), timeout=PATIENCE)
            for message in batch:
                await message.ack_sync()
            found += batch
        return found
    finally:
        await client.close()


def sequences(messages: list[Msg]) -> dict[str, list[int]]:
    """Sequence numbers by call, in the order of the stream."""
    found: dict[str, list[int]] = defaultdict(list)
    for message in messages:
        event: dict[str, Any] = json.loads(message.data)
        found[event["subject"]].append(event["sequence"])
    return dict(found)
