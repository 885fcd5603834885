"""Calls through a real FreeSWITCH that go on while the event socket or the service does not.

See live_kit/freeswitch.py for what to set. What a user loses when one fails: a call that breaks
because of us, is never analysed again, or stays "in progress" on the feed for ever.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from live_kit.freeswitch import UNSET, VARIABLE, Act, RealFreeSwitch, Stage
from live_kit.proxy import TcpProxy
from live_kit.service import Service, serving
from live_kit.stage import check_whole, say, until

from rid_telephony.bench.phone import Call, Phone

pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason=UNSET)

AGENT, CUSTOMER = 0, 2
STALL = 1.0
"""Seconds without RTP that no busy machine explains."""
BROKEN = 4.0
"""Seconds that a call goes on, broken."""
OUT = ("started outbound agent {agent}", "answered")
_ANSWERING = ["< INVITE", "> 180 INVITE", "> 200 INVITE", "< ACK"]
_CUSTOMER = [*_ANSWERING, "> BYE", "< 200 BYE"]
_AGENT = [*_ANSWERING, "< BYE", "> 200 BYE"]


@dataclass
class Outage(Stage):
    """A stage whose event socket can be cut."""

    pbx: RealFreeSwitch
    service: Service
    proxy: TcpProxy

    def ups(self) -> int:
        """How often the service came (back) to know all calls."""
        return self.service.log.count("event=pbx_up")


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    folder = tmp_path_factory.mktemp("serve")
    host, port, _ = RealFreeSwitch(folder).esl
    with TcpProxy(port, host) as proxy:
        way = {"host": "127.0.0.1", "port": proxy.port, "ping_interval": 1.0}
        pbx = RealFreeSwitch(folder, changes=way | {"command_timeout": 1.0})
        with serving(folder, pbx) as service:
            yield Outage(pbx, service, proxy)


@asynccontextmanager
async def unharmed(call: Call, leg: Call) -> AsyncIterator[None]:
    """Neither party notices: no packet is lost, no gap, no SIP but of the beginning."""
    loop = asyncio.get_running_loop()
    before = loop.time()
    yield
    for side in (call, leg):
        report = side.report(before, loop.time())
        assert report.lost == report.reordered == report.duplicates == 0, report
        assert report.longest_gap < STALL, report
        assert report.packets > 40 * (loop.time() - before), report
        assert trail(side) == _ANSWERING


async def hung_up(call: Call, leg: Call) -> None:
    """The customer hangs up, and both telephones are through with it."""
    await call.hang_up()
    await leg.ended()
    assert trail(call) == _CUSTOMER
    assert trail(leg) == _AGENT


def trail(call: Call) -> list[str]:
    """The SIP messages of a call, without provisional answers that say nothing."""
    lines = [("> " if step.sent else "< ") + step.line for step in call.trail]
    return [line for line in lines if " 100 " not in line]


@pytest.mark.parametrize("how", ["kill", "freeze", "black_hole", "refuse"])
def test_the_call_goes_on_whatever_becomes_of_us(outage: Outage, how: str) -> None:
    ways: dict[str, Callable[[], object]] = {
        "kill": outage.service.kill, "freeze": outage.service.freeze,
        "black_hole": outage.proxy.black_hole, "refuse": outage.proxy.refuse,
    }  # fmt: skip

    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        call, leg = await act.talk(customer, agent)
        await act.both_heard()
        async with unharmed(call, leg):
            await asyncio.to_thread(ways[how])
            await asyncio.gather(say(call, "行了，我对这个没兴趣"), say(leg, "您别急着说不做"))
            await asyncio.sleep(BROKEN)
        await hung_up(call, leg)

    ups = outage.ups()
    try:
        act = outage.play(story, AGENT, CUSTOMER, tidy=False)
    finally:
        if how == "kill":
            outage.service.start()
        outage.service.thaw()
        if how in {"black_hole", "refuse"}:
            outage.proxy.heal()
            outage.service.until(lambda: outage.ups() > ups, 20, "the connection")
    if how != "kill":
        outage.service.until(lambda: bool(act.feed("call.ended")), 20, "call.ended")
        check_whole(act.feed())


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_service_that_comes_back_takes_the_running_call_up_again(
    outage: Outage, how: str
) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        call, leg = await act.talk(customer, agent)
        await act.both_heard()
        told = [each.format(agent=agent.user) for each in OUT]
        async with unharmed(call, leg):
            await asyncio.to_thread(getattr(outage.service, how))
            await asyncio.to_thread(outage.service.start)
            await until(lambda: len(act.told(1)) >= 2, "the call again")
            await act.both_heard(1)
            await say(call, "行了，我对这个没兴趣")
            await until(lambda: _words_of(act, 1), "words", 20)
        await hung_up(call, leg)
        await act.hears(*told, "ended lost")
        await act.hears(*told, "ended normal by customer", call=1)

    check_whole(outage.play(story, AGENT, CUSTOMER).feed())


def test_after_the_event_socket_broke_the_call_is_known_and_heard_still(outage: Outage) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        call, leg = await act.talk(customer, agent)
        await act.both_heard()
        told = [each.format(agent=agent.user) for each in OUT]
        async with unharmed(call, leg):
            ups = outage.ups()
            outage.proxy.cut()
            await until(lambda: outage.ups() > ups, "the connection")
            await act.both_heard()
            await say(leg, "您别急着说不做")
            assert "万块" in (await act.words("agent"))["data"]["text"]
        assert act.told() == told
        await hung_up(call, leg)
        await act.hears(*told, "ended normal by customer")

    check_whole(outage.play(story, AGENT, CUSTOMER).feed())


def test_a_call_that_ends_while_we_are_away_is_ended_when_we_are_back(outage: Outage) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        call, leg = await act.talk(customer, agent)
        await act.both_heard()
        outage.proxy.refuse()
        await hung_up(call, leg)
        await act.gone()
        outage.proxy.heal()
        told = [each.format(agent=agent.user) for each in OUT]
        await act.hears(*told, "ended lost")

    check_whole(outage.play(story, AGENT, CUSTOMER).feed())


def _words_of(act: Act, number: int) -> bool:
    started = act.feed("call.started")
    call = started[number]["subject"]
    return any(event["subject"] == call for event in act.feed("utterance.final"))
