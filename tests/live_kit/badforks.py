"""Forks that go wrong, asked for by the product's own driver."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from live_kit.asterisk import RealAsterisk
from live_kit.consumers import (
    BabblingDatagrams,
    Unreachable,
    babbling,
    deaf,
    port_of,
    resetting,
)
from live_kit.ports import HOST
from rid_telephony.calls.messages import Party
from rid_telephony.media.forks import Destination
from rid_telephony.pbx.asterisk.ami import AmiClient
from rid_telephony.pbx.asterisk.forks import AsteriskForks
from rid_telephony.pbx.asterisk.messages import AmiEvent
from rid_telephony.pbx.messages import Fork, PbxError
from rid_telephony.settings.asterisk import AsteriskForkSettings, AsteriskSettings

WEAK = """
[weak]
secret = live-only
read = call
write = reporting
"""
WEBSOCKET = """
[rid]
type = websocket_client
uri = ws://{host}:{port}/media
protocols = media
connection_type = per_call_config
connection_timeout = 2000
reconnect_attempts = 1
tls_enabled = no
"""


def prepared() -> RealAsterisk:
    """An Asterisk, not started, that can be asked for all of them."""
    pbx = RealAsterisk(files={"websocket_client.conf": ""})
    websocket = WEBSOCKET.format(host=HOST, port=pbx.ports.spare(9))
    (pbx.folder / "etc/websocket_client.conf").write_text(websocket)
    with (pbx.folder / "etc/manager.conf").open("a") as manager:
        manager.write(WEAK)
    return pbx


Forker = Callable[[Party, str], Awaitable[None]]


async def forkers(pbx: RealAsterisk, stack: AsyncExitStack) -> dict[str, Forker]:
    """Ways in which a fork fails, and how to ask for it."""
    loop = asyncio.get_running_loop()
    client, forks = await _driver(pbx.settings, stack, "audiosocket")
    by_rtp = AsteriskForks(client, pbx.settings.fork.model_copy(update={"means": "unicast_rtp"}))
    by_web = AsteriskForks(client, pbx.settings.fork.model_copy(update={"means": "websocket"}))
    weak = pbx.settings.model_copy(update={"username": "weak"})
    _, not_allowed = await _driver(weak, stack, "audiosocket")
    unread = stack.enter_context(deaf())
    nowhere = Unreachable()
    stack.callback(nowhere.close)
    servers = {"resetting": await resetting(2.0), "babbling": await babbling()}
    for server in (*servers.values(), await babbling(pbx.ports.spare(9))):
        stack.callback(server.close)
    junk, _ = await loop.create_datagram_endpoint(BabblingDatagrams, local_addr=(HOST, 0))
    stack.callback(junk.close)

    def through(driver: AsteriskForks, port: int) -> Forker:
        async def fork(party: Party, channel: str) -> None:
            wanted = Fork(str(uuid.uuid4()), channel, party, channel)
            try:
                await driver.start(wanted, Destination(HOST, port))
            except PbxError:
                return

        return fork

    async def fast(party: Party, channel: str) -> None:
        # At 192 kHz the buffers, 4.4 MB, are full within the call; at 8 kHz it takes minutes.
        destination = f"{HOST}:{unread.getsockname()[1]}/{uuid.uuid4()}/c(slin192)"
        fields = {"Channel": f"AudioSocket/{destination}", "Application": "ChanSpy"}
        fields |= {"Data": f"{channel},quoESl", "ChannelId": f"fork-{party}-{channel}"}
        await client.action("Originate", fields | {"Async": "true"})

    return {
        "refused": through(forks, pbx.ports.spare(8)),
        "not allowed": through(not_allowed, pbx.ports.spare(8)),
        "unreachable": through(forks, nowhere.port),
        "deaf": fast,
        "resetting": through(forks, port_of(servers["resetting"])),
        "babbling": through(forks, port_of(servers["babbling"])),
        "datagrams to nobody": through(by_rtp, pbx.ports.spare(8)),
        "datagrams answered with junk": through(by_rtp, junk.get_extra_info("sockname")[1]),
        "babbling WebSocket": through(by_web, pbx.ports.spare(9)),
    }


async def _driver(
    settings: AsteriskSettings, stack: AsyncExitStack, means: str
) -> tuple[AmiClient, AsteriskForks]:
    """The product's own way to ask for forks."""
    up = asyncio.Event()
    listening: list[AsteriskForks] = []

    def on_event(event: AmiEvent) -> None:
        for forks in listening:
            forks.observe(event)

    client = AmiClient(settings, on_event=on_event, on_up=up.set, on_down=lambda _: None)
    forks = AsteriskForks(client, AsteriskForkSettings(means=means))  # type: ignore[arg-type]
    listening.append(forks)
    running = asyncio.create_task(client.run())
    stack.callback(running.cancel)
    await asyncio.wait_for(up.wait(), 10)
    return client, forks
