"""From what FreeSWITCH says to findings. Without them an admin reads its log for an hour."""

from __future__ import annotations

import pytest

from rid_telephony.pbx.check import Level
from rid_telephony.pbx.freeswitch.check_agents import judge_agents, read_registrations
from rid_telephony.pbx.freeswitch.check_flow import judge_clock, judge_events
from rid_telephony.pbx.freeswitch.check_link import LinkReport, judge_link
from rid_telephony.pbx.freeswitch.check_media import Proof, by_another_port, judge_media
from rid_telephony.pbx.freeswitch.check_parts import (
    all_modules,
    judge_codecs,
    judge_means,
    judge_modules,
    judge_profile,
)
from rid_telephony.pbx.freeswitch.check_rights import judge_version
from rid_telephony.pbx.messages import PbxError
from rid_telephony.settings.freeswitch import FreeSwitchSettings

LOADED = dict.fromkeys(all_modules(), True)


def of(**values: object) -> FreeSwitchSettings:
    return FreeSwitchSettings.model_validate(values)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("refused", "Nothing listens"),
        ("timed_out", "does not answer"),
        ("unknown_host", "cannot be resolved"),
        ("unreachable", "cannot be reached"),
    ],
)
def test_each_way_of_not_reaching_freeswitch_has_its_own_words_and_advice(
    failure: str, words: str
) -> None:
    (finding,) = judge_link(of(), LinkReport(failure, "reason"))
    assert finding.level is Level.ERROR
    assert words in finding.detail
    assert finding.advice


def test_a_greeting_with_control_characters_cannot_write_on_the_terminal() -> None:
    finding = judge_link(of(), LinkReport(greeting=b"\x1b[2Jhello"))[-1]
    assert "\x1b" not in finding.detail


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("FreeSWITCH Version 1.11.2-release~64bit (git 3f13ad1)\n", Level.OK),
        ("FreeSWITCH Version 1.10.12 (-release-10222002881 64bit)", Level.OK),
        ("FreeSWITCH Version 1.8.7 (64bit)", Level.WARNING),
        ("\x1b[2Jwhat", Level.WARNING),
    ],
)
def test_the_version_is_read_and_an_old_one_is_warned_of(text: str, level: Level) -> None:
    finding = judge_version(text)
    assert finding.level is level
    assert "\x1b" not in finding.detail


def test_a_module_that_calls_need_is_named() -> None:
    (finding,) = judge_modules(LOADED | {"mod_sofia": False})
    assert (finding.level, finding.what) == (Level.ERROR, "freeswitch.modules.mod_sofia")


def test_pipes_are_no_means_on_another_machine_and_the_last_choice_on_this_one() -> None:
    fork = {"means": "fifo"}
    far = judge_means(of(host="192.0.2.7", fork=fork), LOADED)
    assert far.level is Level.ERROR
    assert "another machine" in far.detail
    assert "fifo" not in far.detail.partition("offers:")[2]
    near = judge_means(of(fork=fork), LOADED)
    assert near.level is Level.WARNING
    assert 'means = "audio_stream"' in near.advice


@pytest.mark.parametrize(
    ("preferences", "level"),
    [
        ("OPUS,G722,PCMU,PCMA,H264,VP8", Level.OK),
        ("PCMA@20i,PCMU@8000h", Level.OK),
        ("G729,PCMU", Level.WARNING),
        ("", Level.SKIPPED),
    ],
)
def test_codecs_that_freeswitch_only_passes_through_are_warned_of(
    preferences: str, level: Level
) -> None:
    finding = judge_codecs(preferences)
    assert finding.level is level
    assert "H264" not in finding.detail


def test_the_profile_of_eavesdropping_legs_is_known_by_the_agents_registrations() -> None:
    settings = of(fork={"means": "eavesdrop", "profile": "internal"})
    assert judge_profile(settings, ["internal", "ws"]).level is Level.OK
    assert judge_profile(settings, ["ws"]).level is Level.SKIPPED


def test_registrations_that_cannot_be_read_are_an_error_of_the_pbx() -> None:
    assert read_registrations('{"row_count":0}') == []
    for answer in ("-ERR SQL disabled", "[]", '{"rows":[{}]}', '{"rows":3}'):
        with pytest.raises(PbxError, match="registrations"):
            read_registrations(answer)


def test_nobody_registered_names_the_pattern() -> None:
    (finding,) = judge_agents([], "^1", "bank.example")
    assert finding.level is Level.WARNING
    assert "agent_pattern" in finding.advice


def test_a_flood_and_a_slow_job_are_warned_of() -> None:
    assert judge_events({"HEARTBEAT": 1}, 2.0, 0.01).level is Level.OK
    assert judge_events({"CHANNEL_EXECUTE": 9000}, 2.0, 0.01).level is Level.WARNING
    assert judge_events({}, 2.0, 0.9).level is Level.WARNING


@pytest.mark.parametrize(
    ("ahead", "level"),
    [(None, Level.SKIPPED), (0.5, Level.OK), (-30.0, Level.WARNING), (30.0, Level.WARNING)],
)
def test_clocks_that_differ_are_warned_of(ahead: float | None, level: Level) -> None:
    assert judge_clock(ahead).level is level


def test_how_far_the_test_fork_came_has_its_own_words() -> None:
    fork = of().fork
    never = judge_media(fork, Proof(trouble="nothing"))
    mute = judge_media(fork, Proof(opened=0.1, trouble="nothing"))
    silent = judge_media(fork, Proof(opened=0.1, audio=0.2, trouble="nothing"))
    heard = judge_media(fork, Proof(opened=0.1, audio=0.2, tone=0.25))
    assert [f.level for f in (never, mute, silent, heard)] == [Level.ERROR] * 3 + [Level.OK]
    assert len({f.detail for f in (never, mute, silent)}) == 3
    assert by_another_port(never).level is Level.WARNING
