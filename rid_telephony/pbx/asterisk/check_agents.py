"""Check: are the agents' softphones registered?

Without the class ``system`` (``PJSIPShowEndpoints``): the endpoints come from ``DeviceStateList``,
their contacts from the functions ``PJSIP_ENDPOINT``, ``PJSIP_AOR`` and ``PJSIP_CONTACT``, and
where their modules are not loaded at least the state from ``DEVICE_STATE``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rid_telephony.pbx.asterisk.check_session import Manager, getvar
from rid_telephony.pbx.asterisk.messages import AmiEvent
from rid_telephony.pbx.check import Finding, Level

AGENTS = "asterisk.agents"
TECHNOLOGY = "PJSIP/"
MAX_ASKED = 50
"""Endpoints whose contacts and codecs are asked for one by one."""
MAX_NAMED = 10
_NAME = re.compile(r"[\w.+@-]{1,80}")
_DEAD = {"Unreachable", "Removed"}
_UNKNOWN = {"", "INVALID", "UNKNOWN"}
"""Device states of what is no endpoint."""
_ABSENT = {"UNAVAILABLE"}


@dataclass(frozen=True, slots=True)
class Contact:
    """A registration.

    Attributes:
        status: ``Reachable``, ``Unreachable``, ``NonQualified`` (not asked), ``Unknown``; or the
            device's state, where Asterisk does not tell the contact.
    """

    uri: str
    status: str

    @property
    def alive(self) -> bool:
        """As far as Asterisk knows."""
        return self.status not in _DEAD


@dataclass(frozen=True, slots=True)
class Agent:
    """An endpoint as Asterisk knows it.

    Attributes:
        allowed: Its codecs, as in ``(ulaw|alaw)``.
    """

    endpoint: str
    known: bool
    contacts: tuple[Contact, ...] = ()
    allowed: str = ""

    @property
    def registered(self) -> bool:
        """Whether there is a phone to ring."""
        return any(contact.alive for contact in self.contacts)


def is_endpoint(text: str) -> bool:
    """Whether this can be an endpoint's name (and nothing else, such as a function's end)."""
    return _NAME.fullmatch(text) is not None


def agents_among(states: Iterable[AmiEvent], pattern: str) -> list[str]:
    """The PJSIP endpoints in a list of device states that are agents by the pattern."""
    agent = re.compile(pattern)
    names = (
        item.get("device").removeprefix(TECHNOLOGY)
        for item in states
        if item.get("device").startswith(TECHNOLOGY)
    )
    return sorted({name for name in names if is_endpoint(name) and agent.search(name)})


async def ask_agent(manager: Manager, endpoint: str) -> Agent:
    """An endpoint with its contacts.

    Raises:
        PbxError: As the manager says.
    """
    aors = await getvar(manager, f"PJSIP_ENDPOINT({endpoint},aors)")
    allowed = await getvar(manager, f"PJSIP_ENDPOINT({endpoint},allow)")
    state = await getvar(manager, f"DEVICE_STATE({TECHNOLOGY}{endpoint})")
    if not aors and not allowed and state in _UNKNOWN:
        return Agent(endpoint, known=False)
    contacts = []
    for aor in filter(None, aors.split(",")):
        listed = await getvar(manager, f"PJSIP_AOR({aor.strip()},contact)")
        for contact in filter(None, listed.split(",")):
            uri = await getvar(manager, f"PJSIP_CONTACT({contact},uri)")
            status = await getvar(manager, f"PJSIP_CONTACT({contact},status)")
            contacts.append(Contact(uri, status))
    if not contacts and state not in _UNKNOWN | _ABSENT:
        contacts.append(Contact("address not told", state))
    return Agent(endpoint, known=True, contacts=tuple(contacts), allowed=allowed)


def judge_agent(agent: Agent) -> Finding:
    """An endpoint that was asked for by name."""
    what, name = f"{AGENTS}.{agent.endpoint}", agent.endpoint
    if not agent.known:
        return Finding(
            Level.ERROR,
            what,
            f"Asterisk knows no PJSIP endpoint {name}.",
            "See `asterisk -rx 'pjsip show endpoints'`; names are case-sensitive. Agents on"
            " chan_sip or others cannot be checked so.",
        )
    if not agent.contacts:
        return Finding(
            Level.ERROR,
            what,
            f"Agent {name} is not registered: no call and no hint reaches the phone.",
            "Start the softphone and see that it registers here (`asterisk -rx"
            f" 'pjsip show endpoint {name}'`).",
        )
    seen = ", ".join(f"{contact.uri} ({contact.status})" for contact in agent.contacts)
    if not agent.registered:
        advice = "The phone registered once and no longer answers OPTIONS; is it running?"
        return Finding(Level.ERROR, what, f"Agent {name} does not answer: {seen}.", advice)
    return Finding(Level.OK, what, f"Agent {name} is registered: {seen}.")


def judge_agents(agents: Iterable[Agent], pattern: str, total: int) -> Finding:
    """All endpoints that are agents by the pattern.

    Args:
        agents: Those that were asked for.
        pattern: ``agent_pattern`` of the settings.
        total: How many match the pattern; those beyond ``agents`` were not asked for.
    """
    asked = list(agents)
    if not asked:
        return Finding(
            Level.WARNING,
            AGENTS,
            f"No PJSIP endpoint matches agent_pattern {pattern}.",
            "Set [asterisk] agent_pattern to your agents' endpoints, or name one: --agent 1001.",
        )
    missing = [agent.endpoint for agent in asked if not agent.registered]
    beyond = f"; {total - len(asked)} more were not asked" if total > len(asked) else ""
    count = f"{len(asked) - len(missing)} of {len(asked)} agent endpoints are registered{beyond}"
    if not missing:
        return Finding(Level.OK, AGENTS, f"{count}: {_named(a.endpoint for a in asked)}.")
    return Finding(
        Level.WARNING,
        AGENTS,
        f"{count}; not: {_named(missing)}.",
        "Whoever is at work should be registered; check one with --agent.",
    )


def _named(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - MAX_NAMED} more" if len(every) > MAX_NAMED else ""
    return ", ".join(every[:MAX_NAMED]) + more
