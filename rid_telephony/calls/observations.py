"""What a PBX was seen to do, in words that fit Asterisk and FreeSWITCH alike.

A PBX adapter turns its own events into these; the call book turns them into calls. A channel is
named by the PBX's unique id (Asterisk Uniqueid, FreeSWITCH uuid), never by a name that can change.

Every ``at`` is seconds on the source's clock (monotonic, shared with the audio of the forks).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from rid_telephony.calls.messages import CustomerContext, Party


class ChannelKind(StrEnum):
    """What a channel is to us."""

    PHONE = "phone"
    """A real leg: somebody talks on it."""
    LOCAL = "local"
    """Half of a pipe inside the PBX (Asterisk ``Local/…;1`` and ``;2``, FreeSWITCH loopback)."""
    FORK = "fork"
    """Made by us, or by an earlier run of us, to hear another channel."""
    SERVICE = "service"
    """Not a person and not ours: an announcer, a recorder, somebody's bot or snoop."""


class DialStatus(StrEnum):
    """How an attempt to reach a channel ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A channel exists, or more about it became known; empty fields say nothing new.

    Attributes:
        name: The PBX's name of it (``PJSIP/1001-00000004``, ``sofia/internal/1001@…``).
        endpoint: The SIP user, or the trunk, that it belongs to (``1001``).
        number: Its own address as the PBX displays it.
        caller_name: Its own display name.
        root: The channel that began the call, where the PBX says so (Asterisk Linkedid).
        other_half: For a ``LOCAL`` channel, the unique id of the other half.
        leg: Which party the dialplan said it is (``RID_LEG``, ``rid_leg``).
        dialled: True when the PBX dialled this channel; False when it came in; None unknown.
    """

    at: float
    channel: str
    name: str = ""
    kind: ChannelKind = ChannelKind.PHONE
    endpoint: str = ""
    number: str = ""
    caller_name: str = ""
    root: str = ""
    other_half: str = ""
    leg: Party | None = None
    dialled: bool | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What the dialplan said when it marked a call for analysis.

    Attributes:
        leg: Which party the marked channel is; None leaves it to us.
        agent: The agent's id where the dialplan knows it.
        tenant: Whose call it is.
        consent: False when the customer refused analysis; None when nothing was said.
        context: What the bank knew about the customer.
    """

    leg: Party | None = None
    agent: str = ""
    tenant: str = "default"
    consent: bool | None = None
    context: CustomerContext = field(default_factory=CustomerContext)


@dataclass(frozen=True, slots=True)
class ChannelMarked:
    """The dialplan asked for analysis of the call that this channel is in."""

    at: float
    channel: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class ChannelUnmarked:
    """The dialplan switched analysis off for this channel (``assist`` = ``off``)."""

    at: float
    channel: str


@dataclass(frozen=True, slots=True)
class LegTold:
    """The PBX itself says who is who (a queue's AgentConnect, mod_callcenter's ``cc_side``)."""

    at: float
    channel: str
    party: Party
    agent: str = ""
    queue: str = ""


@dataclass(frozen=True, slots=True)
class DialBegun:
    """The PBX began to dial ``callee``, on behalf of ``caller`` where there is one."""

    at: float
    callee: str
    caller: str = ""


@dataclass(frozen=True, slots=True)
class DialEnded:
    """The attempt is over."""

    at: float
    callee: str
    status: DialStatus
    caller: str = ""


@dataclass(frozen=True, slots=True)
class BridgeJoined:
    """A channel entered a bridge."""

    at: float
    bridge: str
    channel: str


@dataclass(frozen=True, slots=True)
class BridgeParted:
    """A channel left a bridge; ``bridge`` empty: it is in none, whichever we thought."""

    at: float
    bridge: str
    channel: str


@dataclass(frozen=True, slots=True)
class HoldBegun:
    """The party on ``channel`` put the other on hold."""

    at: float
    channel: str


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """The party on ``channel`` took the other back."""

    at: float
    channel: str


@dataclass(frozen=True, slots=True)
class HangupAsked:
    """The far end of ``channel`` (or the PBX on its behalf) wants to hang up."""

    at: float
    channel: str


@dataclass(frozen=True, slots=True)
class CallerGaveUp:
    """The caller left a queue before anybody answered (the PBX says so in as many words)."""

    at: float
    channel: str


@dataclass(frozen=True, slots=True)
class ChannelEnded:
    """A channel is gone. ``status`` is why, as far as the PBX said.

    Attributes:
        passed_on: Of a channel that called somebody: why they were not reached, as the PBX
            passed it on to the caller.
    """

    at: float
    channel: str
    status: DialStatus | None = None
    passed_on: DialStatus | None = None


@dataclass(frozen=True, slots=True)
class ChannelsListed:
    """The PBX listed all of its channels, after a connection was lost or at the start.

    What was observed of each of them came before this; a channel that we knew and that is not
    in the list is gone.
    """

    at: float
    channels: frozenset[str]


Observation = (
    ChannelSeen
    | ChannelMarked
    | ChannelUnmarked
    | LegTold
    | DialBegun
    | DialEnded
    | BridgeJoined
    | BridgeParted
    | HoldBegun
    | HoldEnded
    | HangupAsked
    | CallerGaveUp
    | ChannelEnded
    | ChannelsListed
)
