"""The main job, live: a Mandarin call through a real Asterisk, with hints on a real softphone."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from live_kit import Ami, Baresip, RealAsterisk, audio, script
from live_kit.audio import Script
from live_kit.baresip import Text
from live_kit.service import Event, Service, serving
from live_kit.stage import FORK, check_whole
from live_kit.tools import wait_for

from rid_telephony.evaluation.text_error import CharacterErrors, character_errors

# A stretch in which the agent promises too much and pushes, and the customer refuses.
END = 50.8
KNOWN = {
    "RID_CUSTOMER_ID": "C29", "RID_AGE": "29", "RID_OCCUPATION": "程序员",
    "RID_HOLDINGS": "deposit", "RID_CONSENT": "yes",
}  # fmt: skip
POINTS = 0.02


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
        Baresip(pbx, "2001", said.agent) as agent,
    ):
        clock = time.time() - time.monotonic()
        customer.dial("2001")
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
    position = 0
    while time.monotonic() < end:
        events = service.events[position:]
        position += len(events)
        for event in events:
            if event["type"] == "hint.offered":
                data = event["data"]
                wait_for(
                    lambda: observer.getvar(channel, "RID_HINT_ID") == data["hint_id"],
                    3, f"RID_HINT_ID {data['hint_id']}",
                )  # fmt: skip
                names = ("RID_HINT", "RID_HINT_PRIORITY", "RID_STRATEGY")
                read[data["hint_id"]] = {n: observer.getvar(channel, n) for n in names}
            if event["type"] == "hint.expired" and event["data"]["reason"] == "ttl":
                wait_for(lambda: observer.getvar(channel, "RID_HINT") == "", 3, "no RID_HINT")
        time.sleep(0.02)
    return read


def _replay(folder: Path, said: Script) -> list[Event]:
    """The same sound, from a file."""
    both = [audio.read(path) for path in (said.agent, said.customer)]
    length = round((said.seconds + 2.0) * audio.RATE)
    soundfile.write(folder / "both.wav", np.stack(both, axis=1)[:length], audio.RATE, "PCM_16")
    program = str(Path(sys.executable).with_name("rid-telephony"))
    command = [program, "replay", str(folder / "both.wav"), "--agent-channel", "0", "--json"]
    done = subprocess.run(  # noqa: S603 - our own program
        [*command, "--no-store"], capture_output=True, text=True, check=True, timeout=120
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
