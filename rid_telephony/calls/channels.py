"""The channels that the PBX was seen to have, as many of them as we keep in mind."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rid_telephony.calls.messages import Leg, Party
from rid_telephony.calls.observations import ChannelKind, ChannelSeen

if TYPE_CHECKING:
    from rid_telephony.calls.call import Call
    from rid_telephony.calls.marking import Marking


@dataclass(slots=True, eq=False)
class Channel:
    """What is known of one channel.

    Attributes:
        uid: The PBX's unique id.
        bridge: The bridge it is in, empty for none.
        told: Which party a queue said it is.
        told_agent: The agent's id that the queue gave with it.
        queue: The queue's name.
        dialler: The channel on whose behalf the PBX dialled it.
        on_hold: Whether its party holds the other.
        colleague: A second line of an agent, or one that was consulted: never a customer.
        marking: The dialplan's mark, its own or that of a Local channel that stood for it.
        call: The call that it is the customer of, or the latest agent of.
        calls_before: Calls of earlier channels with this id, where an admin chooses the ids.
    """

    uid: str
    name: str = ""
    kind: ChannelKind = ChannelKind.PHONE
    endpoint: str = ""
    number: str = ""
    caller_name: str = ""
    root: str = ""
    other_half: str = ""
    leg: Party | None = None
    dialled: bool | None = None
    bridge: str = ""
    told: Party | None = None
    told_agent: str = ""
    queue: str = ""
    dialler: str = ""
    on_hold: bool = False
    colleague: bool = False
    marking: Marking | None = None
    call: Call | None = None
    calls_before: int = 0

    def learn(self, seen: ChannelSeen) -> bool:
        """Take over what is new. True when it may change who is who, or who hears whom."""
        before = (self.kind, self.endpoint, self.root, self.other_half, self.leg, self.dialled)
        self.name = seen.name or self.name
        self.kind = seen.kind if seen.name or seen.kind is not ChannelKind.PHONE else self.kind
        self.endpoint = seen.endpoint or self.endpoint
        self.number = seen.number or self.number
        self.caller_name = seen.caller_name or self.caller_name
        self.root = seen.root or self.root
        self.other_half = seen.other_half or self.other_half
        self.leg = seen.leg or self.leg
        if self.dialled is None:
            self.dialled = seen.dialled
        after = (self.kind, self.endpoint, self.root, self.other_half, self.leg, self.dialled)
        return before != after

    @property
    def needed(self) -> bool:
        """Whether a call or a mark depends on it."""
        return self.call is not None or (self.marking is not None and self.marking.on)

    def as_leg(self, party: Party) -> Leg:
        """This channel as a party's side of a call."""
        return Leg(party, self.uid, number=self.number or self.endpoint, name=self.caller_name)


class Channels:
    """The channels in mind, at most ``limit`` of them, and which ended lately.

    Where there are too many, the oldest that no call and no mark needs is forgotten; one that
    stands in a bridge only when there is no other.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: OrderedDict[str, Channel] = OrderedDict()
        self._ended: OrderedDict[str, int] = OrderedDict()
        self.forgotten = 0
        self.refused = 0

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, uid: str) -> bool:
        return uid in self._known

    def get(self, uid: str) -> Channel | None:
        """The channel, where it is known."""
        return self._known.get(uid)

    def uids(self) -> tuple[str, ...]:
        """All that are known, oldest first."""
        return tuple(self._known)

    def ended(self, uid: str) -> bool:
        """Whether it was seen to end lately and has not been seen anew."""
        return uid in self._ended

    def take(self, uid: str) -> tuple[Channel | None, Channel | None]:
        """The channel, made where it was unknown, and the one forgotten to make room.

        The channel is None where all that are known are needed.
        """
        channel = self._known.get(uid)
        if channel is not None:
            return channel, None
        evicted = self._make_room() if len(self._known) >= self._limit else None
        if len(self._known) >= self._limit:
            self.refused += 1
            return None, None
        channel = self._known[uid] = Channel(uid, calls_before=self._ended.pop(uid, 0))
        return channel, evicted

    def drop(self, channel: Channel) -> None:
        """It is gone."""
        self._known.pop(channel.uid, None)
        self._ended[channel.uid] = channel.calls_before
        self._ended.move_to_end(channel.uid)
        while len(self._ended) > self._limit:
            self._ended.popitem(last=False)

    def _make_room(self) -> Channel | None:
        victim: Channel | None = None
        for channel in self._known.values():
            if channel.needed:
                continue
            victim = victim or channel
            if not channel.bridge:
                victim = channel
                break
        if victim is None:
            return None
        del self._known[victim.uid]
        self.forgotten += 1
        return victim
