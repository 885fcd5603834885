"""From what Asterisk says to findings. Without them an admin reads Asterisk's log for an hour."""

from __future__ import annotations

import errno
import socket

import pytest

from rid_telephony.pbx.asterisk.check_agents import (
    Agent,
    Contact,
    agents_among,
    is_endpoint,
    judge_agent,
    judge_agents,
)
from rid_telephony.pbx.asterisk.check_flow import judge_clock, judge_events
from rid_telephony.pbx.asterisk.check_link import Greeting, LinkReport, judge_link
from rid_telephony.pbx.asterisk.check_media import Proof, by_another_port, judge_media
from rid_telephony.pbx.asterisk.check_parts import (
    judge_codecs,
    judge_dialplan,
    judge_modules,
    needed_codecs,
    needed_modules,
)
from rid_telephony.pbx.asterisk.check_ports import judge_advertise, judge_listen, try_listen
from rid_telephony.pbx.asterisk.check_rights import judge_read, judge_version, judge_write
from rid_telephony.pbx.asterisk.messages import AmiEvent
from rid_telephony.pbx.check import Level
from rid_telephony.pbx.check_ports import Holder
from rid_telephony.settings.asterisk import AsteriskForkSettings, AsteriskSettings

BANNER = "Asterisk Call Manager/11.0.0"
ALL = {
    "setvar": "Sets a channel variable.  (Priv: call,all)",
    "originate": "Originate a call.  (Priv: originate,all)",
    "coreshowchannels": "List channels.  (Priv: system,reporting,all)",
    "userevent": "Send an arbitrary event.  (Priv: user,all)",
    "messagesend": "Send a message.  (Priv: message,all)",
}


def settings(**changes: object) -> AsteriskSettings:
    return AsteriskSettings.model_validate({"username": "rid", "secret": "s", **changes})


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("refused", "Nothing listens"),
        ("timed_out", "does not answer"),
        ("unknown_host", "cannot be resolved"),
        ("tls", "No TLS"),
        ("unreachable", "cannot be reached"),
    ],
)
def test_each_way_of_not_reaching_asterisk_has_its_own_words_and_advice(
    failure: str, words: str
) -> None:
    (finding,) = judge_link(settings(), LinkReport(Greeting(failure, "reason")))
    assert finding.level is Level.ERROR
    assert words in finding.detail
    assert finding.advice


def test_a_refused_login_says_from_which_address_so_that_permit_can_be_set() -> None:
    reply = {"response": "Error", "message": "Authentication failed"}
    finding = judge_link(settings(), LinkReport(Greeting(banner=BANNER, ours="10.1.2.3"), reply))[
        -1
    ]
    assert finding.level is Level.ERROR
    assert "permit=10.1.2.3" in finding.advice


def test_a_banner_with_control_characters_cannot_write_on_the_terminal() -> None:
    finding = judge_link(settings(), LinkReport(Greeting(banner="\x1b[2Jhello")))[-1]
    assert "\x1b" not in finding.detail


@pytest.mark.parametrize(
    ("text", "means", "level"),
    [
        ("22.10.1+dfsg+~cs6.17", "audiosocket", Level.OK),
        ("18.9.0", "audiosocket", Level.OK),
        ("16.28.0~dfsg-0+deb11u4", "audiosocket", Level.ERROR),
        ("16.28.0~dfsg-0+deb11u4", "unicast_rtp", Level.OK),
        ("20.5.0", "websocket", Level.ERROR),
        ("certified/18.9-cert4", "audiosocket", Level.OK),
        ("GIT-master-1a2b3c", "audiosocket", Level.WARNING),
        ("", "audiosocket", Level.WARNING),
    ],
)
def test_a_version_too_old_for_the_means_is_an_error(text: str, means: str, level: Level) -> None:
    assert judge_version(text, means).level is level


def test_the_least_permissions_are_enough_and_each_missing_one_is_named() -> None:
    assert {f.level for f in judge_write(ALL, settings())} == {Level.OK}
    for action, name in (("setvar", "call"), ("coreshowchannels", "reporting")):
        less = {key: value for key, value in ALL.items() if key != action}
        (wrong,) = (f for f in judge_write(less, settings()) if f.level is Level.ERROR)
        assert wrong.what == f"asterisk.write.{name}"
        assert f"Add {name}" in wrong.advice


