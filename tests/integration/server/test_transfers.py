"""A transfer concerns two agents: the one whom the call leaves has to learn of it too."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from call_kit import Floor
from feed_kit import running, take

from rid_telephony.calls.messages import CallTransferred, Leg, Party
from rid_telephony.cti import events
from rid_telephony.cti.access.scope import Scope
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.server.encoding import Line
from rid_telephony.cti.server.filters import selection_of
from rid_telephony.cti.server.hub import HubLimits

pytestmark = pytest.mark.integration

LEFT, NEW, OTHER = "1001", "1002", "1003"


def transferred(floor: Floor) -> CloudEvent:
    """A call of 1001 goes to 1002."""
    floor.start()
    floor.do(CallTransferred("c1", 1.0, Leg(Party.AGENT, "c1-c", NEW), NEW))
    return floor.last("call.transferred")


def test_the_event_is_of_the_new_agent_and_names_the_one_left() -> None:
    event = transferred(Floor())
    assert event.agent == NEW
    assert event.data["from_agent"] == LEFT


@pytest.mark.parametrize(
    ("query", "scope", "passes"),
    [
        ({"agent": LEFT}, Scope(), True),
        ({"agent": NEW}, Scope(), True),
        ({"agent": OTHER}, Scope(), False),
        ({}, Scope(agents=(LEFT,)), True),
        ({}, Scope(agents=(NEW,)), True),
        ({}, Scope(agents=(OTHER,)), False),
        ({"agent": NEW}, Scope(agents=(LEFT,)), False),
        ({}, Scope(agents=(LEFT,), tenants=("another",)), False),
    ],
)
def test_both_agents_and_nobody_else_get_the_event(
    query: dict[str, str], scope: Scope, passes: bool
) -> None:
    """Without it the panel of the agent who gave the call away stays in the call for ever."""
    line = Line.of(transferred(Floor()))
    found = selection_of(query, scope).admits(
        line.type, line.tenant, line.agent, line.call_id, "", line.left
    )
    assert found is passes


def test_after_a_transfer_the_agent_left_gets_nothing_more_of_the_call() -> None:
    floor = Floor()
    transferred(floor)
    floor.customer("你好")
    lines = [Line.of(event) for event in floor.events]
    mine = selection_of({"agent": LEFT}, Scope())
    got = [
        one.type
        for one in lines
        if mine.admits(one.type, one.tenant, one.agent, one.call_id, "", one.left)
    ]
    assert got[-1] == "call.transferred"
    assert "utterance.final" in [line.type for line in lines]


@pytest.mark.parametrize("recent", [1, 100])
@pytest.mark.parametrize(("agent", "found"), [(LEFT, 1), (NEW, 1), ("10*", 1), (OTHER, 0)])
def test_it_is_found_in_the_store_and_in_memory(
    tmp_path: Path, agent: str, found: int, recent: int
) -> None:
    async def script() -> None:
        async with running(tmp_path, HubLimits(recent_events=recent)) as site:
            publish(site.feed)
            site.call("later")
            query = f"agent={agent}&types=call.transferred&after=0"
            async with httpx.AsyncClient(base_url=site.server.url, trust_env=False) as http:
                answer = await http.get(f"/v1/events?{query}")
            assert len(answer.json()["events"]) == found

    asyncio.run(script())


def test_it_comes_live_to_the_agent_left() -> None:
    async def script() -> None:
        async with running() as site, site.subscribe(f"agent={LEFT}&after=0") as socket:
            publish(site.feed)
            kinds = [event["type"] for event in await take(socket, 2)]
            assert kinds == ["call.held", "call.transferred"]

    asyncio.run(script())


def publish(feed: Feed) -> None:
    """A call of 1001 goes to 1002."""
    channel = feed.open_call("c1", datetime(2026, 11, 22, tzinfo=UTC), agent=LEFT)
    feed.publish(channel, "call.held", events.CallHeld(at_ms=1, by="agent"))
    channel.agent = NEW
    to = events.PartyAddress(role="agent", channel="c1-c", number=NEW, name="")
    data = events.CallTransferred(at_ms=2, to=to, from_agent=LEFT)
    feed.publish(channel, "call.transferred", data)
    feed.publish(channel, "call.held", events.CallHeld(at_ms=3, by="agent"))
