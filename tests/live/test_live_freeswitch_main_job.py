"""The main job on a real FreeSWITCH: a Mandarin call, its words, its hints, and what they set.

See live_kit/freeswitch.py for what to set. What a user loses when one fails: good hints, or the
agent's desktop, dialplan or telephone does not get them.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from live_kit.audio import RATE, Script, read, script
from live_kit.freeswitch import UNSET, VARIABLE, Act, Esl, RealFreeSwitch, Stage
from live_kit.service import Event, serving
from live_kit.stage import check_whole, until

from rid_telephony.bench.phone import Phone, Speech
from rid_telephony.evaluation.text_error import CharacterErrors, character_errors

pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason=UNSET)

AGENT, CUSTOMER = 0, 2
# A stretch in which the agent promises too much and pushes, and the customer refuses.
END = 50.8
POINTS = 0.02
QUIET = 0.3
"""Seconds that both are heard before anybody speaks, in the call and in the replay."""
KNOWN = "rid_customer_id=C29,rid_age=29,rid_occupation=程序员,rid_holdings=deposit,rid_consent=yes"
VARIABLES = (
    "emotion", "objection", "relationship", "state", "style", "purchase_intent", "alert",
)  # fmt: skip


@dataclass(frozen=True)
class MainJob:
    """What was seen of the one call that all tests of this module look at."""

    said: Script
    feed: list[Event]
    texts: list[str]
    customs: list[dict[str, str]]
    current: dict[str, dict[str, str]]
    variables: dict[str, str]
    agent: str
    agent_channel: str
    replay: list[Event]

    def of(self, *types: str) -> list[Event]:
        return [event for event in self.feed if event["type"].startswith(types)]


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> MainJob:
    folder = tmp_path_factory.mktemp("main")
    said = script(folder, "dd02", end=END)
    seen: dict[str, Any] = {}

    async def story(act: Act, agent: Phone, customer: Phone) -> None:
        async with Esl.login(act.pbx) as observer:
            await observer.command("event json CUSTOM rid::hint")
            call, leg = await act.talk(customer, agent, mark=f"rid_assist=on,{KNOWN}")
            await act.both_heard()
            await asyncio.sleep(QUIET)
            call.play(Speech(read(said.customer)))
            leg.play(Speech(read(said.agent)))
            channel = act.channel("agent")
            current = await _watch_hints(act, observer, channel, said.seconds + 2.0)
            variables = {name: await observer.getvar(channel, f"rid_{name}") for name in VARIABLES}
            await call.hang_up()
            await until(lambda: act.feed("call.ended"), "the end")
            await agent.received(len(act.feed("hint.offered")))
            seen.update(
                feed=act.feed(), texts=[text.text for text in agent.messages], variables=variables,
                customs=list(observer.events), agent_channel=channel, current=current,
                agent=agent.user,
            )  # fmt: skip

    pbx = RealFreeSwitch(folder)
    with serving(folder, pbx) as service:
        Stage(pbx, service).play(story, AGENT, CUSTOMER)
    return MainJob(said=said, replay=_replay(folder, said), **seen)


async def _watch_hints(
    act: Act, observer: Esl, channel: str, seconds: float
) -> dict[str, dict[str, str]]:
    """Read the hint's variables back whenever there is a new hint, or none any more."""
    read_back: dict[str, dict[str, str]] = {}
    names = ("hint_id", "hint", "hint_priority", "strategy")
    loop = asyncio.get_running_loop()
    end, position = loop.time() + seconds, 0
    while loop.time() < end:
        events = act.feed("hint.")[position:]
        position += len(events)
        for event in events:
            hint = event["data"]["hint_id"]
            if event["type"] == "hint.offered":
                await _becomes(observer, channel, "rid_hint_id", hint)
                read_back[hint] = {
                    name: await observer.getvar(channel, f"rid_{name}") for name in names
                }
            if event["type"] == "hint.expired" and event["data"]["reason"] == "ttl":
                await _becomes(observer, channel, "rid_hint", "")
        await asyncio.sleep(0.02)
    return read_back


async def _becomes(observer: Esl, channel: str, name: str, value: str) -> None:
    found = ""
    for _ in range(150):
        found = await observer.getvar(channel, name)
        if found == value:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{name} is {found!r}, not {value!r}")


