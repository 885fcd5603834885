"""``rid-telephony bench live``: concurrent calls through a real PBX."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rid_telephony.bench.figures import Spread
from rid_telephony.bench.live.calls import AFTER_SPEECH, Plan
from rid_telephony.bench.live.material import Material, load_material
from rid_telephony.bench.live.processes import listener_of
from rid_telephony.bench.live.rounds import Round, Workload, run_rounds
from rid_telephony.cli.options import ConfigOption, JsonOption
from rid_telephony.cli.screen import say
from rid_telephony.errors import InputError
from rid_telephony.live import chosen_pbx
from rid_telephony.settings import load_settings

_LIMIT_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)
_RANGE = re.compile(r"^(\d+)-(\d+)$")


def live(
    audio: Annotated[
        Path, typer.Option("--audio", help="Stereo dialogue, agent on channel 0; .json beside it.")
    ],
    agent_users: Annotated[
        str, typer.Option("--agent-users", help="SIP users that register: 3001-3020 or 3001,3005.")
    ],
    customer_user: Annotated[
        str, typer.Option("--customer-user", help="SIP user that places the calls.")
    ],
    calls: Annotated[
        str, typer.Option("--calls", help="Calls at the same time; several: 1,2,4.")
    ] = "1",
    find_limit: Annotated[
        bool, typer.Option("--find-limit", help="1, 2, 4, … until p95 > 1 s or work is shed.")
    ] = False,
    password: Annotated[
        str,
        typer.Option(
            "--password",
            help="Of the SIP users; agents and customer alike.",
            envvar="RID_BENCH_SIP",
        ),
    ] = "",
    dial: Annotated[
        str, typer.Option("--dial", help="What the customer dials; {agent} is the agent's user.")
    ] = "{agent}",
    sip: Annotated[
        str, typer.Option("--sip", help="The PBX's SIP address; default port 5060 of its host.")
    ] = "",
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Length of a round; default all of the audio.")
    ] = None,
    bare_seconds: Annotated[
        float, typer.Option("--bare-seconds", min=2, help="Length of a round without us.")
    ] = 15.0,
    pbx_pid: Annotated[
        int | None,
        typer.Option(
            "--pbx-pid",
            "--asterisk-pid",
            help="The PBX's process; default: who listens on the port of the settings here.",
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Place concurrent calls through the PBX of the settings and measure what comes of them.

    Telephones of our own register as agents and call as customers; both sides play a recorded
    dialogue. First without us, then with a `rid-telephony serve` that this command starts (so
    none may be running). The machine carries the PBX, the service and the telephones.

    The PBX is FreeSWITCH where `freeswitch.enabled` is set, else Asterisk; what the customer dials
    (`--dial`) has to be marked in its dialplan.
    """
    settings = load_settings(config)
    pbx = chosen_pbx(settings)
    agents = expand_users(agent_users)
    counts = _counts(calls, len(agents), find_limit=find_limit)
    material = load_material(audio, settings.media)
    host, port = _address(sip or f"{pbx.host}:5060")
    plan = Plan((host, port), customer_user, password, agents, password, dial)
    pid = pbx_pid or listener_of(pbx.port)
    if pid is None:
        say("The PBX's process is not on this machine, or not ours to see: no CPU of it.")
    seconds = material.seconds + AFTER_SPEECH
    if minutes:
        seconds = min(seconds, 60 * minutes)
    work = Workload(counts, seconds, min(bare_seconds, seconds), pid, config, find_limit)
    rounds = asyncio.run(_measure(plan, material, work, as_json=as_json))
    if not as_json:
        Console(highlight=False).print(_table(rounds, os.cpu_count() or 1))


async def _measure(plan: Plan, material: Material, work: Workload, *, as_json: bool) -> list[Round]:
    rounds = []
    async for result in run_rounds(plan, material, work):
        rounds.append(result)
        if as_json:
            document = asdict(result) | {"saturated": result.figures.saturated}
            sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            say(f"{result.calls} calls done")
    return rounds


