"""Check: is there an event socket, does it let us in, and what does it let us do?

Speaks the few lines itself instead of using the client: the client's business is to try again
until it works, and here the first failure, told apart as finely as possible, is the result.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from rid_telephony.pbx.check import Finding, Level
from rid_telephony.pbx.freeswitch.esl_login import Login
from rid_telephony.settings.freeswitch import FreeSwitchSettings

TCP = "freeswitch.tcp"
BANNER = "freeswitch.banner"
ACL = "freeswitch.acl"
LOGIN = "freeswitch.login"
PASSWORD = "freeswitch.password"  # noqa: S105 - the name of a finding, no password
MAX_FRAME = 16 * 1024
_KNOWN_PASSWORD = "ClueCon"  # noqa: S105 - it is in every manual
_REQUEST = "auth/request"
_REJECTION = "text/rude-rejection"
_END = b"\n\n"


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What came of a connection.

    Attributes:
        failure: ``refused``, ``timed_out``, ``unknown_host``, ``unreachable``; empty where it
            was made.
        reason: The system's words for the failure.
        ours: Our address as the connection uses it.
        greeting: What the server said first, as it came.
        reply: Headers of the answer to the login; None where it did not come to that.
        cut: The answer never came to its end.
    """

    failure: str = ""
    reason: str = ""
    ours: str = ""
    greeting: bytes = b""
    reply: Mapping[str, str] | None = None
    cut: bool = False

    @property
    def allowed_commands(self) -> frozenset[str] | None:
        """What ``esl-allowed-api`` lists; None where everything is allowed."""
        return _listed(self.reply, "allowed-api")

    @property
    def allowed_events(self) -> frozenset[str] | None:
        """What ``esl-allowed-events`` lists; None where everything is allowed."""
        return _listed(self.reply, "allowed-events")


def _listed(reply: Mapping[str, str] | None, header: str) -> frozenset[str] | None:
    text = (reply or {}).get(header, "all")
    names = frozenset(text.replace(",", " ").split())
    return None if names & {"all", "ALL"} else names


async def try_link(settings: FreeSwitchSettings, login: Login) -> LinkReport:
    """Connect, read the greeting, log in and leave."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(settings.connect_timeout):
            reader, writer = await asyncio.open_connection(settings.host, settings.port)
        ours = str(writer.get_extra_info("sockname")[0])
        greeting, _ = await _frame(reader, settings.connect_timeout)
        if _headers(greeting).get("content-type") != _REQUEST:
            return LinkReport(ours=ours, greeting=greeting)
        writer.write(f"{login.command}\n\n".encode())
        reply, whole = await _frame(reader, settings.connect_timeout)
        return LinkReport(ours=ours, greeting=greeting, reply=_headers(reply), cut=not whole)
    except TimeoutError:
        return LinkReport("timed_out")
    except ConnectionRefusedError as error:
        return LinkReport("refused", str(error.strerror))
    except socket.gaierror as error:
        return LinkReport("unknown_host", str(error.strerror))
    except (OSError, UnicodeError) as error:
        return LinkReport("unreachable", getattr(error, "strerror", None) or str(error))
    finally:
        if writer:
            with suppress(OSError):
                writer.write(b"exit\n\n")
            writer.close()


async def _frame(reader: asyncio.StreamReader, limit: float) -> tuple[bytes, bool]:
    """The server's next words, and whether they came to their end."""
    data = b""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(limit):
            while _END not in data and len(data) < MAX_FRAME:
                read = await reader.read(MAX_FRAME)
                if not read:
                    break
                data += read
    return data, _END in data


def _headers(frame: bytes) -> dict[str, str]:
    lines = frame.partition(_END)[0].decode("utf-8", "replace").splitlines()
    pairs = (line.partition(":") for line in lines)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def judge_link(settings: FreeSwitchSettings, report: LinkReport) -> list[Finding]:
    """Findings on the connection, the greeting and the login, as far as it came."""
    if report.failure:
        return [_unreached(settings, report)]
    found = [Finding(Level.OK, TCP, f"{settings.host}:{settings.port} answers.")]
    kind = _headers(report.greeting).get("content-type", "")
    if kind == _REJECTION:
        return [*found, _rejected(settings, report)]
    if kind != _REQUEST:
        return [*found, _no_event_socket(settings, report.greeting)]
    found.append(Finding(Level.OK, BANNER, "FreeSWITCH's event socket."))
    return [*found, *_judge_login(settings, report)]


