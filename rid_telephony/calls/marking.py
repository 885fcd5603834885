"""A channel that the dialplan marked, and what became of the attempts to find it a partner."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rid_telephony.calls.observations import DialStatus, Mark

if TYPE_CHECKING:
    from rid_telephony.calls.call import Call
    from rid_telephony.calls.channels import Channel

CAUSES = {
    DialStatus.BUSY: "busy",
    DialStatus.NO_ANSWER: "no_answer",
    DialStatus.CANCELLED: "cancelled",
    DialStatus.REJECTED: "rejected",
}
"""How ``CallEnded`` puts it; anything else failed."""

MAX_DIALLED = 64
"""Channels dialled in one attempt that are kept in mind, the latest."""


@dataclass(slots=True)
class Attempt:
    """The PBX tries to connect the marked channel with somebody.

    Attributes:
        dialled: Whom it dialled, and how that ended; None while it rings.
        callee: The telephone dialled last, as it was; it may be gone since.
        gave_up: The caller left the queue, or hung up while somebody was being dialled.
        asked: The party on the marked channel wants to hang up.
        own: How the attempt to reach the marked channel itself ended.
    """

    at: float | None
    dialled: OrderedDict[str, DialStatus | None] = field(default_factory=OrderedDict)
    callee: Channel | None = None
    gave_up: bool = False
    asked: bool = False
    own: DialStatus | None = None

    def dial(self, callee: str, at: float) -> None:
        """Somebody is being dialled."""
        self.at = at if self.at is None else self.at
        self.dialled[callee] = None
        self.dialled.move_to_end(callee)
        while len(self.dialled) > MAX_DIALLED:
            self.dialled.popitem(last=False)

    def settle(self, callee: str, status: DialStatus) -> None:
        """The PBX said how dialling ended; a vague word does not replace a precise one."""
        if callee not in self.dialled:
            return
        before = self.dialled[callee]
        if before in {DialStatus.BUSY, DialStatus.REJECTED} and status is not DialStatus.ANSWERED:
            return
        self.dialled[callee] = status
        self.dialled.move_to_end(callee)

    def refine(self, callee: str, status: DialStatus | None) -> None:
        """The dialled channel is gone, and its own failure code may be the better word.

        Asterisk says NOANSWER for a queue member's 486 and for a 603.
        """
        if status is None or callee not in self.dialled:
            return
        before = self.dialled[callee]
        vague = before in {DialStatus.NO_ANSWER, DialStatus.FAILED}
        if before is None or (vague and status in {DialStatus.BUSY, DialStatus.REJECTED}):
            self.dialled[callee] = status

    def passed_on(self, status: DialStatus | None) -> None:
        """The marked channel is gone, for the reason that the PBX had from whom it dialled last.

        Its end may come before theirs, which would have told the same.
        """
        last = next(reversed(self.dialled), "")
        if self.dialled.get(last) is not None:
            self.refine(last, status)

    def hang_up(self) -> None:
        """The party on the marked channel wants to leave."""
        self.asked = True
        if any(status is None for status in self.dialled.values()):
            self.gave_up = True

    def cause(self) -> str:
        """Why it came to nothing."""
        if self.gave_up:
            return "cancelled"
        last = next(reversed(self.dialled.values())) if self.dialled else self.own
        if last in {None, DialStatus.ANSWERED}:
            return "cancelled" if self.asked else "failed"
        return CAUSES.get(last, "failed") if last else "failed"


@dataclass(slots=True, eq=False)
class Marking:
    """The mark of a channel and what followed from it.

    Attributes:
        uid: The channel that was marked; calls are named after it.
        on: False when the dialplan switched analysis off again.
        count: Calls so far.
        call: The call that came of it and is not over, while the marked channel is in it.
        carriers: The channels that have it now: the marked one, and the telephone that a marked
            Local channel stands for.
        bound: The endpoint that ``mark.agent`` turned out to mean; None until then.
        refused: There were too many calls when this one was to start.
    """

    uid: str
    mark: Mark
    attempt: Attempt
    on: bool = True
    count: int = 0
    call: Call | None = None
    carriers: set[str] = field(default_factory=set)
    bound: str | None = None
    refused: bool = False

    def renew(self, mark: Mark) -> None:
        """The dialplan marked the channel again, perhaps with another agent or consent."""
        if mark.agent != self.mark.agent:
            self.bound = None
        self.mark = mark
        self.on = True

    def agent_for(self, endpoint: str) -> str:
        """The agent's id as the mark has it, if it means the agent at this endpoint."""
        if self.bound is not None and self.bound != endpoint:
            return ""
        if self.mark.agent:
            self.bound = endpoint
        return self.mark.agent

    def next_id(self, node: str) -> str:
        """The id of the next call of this channel."""
        self.count += 1
        name = f"{node}-{self.uid}" if node else self.uid
        return name if self.count == 1 else f"{name}.{self.count}"

    def free(self) -> None:
        """Its call is over, or is another's now; the next attempt begins with the next dialling."""
        self.call = None
        self.attempt = Attempt(at=None)
