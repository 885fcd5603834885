"""``rid-telephony check``: is everything ready for live calls, and if not, what is to be done."""

from __future__ import annotations

import asyncio
import logging
from enum import StrEnum
from typing import Annotated

import structlog
import typer

from rid_telephony.app import App
from rid_telephony.cli.findings import JsonReport, Report, ScreenReport
from rid_telephony.cli.logs import configure_logs
from rid_telephony.cli.options import ConfigOption, JsonOption
from rid_telephony.cli.selfcheck import installation_steps
from rid_telephony.cli.stopping import stop_on_signals
from rid_telephony.errors import InputError
from rid_telephony.media.listeners import make_listener
from rid_telephony.pbx.asterisk.check import AsteriskCheck
from rid_telephony.pbx.asterisk.check_agents import is_endpoint
from rid_telephony.pbx.check import Finding, Level, Step, run_steps
from rid_telephony.pbx.freeswitch.check import FreeSwitchCheck
from rid_telephony.pbx.freeswitch.forks import FreeSwitchForks
from rid_telephony.pbx.messages import PbxError
from rid_telephony.settings import Settings, load_settings


class Part(StrEnum):
    """What can be checked alone."""

    ASTERISK = "asterisk"
    FREESWITCH = "freeswitch"
    INSTALLATION = "installation"


EndpointOption = Annotated[
    str, typer.Option("--agent", metavar="ENDPOINT", help="Check this agent's phone only.")
]
MessageOption = Annotated[
    str,
    typer.Option(
        "--message", metavar="ENDPOINT", help="Send a test SIP MESSAGE to this agent's phone."
    ),
]


def check(
    part: Annotated[
        Part | None,
        typer.Argument(
            help="Only this; when left out, the PBX of the settings and the installation."
        ),
    ] = None,
    agent: EndpointOption = "",
    message: MessageOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Test the PBX and this installation, and say what to do about each finding.

    Asterisk: manager login, version, permissions, modules, dialplan, agents' registrations,
    codecs, and a test tone that is forked to us the way calls are. FreeSWITCH: event socket,
    access list, login, rights, version, modules, means of forking, codecs, domain, registrations,
    events, and the test tone where the user may `originate`. This installation: packages, cores,
    models, store. Takes about ten seconds and never touches a call: the test tone has channels of
    its own, which end with it. The PBX is FreeSWITCH where `freeswitch.enabled` is set.

    Marks: ✓ in order, ! works but look at it, ✗ must be put right, – not tested. Below a finding
    stands what to do. `--json` writes one finding a line: `level` (ok, warning, error, skipped),
    `what` (a stable name), `detail`, `advice`.

    Exit codes: 0 no errors, 8 an error with the PBX, 1 an error with this installation only,
    3 the settings cannot be read.

    Examples: `rid-telephony check` and `rid-telephony check asterisk --agent 1001 --message 1001`
    """
    for endpoint in filter(None, (agent, message)):
        if not is_endpoint(endpoint):
            raise InputError(f"{endpoint!r} is not the name of an endpoint.", "Try --agent 1001.")
    settings = load_settings(config)
    configure_logs(personal=settings.privacy.log_personal_data)
    # What goes wrong is a finding; the client's own log would say it again.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    report: Report = JsonReport() if as_json else ScreenReport()
    pbx = _pbx_check(settings, part, agent, message)
    findings: list[Finding] = []
    with stop_on_signals() as stop, report:
        work = _run(settings, pbx, part, report, findings)
        asyncio.run(stop.cancelling(work))
        if stop.signal:
            raise typer.Exit(128 + stop.signal)
    code = exit_code(findings)
    if code:
        raise typer.Exit(code)


def _pbx_check(
    settings: Settings, part: Part | None, agent: str, message: str
) -> AsteriskCheck | FreeSwitchCheck:
    in_use = Part.FREESWITCH if settings.freeswitch.enabled else Part.ASTERISK
    if (part or in_use) is Part.FREESWITCH:
        return FreeSwitchCheck(settings.freeswitch, make_listener, FreeSwitchForks, agent, message)
    return AsteriskCheck(settings.asterisk, make_listener, agent, message)


async def _run(
    settings: Settings,
    pbx: AsteriskCheck | FreeSwitchCheck,
    part: Part | None,
    report: Report,
    findings: list[Finding],
) -> None:
    steps: list[Step] = []
    if part is not Part.INSTALLATION:
        steps += pbx.steps()
    if part in {None, Part.INSTALLATION}:
        steps += installation_steps(settings, App(settings))
    try:
        findings += await run_steps(steps, report.begin, report.show)
    finally:
        await pbx.close()


def exit_code(findings: list[Finding]) -> int:
    """0 where nothing is an error, else the code of what is."""
    wrong = [finding.what for finding in findings if finding.level is Level.ERROR]
    if any(what.startswith(("asterisk.", "freeswitch.")) for what in wrong):
        return PbxError.exit_code
    return 1 if wrong else 0
