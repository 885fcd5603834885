"""Check: can we listen where the forks are to come, and can the PBX reach that address?"""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rid_telephony.pbx.check import Finding, Level
from rid_telephony.pbx.templates import address_of

_LISTENING = "0A"
"""State ``TCP_LISTEN`` in /proc/net/tcp (Linux, include/net/tcp_states.h)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where forks are to be received.

    Attributes:
        what: Name of the finding.
        section: Of the settings, as an administrator writes it.
        pbx: The PBX's name.
        udp: Whether they come as datagrams.
        last_port: Where it is a range of ports, the last of them.
    """

    what: str
    section: str
    pbx: str
    host: str
    port: int
    udp: bool = False
    last_port: int = 0

    def __str__(self) -> str:
        """The address as findings show it."""
        ports = f"{self.port}-{self.last_port}" if self.last_port else f"{self.port}"
        return f"{self.host}:{ports} ({'UDP' if self.udp else 'TCP'})"


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


def try_bind(place: Place) -> OSError | None:
    """Bind the address for a moment; the error where that fails."""
    kind = socket.SOCK_DGRAM if place.udp else socket.SOCK_STREAM
    try:
        family = socket.getaddrinfo(place.host, place.port, type=kind)[0][0]
        with socket.socket(family, kind) as trial:
            if not place.udp:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((place.host, place.port))
            if not place.udp:
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


def judge_place(place: Place, error: OSError | None, holder: Holder) -> Finding:
    """Whether forks can be received there.

    Args:
        place: Where.
        error: What binding came to.
        holder: Who has the port, where it is in use.
    """
    if error is None:
        return Finding(Level.OK, place.what, f"Forks can be received on {place}.")
    if error.errno == errno.EADDRINUSE:
        return _in_use(place, holder)
    reason = error.strerror or str(error)
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        advice = (
            f"Set listen in {place.section} to an address of this machine (`ip addr`), or"
            f" 0.0.0.0 with advertise set to the address that {place.pbx} is to use."
        )
    else:
        advice = f"Choose another port in {place.section}; those under 1024 need privileges."
    return Finding(Level.ERROR, place.what, f"Cannot listen on {place}: {reason}.", advice)


def _in_use(place: Place, holder: Holder) -> Finding:
    if holder.is_ours:
        detail = (
            f"{place} is held by `rid-telephony serve` (process {holder.pid}), as it should be."
        )
        return Finding(Level.OK, place.what, detail)
    if holder.command:
        program = holder.command.split("\0")[0]
        return Finding(
            Level.ERROR,
            place.what,
            f"{place} is taken by {program} (process {holder.pid}).",
            f"Stop that program, or set another port in {place.section}.",
        )
    return Finding(
        Level.WARNING,
        place.what,
        f"{place} is taken, by a program that we may not see.",
        "Where `rid-telephony serve` runs under another user, all is well; else set another port"
        f" in {place.section} (`ss -ltunp` as root names the program).",
    )


def judge_told(what: str, place: Place, told: str, pbx_host: str) -> Finding:
    """Whether the address that we tell the PBX makes sense.

    Args:
        what: Name of the finding.
        place: Where forks are to be received.
        told: The address that the PBX is told.
        pbx_host: Where the PBX is.
    """
    pbx = place.pbx
    advice = f"Set advertise in {place.section} to this machine's address as {pbx} reaches it."
    address = address_of(told)
    if address is None and not _resolves(told):
        detail = f"The name {told}, which {pbx} is told, cannot be resolved here."
        return Finding(Level.WARNING, what, detail, advice)
    if address and address.is_unspecified:
        detail = f"{pbx} would be told to send to {told}, which is no destination."
        return Finding(Level.ERROR, what, detail, advice)
    if address and address.is_loopback and not is_local(pbx_host):
        detail = f"{pbx}, on {pbx_host}, is told to send to {told}, which is itself."
        return Finding(Level.ERROR, what, detail, advice)
    return Finding(Level.OK, what, f"{pbx} is told to send to {told}.")


def _resolves(name: str) -> bool:
    try:
        socket.getaddrinfo(name, None)
    except (OSError, UnicodeError):
        return False
    return True


def is_local(host: str) -> bool:
    """Whether this is a host name or an address of this machine, as far as it tells."""
    address = address_of(host)
    if address is None:
        return host == "localhost"
    if address.is_loopback:
        return True
    return _binds(address)


def _binds(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((str(address), 0))
        except OSError:
            return False
    return True
