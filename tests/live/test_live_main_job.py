"""The main job, live: a Mandarin call through a real Asterisk, with hints on a real softphone."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from live_kit import Ami, Baresip, RealAsterisk, audio, script
from live_kit.audio import Script
from live_kit.baresip import Text
from live_kit.service import Event, Service, serving
from live_kit.stage import check_whole
from live_kit.tools import wait_for

from rid_telephony.evaluation.text_error import CharacterErrors, character_errors

# A stretch in which the agent promises too much and pushes, and the customer refuses.
END = 50.8
KNOWN = {
    "RID_CUSTOMER_ID": "C29", "RID_AGE": "29", "RID_OCCUPATION": "程序员",
    "RID_HOLDINGS": "deposit", "RID_CONSENT": "yes",
}  # fmt: skip
POINTS = 0.02
# Asterisk copies a leg from 0.12 s after the bridge on. A transcript depends on where the sound
# begins: files cut at 0 to 0.2 s have an error of 0.153 to 0.176, so the replay begins there too.
FORK_BEGINS = 0.12
USER_EVENT = (
    "CallId", "Agent", "Tenant", "Sequence", "Cursor", "Channel", "HintId", "Priority",
    "Strategy", "Line", "Script", "Reason",
)  # fmt: skip


@dataclass(frozen=True)
class MainJob:
    """What was seen of the one call that all tests of this module look at."""

    said: Script
    feed: list[Event]
    texts: list[Text]
    user_events: list[dict[str, str]]
    current: dict[str, dict[str, str]]
    variables: dict[str, str]
    left: list[dict[str, str]]
    agent_channel: str
    replay: list[Event]
    clock: float

    def of(self, *types: str) -> list[Event]:
        return [event for event in self.feed if event["type"].startswith(types)]


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainJob]:
    folder = tmp_path_factory.mktemp("main")
    said = script(folder, "dd02", end=END)
    with RealAsterisk(variables=KNOWN) as pbx, serving(folder, pbx) as service:
        seen = _call(pbx, service, said)
    yield MainJob(said=said, replay=_replay(folder, said), **seen)


def _call(pbx: RealAsterisk, service: Service, said: Script) -> dict[str, Any]:
    with (
        pbx.login() as observer,
        Baresip(pbx, "custalaw", said.customer) as customer,
        Baresip(pbx, "2002", said.agent) as agent,
    ):
        clock = time.time() - time.monotonic()
        customer.dial("2002")
        agent.wait("CALL_INCOMING")
        agent.accept()
        begun = customer.wait("CALL_ESTABLISHED")["at"]
        parties = service.wait("call.started")["data"]["parties"]
        uid = next(p["channel"] for p in parties if p["role"] == "agent")
        channel = next(c["Channel"] for c in pbx.ami.channels() if c["Uniqueid"] == uid)
        current = _watch_hints(service, observer, channel, begun + said.seconds + 2.0)
        names = (
            "EMOTION",
            "OBJECTION",
            "RELATIONSHIP",
            "STATE",
            "STYLE",
            "PURCHASE_INTENT",
            "ALERT",
        )
        variables = {name: observer.getvar(channel, f"RID_{name}") for name in names}
        customer.hangup()
        service.wait("call.ended")
        agent.wait("CALL_CLOSED")
        hints = len(service.of_type("hint.offered"))
        agent.wait_text(count=hints)
        wait_for(lambda: not pbx.ami.channels(), 5, "the end of all channels")
        return {
            "feed": list(service.events), "texts": list(agent.texts),
            "user_events": [e for e in observer.events if e.get("UserEvent", "") == "RidHint"],
            "current": current, "variables": variables, "left": pbx.ami.channels(),
            "agent_channel": uid, "clock": clock,
        }  # fmt: skip


def _watch_hints(
    service: Service, observer: Ami, channel: str, end: float
) -> dict[str, dict[str, str]]:
    """Read the hint's variables back whenever there is a new hint, or none any more."""
    read: dict[str, dict[str, str]] = {}

    def wait_variable(name: str, value: str) -> None:
        wait_for(lambda: observer.getvar(channel, name) == value, 3, f"{name} to be {value!r}")

    position = 0
    while time.monotonic() < end:
        events = service.events[position:]
        position += len(events)
        for event in events:
            if event["type"] == "hint.offered":
                hint = event["data"]["hint_id"]
                wait_variable("RID_HINT_ID", hint)
                names = ("RID_HINT", "RID_HINT_PRIORITY", "RID_STRATEGY")
                read[hint] = {name: observer.getvar(channel, name) for name in names}
            if event["type"] == "hint.expired" and event["data"]["reason"] == "ttl":
                wait_variable("RID_HINT", "")
        time.sleep(0.02)
    return read


