"""What the tests of webhooks share: targets with short pauses, and the sink at work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from sinks_kit import PATIENCE, SECRET, Answer, Receiver, Stage, status

from rid_telephony.cti.sinks.making import make_webhooks
from rid_telephony.cti.sinks.webhooks import Webhooks
from rid_telephony.settings.server import WebhookSettings, WebhookTarget


def run(story: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 30))


def settings(*receivers: Receiver | str, **more: object) -> WebhookSettings:
    """Targets t0, t1 … with short pauses."""
    targets = [
        WebhookTarget(name=f"t{index}", url=one if isinstance(one, str) else one.url, secret=SECRET)
        for index, one in enumerate(receivers)
    ]
    values: dict[str, object] = {
        "targets": tuple(targets),
        "allowed_hosts": ("127.0.0.1",),
        "timeout": 2.0,
        "attempts": 3,
        "first_pause": 0.01,
        "longest_pause": 0.05,
    }
    return WebhookSettings.model_validate(values | more)


def one_by_one(answers: list[bytes]) -> Answer:
    """These answers, then 200."""
    rest = iter(answers)
    return lambda _: next(rest, status(200))


@asynccontextmanager
async def sending(
    on: Stage, chosen: WebhookSettings, *, keep: bool = True
) -> AsyncIterator[Webhooks]:
    webhooks = make_webhooks(chosen, on.hub, on.store if keep else None)
    assert webhooks
    await webhooks.start()
    try:
        yield webhooks
    finally:
        await webhooks.close()


async def dead_letters(on: Stage, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while on.store.letters.count() < count:
            await asyncio.sleep(0.01)
