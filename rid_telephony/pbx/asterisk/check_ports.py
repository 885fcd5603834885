"""Check: can we listen where the forks are to come, and can Asterisk reach that address?"""

from __future__ import annotations

from rid_telephony.pbx.check import Finding, Level
from rid_telephony.pbx.check_ports import Holder, Place, judge_place, judge_told, try_bind
from rid_telephony.settings.asterisk import AsteriskForkSettings, AsteriskSettings

LISTEN = "asterisk.listen"
ADVERTISE = "asterisk.advertise"


def try_listen(fork: AsteriskForkSettings) -> OSError | None:
    """Bind the fork's address for a moment; the error where that fails."""
    return try_bind(_place(fork))


def judge_listen(fork: AsteriskForkSettings, error: OSError | None, holder: Holder) -> Finding:
    """Whether forks can be received where the settings say.

    Args:
        fork: The settings.
        error: What binding came to.
        holder: Who has the port, where it is in use.
    """
    return judge_place(_place(fork), error, holder)


def judge_advertise(settings: AsteriskSettings) -> Finding:
    """Whether the address that we tell the PBX makes sense."""
    fork = settings.fork
    if fork.means == "websocket":
        return Finding(
            Level.WARNING,
            ADVERTISE,
            f"Asterisk takes the address from [{fork.websocket_client}] in websocket_client.conf."
            " While it connects there, it delays other calls (seen on 22.10).",
            "Prefer means = audiosocket; else keep connection_timeout short.",
        )
    return judge_told(ADVERTISE, _place(fork), fork.advertise or fork.listen, settings.host)


def _place(fork: AsteriskForkSettings) -> Place:
    names = (LISTEN, "[asterisk.fork]", "Asterisk")
    if fork.means == "unicast_rtp":
        first, last = fork.rtp_ports
        return Place(*names, fork.listen, first, udp=True, last_port=last)
    return Place(*names, fork.listen, fork.port)
