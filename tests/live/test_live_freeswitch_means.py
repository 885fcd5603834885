"""Each means by which a FreeSWITCH sends us audio; see live_kit/freeswitch.py for what to set.

What a user loses when one fails: hints, with the modules that their FreeSWITCH has.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from live_kit.freeswitch import UNSET, VARIABLE, Act, RealFreeSwitch, Stage, ended, means_given
from live_kit.service import serving
from live_kit.stage import check_whole, say

from rid_telephony.bench.phone import Phone
from rid_telephony.settings.freeswitch import FreeSwitchMeans

pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason=UNSET)

AGENT, CUSTOMER = 0, 2


@pytest.mark.parametrize("means", means_given())
def test_both_parties_are_heard_apart_by_every_means(
    means: FreeSwitchMeans, tmp_path: Path
) -> None:
    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        call, leg = await act.talk(customer, agent)
        await act.both_heard()
        await asyncio.sleep(0.5)
        # One speaks into the other's words: each is written down as their own.
        await asyncio.gather(say(call, "我说不做"), say(leg, "您别急着说不做"))
        await say(call, "行了，我对这个没兴趣")
        await act.words("agent")
        await act.words("customer")
        await leg.hold()
        await asyncio.sleep(0.5)
        await leg.unhold()
        before = len(act.feed())
        await say(leg, "好的，我们有款")
        assert "我们有款" in (await act.words("agent", before))["data"]["text"]
        await call.hang_up()
        await ended(act)
        assert act.feed("analysis.degraded") == []
        assert "万块" in act.said("agent")
        assert "听不懂" in act.said("customer")
        assert "我对这个" in act.said("customer")
        assert "听不懂" not in act.said("agent")
        assert "万块" not in act.said("customer")

    pbx = RealFreeSwitch(tmp_path, means)
    with serving(tmp_path, pbx) as service:
        check_whole(Stage(pbx, service).play(story, AGENT, CUSTOMER).feed())
