"""Every way of getting a copy of each leg, on a real Asterisk.

What a user loses when one fails: the only means that their Asterisk has, or who said what.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_kit import RealAsterisk
from live_kit.service import serving
from live_kit.stage import Act, Stage, say

from rid_telephony.bench.phone import Phone

BOTH = ("agent 1003", "customer custalaw")


@pytest.fixture(params=["unicast_rtp", "websocket"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    means = {"fork": {"means": request.param}}
    with RealAsterisk(means) as pbx, serving(tmp_path, pbx) as service:
        yield Stage(pbx, service)


def test_both_parties_are_heard_apart_at_the_same_time(stage: Stage) -> None:
    async def story(act: Act, customer: Phone, agent: Phone) -> None:
        call = customer.call("1003")
        leg = await agent.next_call()
        forks = await act.forked(*BOTH)
        kind = {"unicast_rtp": "UnicastRTP/", "websocket": "WebSocket/"}
        means = stage.pbx.settings.fork.means
        assert all(name.startswith(kind[means]) for name in forks.values()), forks
        await say(leg, "好的，我们有款")
        # One speaks into the other's words: each is written down as their own.
        await asyncio.gather(say(call, "我说不做"), say(leg, "您别急着说不做"))
        await say(call, "行了，我对这个没兴趣")
        await call.hang_up()
        await act.hears("started inbound agent 1003", "answered", "ended normal by customer")
        assert act.feed("analysis.degraded") == []
        assert "我们有款" in act.said("agent")
        assert "一万块" in act.said("agent")
        assert "听不懂" not in act.said("agent")
        assert "听不懂" in act.said("customer")
        assert "我对这个" in act.said("customer")
        assert "一万块" not in act.said("customer")

    stage.play(story, "custalaw", "1003")
