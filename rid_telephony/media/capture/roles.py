"""Who is the agent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from rid_telephony.errors import SettingsError

_PUNCTUATION = re.compile(r"[\s().+\-]")


class RoleRule(StrEnum):
    """What decided who is the agent."""

    OVERRIDE = "agent_number"
    PATTERN = "agent_pattern"
    CALLEE = "callee"
    FIRST_CALLED = "first_called"
    MOST_PARTNERS = "most_partners"

    @property
    def guessed(self) -> bool:
        """True where the rule is a habit of telephony and not the user's own word."""
        return self not in (RoleRule.OVERRIDE, RoleRule.PATTERN)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One party that may be the agent.

    Attributes:
        users: Users and numbers in its own dialog, the best first.
        aliases: What the far end of the bridge knows it by: the number dialled, for instance.
        addresses: Its RTP addresses, ``address`` and ``address:port``, for the override.
        called: True if the PBX, or the other party, called it.
        begin: When its dialog began.
    """

    users: tuple[str, ...]
    aliases: tuple[str, ...]
    addresses: tuple[str, ...]
    called: bool
    begin: float


class AgentRules:
    """Tells agents by the user's word.

    Args:
        pattern: Regular expression of agents' users and numbers (``media.agent_pattern``).
        agent_number: The agent's number, user, or RTP address in this recording; overrides
            the pattern.

    Raises:
        SettingsError: The pattern is no regular expression.
    """

    def __init__(self, pattern: str, agent_number: str | None) -> None:
        try:
            self._pattern = re.compile(pattern)
        except re.error as error:
            raise SettingsError(
                f"media.agent_pattern is not a regular expression: {error}."
            ) from error
        self._number = agent_number

    @property
    def number(self) -> str | None:
        """The agent's number that was given, if any."""
        return self._number

    @property
    def overrides(self) -> bool:
        """True if an agent's number was given."""
        return self._number is not None

    def named(self, who: Candidate) -> bool:
        """True if the override names this party."""
        if self._number is None:
            return False
        wanted = _plain(self._number)
        known = (*who.users, *who.aliases, *who.addresses)
        return any(_plain(text) == wanted for text in known)

    def matches(self, users: tuple[str, ...]) -> bool:
        """True if any of the users matches the pattern."""
        return any(self._pattern.search(user[:64]) for user in users)

    def pick(self, users: tuple[str, ...]) -> str:
        """The user to show for an agent: the first that matches, else the first."""
        matching = [user for user in users if self.matches((user,))]
        return (matching or list(users) or [""])[0]


def choose_agent(one: Candidate, other: Candidate, rules: AgentRules) -> tuple[int, RoleRule]:
    """Decide between two parties.

    Returns:
        0 or 1 for the one that is the agent, and why.
    """
    tests = (
        (RoleRule.OVERRIDE, rules.named(one), rules.named(other)),
        (RoleRule.PATTERN, rules.matches(one.users), rules.matches(other.users)),
        (RoleRule.PATTERN, rules.matches(one.aliases), rules.matches(other.aliases)),
        (RoleRule.CALLEE, one.called, other.called),
    )
    for rule, first, second in tests:
        if first != second:
            return (0 if first else 1), rule
    return (0 if one.begin <= other.begin else 1), RoleRule.FIRST_CALLED


def customer_number(users: tuple[str, ...]) -> str:
    """The user to show for a customer: the first that is a telephone number, else the first."""
    numbers = [user for user in users if re.fullmatch(r"\+?\d{5,20}", user)]
    return (numbers or list(users) or [""])[0]


def _plain(text: str) -> str:
    return _PUNCTUATION.sub("", text).casefold()
