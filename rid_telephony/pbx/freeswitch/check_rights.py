"""Check: version, and what our user of the event socket may do and see."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from rid_telephony.pbx.check import Finding, Level
from rid_telephony.pbx.freeswitch.esl_subscription import NEEDED
from rid_telephony.pbx.freeswitch.rights import EVENTS, REPORTING, RISKY, needed_commands
from rid_telephony.settings.freeswitch import FreeSwitchSettings

VERSION = "freeswitch.version"
RIGHTS = "freeswitch.rights"
OLDEST = (1, 10)
_VERSION = re.compile(r"Version (\d+)\.(\d+)(\.\d+)?")
_HINT = "`rid-telephony dialplan freeswitch --part user` prints the whole user."


def judge_version(text: str) -> Finding:
    """Whether this FreeSWITCH is one that the project knows."""
    found = _VERSION.search(text)
    if not found:
        shown = text[:60].encode("unicode_escape").decode("ascii")
        return Finding(Level.WARNING, VERSION, f"The version cannot be read from “{shown}”.")
    name = ".".join(found[0].removeprefix("Version ").split("."))
    if (int(found[1]), int(found[2])) < OLDEST:
        detail = f"FreeSWITCH {name}, older than those that this was made for."
        return Finding(Level.WARNING, VERSION, detail, "Update FreeSWITCH to 1.10 or newer.")
    return Finding(Level.OK, VERSION, f"FreeSWITCH {name}.")


def right_name(command: str) -> str:
    """``what`` of the finding about a command."""
    return f"{RIGHTS}.{command}"


def judge_rights(
    settings: FreeSwitchSettings,
    commands: AbstractSet[str] | None,
    events: AbstractSet[str] | None,
) -> list[Finding]:
    """What is missing, and what is too much.

    Args:
        settings: Decide what is needed.
        commands: Those that are allowed; None for all.
        events: Likewise.
    """
    if commands is None:
        return [_unlimited(settings), *_judge_events(settings, events)]
    needed = needed_commands(settings)
    missing = [name for name in needed if name not in commands]
    found = [
        Finding(
            Level.WARNING
            if name in REPORTING and name not in {"show", "uuid_dump"}
            else Level.ERROR,
            right_name(name),
            f"{settings.user} may not {needed[name]}: {name} is not in esl-allowed-api.",
            f"Add it, then `reloadxml`. {_HINT}",
        )
        for name in missing
    ]
    risky = [name for name in RISKY if name in commands]
    if risky:
        found.append(
            Finding(
                Level.WARNING,
                f"{RIGHTS}.excess",
                f"{settings.user} may do more than is needed: {', '.join(risky)}.",
                "Take these out of esl-allowed-api: who gets the password could run programs on"
                f" the PBX, change or stop it. {_HINT}",
            )
        )
    if not found:
        detail = f"{settings.user} may do what is needed: {', '.join(needed)}."
        found = [Finding(Level.OK, RIGHTS, detail)]
    return [*found, *_judge_events(settings, events)]


def _unlimited(settings: FreeSwitchSettings) -> Finding:
    who = settings.user or "The socket's own password"
    return Finding(
        Level.WARNING,
        RIGHTS,
        f"{who} may run every command, programs on the PBX included.",
        "Log in as a user of the directory with esl-allowed-api"
        " (`rid-telephony dialplan freeswitch --part user`), and set [freeswitch] user.",
    )


def _judge_events(settings: FreeSwitchSettings, events: AbstractSet[str] | None) -> list[Finding]:
    what = f"{RIGHTS}.events"
    missing = [name for name in EVENTS if events is not None and name not in events]
    if not missing:
        return [Finding(Level.OK, what, "The events of calls may be read.")]
    level = Level.ERROR if set(missing) & set(NEEDED) else Level.WARNING
    return [
        Finding(
            level,
            what,
            f"{settings.user} may not read {', '.join(missing)}.",
            f"Add them to esl-allowed-events, before CUSTOM, then `reloadxml`. {_HINT}",
        )
    ]
