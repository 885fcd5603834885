"""Check: modules, codecs and the dialplan, asked with the least permissions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rid_telephony.pbx.asterisk.check_session import Manager, getvar
from rid_telephony.pbx.check import Finding, Level
from rid_telephony.settings.asterisk import AsteriskForkSettings, AsteriskSettings

MODULES = "asterisk.modules"
CODECS = "asterisk.codecs"
DIALPLAN = "asterisk.dialplan"
CONTEXT = "rid-assist"
TONE_MODULE = "app_milliwatt"
"""Makes the tone of the fork test by RTP and WebSocket; calls do not need it."""
_OF_MEANS = {
    "audiosocket": ("chan_audiosocket", "res_audiosocket"),
    "unicast_rtp": ("chan_rtp", "res_rtp_multicast"),
    "websocket": ("chan_websocket", "res_websocket_client"),
}
_OF_DIALPLAN = (
    "app_stack",
    "app_userevent",
    "func_dialplan",
    "func_logic",
    "func_strings",
    "func_uri",
)
_TRANSLATORS = {
    "ulaw": ("codec_ulaw",),
    "alaw": ("codec_alaw",),
    "g722": ("codec_g722",),
    "g726": ("codec_g726",),
    "gsm": ("codec_gsm",),
    "g729": ("codec_g729", "codec_g729a"),
    "opus": ("codec_opus", "codec_opus_open_source"),
    "ilbc": ("codec_ilbc",),
    "speex": ("codec_speex",),
}
"""Codec of a phone to the modules, of which one turns it into linear samples."""
_LINE_CODECS = ("ulaw", "alaw")
_CODEC = re.compile(r"[a-z0-9]+")


def fork_modules(fork: AsteriskForkSettings) -> tuple[str, ...]:
    """Modules without which nothing can be forked."""
    return ("app_chanspy", *_OF_MEANS[fork.means])


def needed_modules(settings: AsteriskSettings) -> dict[str, str]:
    """Modules that the settings call for, and what for."""
    needed = dict.fromkeys(fork_modules(settings.fork), f"forks by {settings.fork.means}")
    needed |= dict.fromkeys(_OF_DIALPLAN, f"calls marked by {CONTEXT}")
    if settings.write_back.message and settings.write_back.message_to.startswith("pjsip:"):
        needed["res_pjsip_messaging"] = "hints by SIP MESSAGE"
    return needed


async def ask_modules(manager: Manager, names: Iterable[str]) -> dict[str, bool | None]:
    """Whether each module is loaded; None where Asterisk does not tell.

    Raises:
        PbxError: As the manager says.
    """
    said = {name: await getvar(manager, f"IFMODULE({name}.so)") for name in names}
    return {name: {"1": True, "0": False}.get(value) for name, value in said.items()}


def judge_modules(needed: Mapping[str, str], loaded: Mapping[str, bool | None]) -> list[Finding]:
    """One finding for each module that is missing, or one that all are there."""
    if all(loaded.get(name) is None for name in needed):
        detail = "Which modules are loaded cannot be seen: Asterisk lacks func_module."
        return [Finding(Level.SKIPPED, MODULES, detail, "The test fork below decides instead.")]
    absent = [name for name in needed if loaded.get(name) is False]
    if not absent:
        return [Finding(Level.OK, MODULES, f"Loaded: {', '.join(needed)}.")]
    return [
        Finding(
            Level.ERROR,
            f"{MODULES}.{name}",
            f"{name}.so is not loaded; {needed[name]} need it.",
            f"`asterisk -rx 'module load {name}.so'`; where that works, see that modules.conf does"
            " not keep it out (noload, or autoload=no). Where there is no such file, install your"
            " distribution's package of Asterisk's modules.",
        )
        for name in absent
    ]


def needed_codecs(allowed: Iterable[str]) -> tuple[str, ...]:
    """The codecs of lines and of the phones' ``allow``; what is linear or unknown is left out.

    Args:
        allowed: As ``PJSIP_ENDPOINT(…,allow)`` gives it: ``(ulaw|alaw)``.
    """
    spoken = [codec for text in allowed for codec in _CODEC.findall(text)]
    return tuple(dict.fromkeys(c for c in (*_LINE_CODECS, *spoken) if c in _TRANSLATORS))


def translators(codecs: Iterable[str]) -> tuple[str, ...]:
    """The modules that could translate them."""
    return tuple(name for codec in codecs for name in _TRANSLATORS[codec])


def judge_codecs(codecs: Iterable[str], loaded: Mapping[str, bool | None]) -> list[Finding]:
    """Whether what the phones speak can be made the linear samples that forks carry."""
    wanted = tuple(codecs)
    if all(loaded.get(name) is None for name in translators(wanted)):
        return [Finding(Level.SKIPPED, CODECS, "Which codecs are there cannot be seen.")]
    deaf = [c for c in wanted if not any(loaded.get(name) for name in _TRANSLATORS[c])]
    if not deaf:
        return [Finding(Level.OK, CODECS, f"Translated to linear samples: {', '.join(wanted)}.")]
    return [
        Finding(
            Level.ERROR,
            CODECS,
            f"Asterisk cannot translate {', '.join(deaf)}: legs that speak it cannot be forked.",
            "Load "
            + " and ".join(f"{_TRANSLATORS[codec][0]}.so" for codec in deaf)
            + ", or take the codec out of the endpoints' `allow`.",
        )
    ]


async def ask_dialplan(manager: Manager) -> str:
    """What Asterisk says to whether the subroutine is there: ``1``, ``0``, or nothing.

    Raises:
        PbxError: As the manager says.
    """
    return await getvar(manager, f"DIALPLAN_EXISTS({CONTEXT},s,1)")


def judge_dialplan(said: str) -> Finding:
    """Whether calls can be marked."""
    if said == "1":
        return Finding(Level.OK, DIALPLAN, f"The subroutine {CONTEXT} is in the dialplan.")
    if said == "0":
        return Finding(
            Level.ERROR,
            DIALPLAN,
            f"The dialplan has no {CONTEXT},s,1: no call can be marked, so none is analysed.",
            "`rid-telephony dialplan asterisk` prints it; put it into extensions.conf, then"
            " `asterisk -rx 'dialplan reload'`, and add the Gosub line to your extensions.",
        )
    detail = "The dialplan cannot be seen: Asterisk lacks func_dialplan."
    return Finding(Level.SKIPPED, DIALPLAN, detail)
