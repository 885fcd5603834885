"""The call book: turns what a PBX was seen to do into the calls that are to be analysed.

The same for every PBX. Nothing here reads a clock or does I/O, and nothing raises: what does not
fit is counted in ``counts``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from rid_telephony.calls import observations as seen
from rid_telephony.calls.bridges import Bridges
from rid_telephony.calls.channels import Channel, Channels
from rid_telephony.calls.dialling import Dialling
from rid_telephony.calls.marking import Attempt, Marking
from rid_telephony.calls.matching import Matching
from rid_telephony.calls.messages import CallEvent, TalkEvent
from rid_telephony.calls.observations import ChannelKind, DialStatus, Observation
from rid_telephony.calls.roles import Roles

Said = seen.LegTold | seen.HoldBegun | seen.HoldEnded | seen.HangupAsked | seen.CallerGaveUp
"""What needs a channel that is known, and changes no bridge."""


class CallBook:
    """Follows channels and bridges, and tells what becomes of the marked calls.

    Args:
        agent_pattern: Regular expression of the endpoints that are agents, where nothing else
            says who is who.
        wall: Wall clock (UTC) of a moment on the source's clock.
        max_channels: Channels kept in mind.
        max_calls: Calls at the same time; one beyond them is not reported, and counted.
        node: Name of the PBX, the beginning of every call's id; needed where several PBXs serve
            one installation.
        analyse_without_consent: Report calls whose mark says that the customer refused, too.
    """

    def __init__(
        self,
        agent_pattern: str,
        *,
        wall: Callable[[float], datetime],
        max_channels: int = 20_000,
        max_calls: int = 10_000,
        node: str = "",
        analyse_without_consent: bool = False,
    ) -> None:
        self._out: list[CallEvent | TalkEvent] = []
        self._without_consent = analyse_without_consent
        self._channels = Channels(max_channels)
        self._bridges = Bridges(self._channels)
        self._dialling = Dialling(self._channels, self._bridges)
        self._counts: Counter[str] = Counter()
        self._matching = Matching(
            Roles(agent_pattern),
            self._bridges,
            tell=self._tell,
            wall=wall,
            node=node,
            max_calls=max_calls,
            vetoed=self._vetoed,
            counts=self._counts,
        )

    @property
    def calls(self) -> tuple[str, ...]:
        """The ids of the calls that were started and are not over, oldest first."""
        return self._matching.running

    @property
    def counts(self) -> Counter[str]:
        """What was left out.

        ``without_consent`` marks that said no; ``nobody_dialled`` marked calls that ended before
        anybody was dialled; ``too_many_calls``; ``consultations`` between agents; ``late``
        observations of channels that were gone; ``unknown_channel`` of channels never seen;
        ``channels_forgotten`` and ``channels_refused`` for want of room.
        """
        room = {
            "channels_forgotten": self._channels.forgotten,
            "channels_refused": self._channels.refused,
        }
        return self._counts + Counter(room)

    def known(self, channel: str) -> bool:
        """Whether this channel was seen and is not gone."""
        return channel in self._channels

    def marked(self, channel: str) -> bool:
        """Whether the dialplan marked this channel, on or off, as far as we saw."""
        found = self._channels.get(channel)
        return found is not None and found.marking is not None

    def observe(self, obs: Observation) -> list[CallEvent | TalkEvent]:
        """Take the next observation.

        Returns:
            What follows from it, in order; empty most of the time.
        """
        self._out.clear()
        match obs:
            case seen.ChannelSeen():
                self._seen(obs)
            case seen.BridgeJoined():
                self._joined(obs)
            case seen.BridgeParted():
                self._parted(obs)
            case seen.DialBegun():
                self._dial_begun(obs)
            case seen.DialEnded():
                self._dialling.ended(obs)
            case seen.ChannelEnded():
                self._ended(obs)
            case seen.ChannelsListed():
                self._listed(obs)
            case seen.ChannelMarked() | seen.ChannelUnmarked():
                self._marks(obs)
            case _:
                self._said(obs)
        return list(self._out)

    def _tell(self, event: CallEvent | TalkEvent) -> None:
        self._out.append(event)

    def _seen(self, obs: seen.ChannelSeen) -> None:
        channel = self._take(obs.channel)
        if channel is None or not channel.learn(obs):
            return
        other = self._channels.get(channel.other_half)
        if other and not other.other_half:
            other.other_half = channel.uid
        self._matching.review(obs.at, channel)

    def _joined(self, obs: seen.BridgeJoined) -> None:
        channel = None if self._gone(obs.channel) else self._take(obs.channel)
        if channel is None or channel.bridge == obs.bridge:
            return
        before = self._around(channel)
        if channel.call and channel.call.customer is channel:
            channel.call.moved_on()
        if obs.bridge:
            self._bridges.join(channel, obs.bridge)
        self._matching.review(obs.at, channel, *before)

    def _parted(self, obs: seen.BridgeParted) -> None:
        channel = self._find(obs.channel)
        if channel is None or not channel.bridge or obs.bridge not in {"", channel.bridge}:
            return
        before = self._around(channel)
        if channel.call and channel.call.talking:
            channel.call.left(channel)
        if channel.call is None or channel.call.customer is not channel:
            channel.on_hold = False
        self._bridges.leave(channel)
        self._matching.review(obs.at, channel, *before)

    def _dial_begun(self, obs: seen.DialBegun) -> None:
        callee = None if self._gone(obs.callee) else self._take(obs.callee)
        if callee:
            self._dialling.begun(callee, obs)

    def _ended(self, obs: seen.ChannelEnded) -> None:
        channel = self._find(obs.channel)
        if channel:
            if channel.marking:
                channel.marking.attempt.passed_on(obs.passed_on)
            self._remove(channel, obs.at, obs.status)

    def _listed(self, obs: seen.ChannelsListed) -> None:
        for uid in self._channels.uids():
            channel = None if uid in obs.channels else self._channels.get(uid)
            if channel:
                self._remove(channel, obs.at, None, lost=True)

    def _remove(
        self, channel: Channel, at: float, status: DialStatus | None, *, lost: bool = False
    ) -> None:
        before = self._around(channel)
        if channel.call and channel.call.talking and not lost:
            channel.call.left(channel)
        self._dialling.gone(channel, status)
        self._bridges.leave(channel)
        self._matching.gone(channel, at, lost=lost)
        self._channels.drop(channel)
        self._matching.review(at, *before)

    def _marks(self, obs: seen.ChannelMarked | seen.ChannelUnmarked) -> None:
        channel = None if self._gone(obs.channel) else self._take(obs.channel)
        if channel is None or channel.kind in {ChannelKind.FORK, ChannelKind.SERVICE}:
            return
        mark = obs.mark if isinstance(obs, seen.ChannelMarked) else None
        refused_before = channel.marking and self._vetoed(channel.marking)
        if channel.marking is None:
            marking = Marking(channel.uid, mark or seen.Mark(), Attempt(obs.at))
            self._matching.adopt(channel, marking)
            self._dialling.resume(marking, obs.at)
        elif mark:
            channel.marking.renew(mark)
        if channel.marking and mark is None:
            channel.marking.on = False
        if mark and channel.marking and self._vetoed(channel.marking) and not refused_before:
            self._counts["without_consent"] += 1
        self._matching.review(obs.at, channel)

    def _said(self, obs: Said) -> None:
        channel = self._find(obs.channel)
        if channel is None:
            return
        match obs:
            case seen.LegTold():
                channel.told, channel.told_agent = obs.party, obs.agent or channel.told_agent
                channel.queue = obs.queue or channel.queue
                self._matching.review(obs.at, channel)
            case seen.HoldBegun():
                channel.on_hold = True
                if channel.call:
                    channel.call.hold(channel, obs.at)
            case seen.HoldEnded():
                channel.on_hold = False
                if channel.call:
                    channel.call.retrieve(channel, obs.at)
            case seen.HangupAsked():
                self._hangup_asked(channel)
            case seen.CallerGaveUp():
                if channel.marking:
                    channel.marking.attempt.gave_up = True

    def _hangup_asked(self, channel: Channel) -> None:
        if channel.call:
            channel.call.asked(channel)
        if channel.marking and channel.marking.call is None:
            channel.marking.attempt.hang_up()

    def _around(self, channel: Channel) -> list[Channel]:
        return [c for c in self._bridges.conversation(channel) if c is not channel]

    def _vetoed(self, marking: Marking) -> bool:
        refused = marking.mark.consent is False and not self._without_consent
        return refused or not marking.on

    def _take(self, uid: str) -> Channel | None:
        channel, forgotten = self._channels.take(uid)
        if forgotten:
            self._bridges.leave(forgotten)
        return channel

    def _find(self, uid: str) -> Channel | None:
        channel = self._channels.get(uid)
        if channel is None and not self._gone(uid):
            self._counts["unknown_channel"] += 1
        return channel

    def _gone(self, uid: str) -> bool:
        """Whether it ended; only being seen anew brings a channel back."""
        if not self._channels.ended(uid):
            return False
        self._counts["late"] += 1
        return True