def test_what_is_switched_off_needs_no_permission() -> None:
    off = settings(write_back={"message": False, "user_event": False})
    less = {key: ALL[key] for key in ("setvar", "originate", "coreshowchannels")}
    assert {f.level for f in judge_write(less, off)} == {Level.OK}


def test_a_user_who_could_run_commands_on_the_pbx_is_warned_of() -> None:
    more = {**ALL, "command": "Execute Asterisk CLI Command.  (Priv: command,all)"}
    finding = judge_write(more, settings())[-1]
    assert (finding.level, finding.what) == (Level.WARNING, "asterisk.write.excess")
    assert "command" in finding.detail


def test_events_of_calls_that_do_not_come_are_an_error_and_of_restarts_a_warning() -> None:
    assert judge_read("call", False, "rid").level is Level.ERROR
    assert judge_read("system", False, "rid").level is Level.WARNING
    assert judge_read("user", True, "rid").level is Level.OK


def test_the_modules_follow_the_means_and_the_ways_of_writing_back() -> None:
    assert "chan_rtp" in needed_modules(settings(fork={"means": "unicast_rtp"}))
    assert "res_websocket_client" in needed_modules(settings(fork={"means": "websocket"}))
    quiet = needed_modules(settings(write_back={"message": False}))
    assert "res_pjsip_messaging" not in quiet


def test_modules_that_cannot_be_seen_are_not_called_missing() -> None:
    needed = needed_modules(settings())
    (unseen,) = judge_modules(needed, dict.fromkeys(needed, None))
    assert unseen.level is Level.SKIPPED
    (seen,) = judge_modules(needed, dict.fromkeys(needed, True))
    assert seen.level is Level.OK


def test_a_codec_of_an_agents_phone_that_asterisk_cannot_translate_is_an_error() -> None:
    codecs = needed_codecs(["(ulaw|opus|slin16)", ""])
    assert codecs == ("ulaw", "alaw", "opus")
    loaded = {"codec_ulaw": True, "codec_alaw": True, "codec_opus": False}
    (finding,) = judge_codecs(codecs, loaded | {"codec_opus_open_source": False})
    assert finding.level is Level.ERROR
    assert "opus" in finding.detail
    (finding,) = judge_codecs(codecs, loaded | {"codec_opus_open_source": True})
    assert finding.level is Level.OK


@pytest.mark.parametrize(
    ("said", "level"), [("1", Level.OK), ("0", Level.ERROR), ("", Level.SKIPPED)]
)
def test_a_dialplan_without_the_subroutine_marks_no_call(said: str, level: Level) -> None:
    assert judge_dialplan(said).level is level


def test_agents_are_the_endpoints_that_the_pattern_names() -> None:
    devices = ("PJSIP/1001", "PJSIP/trunk", "Queue:wealth", "PJSIP/1002", "PJSIP/1003)x")
    states = [AmiEvent("DeviceStateChange", 0.0, {"device": device}) for device in devices]
    assert agents_among(states, r"^\d") == ["1001", "1002"]


@pytest.mark.parametrize("name", ["1001", "agent.li@bank", "a-b_c+d"])
def test_names_of_endpoints_are_taken(name: str) -> None:
    assert is_endpoint(name)


@pytest.mark.parametrize("name", ["", "1001,aors)", "a b", "1001\r\nAction: Command", "x" * 81])
def test_what_would_end_a_function_or_a_line_is_no_endpoint(name: str) -> None:
    assert not is_endpoint(name)


def test_an_agent_is_registered_when_a_contact_answers() -> None:
    gone, there = Contact("sip:1", "Unreachable"), Contact("sip:2", "NonQualified")
    assert judge_agent(Agent("1001", True, (gone, there))).level is Level.OK
    assert "does not answer" in judge_agent(Agent("1001", True, (gone,))).detail
    assert "not registered" in judge_agent(Agent("1001", True)).detail
    assert "no PJSIP endpoint" in judge_agent(Agent("1001", False)).detail