def _replay(folder: Path, said: Script) -> list[Event]:
    """The same sound, from a file."""
    both = [audio.read(path) for path in (said.agent, said.customer)]
    begin, end = (round(at * audio.RATE) for at in (FORK_BEGINS, said.seconds + 2.0))
    soundfile.write(folder / "both.wav", np.stack(both, axis=1)[begin:end], audio.RATE, "PCM_16")
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


def test_every_hint_comes_to_the_softphone_once_in_order_with_its_script(job: MainJob) -> None:
    hints = [event["data"] for event in job.of("hint.offered")]
    assert len(hints) >= 4
    assert [text.body for text in job.texts] == [f"{h['line']}\n{h['script']}" for h in hints]
    strategies = [hint["strategy"] for hint in hints]
    assert {"stop_violation", "be_brief"} <= set(strategies), strategies
    for text, delay in zip(job.texts, _delays(job), strict=True):
        print(f"{delay:.2f} s from end of speech to MESSAGE: {text.body.splitlines()[0]}")  # noqa: T201


def test_a_hint_stands_in_channel_variables_while_it_is_current(job: MainJob) -> None:
    for event in job.of("hint.offered"):
        hint = event["data"]
        assert job.current[hint["hint_id"]] == {
            "RID_HINT": hint["line"],
            "RID_HINT_PRIORITY": str(hint["priority"]),
            "RID_STRATEGY": hint["strategy"],
        }


def test_every_hint_is_an_event_that_other_programs_see(job: MainJob) -> None:
    hints = job.of("hint.offered")
    assert len(job.user_events) == len(hints)
    for seen, hint in zip(job.user_events, hints, strict=True):
        data = hint["data"]
        assert {name: seen[name] for name in USER_EVENT} == {
            "CallId": hint["subject"], "Agent": "2002", "Tenant": "default",
            "Sequence": str(hint["sequence"]), "Cursor": str(hint["cursor"]),
            "Channel": job.agent_channel, "HintId": data["hint_id"],
            "Priority": str(data["priority"]), "Strategy": data["strategy"],
            "Line": data["line"], "Script": data["script"], "Reason": data["reason"],
        }  # fmt: skip
        assert seen["Expires"].endswith("Z")


def test_the_customers_state_stands_in_channel_variables(job: MainJob) -> None:
    last = {event["type"]: event["data"] for event in job.feed}
    influence = last["rid.influence.updated"]
    assert job.variables["RELATIONSHIP"] == str(
        round(last["rid.relationship.updated"]["score"]["value"])
    )
    assert job.variables["STATE"] == last["customer.state.changed"]["state"]
    assert job.variables["STYLE"] == influence["style"]["label"]
    assert job.variables["PURCHASE_INTENT"] == str(round(influence["purchase_intent"]["value"]))
    assert job.variables["ALERT"].startswith(("compliance.", "supervisor."))
    customer = [e["data"] for e in job.of("signals.detected") if e["data"]["role"] == "customer"]
    assert job.variables["EMOTION"] == customer[-1]["emotion"]["label"]
    assert job.variables["OBJECTION"] == customer[-1]["objection"]["label"]


def test_the_feed_is_whole_and_knows_who_talks_and_what_the_bank_knew(job: MainJob) -> None:
    check_whole(job.feed)
    assert {event["agent"] for event in job.feed} == {"2002"}
    assert job.of("analysis.degraded") == []
    assert job.of("analysis.completed")[0]["data"]["dropped"] == 0
    started = job.of("call.started")[0]["data"]
    assert started["customer_id"] == "C29"
    facts = job.of("rid.demand.updated")[-1]["data"]["facts"]
    assert facts == {"age": 29, "occupation": "程序员", "holdings": ["deposit"]}
    parties = {p["role"]: (p["number"], p["name"]) for p in started["parties"]}
    assert parties["agent"] == ("2002", "客户经理小何")
    assert parties["customer"] == ("＊＊＊＊＊＊＊＊＊02", "何＊＊")
    ended = job.of("call.ended")[0]["data"]
    assert (ended["cause"], ended["by"]) == ("normal", "customer")
    assert job.left == []


def _errors(said: Script, feed: list[Event]) -> dict[str, CharacterErrors]:
    found = {}
    for party in ("agent", "customer"):
        finals = [e["data"] for e in feed if e["type"] == "utterance.final"]
        text = "".join(data["text"] for data in finals if data["role"] == party)
        spoken = "".join(turn["text"] for turn in said.turns if turn["speaker"] == party)
        found[party] = character_errors(spoken, text)
    return found


def _delays(job: MainJob) -> list[float]:
    """Seconds from the end of the speech that a hint answers to its MESSAGE at the phone."""
    origin = datetime.fromisoformat(job.of("call.started")[0]["time"]).timestamp()
    ends: list[float] = []
    for event in job.of("utterance.final", "hint.offered"):
        if event["type"] == "utterance.final":
            end = event["data"]["end_ms"] / 1000
        else:
            ends.append(end)
    return [text.at + job.clock - origin - end for text, end in zip(job.texts, ends, strict=True)]
