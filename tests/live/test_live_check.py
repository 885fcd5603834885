"""``rid-telephony check`` against a real Asterisk: in order, and broken in one place each."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from live_kit import Baresip, RealAsterisk, script

from rid_telephony.media.listeners import make_listener
from rid_telephony.pbx.asterisk.check import AsteriskCheck
from rid_telephony.pbx.asterisk.check_flow import TEST_TEXT
from rid_telephony.pbx.check import Finding, Level, run_steps
from rid_telephony.settings.asterisk import AsteriskSettings

SEEN = ["res_manager_devicestate", "app_milliwatt", "chan_rtp", "res_rtp_multicast"]
UNSEEN = "asterisk.read.agent"


def check(settings: AsteriskSettings, **options: Any) -> dict[str, Finding]:
    async def work() -> list[Finding]:
        checker = AsteriskCheck(settings, make_listener, **options)
        try:
            return await run_steps(checker.steps(), lambda _: None, lambda _: None)
        finally:
            await checker.close()

    return {finding.what: finding for finding in asyncio.run(work())}


def errors(found: dict[str, Finding]) -> set[str]:
    return {what for what, finding in found.items() if finding.level is Level.ERROR}


@pytest.mark.parametrize("means", ["audiosocket", "unicast_rtp", "websocket"])
def test_a_real_asterisk_in_order_passes_with_audio_and_nothing_is_left_behind(means: str) -> None:
    with RealAsterisk(settings={"fork": {"means": means}}, modules=SEEN) as pbx:
        found = check(pbx.settings)
        assert not errors(found)
        assert found["asterisk.fork"].level is Level.OK
        assert {f.what for f in found.values() if f.level is Level.SKIPPED} == {UNSEEN}
        assert pbx.ami.channels() == []


def test_a_registered_softphone_is_found_and_shows_the_test_message(tmp_path: Path) -> None:
    with RealAsterisk(modules=SEEN) as pbx:
        assert errors(check(pbx.settings, agent="2001")) == {"asterisk.agents.2001"}
        with Baresip(pbx, "2001", script(tmp_path, "dd01", end=2.0).agent) as phone:
            found = check(pbx.settings, agent="2001", message="2001")
            assert not errors(found)
            assert phone.wait_text(10).body == TEST_TEXT


def test_a_real_asterisk_broken_in_one_place_is_told_so() -> None:
    with RealAsterisk(modules=SEEN) as pbx:
        wrong = pbx.settings.model_copy(update={"secret": type(pbx.settings.secret)("wrong")})
        assert errors(check(wrong)) == {"asterisk.login"}
        pbx.cli("module unload chan_audiosocket.so")
        found = check(pbx.settings)
        assert errors(found) == {"asterisk.modules.chan_audiosocket"}
        assert found["asterisk.fork"].level is Level.SKIPPED
        pbx.freeze()
        quick = pbx.settings.model_copy(update={"connect_timeout": 0.5})
        assert errors(check(quick)) == {"asterisk.banner"}
        pbx.thaw()
        pbx.kill()
        assert errors(check(pbx.settings)) == {"asterisk.tcp"}
