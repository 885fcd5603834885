"""The whole check against a scripted event socket, in order and broken in one place each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from check_freeswitch import USER, CheckFreeSwitch, Found
from esl_server import notice, silence

from rid_telephony.pbx.check import Level
from rid_telephony.pbx.freeswitch import check_flow
from rid_telephony.pbx.freeswitch.rights import PROOF_COMMANDS, commands_line
from rid_telephony.settings.freeswitch import FreeSwitchSettings

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_flow, "WATCH_SECONDS", 0.02)


def run(work: Callable[[CheckFreeSwitch], Awaitable[Found]]) -> Found:
    async def main() -> Found:
        async with CheckFreeSwitch() as pbx:
            return await work(pbx)

    return asyncio.run(main())


def bad(found: Found) -> dict[str, Level]:
    """What asks for work; the scripted server's clock stands still."""
    return {
        what: finding.level
        for what, finding in found.items()
        if finding.level is not Level.OK and what != "freeswitch.clock"
    }


def test_a_pbx_in_order_has_no_finding_that_asks_for_work() -> None:
    found = run(lambda pbx: pbx.check())
    assert bad(found) == {}
    assert "a test tone was forked" in found["freeswitch.fork"].detail
    assert found["freeswitch.agents"].detail == "1 agents are registered: 1001."
    assert "audio_stream, eavesdrop, fifo" in found["freeswitch.means"].detail
    assert found["freeswitch.clock"].level is Level.WARNING


def test_the_test_fork_is_of_its_own_channel_and_both_end() -> None:
    """A fork of anything else would listen to a customer whom nobody asked."""

    async def work(pbx: CheckFreeSwitch) -> Found:
        found = await pbx.check()
        jobs = [c.removeprefix("bgapi ").split("\n")[0] for c in pbx.commands if "bgapi" in c]
        (made,) = (job for job in jobs if job.startswith("originate"))
        channel = made.partition("origination_uuid=")[2].partition(",")[0]
        assert "rid_fork=1" in made
        assert "loopback/app=playback:tone_stream://%(1000\\,0\\,1000);loops=20 &park()" in made
        start, stop = (job for job in jobs if job.startswith("uuid_audio_stream"))
        assert start.startswith(f"uuid_audio_stream {channel} start ws://")
        assert stop == f"uuid_audio_stream {channel} stop"
        assert jobs.index(f"uuid_kill {channel}") > jobs.index(stop)
        return found

    run(work)


def test_a_wrong_password_is_told_and_what_needs_the_login_is_skipped() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.users[USER] = "another"
        return await pbx.check()

    found = run(work)
    assert found["freeswitch.login"].level is Level.ERROR
    assert "user_exists id rid bank.example" in found["freeswitch.login"].advice
    skipped = [f for f in found.values() if f.level is Level.SKIPPED]
    assert {f.needs for f in skipped} == {"freeswitch.login"}
    assert "freeswitch.fork" in {f.what for f in skipped}


def test_the_sockets_own_password_is_told_apart_from_a_users() -> None:
    async def wrong(pbx: CheckFreeSwitch) -> Found:
        pbx.password = "another"  # noqa: S105 - of the scripted server
        return await pbx.check(pbx.tested(user=""))

    found = run(wrong)
    assert "refuses the password" in found["freeswitch.login"].detail
    assert "user@domain" in found["freeswitch.login"].advice


def test_a_password_that_everybody_knows_and_that_may_do_everything_is_warned_of() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.password = "ClueCon"  # noqa: S105 - the one that is shipped
        return await pbx.check(pbx.tested(user="", password="ClueCon"))  # noqa: S106

    assert bad(run(work)) == {
        "freeswitch.password": Level.WARNING,
        "freeswitch.rights": Level.WARNING,
    }


def test_a_rude_rejection_names_our_address_and_the_list() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.greeting = notice("Access Denied, go away.\n", "text/rude-rejection")
        found = await pbx.check()
        assert "geheim" not in " ".join(pbx.commands)
        return found

    found = run(work)
    assert found["freeswitch.acl"].level is Level.ERROR
    assert "127.0.0.1" in found["freeswitch.acl"].detail
    assert "apply-inbound-acl" in found["freeswitch.acl"].advice
    assert found["freeswitch.session"].needs == "freeswitch.acl"


@pytest.mark.parametrize(
    ("greeting", "word"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0"),
        (b"\x15\x03\x01\x00\x02\x02P", "says"),
        (b"", "says"),
    ],
)
def test_a_foreign_service_is_not_given_the_password(greeting: bytes, word: str) -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.greeting = greeting
        found = await pbx.check(pbx.tested(connect_timeout=0.2))
        assert "geheim" not in " ".join(pbx.commands)
        return found

    found = run(work)
    assert found["freeswitch.banner"].level is Level.ERROR
    assert word in found["freeswitch.banner"].detail


