"""Check: can we listen where the forks are to come, and can the PBX reach that address?"""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rid_telephony.pbx.check import Finding, Level
from rid_telephony.settings.asterisk import AsteriskSettings, ForkSettings

LISTEN = "asterisk.listen"
ADVERTISE = "asterisk.advertise"
_LISTENING = "0A"
"""State ``TCP_LISTEN`` in /proc/net/tcp (Linux, include/net/tcp_states.h)."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the port: the program's command line, empty where it cannot be seen."""

    pid: int = 0
    command: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether it is rid-telephony's own service."""
        words = self.command.replace("\0", " ").split()
        ours = any("rid-telephony" in word or "rid_telephony" in word for word in words)
        return ours and "serve" in words


def try_listen(fork: ForkSettings) -> OSError | None:
    """Bind the fork's address for a moment; the error where that fails."""
    datagrams = fork.means == "unicast_rtp"
    port = fork.rtp_ports[0] if datagrams else fork.port
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    try:
        family = socket.getaddrinfo(fork.listen, port, type=kind)[0][0]
        with socket.socket(family, kind) as trial:
            if not datagrams:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((fork.listen, port))
            if not datagrams:
                trial.listen(1)
    except OSError as error:
        return error
    return None


def find_holder(port: int) -> Holder:
    """Who listens on a TCP port of this machine, as far as /proc shows it to us."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not sockets:
        return Holder()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(str(link.readlink()) in sockets for link in (process / "fd").iterdir()):
                command = (process / "cmdline").read_text("utf-8", "replace")
                return Holder(int(process.name), command.strip("\0"))
    return Holder()


def _listening_inodes(port: int) -> list[str]:
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                columns = line.split()
                local, state, inode = columns[1], columns[3], columns[9]
                if state == _LISTENING and int(local.rsplit(":", 1)[1], 16) == port:
                    found.append(inode)
    return found


def judge_listen(fork: ForkSettings, error: OSError | None, holder: Holder) -> Finding:
    """Whether forks can be received where the settings say.

    Args:
        fork: The settings.
        error: What binding came to.
        holder: Who has the port, where it is in use.
    """
    udp = fork.means == "unicast_rtp"
    port = f"{fork.rtp_ports[0]}-{fork.rtp_ports[1]} (UDP)" if udp else f"{fork.port} (TCP)"
    where = f"{fork.listen}:{port}"
    if error is None:
        return Finding(Level.OK, LISTEN, f"Forks can be received on {where}.")
    if error.errno == errno.EADDRINUSE:
        return _in_use(where, holder)
    reason = error.strerror or str(error)
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        advice = (
            "Set listen in [asterisk.fork] to an address of this machine (`ip addr`), or"
            " 0.0.0.0 with advertise set to the address that Asterisk is to use."
        )
    else:
        advice = "Choose another port in [asterisk.fork]; those under 1024 need privileges."
    return Finding(Level.ERROR, LISTEN, f"Cannot listen on {where}: {reason}.", advice)


def _in_use(where: str, holder: Holder) -> Finding:
    if holder.is_ours:
        detail = (
            f"{where} is held by `rid-telephony serve` (process {holder.pid}), as it should be."
        )
        return Finding(Level.OK, LISTEN, detail)
    if holder.command:
        program = holder.command.split("\0")[0]
        return Finding(
            Level.ERROR,
            LISTEN,
            f"{where} is taken by {program} (process {holder.pid}).",
            "Stop that program, or set another port in [asterisk.fork].",
        )
    return Finding(
        Level.WARNING,
        LISTEN,
        f"{where} is taken, by a program that we may not see.",
        "Where `rid-telephony serve` runs under another user, all is well; else set another port"
        " in [asterisk.fork] (`ss -ltnp` as root names the program).",
    )


def judge_advertise(settings: AsteriskSettings) -> Finding:
    """Whether the address that we tell the PBX makes sense."""
    fork = settings.fork
    told = fork.advertise or fork.listen
    advice = "Set advertise in [asterisk.fork] to this machine's address as Asterisk reaches it."
    if fork.means == "websocket":
        return Finding(
            Level.WARNING,
            ADVERTISE,
            f"Asterisk takes the address from [{fork.websocket_client}] in websocket_client.conf."
            " While it connects there, it delays other calls (seen on 22.10).",
            "Prefer means = audiosocket; else keep connection_timeout short.",
        )
    address = _address(told)
    if address is None and not _resolves(told):
        detail = f"The name {told}, which Asterisk is told, cannot be resolved here."
        return Finding(Level.WARNING, ADVERTISE, detail, advice)
    if address and address.is_unspecified:
        detail = f"Asterisk would be told to send to {told}, which is no destination."
        return Finding(Level.ERROR, ADVERTISE, detail, advice)
    if address and address.is_loopback and not _is_local(settings.host):
        detail = f"Asterisk, on {settings.host}, is told to send to {told}, which is itself."
        return Finding(Level.ERROR, ADVERTISE, detail, advice)
    return Finding(Level.OK, ADVERTISE, f"Asterisk is told to send to {told}.")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _resolves(name: str) -> bool:
    try:
        socket.getaddrinfo(name, None)
    except (OSError, UnicodeError):
        return False
    return True


def _is_local(host: str) -> bool:
    """Whether Asterisk is on this machine, as far as its address tells."""
    address = _address(host)
    if address is None:
        return host == "localhost"
    if address.is_loopback:
        return True
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((host, 0))
        except OSError:
            return False
    return True
