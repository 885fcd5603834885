"""Whatever becomes of us, customer and agent notice nothing.

Beside each call that we touch runs one that we do not, between the same telephones over the same
Asterisk: a busy machine is as hard on the one as on the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from aiosipua import SipRequest
from live_kit import RealAsterisk
from live_kit.agents import add_agents
from live_kit.badforks import forkers, prepared
from live_kit.config import PASSWORD
from live_kit.harm import HEAD, Outcome, Talk, Voices, harm, line, placed, unsound
from live_kit.ports import HOST
from live_kit.proxy import TcpProxy
from live_kit.service import Service, serving
from live_kit.tools import wait_for

from rid_telephony.bench.phone import Phone
from rid_telephony.calls.messages import Party

SECONDS = 10.0
BROKEN_AFTER = 3.0
UNMARKED, MARKED = "p1001", "1001"


class RudePhone(Phone):
    """A softphone that answers a MESSAGE as it likes, or not at all (``status`` 0)."""

    status = 0
    asked = 0

    def _on_text(self, request: SipRequest) -> None:
        self.asked += 1
        if self.status:
            self._line.reply(request, self.status)


@contextmanager
def asterisk(agents: int = 0) -> Iterator[RealAsterisk]:
    """An Asterisk that knows agents 1004 and on, too."""
    pbx = RealAsterisk()
    add_agents(pbx, {1004 + n: pbx.ports.spare(n) for n in range(agents)})
    with pbx:
        yield pbx


@asynccontextmanager
async def telephones(pbx: RealAsterisk) -> AsyncIterator[tuple[Phone, Phone]]:
    """The customer's telephone, and that of agent 1001."""
    server = (HOST, pbx.ports.sip)
    async with (
        Phone("customer", server, keep_audio=True) as customer,
        Phone("1001", server, sip_port=pbx.ports.phone(2).sip, keep_audio=True) as agent,
    ):
        yield customer, agent


def show(outcomes: dict[str, Outcome]) -> None:
    """Print the figures; pytest shows them when a test fails (or with ``-s``)."""
    print("\n".join([HEAD, *(line(name, each) for name, each in outcomes.items())]))  # noqa: T201


def harmed(outcomes: dict[str, Outcome]) -> dict[str, list[str]]:
    """What was worse in which call than in the one without us."""
    without_us = outcomes["without us"]
    found = {name: harm(each, without_us) for name, each in outcomes.items()}
    found["without us"] = unsound(without_us)
    return {name: each for name, each in found.items() if each}


def no_channel_is_left(pbx: RealAsterisk) -> None:
    """Calls and forks are all over."""
    wait_for(lambda: not pbx.ami.channels(), 10, "the end of all channels")


def test_a_call_goes_on_whatever_its_forks_run_into(tmp_path: Path) -> None:
    """Nobody listens, or somebody who does not read, resets, talks nonsense, is not let in."""
    # The service's own forks go where nobody listens: Asterisk cannot reach 127.0.0.9.
    nowhere = {"asterisk.fork": {"advertise": "127.0.0.9"}}
    with prepared() as pbx, serving(tmp_path, pbx, nowhere) as service:
        outcomes = asyncio.run(_talks_with_broken_forks(pbx))
        show(outcomes)
        no_channel_is_left(pbx)
        service.wait("call.ended")
        assert service.of_type("analysis.degraded")
    assert harmed(outcomes) == {}


async def _talks_with_broken_forks(pbx: RealAsterisk) -> dict[str, Outcome]:
    voices = Voices()
    async with AsyncExitStack() as stack:
        customer, agent = await stack.enter_async_context(telephones(pbx))
        failing = await forkers(pbx, stack)
        talks = {"without us": await placed(customer, agent, UNMARKED, voices)}
        talks["refused, by serve"] = await placed(customer, agent, MARKED, voices)
        channels: dict[str, dict[Party, str]] = {}
        for name in failing:
            before = await _channels(pbx)
            talks[name] = await placed(customer, agent, UNMARKED, voices)
            new = [each for each in await _channels(pbx) if each not in before]
            channels[name] = dict(zip((Party.CUSTOMER, Party.AGENT), new, strict=True))
        for talk in talks.values():
            talk.begin()
        asked = [
            asyncio.create_task(forker(party, channel))
            for name, forker in failing.items()
            for party, channel in channels[name].items()
        ]
        await asyncio.sleep(SECONDS)
        outcomes = await _ended(talks)
        await asyncio.gather(*asked)
    started = {e["Uniqueid"] for e in pbx.ami.events if e["Event"] == "Newchannel"}
    for name in ("deaf", "resetting", "babbling", "datagrams to nobody"):
        for party, channel in channels[name].items():
            assert f"fork-{party}-{channel}" in started, name
    # The buffers of the connection that nobody reads ran full while the call went on.
    over = [e["Uniqueid"] for e in pbx.ami.events if e["Event"] == "Hangup"]
    for party, channel in channels["deaf"].items():
        assert over.index(f"fork-{party}-{channel}") < over.index(channel)
    return outcomes