def test_a_pbx_that_is_stopped_is_told_as_refused() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        settings = pbx.tested()
        await pbx.stop()
        return await pbx.check(settings)

    found = run(work)
    assert "Nothing listens" in found["freeswitch.tcp"].detail
    assert found["freeswitch.listen"].level is Level.OK


def test_a_user_without_a_password_is_told_before_anything_is_connected() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        found = await pbx.check(pbx.tested(password=""))
        assert pbx.connections == 0
        return found

    assert run(work)["freeswitch.settings"].level is Level.ERROR


def test_a_silent_login_is_told() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.answers["userauth"] = silence
        return await pbx.check(pbx.tested(connect_timeout=0.2))

    assert "fell silent" in run(work)["freeswitch.login"].detail


def test_a_missing_command_is_named_with_what_it_is_for() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.commands_allowed = pbx.commands_allowed.replace("uuid_setvar ", "")
        return await pbx.check()

    found = run(work)
    assert bad(found) == {"freeswitch.rights.uuid_setvar": Level.ERROR}
    assert "set channel variables" in found["freeswitch.rights.uuid_setvar"].detail


def test_with_the_rights_that_we_print_only_the_test_fork_is_left_out() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.commands_allowed = commands_line(FreeSwitchSettings())
        found = await pbx.check()
        assert pbx.asked("bgapi originate") == 0
        return found

    found = run(work)
    assert bad(found) == {"freeswitch.fork": Level.SKIPPED}
    assert " ".join(PROOF_COMMANDS) in found["freeswitch.fork"].advice


def test_rights_to_run_programs_are_warned_of() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.commands_allowed += " system reload"
        return await pbx.check()

    found = run(work)
    assert bad(found) == {"freeswitch.rights.excess": Level.WARNING}
    assert "system, reload" in found["freeswitch.rights.excess"].detail


def test_events_that_may_not_be_read_are_named() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.events_allowed = pbx.events_allowed.replace("CHANNEL_BRIDGE ", "")
        pbx.allowed = set(pbx.events_allowed.split())
        return await pbx.check()

    found = run(work)
    assert "CHANNEL_BRIDGE" in found["freeswitch.rights.events"].detail
    assert found["freeswitch.rights.events"].level is Level.ERROR
    assert found["freeswitch.session"].level is Level.ERROR


def test_lists_of_rights_that_cut_the_answer_off_are_told() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.commands_allowed += " uuid_bridge" * 20
        return await pbx.check()

    found = run(work)
    assert found["freeswitch.login"].level is Level.WARNING
    assert "511 bytes" in found["freeswitch.login"].detail


def test_a_means_whose_module_is_missing_is_told_with_those_there_are() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.modules.remove("mod_audio_stream")
        pbx.modules.add("mod_audio_fork")
        return await pbx.check()

    found = run(work)
    assert bad(found) == {"freeswitch.means": Level.ERROR, "freeswitch.fork": Level.SKIPPED}
    assert found["freeswitch.fork"].needs == "freeswitch.means"
    assert 'means = "audio_fork"' in found["freeswitch.means"].advice


def test_freeswitch_that_cannot_reach_us_is_told_from_one_that_sends_silence() -> None:
    async def unreached(pbx: CheckFreeSwitch) -> Found:
        pbx.sends = None
        return await pbx.check()

    async def silent(pbx: CheckFreeSwitch) -> Found:
        pbx.sends = bytes(320)
        return await pbx.check()

    assert "does not reach us" in run(unreached)["freeswitch.fork"].detail
    assert "only silence came" in run(silent)["freeswitch.fork"].detail


def test_an_agent_who_is_not_registered_is_an_error_when_asked_for_by_name() -> None:
    found = run(lambda pbx: pbx.check(agent="1002"))
    assert bad(found) == {"freeswitch.agents.1002": Level.ERROR}


def test_agents_of_another_domain_would_get_no_message() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        pbx.variables["domain"] = "10.0.0.1"
        return await pbx.check()

    found = run(work)
    assert bad(found) == {"freeswitch.agents.domain": Level.WARNING}


def test_a_pbx_without_a_domain_says_which_setting_helps() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        del pbx.variables["domain"]
        return await pbx.check()

    found = run(work)
    assert bad(found) == {"freeswitch.domain": Level.ERROR}
    assert "domain in [freeswitch]" in found["freeswitch.domain"].advice


def test_the_test_message_goes_the_way_of_hints() -> None:
    async def work(pbx: CheckFreeSwitch) -> Found:
        found = await pbx.check(message="1001")
        (sent,) = (c for c in pbx.commands if c.startswith("sendevent SEND_MESSAGE"))
        head, _, body = sent.partition("\n\n")
        assert "content-type: text/plain" in head
        assert body == check_flow.TEST_TEXT
        return found

    assert run(work)["freeswitch.message"].level is Level.OK
    found = run(lambda pbx: pbx.check(message="1002"))
    assert bad(found) == {"freeswitch.message": Level.ERROR}
