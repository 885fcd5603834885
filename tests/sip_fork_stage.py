"""A SIP fork listener on loopback, and a FreeSWITCH that calls it with recorded messages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fork_listening import HOST, Sink
from sip_kit import Recorded, Speaker, eavesdrop_legs, free_ports, status, to_tag

from rid_telephony.media.g711 import G711Law, decode_g711
from rid_telephony.media.messages import Samples
from rid_telephony.media.sipfork import SipForkListener
from rid_telephony.media.sipforkleg import Timers
from rid_telephony.settings.forks import ForkSettings

LEGS = eavesdrop_legs()
FAST = Timers(t1=0.01, t2=0.04)
"""A transaction is given up after 0.64 s."""
Scene = Callable[[SipForkListener, Sink], Coroutine[Any, Any, None]]
There = tuple[str, int]


def on_stage(
    scene: Scene,
    *,
    peers: frozenset[str] | None = frozenset((HOST,)),
    timers: Timers = FAST,
    **settings: Any,
) -> None:
    """Run a scene with a listener that is open, and close it afterwards."""

    async def play() -> None:
        sink = Sink()
        defaults = {"port": 0, "rtp_ports": free_ports(23_000, 6)}
        chosen = ForkSettings.model_validate({**defaults, **settings})
        listener = SipForkListener(chosen, sink, peers, timers)
        await listener.start()
        try:
            await scene(listener, sink)
        finally:
            await listener.close()
        assert listener.legs == 0

    asyncio.run(play())


class FreeSwitch:
    """One eavesdrop leg, with the recorded messages; ports and tags are those of today."""

    def __init__(self, leg: Recorded, sip: Speaker, rtp: Speaker, there: There) -> None:
        self.leg, self.sip, self.rtp, self.there = leg, sip, rtp, there
        port = b"m=audio %d " % rtp.port
        self.invite = re.sub(rb"m=audio \d+ ", port, leg.invite)
        self.ok = b""

    @classmethod
    async def call(cls, leg: Recorded, there: There) -> FreeSwitch:
        return cls(leg, await Speaker.at(), await Speaker.at(), there)

    async def answered(self) -> FreeSwitch:
        self.ok = await self.sip.ask(self.invite, self.there)
        assert status(self.ok) == 200
        self.sip.say(self.tagged(self.leg.ack), self.there)
        return self

    @property
    def media(self) -> There:
        return HOST, int(re.search(rb"m=audio (\d+)", self.ok)[1])  # type: ignore[index]  # it is there

    def tagged(self, message: bytes) -> bytes:
        """A recorded message of the dialog with our tag instead of the recorded one."""
        return re.sub(rb"(?m)^(To: .*;tag=)\w+", rb"\g<1>" + to_tag(self.ok), message)

    async def talk(self, packets: int, begin: int = 0) -> None:
        loop = asyncio.get_running_loop()
        chosen = self.leg.packets[begin : begin + packets]
        origin = loop.time() - chosen[0][0]
        for at, data in chosen:
            await asyncio.sleep(origin + at - loop.time())
            self.rtp.say(data, self.media)

    async def bye(self) -> bytes:
        return await self.sip.ask(self.tagged(self.leg.bye), self.there)

    async def heard_bye(self) -> bytes:
        while not (message := await self.sip.next()).startswith(b"BYE"):
            pass
        return message

    def accept_bye(self, bye: bytes) -> None:
        lines = [
            line
            for line in bye.split(b"\r\n")
            if line[:3] in (b"Via", b"Fro", b"To:", b"Cal", b"CSe")
        ]
        self.sip.say(
            b"\r\n".join([b"SIP/2.0 200 OK", *lines, b"Content-Length: 0", b"", b""]), self.there
        )


def audio(packets: list[tuple[float, bytes]]) -> Samples:
    return decode_g711(G711Law.PCMU, b"".join(data[12:] for _, data in packets))


async def expected(listener: SipForkListener, leg: Recorded = LEGS[0]) -> There:
    there = await listener.expect(leg.fork_id)
    return there.host, there.port
