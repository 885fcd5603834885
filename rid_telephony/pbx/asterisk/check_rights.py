"""Check: version, and what the manager user may do and see.

``ListCommands`` lists only what the user may do, with the classes that allow it: every write class
can be told from it without doing anything. Of the read classes Asterisk tells nothing; each shows
only in an event of its own that comes (``system``: FullyBooted after the login; ``user``: an event
that we send ourselves; ``call``: the events of the test fork).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rid_telephony.pbx.check import Finding, Level
from rid_telephony.settings.asterisk import AsteriskSettings

VERSION = "asterisk.version"
_VERSION = re.compile(r"(?:certified[/-])?(\d+)\.\d+")
_CLASSES = re.compile(r"\(Priv: ([^)]*)\)\s*$")
_NEWEST_NEEDED = {"audiosocket": 18, "websocket": 22, "unicast_rtp": 13}
_TELLS = {
    "call": ("Setvar", "set channel variables and end forks"),
    "originate": ("Originate", "fork the audio of a leg"),
    "reporting": ("CoreShowChannels", "find running calls again after a reconnect"),
    "user": ("UserEvent", "send UserEvent RidHint"),
    "message": ("MessageSend", "send hints to the softphone"),
}
"""Write class, the action that shows it, and what it is needed for."""
_RISKY = ("command", "config", "agi", "dialplan")
"""Write classes that make a stolen secret into a shell or a changed dialplan."""


def judge_version(text: str, means: str) -> Finding:
    """Whether this Asterisk has the means of forking that the settings choose."""
    found = _VERSION.search(text)
    if not found:
        shown = text[:40] or "nothing"
        detail = f"The version cannot be read from “{shown}”; the modules decide."
        return Finding(Level.WARNING, VERSION, detail)
    needed = _NEWEST_NEEDED[means]
    if int(found[1]) < needed:
        other = "unicast_rtp" if int(found[1]) < _NEWEST_NEEDED["audiosocket"] else "audiosocket"
        return Finding(
            Level.ERROR,
            VERSION,
            f"Asterisk {text}; forks by {means} need {needed} or newer.",
            f'Set means = "{other}" in [asterisk.fork], or update Asterisk.',
        )
    return Finding(Level.OK, VERSION, f"Asterisk {text}; new enough for forks by {means}.")


def needed_classes(settings: AsteriskSettings) -> tuple[str, ...]:
    """The write classes that the settings call for."""
    back = settings.write_back
    optional = {"user": back.user_event, "message": back.message}
    return tuple(name for name in _TELLS if optional.get(name, True))


def judge_write(commands: Mapping[str, str], settings: AsteriskSettings) -> list[Finding]:
    """One finding for each write class that is needed, and one where there are too many.

    Args:
        commands: The reply to ``ListCommands``: action in lower case to its description.
        settings: Decide which classes are needed.
    """
    found = []
    for name in needed_classes(settings):
        action, purpose = _TELLS[name]
        if action.lower() in commands:
            found.append(Finding(Level.OK, write_name(name), f"May {purpose} (write {name})."))
            continue
        found.append(
            Finding(
                Level.ERROR,
                write_name(name),
                f"{settings.username} may not {purpose}: write class {name} is missing.",
                f"Add {name} to `write =` of [{settings.username}] in manager.conf, then"
                " `manager reload`. Enough is"
                " write = call,originate,user,message,reporting.",
            )
        )
    risky = [name for name in _RISKY if _holds(commands, name)]
    if risky:
        found.append(
            Finding(
                Level.WARNING,
                "asterisk.write.excess",
                f"{settings.username} may do more than is needed: {', '.join(risky)}.",
                "Take these out of `write =` (all holds them): who gets the secret could run"
                " commands on the PBX or change its dialplan.",
            )
        )
    return found


def write_name(permission: str) -> str:
    """``what`` of the finding about a write class."""
    return f"asterisk.write.{permission}"


def _holds(commands: Mapping[str, str], permission: str) -> bool:
    """Whether some action is listed that this class alone allows."""
    for description in commands.values():
        classes = _CLASSES.search(description)
        if classes and set(classes[1].split(",")) == {permission, "all"}:
            return True
    return False


def judge_read(permission: str, seen: bool, username: str) -> Finding:
    """A read class, by whether its event came."""
    what = f"asterisk.read.{permission}"
    if seen:
        return Finding(Level.OK, what, f"Its events arrive (read {permission}).")
    purpose = {
        "system": "that Asterisk was restarted goes unnoticed until the connection breaks",
        "user": "calls that the dialplan marks go unnoticed",
        "call": "no call can be seen",
    }[permission]
    return Finding(
        Level.WARNING if permission == "system" else Level.ERROR,
        what,
        f"Events of read class {permission} do not arrive: {purpose}.",
        f"Add {permission} to `read =` of [{username}] in manager.conf, then `manager reload`;"
        " an eventfilter there may also keep them back. Enough is"
        " read = call,agent,user,system.",
    )


def agent_class() -> Finding:
    """What cannot be found out without a queue call."""
    detail = "Read class agent shows only in a queue call; calls from queues need it in `read =`."
    return Finding(Level.SKIPPED, "asterisk.read.agent", detail)