async def _channels(pbx: RealAsterisk) -> list[str]:
    """Unique ids of all channels, the oldest first."""
    channels = await asyncio.to_thread(pbx.ami.channels)
    return sorted(
        (each["Uniqueid"] for each in channels), key=lambda name: int(name.split(".")[-1])
    )


async def _ended(talks: dict[str, Talk]) -> dict[str, Outcome]:
    await asyncio.gather(*(talk.end() for talk in talks.values()))
    return {name: talk.outcome() for name, talk in talks.items()}


def test_a_call_goes_on_while_we_analyse_it_and_whatever_the_softphone_makes_of_hints(
    tmp_path: Path,
) -> None:
    with asterisk(agents=4) as pbx, serving(tmp_path, pbx) as service:
        outcomes, gone, gone_without_us = asyncio.run(_talks_with_hints(pbx, service))
        show(outcomes | {"phone vanishes": gone, "the same without us": gone_without_us})
        no_channel_is_left(pbx)
    assert harmed(outcomes) == {}
    assert harm(gone, gone_without_us, agent_is_there=False) == []


async def _talks_with_hints(
    pbx: RealAsterisk, service: Service
) -> tuple[dict[str, Outcome], Outcome, Outcome]:
    voices = Voices()
    server = (HOST, pbx.ports.sip)
    async with AsyncExitStack() as stack:
        customer, agent = await stack.enter_async_context(telephones(pbx))
        talks = {"without us": await placed(customer, agent, UNMARKED, voices)}
        talks["analysed"] = await placed(customer, agent, MARKED, voices)
        rude = []
        for index, status in enumerate((481, 500, 0)):
            phone = RudePhone(
                f"{1004 + index}", server, sip_port=pbx.ports.spare(index), keep_audio=True
            )
            phone.status = status
            rude.append(await stack.enter_async_context(phone))
            name = f"MESSAGE answered {status}" if status else "MESSAGE never answered"
            talks[name] = await placed(customer, phone, phone.user, voices)
        gone, vanishing = [], []
        for number in ("2001", "p2002"):
            phone = Phone(number[-4:], server, password=PASSWORD, keep_audio=True)
            await stack.enter_async_context(phone)
            await phone.register()
            vanishing.append(phone)
            gone.append(await placed(customer, phone, number, voices))
        for talk in (*talks.values(), *gone):
            talk.begin()
        await asyncio.sleep(1.0)
        for phone in vanishing:
            phone.drop()
        await asyncio.sleep(SECONDS)
        await asyncio.gather(*(talk.call.hang_up() for talk in gone))
        outcomes = await _ended(talks)
        dropped = [talk.outcome() for talk in gone]
        agents = {event["agent"] for event in service.of_type("hint.offered")}
        assert agents >= {"1001", "1004", "1005", "1006", "2001"}
        assert agent.messages
        assert all(phone.asked for phone in rude)
    return outcomes, dropped[0], dropped[1]


def test_a_call_goes_on_when_the_manager_connection_goes_dead_or_we_hang_or_are_killed(
    tmp_path: Path,
) -> None:
    with asterisk() as pbx, TcpProxy(pbx.ports.ami) as proxy:
        settings = {"port": proxy.port, "ping_interval": 1.0, "action_timeout": 1.0}
        with serving(tmp_path, pbx, {"asterisk": {**settings, "backoff": [0.1, 0.5]}}) as service:
            found = {}
            for name, breaking in (
                ("manager connection black-holed", proxy.black_hole),
                ("serve frozen", service.freeze),
                ("serve killed", service.kill),
            ):
                known = len(service.of_type("call.started"))
                outcomes = asyncio.run(_talks_that_break(pbx, name, breaking))
                show(outcomes)
                no_channel_is_left(pbx)
                assert len(service.of_type("call.started")) == known + 1, name
                found |= harmed(outcomes)
                if breaking != service.kill:
                    proxy.heal()
                    service.thaw()
                    ended = known + 1
                    service.until(
                        lambda ended=ended: len(service.of_type("call.ended")) == ended,
                        20,
                        "call.ended",
                    )
    assert found == {}


async def _talks_that_break(
    pbx: RealAsterisk, name: str, breaking: Callable[[], object]
) -> dict[str, Outcome]:
    voices = Voices()
    async with telephones(pbx) as (customer, agent):
        talks = {"without us": await placed(customer, agent, UNMARKED, voices)}
        talks[name] = await placed(customer, agent, MARKED, voices)
        for talk in talks.values():
            talk.begin()
        await asyncio.sleep(BROKEN_AFTER)
        forks = [each for each in await _channels(pbx) if each.startswith("fork-")]
        assert len(forks) == 2
        breaking()
        await asyncio.sleep(SECONDS - BROKEN_AFTER)
        return await _ended(talks)
