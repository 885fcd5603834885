"""Check: the means of forking that this FreeSWITCH offers, the SIP profile, the codecs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rid_telephony.pbx.check import Finding, Level
from rid_telephony.pbx.check_ports import is_local
from rid_telephony.pbx.freeswitch.writer import EslCommands
from rid_telephony.settings.freeswitch import FreeSwitchMeans, FreeSwitchSettings

MEANS = "freeswitch.means"
MODULES = "freeswitch.modules"
CODECS = "freeswitch.codecs"
PROFILE = "freeswitch.profile"
PREFERENCES = "global_codec_prefs"
_OF_MEANS: Mapping[FreeSwitchMeans, tuple[str, ...]] = {
    "audio_stream": ("mod_audio_stream",),
    "audio_fork": ("mod_audio_fork",),
    "eavesdrop": ("mod_sofia", "mod_dptools"),
    "fifo": ("mod_sndfile",),
}
"""Means, best first, to the modules that each needs."""
_CALLS = {
    "mod_commands": "every command",
    "mod_dptools": "the mark (set, export)",
    "mod_sofia": "calls and messages by SIP",
}
_PASSED_THROUGH = frozenset({"G729", "G723", "AMR", "AMR-WB"})
"""Codecs that a FreeSWITCH without a licence only passes through: what is said stays unheard."""
_VIDEO = frozenset({"H261", "H263", "H264", "VP8", "VP9", "AV1"})
_CODEC = re.compile(r"[A-Za-z0-9.-]+")


def all_modules() -> tuple[str, ...]:
    """The modules worth asking for."""
    of_means = (name for names in _OF_MEANS.values() for name in names)
    return tuple(dict.fromkeys((*_CALLS, *of_means)))


async def ask_modules(client: EslCommands, names: Iterable[str]) -> dict[str, bool]:
    """Whether each module is loaded.

    Raises:
        PbxError: As the client says.
    """
    return {name: (await client.api("module_exists", name)).strip() == "true" for name in names}


def judge_modules(loaded: Mapping[str, bool]) -> list[Finding]:
    """One finding for each missing module that calls need, or one that all are there."""
    absent = [name for name in _CALLS if not loaded[name]]
    if not absent:
        return [Finding(Level.OK, MODULES, f"Loaded: {', '.join(_CALLS)}.")]
    return [
        Finding(
            Level.ERROR,
            f"{MODULES}.{name}",
            f"{name} is not loaded; {_CALLS[name]} need it.",
            f'`fs_cli -x "load {name}"`, and add it to modules.conf.xml.',
        )
        for name in absent
    ]


def offered_means(loaded: Mapping[str, bool], host: str) -> list[FreeSwitchMeans]:
    """The means that this FreeSWITCH offers, best first."""
    able = [means for means, names in _OF_MEANS.items() if all(loaded[name] for name in names)]
    return [means for means in able if means != "fifo" or is_local(host)]


def judge_means(settings: FreeSwitchSettings, loaded: Mapping[str, bool]) -> Finding:
    """Whether the means that is set is offered, and whether there is a better one."""
    means = settings.fork.means
    offered = offered_means(loaded, settings.host)
    listed = ", ".join(offered) or "none"
    if means not in offered:
        needed = " and ".join(_OF_MEANS[means])
        why = (
            "FreeSWITCH is on another machine"
            if means == "fifo" and all(loaded[name] for name in _OF_MEANS[means])
            else f"{needed} is not loaded"
        )
        advice = f"Load {needed}" if "loaded" in why else "Choose another"
        advice += f', or set means = "{offered[0]}" in [freeswitch.fork].' if offered else "."
        detail = f"No forks by {means}: {why}. This FreeSWITCH offers: {listed}."
        return Finding(Level.ERROR, MEANS, detail, advice)
    if means == "fifo" and offered[0] != "fifo":
        return Finding(
            Level.WARNING,
            MEANS,
            f"Forks by fifo, though this FreeSWITCH offers {listed}: where the reader of a pipe"
            " stalls, the channel hangs at its hangup.",
            f'Set means = "{offered[0]}" in [freeswitch.fork].',
        )
    return Finding(Level.OK, MEANS, f"Forks by {means}; this FreeSWITCH offers: {listed}.")


def judge_codecs(preferences: str) -> Finding:
    """Whether legs may speak what FreeSWITCH only passes through.

    Args:
        preferences: The global variable ``global_codec_prefs``, empty where there is none.
    """
    listed = (part.partition("@")[0].strip().upper() for part in preferences.split(","))
    spoken = [name for name in listed if _CODEC.fullmatch(name) and name not in _VIDEO]
    if not spoken:
        detail = f"FreeSWITCH has no {PREFERENCES}: which codecs legs speak cannot be seen."
        return Finding(Level.SKIPPED, CODECS, detail)
    deaf = [name for name in spoken if name in _PASSED_THROUGH]
    if deaf:
        return Finding(
            Level.WARNING,
            CODECS,
            f"Legs may speak {', '.join(deaf)}, which FreeSWITCH cannot decode without a licensed"
            " module: such legs cannot be forked.",
            f"Take it out of {PREFERENCES} (vars.xml), or load a module that decodes it.",
        )
    return Finding(Level.OK, CODECS, f"Legs speak what FreeSWITCH decodes: {', '.join(spoken)}.")


def judge_profile(settings: FreeSwitchSettings, seen: Iterable[str]) -> Finding:
    """Whether the profile through which eavesdropping legs call us exists.

    Args:
        settings: Name it.
        seen: The profiles that agents are registered with.
    """
    profile, known = settings.fork.profile, sorted(set(seen))
    if profile in known:
        return Finding(Level.OK, PROFILE, f"The SIP profile {profile} is there: agents use it.")
    others = f"; agents use {', '.join(known)}" if known else ""
    return Finding(
        Level.SKIPPED,
        PROFILE,
        f"Whether there is a SIP profile {profile} cannot be seen{others}.",
        "`fs_cli -x 'sofia status'` lists them; the name is profile in [freeswitch.fork].",
    )