def test_many_agents_are_counted_and_only_some_named() -> None:
    agents = [Agent(str(number), True) for number in range(1000, 1030)]
    finding = judge_agents(agents, "x", 40)
    assert finding.level is Level.WARNING
    assert "0 of 30" in finding.detail
    assert "10 more were not asked" in finding.detail
    assert "20 more" in finding.detail
    assert judge_agents([], "x", 0).level is Level.WARNING


def test_floods_of_events_that_nobody_reads_come_with_the_filter_that_stops_them() -> None:
    finding = judge_events({"VarSet": 300, "RTCPSent": 50, "Newchannel": 4}, 2.0)
    assert finding.level is Level.WARNING
    assert "eventfilter = !^Event: (RTCPSent|VarSet)" in finding.advice
    assert judge_events({"VarSet": 3, "Newchannel": 40}, 2.0).level is Level.OK
    assert judge_events({"Newchannel": 4000}, 2.0).level is Level.WARNING


def test_clocks_that_differ_are_told_with_the_direction() -> None:
    assert judge_clock("1000.5", 1000.0).level is Level.OK
    assert "60 s behind ours" in judge_clock("940", 1000.0).detail
    assert "60 s ahead of ours" in judge_clock("1060", 1000.0).detail
    assert judge_clock("", 1000.0).level is Level.SKIPPED


def test_a_port_in_use_is_fine_when_it_is_our_own_service() -> None:
    fork = AsteriskForkSettings()
    taken = OSError(errno.EADDRINUSE, "in use")
    ours = Holder(7, "/usr/bin/python3\0/usr/bin/rid-telephony\0serve\0--config\0x.toml")
    assert judge_listen(fork, taken, ours).level is Level.OK
    other = judge_listen(fork, taken, Holder(8, "/usr/bin/nc\0-l"))
    assert (other.level, "/usr/bin/nc (process 8)" in other.detail) == (Level.ERROR, True)
    assert judge_listen(fork, taken, Holder()).level is Level.WARNING


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    error = try_listen(AsteriskForkSettings(listen="192.0.2.1", port=0))
    assert error is not None
    assert judge_listen(AsteriskForkSettings(), error, Holder()).level is Level.ERROR


def test_a_port_in_use_is_seen_by_trying_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        error = try_listen(AsteriskForkSettings(port=other.getsockname()[1]))
    assert error is not None
    assert error.errno == errno.EADDRINUSE


@pytest.mark.parametrize(
    ("host", "fork", "level"),
    [
        ("127.0.0.1", {}, Level.OK),
        ("192.0.2.9", {}, Level.ERROR),
        ("192.0.2.9", {"listen": "0.0.0.0"}, Level.ERROR),  # noqa: S104 - what is tested
        ("192.0.2.9", {"listen": "0.0.0.0", "advertise": "192.0.2.1"}, Level.OK),  # noqa: S104
        ("192.0.2.9", {"means": "websocket"}, Level.WARNING),
    ],
)
def test_an_address_that_asterisk_cannot_send_to_is_an_error(
    host: str, fork: dict[str, str], level: Level
) -> None:
    assert judge_advertise(settings(host=host, fork=fork)).level is level


def test_the_test_fork_tells_network_from_timing_from_chanspy() -> None:
    fork = AsteriskForkSettings()
    never, silent = Proof(trouble="refused"), Proof(0.1, 0.2, trouble="nothing was heard")
    heard = Proof(0.1, 0.12, 0.12)
    assert "does not reach us" in judge_media(fork, never, None).detail
    assert "no tone came" in judge_media(fork, silent, None).detail
    assert "ChanSpy" in judge_media(fork, heard, silent).detail
    good = judge_media(fork, heard, heard)
    assert (good.level, "120 ms" in good.detail) == (Level.OK, True)


def test_a_fork_that_fails_on_another_port_than_the_one_set_is_no_proof_of_a_fault() -> None:
    """With the service running, a firewall that is open for its port alone is no error."""
    failed = judge_media(AsteriskForkSettings(), Proof(trouble="refused"), None)
    assert by_another_port(failed).level is Level.WARNING
    heard = Proof(0.1, 0.12, 0.12)
    good = by_another_port(judge_media(AsteriskForkSettings(), heard, heard))
    assert (good.level, "another port" in good.detail) == (Level.OK, True)
