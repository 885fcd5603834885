"""The whole check against a scripted manager interface, in order and broken in one place each."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
from ami_server import response, silence
from check_pbx import CheckPbx

from rid_telephony.pbx.asterisk import check_flow
from rid_telephony.pbx.check import Finding, Level

pytestmark = pytest.mark.integration
Found = dict[str, Finding]
HARMLESS = {"asterisk.read.agent", "asterisk.clock"}
"""Not tested, or not in order, on the scripted PBX."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_flow, "WATCH_SECONDS", 0.02)


def run(work: Callable[[CheckPbx], Awaitable[Found]]) -> Found:
    async def main() -> Found:
        async with CheckPbx() as pbx:
            return await work(pbx)

    return asyncio.run(main())


def bad(found: Found) -> dict[str, Level]:
    return {
        what: finding.level
        for what, finding in found.items()
        if finding.level is not Level.OK and what not in HARMLESS
    }


def test_a_pbx_in_order_has_no_finding_that_asks_for_work() -> None:
    found = run(lambda pbx: pbx.check())
    assert bad(found) == {}
    assert "a test tone was forked" in found["asterisk.fork"].detail
    assert found["asterisk.agents"].detail.startswith("1 of 1 agent endpoints")


def test_the_test_fork_spies_on_its_own_channel_only_and_ends() -> None:
    """A spy on anything else would listen to a customer whom nobody asked."""

    async def work(pbx: CheckPbx) -> Found:
        found = await pbx.check()
        tone, spy = (a for a in pbx.actions if a["action"] == "Originate")
        assert tone["application"] == "Wait"
        assert pbx.hears.startswith(b"\x10\x01\x40")
        assert spy["data"] == f"{tone['channelid']},quoESl"
        for channel in (tone, spy):
            ended = [a for a in pbx.actions if a["action"] == "Hangup"]
            assert channel["channelid"] in {a["channel"] for a in ended[-2:]}
        return found

    run(work)


def test_a_wrong_secret_is_told_and_what_needs_the_login_is_skipped() -> None:
    async def work(pbx: CheckPbx) -> Found:
        pbx.secret = "another"  # noqa: S105 - of the scripted server
        return await pbx.check()

    found = run(work)
    assert found["asterisk.login"].level is Level.ERROR
    assert "permit=127.0.0.1" in found["asterisk.login"].advice
    skipped = [f for f in found.values() if f.level is Level.SKIPPED]
    assert {f.needs for f in skipped} == {"asterisk.login"}
    assert "asterisk.fork" in {f.what for f in skipped}


def test_without_originate_the_class_is_named_and_no_fork_is_tried() -> None:
    async def work(pbx: CheckPbx) -> Found:
        del pbx.commands["Originate"]
        found = await pbx.check()
        assert pbx.asked("Originate") == 0
        return found

    found = run(work)
    assert bad(found) == {
        "asterisk.write.originate": Level.ERROR,
        "asterisk.fork": Level.SKIPPED,
    }
    assert "originate" in found["asterisk.write.originate"].advice


def test_a_missing_module_is_named_and_the_fork_is_skipped_for_it() -> None:
    async def work(pbx: CheckPbx) -> Found:
        pbx.functions["IFMODULE(chan_audiosocket.so)"] = "0"
        return await pbx.check()

    found = run(work)
    assert found["asterisk.modules.chan_audiosocket"].level is Level.ERROR
    assert found["asterisk.fork"].needs == "asterisk.modules.chan_audiosocket"


def test_events_that_do_not_come_back_name_the_read_class() -> None:
    async def work(pbx: CheckPbx) -> Found:
        pbx.answers["UserEvent"] = response
        return await pbx.check()

    found = run(work)
    assert bad(found) == {"asterisk.read.user": Level.ERROR}


def test_asterisk_that_cannot_reach_us_is_told_from_one_that_sends_silence() -> None:
    async def unreached(pbx: CheckPbx) -> Found:
        pbx.sends = None
        return await pbx.check()

    async def silent(pbx: CheckPbx) -> Found:
        pbx.sends = bytes(320)
        return await pbx.check()

    assert "does not reach us" in run(unreached)["asterisk.fork"].detail
    assert "ChanSpy" in run(silent)["asterisk.fork"].detail


def test_a_port_that_another_program_holds_is_told_with_the_program() -> None:
    async def work(pbx: CheckPbx) -> Found:
        with socket.create_server(("127.0.0.1", 0)) as other:
            fork = {"port": other.getsockname()[1]}
            return await pbx.check(settings=pbx.tested(fork=fork))

    found = run(work)
    assert found["asterisk.listen"].level is Level.ERROR
    assert "process" in found["asterisk.listen"].detail
    assert found["asterisk.fork"].needs == "asterisk.listen"


def test_an_agent_who_is_not_registered_is_an_error_when_asked_for_by_name() -> None:
    async def work(pbx: CheckPbx) -> Found:
        pbx.functions["PJSIP_AOR(1001,contact)"] = ""
        return await pbx.check(agent="1001")

    assert bad(run(work)) == {"asterisk.agents.1001": Level.ERROR}


def test_a_message_goes_out_only_when_it_was_asked_for_and_its_refusal_is_told() -> None:
    async def work(pbx: CheckPbx) -> Found:
        await pbx.check()
        assert pbx.asked("MessageSend") == 0
        pbx.answers["MessageSend"] = lambda a: response(
            a, "Error", Message="Message failed to send."
        )
        return await pbx.check(message="1001")

    assert bad(run(work)) == {"asterisk.message": Level.ERROR}


def test_a_manager_that_no_longer_answers_costs_one_step_and_not_the_check() -> None:
    async def work(pbx: CheckPbx) -> Found:
        pbx.answers["ListCommands"] = silence
        return await pbx.check()

    found = run(work)
    assert found["asterisk.write"].level is Level.ERROR
    assert found["asterisk.modules"].level is Level.OK


@pytest.mark.parametrize(
    ("greeting", "word"),
    [(b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0"), (b"\x15\x03\x01\x00\x02\x02P", "says")],
)
def test_a_foreign_service_is_not_given_the_secret(greeting: bytes, word: str) -> None:
    async def work(pbx: CheckPbx) -> Found:
        pbx.greeting = greeting
        found = await pbx.check(settings=pbx.tested(connect_timeout=0.2))
        assert pbx.actions == []
        return found

    found = run(work)
    assert found["asterisk.banner"].level is Level.ERROR
    assert word in found["asterisk.banner"].detail


def test_a_pbx_that_is_stopped_is_told_as_refused() -> None:
    async def work(pbx: CheckPbx) -> Found:
        settings = pbx.tested()
        await pbx.stop()
        return await pbx.check(settings=settings)

    found = run(work)
    assert "Nothing listens" in found["asterisk.tcp"].detail
    assert found["asterisk.listen"].level is Level.OK


def test_a_user_without_a_secret_is_told_before_anything_is_connected() -> None:
    async def work(pbx: CheckPbx) -> Found:
        found = await pbx.check(settings=pbx.tested(secret=""))
        assert pbx.connections == 0
        return found

    assert run(work)["asterisk.settings"].level is Level.ERROR
