"""Check: are the agents' softphones registered?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from rid_telephony.pbx.check import Finding, Level
from rid_telephony.pbx.freeswitch.writer import profiles_of
from rid_telephony.pbx.messages import PbxError

AGENTS = "freeswitch.agents"
MAX_NAMED = 10


@dataclass(frozen=True, slots=True)
class Registration:
    """A phone that registered.

    Attributes:
        contact: Where it is, as ``sofia/internal/sip:1001@10.0.0.7:5060``.
    """

    user: str
    realm: str
    contact: str

    @property
    def profiles(self) -> list[str]:
        """The SIP profile that it registered with."""
        return profiles_of(self.contact)


def read_registrations(answer: str) -> list[Registration]:
    """What ``show registrations as json`` printed.

    Raises:
        PbxError: It is something else.
    """
    try:
        parsed = json.loads(answer)
        rows = parsed.get("rows", [])
        return [Registration(row["reg_user"], row["realm"], row["url"]) for row in rows]
    except (ValueError, AttributeError, TypeError, KeyError):
        shown = answer[:60].encode("unicode_escape").decode("ascii")
        raise PbxError(f"FreeSWITCH does not list its registrations; it says “{shown}”.") from None


def judge_agent(user: str, domain: str, contacts: str) -> Finding:
    """An agent who was asked for by name.

    Args:
        user: The agent's.
        domain: The agent's.
        contacts: What ``sofia_contact`` printed.
    """
    what = f"{AGENTS}.{user}"
    if profiles_of(contacts):
        return Finding(Level.OK, what, f"Agent {user} is registered: {_shown(contacts)}.")
    return Finding(
        Level.ERROR,
        what,
        f"Agent {user} is not registered at {domain}: no call and no hint reaches the phone.",
        "Start the softphone and see that it registers here, with this domain"
        " (`fs_cli -x 'show registrations'`).",
    )


def judge_agents(registrations: Iterable[Registration], pattern: str, domain: str) -> list[Finding]:
    """All registered users that are agents by the pattern.

    Args:
        registrations: All of them.
        pattern: ``agent_pattern`` of the settings.
        domain: Where messages go; empty where it is not known.
    """
    agent = re.compile(pattern)
    every = list(registrations)
    agents = [each for each in every if agent.search(each.user)]
    if not agents:
        others = f", though {len(every)} others are" if every else ""
        return [
            Finding(
                Level.WARNING,
                AGENTS,
                f"Nobody who matches agent_pattern {pattern} is registered{others}.",
                "Set [freeswitch] agent_pattern to your agents' users, or name one: --agent 1001.",
            )
        ]
    users = sorted({each.user for each in agents})
    found = [Finding(Level.OK, AGENTS, f"{len(users)} agents are registered: {_named(users)}.")]
    elsewhere = sorted({each.realm for each in agents if each.realm != domain})
    if domain and elsewhere:
        found.append(
            Finding(
                Level.WARNING,
                f"{AGENTS}.domain",
                f"Agents are registered at {_named(elsewhere)}, but messages go to {domain}.",
                "Set domain in [freeswitch] to the domain that the agents register with.",
            )
        )
    return found


def _shown(contacts: str) -> str:
    return contacts.strip()[:200].encode("unicode_escape").decode("ascii")


def _named(names: Iterable[str]) -> str:
    every = [name.encode("unicode_escape").decode("ascii") for name in names]
    more = f" and {len(every) - MAX_NAMED} more" if len(every) > MAX_NAMED else ""
    return ", ".join(every[:MAX_NAMED]) + more
