"""SIP dialogs (RFC 3261, section 12): who calls whom, when it was answered, held and ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from rid_telephony.media.capture.network import Endpoint
from rid_telephony.media.capture.sdp import AudioMedia
from rid_telephony.media.capture.sip import NOBODY, SipParty
from rid_telephony.media.payloads import PayloadFormat

MAX_ENDPOINTS = 16
"""Addresses kept for one side of a dialog."""
MAX_HOLDS = 256
MAX_REFERS = 16


class Side(IntEnum):
    """An end of a dialog; the caller sent the first INVITE."""

    CALLER = 0
    CALLEE = 1

    @property
    def other(self) -> Side:
        """The far end."""
        return Side(1 - self)


@dataclass(frozen=True, slots=True)
class HoldChange:
    """A side began or ceased to hold the other.

    Attributes:
        time: Steady seconds of the offer that did it.
    """

    time: float
    side: Side
    held: bool


@dataclass(slots=True)
class End:
    """What is known of one end of a dialog.

    Attributes:
        party: From or To of the first INVITE.
        asserted: Its network-asserted identity.
        signalling: SIP addresses it used.
        media: Addresses it named for RTP, in order.
        payloads: Payload types it named.
        holding: Whether it holds the other end at the moment.
    """

    party: SipParty = NOBODY
    asserted: SipParty = NOBODY
    signalling: dict[Endpoint, None] = field(default_factory=dict)
    media: dict[Endpoint, None] = field(default_factory=dict)
    payloads: dict[int, PayloadFormat] = field(default_factory=dict)
    holding: bool = False

    def learn(self, audio: AudioMedia) -> None:
        """Take over what the end says about its audio."""
        if audio.where is not None and len(self.media) < MAX_ENDPOINTS:
            self.media[audio.where] = None
        self.payloads.update(audio.payloads)


@dataclass(slots=True)
class Dialog:
    """One dialog, from the first to the last message seen of it. Times are steady seconds.

    Attributes:
        key: Call-ID; stable over replays.
        invited: First INVITE; None where the capture began later.
        answered: First 2xx to an INVITE.
        ended: BYE, CANCEL or final failure.
        cause: As in :class:`~rid_telephony.calls.messages.CallEnded`; empty while not ended.
        ended_by: Side that ended it, where it can be told.
        dialled: User part of the first request URI.
        fork: True for a leg that the PBX made for this product: never part of a call.
        signalled: False where it was put together from RTP alone.
    """

    key: str
    caller_tag: str
    first_seen: float
    last_seen: float
    ends: tuple[End, End] = field(default_factory=lambda: (End(), End()))
    callee_tag: str = ""
    dialled: str = ""
    invited: float | None = None
    answered: float | None = None
    ended: float | None = None
    cause: str = ""
    ended_by: Side | None = None
    holds: list[HoldChange] = field(default_factory=list)
    refers: list[tuple[float, str]] = field(default_factory=list)
    fork: bool = False
    signalled: bool = True

    @property
    def begin(self) -> float:
        """When it began, or was first seen."""
        return self.first_seen if self.invited is None else self.invited

    @property
    def until(self) -> float:
        """When it ended, or was last seen."""
        return self.last_seen if self.ended is None else self.ended

    @property
    def talked(self) -> bool:
        """True if it was answered, or was under way when the capture began."""
        return self.answered is not None or self.invited is None

    def users(self, side: Side) -> tuple[str, ...]:
        """Users and numbers by which an end is known, the best first."""
        end = self.ends[side]
        found = [end.party.user, end.asserted.user]
        if side is Side.CALLEE:
            found.insert(1, self.dialled)
        return tuple(dict.fromkeys(filter(None, found)))

    def names(self, side: Side) -> tuple[str, ...]:
        """Display names of an end, the best first."""
        end = self.ends[side]
        return tuple(filter(None, (end.party.name, end.asserted.name)))

    def hold(self, time: float, side: Side, held: bool) -> None:
        """Note that a side holds, or no longer holds; a repetition changes nothing."""
        if self.ends[side].holding == held or len(self.holds) >= MAX_HOLDS:
            return
        self.ends[side].holding = held
        self.holds.append(HoldChange(time, side, held))

    def end(self, time: float, cause: str, side: Side | None) -> None:
        """Note the end; the first one counts."""
        if self.ended is None:
            self.ended, self.cause, self.ended_by = time, cause, side
