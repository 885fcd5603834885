"""Calls that go on while the manager connection, the service or Asterisk itself does not.

What a user loses when one fails: calls that are analysed twice or never again, forks that nobody
ends, and calls that stay "in progress" on the feed for ever.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import pytest
from live_kit import RealAsterisk
from live_kit.proxy import TcpProxy
from live_kit.service import Event, Service, serving
from live_kit.stage import BOTH, FORK, IN, Act, Stage, check_whole, say, until

from rid_telephony.bench.phone import Phone
from rid_telephony.store.events import EventStore

REFUSED = "refused the manager user"
OTHER = ("agent 1003", "customer custalaw")
LOST = (*IN, "ended lost")


@dataclass
class Outage(Stage):
    """A stage whose manager connection can be cut."""

    pbx: RealAsterisk
    service: Service
    proxy: TcpProxy

    def ups(self) -> int:
        """How often the service came (back) to know all calls."""
        return self.service.log.count("event=pbx_up")

    def stored(self, first_call: str) -> dict[str, list[Event]]:
        """What the store has of a call, and of its later parts."""
        store = EventStore(self.service.store)
        try:
            known = [call.call_id for call in store.calls() if call.call_id.startswith(first_call)]
            return {i: [json.loads(e.line()) for e in store.events_of(i)] for i in sorted(known)}
        finally:
            store.close()


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    folder = tmp_path_factory.mktemp("serve")
    with RealAsterisk() as pbx, TcpProxy(pbx.ports.ami) as proxy:
        way = {"asterisk": {"port": proxy.port, "backoff": [0.05, 0.4]}}
        with serving(folder, pbx, way) as service:
            yield Outage(pbx, service, proxy)


def test_without_the_manager_calls_go_on_and_afterwards_all_are_known_again(
    outage: Outage,
) -> None:
    async def story(act: Act, customer: Phone, other: Phone, *_: Phone) -> None:
        one = customer.call("1001")
        await one.answered()
        before = await act.forked(*BOTH)
        outage.proxy.refuse()
        two = other.call("1003")
        await two.answered()
        assert await act.forked(*BOTH) == before
        outage.proxy.heal()
        await act.hears("started inbound agent 1003", "answered", call=1)
        after = await act.forked(*BOTH, *OTHER)
        assert {who: after[who] for who in BOTH} == before
        assert act.told() == [*IN]
        outage.proxy.refuse()
        await two.hang_up()
        await act.forked(*BOTH)
        ups = outage.ups()
        outage.proxy.heal()
        await until(lambda: outage.ups() > ups, "the connection")
        await act.hears("started inbound agent 1003", "answered", "ended lost", call=1)
        assert await act.forked(*BOTH) == before
        await one.hang_up()
        await act.hears(*IN, "ended normal by customer")

    outage.play(story, "customer", "custalaw", "1001", "1003")


def test_with_a_changed_password_running_calls_are_heard_until_it_is_put_right(
    outage: Outage,
) -> None:
    file = outage.pbx.folder / "etc/manager-rid.conf"
    right = file.read_text(encoding="utf-8")

    def reload(text: str) -> None:
        file.write_text(text, encoding="utf-8")
        outage.pbx.cli("manager reload")

    async def story(act: Act, customer: Phone, _: Phone) -> None:
        call = customer.call("1001")
        before = await act.forked(*BOTH)
        secret = outage.pbx.settings.secret.get_secret_value()
        reload(right.replace(f"secret = {secret}", "secret = another"))
        refused = outage.service.log.count(REFUSED)
        outage.proxy.cut()
        await until(lambda: outage.service.log.count(REFUSED) > refused, "the refusal")
        ups = outage.ups()
        await say(call, "行了，我对这个没兴趣")
        heard = await act.words("customer")
        assert "我对这个" in heard["data"]["text"]
        reload(right)
        await until(lambda: outage.ups() > ups, "the login")
        assert await act.forked(*BOTH) == before
        await call.hang_up()
        await act.hears(*IN, "ended normal by customer")

    try:
        outage.play(story, "customer", "1001")
    finally:
        reload(right)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_service_that_comes_back_takes_the_running_call_up_again(
    outage: Outage, how: str
) -> None:
    async def story(act: Act, customer: Phone, _: Phone) -> None:
        call = customer.call("1001")
        await act.hears(*IN)
        before = await act.forked(*BOTH)
        await asyncio.to_thread(getattr(outage.service, how))
        await act.forked()
        uid = act.feed("call.started")[0]["data"]["parties"][0]["channel"]
        _orphan(outage, uid)
        orphan = await act.forked("customer customer")
        await asyncio.to_thread(outage.service.start)
        await act.hears(*IN, call=1)
        earlier = {*before.values(), *orphan.values()}
        await until(lambda: not earlier & set(chain(*act.forks().values())), "the orphan's end")
        await act.forked(*BOTH)
        assert act.told() == list(LOST)
        await call.hang_up()
        await act.hears(*IN, "ended normal by customer", call=1)

    act = outage.play(story, "customer", "1001")
    first = act.feed("call.started")[0]["subject"]
    stored = outage.stored(first)
    assert list(stored) == [first, f"{first}~2"]
    for events in stored.values():
        check_whole(events)


def test_when_the_pbx_dies_its_calls_end_once_and_the_next_are_heard(outage: Outage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        customer.call("1001")
        await act.forked(*BOTH)
        ups = outage.ups()
        outage.pbx.kill()
        customer.calls[0].abandon()
        agent.calls[0].abandon()
        await asyncio.to_thread(outage.pbx.start)
        await act.hears(*LOST)
        await until(lambda: outage.ups() > ups, "the connection")
        again = customer.call("1001")
        await act.hears(*IN, call=1)
        await act.forked(*BOTH)
        await again.hang_up()
        await act.hears(*IN, "ended normal by customer", call=1)

    outage.play(story, "customer", "1001")


def _orphan(outage: Outage, uid: str) -> None:
    """A fork that nobody takes, as one of an RTP fork is whose service was killed."""
    reply = outage.pbx.ami.action(
        "Originate", Channel=f"UnicastRTP/127.0.0.1:{outage.pbx.ports.spare(0)}/c(ulaw)",
        Application="ChanSpy", Data=f"{uid},quoESl", ChannelId=f"{FORK}customer-{uid}",
        Async="true",
    )  # fmt: skip
    assert reply["Response"] == "Success", reply
