"""On whose behalf the PBX dials, and how it ends."""

from __future__ import annotations

from rid_telephony.calls.bridges import Bridges
from rid_telephony.calls.channels import Channel, Channels
from rid_telephony.calls.marking import Marking
from rid_telephony.calls.observations import ChannelKind, DialBegun, DialEnded, DialStatus

LOCALS_DEEP = 4
"""Local channels that may dial one another before we stop asking who began it."""


class Dialling:
    """Keeps the attempts of marked channels up to date."""

    def __init__(self, channels: Channels, bridges: Bridges) -> None:
        self._channels = channels
        self._bridges = bridges

    def begun(self, callee: Channel, obs: DialBegun) -> None:
        """A channel is being dialled."""
        callee.dialled = True if callee.dialled is None else callee.dialled
        callee.dialler = obs.caller or callee.dialler
        caller = self._channels.get(obs.caller)
        if caller and caller.call and caller.call.customer is caller:
            caller.call.moved_on()
        if marking := self._on_behalf_of(obs.caller):
            self._note(marking, callee, obs.at)

    def ended(self, obs: DialEnded) -> None:
        """The PBX said how dialling ended."""
        callee = self._channels.get(obs.callee)
        caller = obs.caller or (callee.dialler if callee else "")
        if marking := self._on_behalf_of(caller):
            marking.attempt.settle(obs.callee, obs.status)
        elif callee and callee.marking and not caller and obs.status is not DialStatus.ANSWERED:
            # The PBX itself dialled the marked channel, to reach that party first.
            callee.marking.attempt.own = obs.status

    def gone(self, callee: Channel, status: DialStatus | None) -> None:
        """A channel ended, perhaps a dialled one."""
        if marking := self._on_behalf_of(callee.dialler):
            marking.attempt.refine(callee.uid, status)

    def resume(self, marking: Marking, at: float) -> None:
        """The mark came when somebody was being dialled already."""
        for uid in self._channels.uids():
            callee = self._channels.get(uid)
            if callee and callee.dialler == marking.uid:
                self._note(marking, callee, at)

    def _note(self, marking: Marking, callee: Channel, at: float) -> None:
        if marking.call:
            return
        marking.attempt.dial(callee.uid, at)
        if callee.kind is ChannelKind.PHONE:
            marking.attempt.callee = callee

    def _on_behalf_of(self, uid: str) -> Marking | None:
        """The mark of the channel that dials; a Local channel dials for somebody else."""
        for _ in range(LOCALS_DEEP):
            caller = self._channels.get(uid)
            if caller is None or caller.marking:
                return caller.marking if caller else None
            other = self._channels.get(caller.other_half)
            if caller.kind is not ChannelKind.LOCAL or other is None:
                return None
            if not other.dialler:
                stands_for = self._bridges.behind(caller)
                return stands_for.marking if stands_for else None
            uid = other.dialler
        return None