def expand_users(text: str) -> tuple[str, ...]:
    """The users of ``3001-3003`` or ``3001,3005`` or both.

    Raises:
        InputError: It is neither, or names more than 1000.
    """
    users: list[str] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        span = _RANGE.match(part)
        if not span:
            users.append(part)
            continue
        first, last = int(span[1]), int(span[2])
        if not first <= last < first + 1000:
            raise InputError(f"{part} is no range of at most 1000 users.")
        users += [str(number).zfill(len(span[1])) for number in range(first, last + 1)]
    if not users:
        raise InputError("No agent is named.", "Give --agent-users 3001-3004.")
    return tuple(users)


def _counts(text: str, agents: int, *, find_limit: bool) -> tuple[int, ...]:
    if find_limit:
        return tuple(count for count in _LIMIT_COUNTS if count <= agents)
    try:
        counts = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--calls {text} is no number or list of numbers.") from None
    if not all(0 < count <= agents for count in counts):
        raise InputError(f"--calls {text} needs 1 to {agents} calls: one agent for each.")
    return counts


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError(f"{text} is no address.", "Give HOST:PORT, as in 127.0.0.1:5060.")
    return host, int(port)


def _table(rounds: list[Round], cores: int) -> Table:
    table = Table(title=f"Calls at the same time, on {cores} cores")
    table.add_column("")
    for result in rounds:
        table.add_column(str(result.calls), justify="right")
    rows = [_column(result) for result in rounds]
    for index, (name, _) in enumerate(rows[0] if rows else ()):
        table.add_row(name, *(row[index][1] for row in rows))
    saturated = [str(result.calls) for result in rounds if result.figures.saturated]
    table.caption = f"saturated at {saturated[0]} calls" if saturated else "not saturated"
    return table


def _column(result: Round) -> list[tuple[str, str]]:
    seen = result.figures
    shed = ", ".join(f"{name} {count}" for name, count in sorted(seen.shed.items()))
    per_call = result.ours / result.calls if result.ours is not None else None
    return [
        ("end of speech to SIP MESSAGE, p50 / p95 (s)", _spread(seen.to_message)),
        ("end of speech to words, p50 / p95 (s)", _spread(seen.to_final)),
        (
            "hints: offered / measured / deferred",
            f"{seen.hints} / {seen.to_message.count} / {seen.deferred}",
        ),
        ("hints: late (> 1 s) / undelivered", f"{seen.late} / {seen.undelivered}"),
        ("turns spoken / lost", f"{seen.expected} / {seen.lost}"),
        ("utterances / dropped", f"{seen.finals} / {seen.dropped}"),
        ("left out", shed or "-"),
        (
            "CPU of the PBX without / with forks",
            f"{_share(result.pbx_bare)} / {_share(result.pbx_forked)}",
        ),
        ("CPU of ours, of it each call", f"{_share(result.ours)}, {_share(per_call)}"),
        ("memory of ours (MB)", f"{result.memory / 1e6:.0f}" if result.memory else "-"),
        ("CPU of everything else here", _share(result.others)),
        (
            "CPU of this bench's telephones, latest packet of theirs (ms)",
            f"{_share(result.bench)}, {1000 * result.bench_late:.0f}",
        ),
        (
            "longest gap heard by a customer without / with (ms)",
            f"{1000 * result.bare_gap:.0f} / {1000 * seen.rtp_gap:.0f}",
        ),
        ("RTP packets lost to customers without / with", f"{result.bare_lost} / {seen.rtp_lost}"),
    ]


def _spread(value: Spread) -> str:
    if value.p50 is None or value.p95 is None:
        return "-"
    return f"{value.p50:.2f} / {value.p95:.2f}"


def _share(cores: float | None) -> str:
    return "-" if cores is None else f"{cores:.1%}"
