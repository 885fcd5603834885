"""The call's own messages: who takes part, and what happens to the call.

A PBX adapter, or a capture reader, turns what it sees into these messages; every later
stage reads them and nothing below them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Party(StrEnum):
    """Who speaks on a leg of a two-party sales call."""

    AGENT = "agent"
    CUSTOMER = "customer"

    @property
    def other(self) -> Party:
        """The party at the far end."""
        return Party.CUSTOMER if self is Party.AGENT else Party.AGENT


class Direction(StrEnum):
    """Who placed the call, as the bank sees it."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Leg:
    """One party's side of a call.

    Attributes:
        party: Who is on it.
        channel: The PBX's name of it (Asterisk Uniqueid, FreeSWITCH uuid, SIP Call-ID).
        number: The address that was dialled or that called (a number or a SIP user).
        name: The display name, empty when none was given.
    """

    party: Party
    channel: str
    number: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class CustomerContext:
    """What the bank knew before the call; every field is optional.

    Attributes:
        customer_id: The CRM's key.
        age: Years.
        occupation: As the CRM has it, in Chinese.
        education: As the CRM has it, in Chinese.
        income_monthly_cny: Yuan a month.
        holdings: Of ``deposit wealth_product fund stock insurance gold property``.
        risk_level: 1 to 5 for C1 to C5 of the risk questionnaire.
        tenure_years: Years as a customer.
        past_calls: Calls before this one.
        do_not_call: True when the customer asked not to be called.
    """

    customer_id: str = ""
    age: int | None = None
    occupation: str = ""
    education: str = ""
    income_monthly_cny: float | None = None
    holdings: tuple[str, ...] = ()
    risk_level: int | None = None
    tenure_years: float | None = None
    past_calls: int | None = None
    do_not_call: bool = False


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A call that is to be analysed exists. Exactly one for each call.

    Attributes:
        call_id: Unique in the installation.
        started_at: Wall clock (UTC) of second 0 of the call's own clock.
        at: Seconds on the call's own clock, as in every later message.
        queue: The queue that it came by, empty where the PBX names none.
    """

    call_id: str
    started_at: datetime
    direction: Direction
    legs: tuple[Leg, ...]
    at: float = 0.0
    tenant: str = "default"
    agent: str = ""
    context: CustomerContext = field(default_factory=CustomerContext)
    queue: str = ""


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """Agent and customer can talk."""

    call_id: str
    at: float


@dataclass(frozen=True, slots=True)
class CallHeld:
    """A party put the other on hold; its audio until retrieval is music or nothing."""

    call_id: str
    at: float
    by: Party


@dataclass(frozen=True, slots=True)
class CallRetrieved:
    """A hold ended."""

    call_id: str
    at: float
    by: Party


@dataclass(frozen=True, slots=True)
class CallTransferred:
    """The customer now talks to another agent.

    Attributes:
        agent: The new agent's id; events from here on are theirs.
    """

    call_id: str
    at: float
    to: Leg
    agent: str = ""


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over. Exactly one for each call, whatever happened.

    Attributes:
        cause: A stable word: ``normal``, ``busy``, ``no_answer``, ``cancelled``,
            ``rejected``, ``failed``, ``capture_ended``, or ``lost`` where we or the PBX were away
            when it ended.
        by: Who hung up, where it can be told.
    """

    call_id: str
    at: float
    cause: str
    by: Party | None = None


CallEvent = CallStarted | CallAnswered | CallHeld | CallRetrieved | CallTransferred | CallEnded


@dataclass(frozen=True, slots=True)
class TalkBegan:
    """Agent and customer hear each other now: what they say is to be analysed.

    Attributes:
        at: Seconds on the call's clock.
        origin: Second 0 of the call's clock, in seconds on the source's clock.
        agent: The channel of the agent's leg.
        customer: The channel of the customer's leg.
        agent_id: Who the agent is; write-back goes to them.
        endpoint: The SIP user of the agent's softphone.
    """

    call_id: str
    at: float
    origin: float
    agent: str
    customer: str
    agent_id: str = ""
    endpoint: str = ""

    def channel(self, party: Party) -> str:
        """The channel of a party's leg."""
        return self.agent if party is Party.AGENT else self.customer


@dataclass(frozen=True, slots=True)
class TalkPaused:
    """They no longer hear each other (transfer, consultation, end): nothing is analysed."""

    call_id: str
    at: float


TalkEvent = TalkBegan | TalkPaused
"""What the forks and the write-back go by."""