def _unreached(settings: FreeSwitchSettings, report: LinkReport) -> Finding:
    where = f"{settings.host}:{settings.port}"
    reason = f" ({report.reason})" if report.reason else ""
    detail, advice = {
        "refused": (
            f"Nothing listens on {where}.",
            "Is FreeSWITCH running with mod_event_socket, and is its listen-ip in"
            " event_socket.conf.xml one that this machine can reach?",
        ),
        "timed_out": (
            f"{where} does not answer within {settings.connect_timeout:g} s.",
            "Is the host right, and does a firewall between this machine and FreeSWITCH drop the"
            " port?",
        ),
        "unknown_host": (
            f"The name {settings.host} cannot be resolved{reason}.",
            "Correct [freeswitch] host, or give the IP address.",
        ),
    }.get(
        report.failure,
        (f"{where} cannot be reached{reason}.", "Check [freeswitch] host and the route to it."),
    )
    return Finding(Level.ERROR, TCP, detail, advice)


def _rejected(settings: FreeSwitchSettings, report: LinkReport) -> Finding:
    return Finding(
        Level.ERROR,
        ACL,
        f"FreeSWITCH at {settings.host}:{settings.port} rejects our address, {report.ours}, before"
        " any login: its access list does not hold it.",
        "Add it to the list that apply-inbound-acl in event_socket.conf.xml names, then"
        ' `fs_cli -x "reloadacl"`; where none is named, FreeSWITCH lets in its own machine only'
        " (`rid-telephony dialplan freeswitch --part acl`).",
    )


def _no_event_socket(settings: FreeSwitchSettings, greeting: bytes) -> Finding:
    where = f"{settings.host}:{settings.port}"
    if not greeting:
        advice = "Is this another service's port (the event socket's is 8021)? Or does it hang?"
        return Finding(Level.ERROR, BANNER, f"{where} says nothing that FreeSWITCH would.", advice)
    first = greeting[:60].decode("utf-8", "replace").split("\n")[0]
    shown = first.encode("unicode_escape").decode("ascii")
    return Finding(
        Level.ERROR,
        BANNER,
        f"{where} is not FreeSWITCH's event socket; it says “{shown}”.",
        "Set [freeswitch] port to listen-port of event_socket.conf.xml, 8021 by default.",
    )


def _judge_login(settings: FreeSwitchSettings, report: LinkReport) -> list[Finding]:
    said = (report.reply or {}).get("reply-text", "")
    who = settings.user or "the socket's own password"
    if not said:
        detail = "FreeSWITCH closed the connection, or fell silent, at the login."
        advice = "Is it shutting down? Its log names the reason."
        return [Finding(Level.ERROR, LOGIN, detail, advice)]
    if not said.startswith("+OK"):
        return [_refused(settings, said)]
    if report.cut:
        return [_cut(settings)]
    found = [Finding(Level.OK, LOGIN, f"Logged in by {who}.")]
    known = settings.password.get_secret_value() == _KNOWN_PASSWORD
    if known:
        detail = "The password is the one that FreeSWITCH ships with, which everybody knows."
        advice = "Change it in event_socket.conf.xml: it allows everything, shell commands too."
        found.append(Finding(Level.WARNING, PASSWORD, detail, advice))
    return found


def _refused(settings: FreeSwitchSettings, said: str) -> Finding:
    shown = said[:60].encode("unicode_escape").decode("ascii")
    if not settings.user:
        detail = f"FreeSWITCH refuses the password: {shown}."
        advice = (
            "It has to be that of event_socket.conf.xml; to log in as a user of the directory set"
            " [freeswitch] user to user@domain."
        )
        return Finding(Level.ERROR, LOGIN, detail, advice)
    user, _, domain = settings.user.partition("@")
    return Finding(
        Level.ERROR,
        LOGIN,
        f"FreeSWITCH refuses the login of {settings.user}: {shown}.",
        "It does not say which: a wrong password (esl-password), no such user"
        f" (`fs_cli -x 'user_exists id {user} {domain}'`), or a domain that is not the"
        " directory's (`fs_cli -x 'global_getvar domain'`). `reloadxml` after a change.",
    )


def _cut(settings: FreeSwitchSettings) -> Finding:
    return Finding(
        Level.WARNING,
        LOGIN,
        f"FreeSWITCH's answer to the login of {settings.user} is cut off: it has room for 511"
        " bytes, and repeats in it the lists of allowed events and commands.",
        "Shorten esl-allowed-events and esl-allowed-api"
        " (`rid-telephony dialplan freeswitch --part user` prints lists that fit).",
    )
