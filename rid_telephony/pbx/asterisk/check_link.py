"""Check: is there an Asterisk manager interface, and does it let us in?

Speaks the few lines itself instead of using the client: the client's business is to try again
until it works, and here the first failure, told apart as finely as possible, is the result.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from rid_telephony.pbx.asterisk.ami_login import Login
from rid_telephony.pbx.check import Finding, Level
from rid_telephony.settings.asterisk import AsteriskSettings

TCP = "asterisk.tcp"
BANNER = "asterisk.banner"
LOGIN = "asterisk.login"
MAX_LINE = 1024
_BANNER = re.compile(r"Asterisk Call Manager/(\S+)")


@dataclass(frozen=True, slots=True)
class Greeting:
    """What came of a connection.

    Attributes:
        failure: ``refused``, ``timed_out``, ``unknown_host``, ``tls``, ``unreachable``; empty
            where it was made.
        reason: The system's words for the failure.
        banner: First line that the server sent, empty where it sent none.
        ours: Our address as the connection uses it.
    """

    failure: str = ""
    reason: str = ""
    banner: str = ""
    ours: str = ""


@dataclass(frozen=True, slots=True)
class LinkReport:
    """A greeting, and the reply to the login (None where it did not come to that)."""

    greeting: Greeting
    reply: Mapping[str, str] | None = None


async def try_link(settings: AsteriskSettings, login: Login) -> LinkReport:
    """Connect, read the greeting, log in and leave."""
    limit = settings.connect_timeout
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(limit):
            reader, writer = await asyncio.open_connection(
                settings.host, settings.port, ssl=login.tls, limit=MAX_LINE * 64
            )
        ours = str(writer.get_extra_info("sockname")[0])
        banner = await _first_line(reader, limit)
        greeting = Greeting(banner=banner, ours=ours)
        if not _BANNER.match(banner):
            return LinkReport(greeting)
        return LinkReport(greeting, await _log_in(reader, writer, login, limit))
    except TimeoutError:
        return LinkReport(Greeting("timed_out"))
    except ConnectionRefusedError as error:
        return LinkReport(Greeting("refused", str(error.strerror)))
    except socket.gaierror as error:
        return LinkReport(Greeting("unknown_host", str(error.strerror)))
    except ssl.SSLError as error:
        return LinkReport(Greeting("tls", error.reason or str(error)))
    except OSError as error:
        return LinkReport(Greeting("unreachable", error.strerror or str(error)))
    finally:
        if writer:
            writer.close()


async def _first_line(reader: asyncio.StreamReader, limit: float) -> str:
    """The server's first words; those of a server that ends no line count too."""
    with suppress(TimeoutError, ConnectionError, ValueError):
        async with asyncio.timeout(limit):
            return (await reader.readline())[:MAX_LINE].decode("utf-8", "replace").strip()
    return ""


async def _log_in(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, login: Login, limit: float
) -> Mapping[str, str]:
    fields = {
        "Action": "Login",
        "ActionID": "check",
        "Username": login.username,
        "Secret": login.secret,
        "Events": "off",
    }
    lines = "".join(f"{key}: {value}\r\n" for key, value in fields.items())
    writer.write(f"{lines}\r\n".encode())
    reply: dict[str, str] = {}
    try:
        async with asyncio.timeout(limit):
            while line := (await reader.readline()).decode("utf-8", "replace").strip():
                key, _, value = line.partition(":")
                reply.setdefault(key.strip().lower(), value.strip())
    except (TimeoutError, OSError, ValueError):
        return reply
    with suppress(OSError):
        writer.write(b"Action: Logoff\r\n\r\n")
        await writer.drain()
    return reply


def judge_link(settings: AsteriskSettings, report: LinkReport) -> list[Finding]:
    """Findings on the connection, the greeting and the login, as far as it came."""
    greeting = report.greeting
    if greeting.failure:
        return [_unreached(settings, greeting)]
    found = [Finding(Level.OK, TCP, f"{settings.host}:{settings.port} answers.")]
    version = _BANNER.match(greeting.banner)
    if version is None:
        return [*found, _no_manager(settings, greeting)]
    found.append(Finding(Level.OK, BANNER, f"Asterisk manager interface {version[1]}."))
    return [*found, _judge_login(settings, greeting, report.reply or {})]


def _unreached(settings: AsteriskSettings, greeting: Greeting) -> Finding:
    where = f"{settings.host}:{settings.port}"
    reason = f" ({greeting.reason})" if greeting.reason else ""
    detail, advice = {
        "refused": (
            f"Nothing listens on {where}.",
            "Is Asterisk running, and is `enabled = yes` in its manager.conf, with this port and"
            " a bindaddr that this machine can reach? `asterisk -rx 'manager show settings'` says.",
        ),
        "timed_out": (
            f"{where} does not answer within {settings.connect_timeout:g} s.",
            "Is the host right, and does a firewall between this machine and Asterisk drop the"
            " port?",
        ),
        "unknown_host": (
            f"The name {settings.host} cannot be resolved{reason}.",
            "Correct [asterisk] host, or give the IP address.",
        ),
        "tls": (
            f"No TLS with {where}{reason}.",
            "Is this the tlsbindaddr port (5039 by default) with `tlsenable = yes` in manager.conf?"
            " Where the certificate is your own, set [asterisk] tls_ca to its CA.",
        ),
    }.get(
        greeting.failure,
        (f"{where} cannot be reached{reason}.", "Check [asterisk] host and the route to it."),
    )
    return Finding(Level.ERROR, TCP, detail, advice)


def _no_manager(settings: AsteriskSettings, greeting: Greeting) -> Finding:
    where = f"{settings.host}:{settings.port}"
    if not greeting.banner:
        advice = (
            "Is this another service's port (the manager's is 5038), or a TLS port? For TLS set"
            " [asterisk] tls = true. An Asterisk that hangs, or has too many logins open"
            " (authlimit), is silent too."
        )
        return Finding(Level.ERROR, BANNER, f"{where} says nothing that Asterisk would.", advice)
    shown = greeting.banner[:60].encode("unicode_escape").decode("ascii")
    return Finding(
        Level.ERROR,
        BANNER,
        f"{where} is not an Asterisk manager interface; it says “{shown}”.",
        "Set [asterisk] port to that of manager.conf, 5038 by default.",
    )


def _judge_login(
    settings: AsteriskSettings, greeting: Greeting, reply: Mapping[str, str]
) -> Finding:
    if reply.get("response") == "Success":
        return Finding(Level.OK, LOGIN, f"Logged in as {settings.username}.")
    if not reply:
        detail = "Asterisk closed the connection, or fell silent, at the login."
        advice = "Is it shutting down? Its log (notice level) names the reason."
        return Finding(Level.ERROR, LOGIN, detail, advice)
    message = reply.get("message", "no reason given")
    # Asterisk answers alike to a wrong secret, an unknown user and an address that is not
    # permitted, so that nobody can probe for users; only its log tells them apart.
    return Finding(
        Level.ERROR,
        LOGIN,
        f"Asterisk refuses the login of {settings.username} from {greeting.ours}: {message}.",
        "Asterisk does not say which, but its log does (notice level): “failed to authenticate”"
        " is a wrong secret; “nonexistent user”: no such section in manager.conf, or no"
        f" `manager reload` since; “failed to pass IP ACL”: add permit={greeting.ours} to the"
        " user.",
    )