def _replay(folder: Path, said: Script) -> list[Event]:
    """The same sound, from a file."""
    both = np.stack([read(path) for path in (said.agent, said.customer)], axis=1)
    quiet = np.zeros((round(QUIET * RATE), 2), np.int16)
    sound = np.concatenate([quiet, both[: round((said.seconds + 2.0) * RATE)]])
    soundfile.write(folder / "both.wav", sound, RATE, "PCM_16")
    program = str(Path(sys.executable).with_name("rid-telephony"))
    command = [program, "replay", str(folder / "both.wav"), "--agent-channel", "0", "--json"]
    done = subprocess.run(  # noqa: S603 - our own program
        [*command, "--no-store"], capture_output=True, text=True, check=True, timeout=120
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_transcript_is_as_good_as_that_of_the_same_sound_from_a_file(job: MainJob) -> None:
    live, replayed = _errors(job.said, job.feed), _errors(job.said, job.replay)
    live["both"], replayed["both"] = (sum(e.values(), CharacterErrors()) for e in (live, replayed))
    for party, errors in live.items():
        print(f"character error, {party}: {errors.rate:.3f}, replayed {replayed[party].rate:.3f}")  # noqa: T201
    for party, errors in live.items():
        assert errors.reference_length > 50
        assert errors.rate <= replayed[party].rate + POINTS, party


def test_every_hint_comes_to_the_telephone_once_in_order_with_its_script(job: MainJob) -> None:
    hints = [event["data"] for event in job.of("hint.offered")]
    assert len(hints) >= 4
    assert job.texts == [f"{hint['line']}\n{hint['script']}" for hint in hints]
    assert {"stop_violation", "be_brief"} <= {hint["strategy"] for hint in hints}


def test_a_hint_stands_in_channel_variables_while_it_is_current(job: MainJob) -> None:
    for event in job.of("hint.offered"):
        hint = event["data"]
        assert job.current[hint["hint_id"]] == {
            "hint_id": hint["hint_id"],
            "hint": hint["line"],
            "hint_priority": str(hint["priority"]),
            "strategy": hint["strategy"],
        }


def test_every_hint_is_an_event_that_other_programs_see(job: MainJob) -> None:
    hints = job.of("hint.offered")
    assert len(job.customs) == len(hints)
    for seen, hint in zip(job.customs, hints, strict=True):
        data = hint["data"]
        wanted = {
            "RID-Call-Id": hint["subject"], "RID-Agent": job.agent,
            "RID-Sequence": str(hint["sequence"]), "RID-UUID": job.agent_channel,
            "RID-Hint-Id": data["hint_id"], "RID-Priority": str(data["priority"]),
            "RID-Strategy": data["strategy"], "RID-Line": data["line"],
            "RID-Script": data["script"], "RID-Reason": data["reason"],
        }  # fmt: skip
        assert {name: seen.get(name) for name in wanted} == wanted


def test_the_customers_state_stands_in_channel_variables(job: MainJob) -> None:
    last = {event["type"]: event["data"] for event in job.feed}
    influence = last["rid.influence.updated"]
    score = last["rid.relationship.updated"]["score"]["value"]
    customer = [e["data"] for e in job.of("signals.detected") if e["data"]["role"] == "customer"]
    alert = job.variables.pop("alert")
    assert alert.startswith(("compliance.", "supervisor."))
    assert job.variables == {
        "relationship": str(round(score)),
        "state": last["customer.state.changed"]["state"],
        "style": influence["style"]["label"],
        "purchase_intent": str(round(influence["purchase_intent"]["value"])),
        "emotion": customer[-1]["emotion"]["label"],
        "objection": customer[-1]["objection"]["label"],
    }


def test_the_feed_is_whole_and_knows_who_talks_and_what_the_bank_knew(job: MainJob) -> None:
    check_whole(job.feed)
    assert {event["agent"] for event in job.feed} == {job.agent}
    assert job.of("analysis.degraded") == []
    assert job.of("analysis.completed")[0]["data"]["dropped"] == 0
    started = job.of("call.started")[0]["data"]
    assert started["customer_id"] == "C29"
    facts = job.of("rid.demand.updated")[-1]["data"]["facts"]
    assert facts == {"age": 29, "occupation": "程序员", "holdings": ["deposit"]}
    ended = job.of("call.ended")[0]["data"]
    assert (ended["cause"], ended["by"]) == ("normal", "customer")


def _errors(said: Script, feed: list[Event]) -> dict[str, CharacterErrors]:
    found = {}
    for party in ("agent", "customer"):
        finals = [e["data"] for e in feed if e["type"] == "utterance.final"]
        text = "".join(data["text"] for data in finals if data["role"] == party)
        spoken = "".join(turn["text"] for turn in said.turns if turn["speaker"] == party)
        found[party] = character_errors(spoken, text)
    return found
