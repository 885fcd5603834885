"""Who is in which bridge, and who hears whom through the pipes between them."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator

from rid_telephony.calls.channels import Channel, Channels
from rid_telephony.calls.observations import ChannelKind

MAX_CONVERSATION = 32
"""Channels of one conversation that are looked at; a larger conference is nobody's sales call."""


class Bridges:
    """Members of the bridges; a channel is in one at most."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._members: dict[str, OrderedDict[str, None]] = {}

    def join(self, channel: Channel, bridge: str) -> None:
        """It entered; whatever bridge it was in, it is there no more."""
        if channel.bridge == bridge:
            return
        self.leave(channel)
        channel.bridge = bridge
        self._members.setdefault(bridge, OrderedDict())[channel.uid] = None

    def leave(self, channel: Channel) -> None:
        """It is in no bridge any more."""
        left, channel.bridge = channel.bridge, ""
        members = self._members.get(left)
        if members is None:
            return
        members.pop(channel.uid, None)
        if not members:
            del self._members[left]

    def conversation(self, channel: Channel) -> list[Channel]:
        """The telephones that hear each other where this channel is, itself first if it is one.

        Both halves of a Local channel are one pipe; a Local channel thus gives the telephones
        at both of its ends. At most :data:`MAX_CONVERSATION` others are found.
        """
        found = [channel, *self._reached({channel.uid}, [channel])]
        return [c for c in found if c.kind is ChannelKind.PHONE]

    def behind(self, half: Channel) -> Channel | None:
        """The one telephone that half of a Local channel stands for: behind its other half."""
        other = self._channels.get(half.other_half)
        if other is None:
            return None
        reached = self._reached({half.uid, other.uid}, [other])
        phones = [c for c in reached if c.kind is ChannelKind.PHONE]
        return phones[0] if len(phones) == 1 else None

    def pipes(self, channel: Channel) -> list[Channel]:
        """The halves of Local channels in the conversation of this channel."""
        found = self._reached({channel.uid}, [channel])
        return [c for c in found if c.kind is ChannelKind.LOCAL]

    def _reached(self, seen: set[str], start: list[Channel]) -> list[Channel]:
        found: list[Channel] = []
        bridges: set[str] = set()
        open_ = deque(start)
        while open_:
            for uid in self._next_to(open_.popleft(), bridges):
                neighbour = self._channels.get(uid)
                if uid in seen or neighbour is None:
                    continue
                seen.add(uid)
                if neighbour.kind in {ChannelKind.FORK, ChannelKind.SERVICE}:
                    continue
                found.append(neighbour)
                open_.append(neighbour)
                if len(found) >= MAX_CONVERSATION:
                    return found
        return found

    def _next_to(self, channel: Channel, bridges: set[str]) -> Iterator[str]:
        """Who is beside a channel; each bridge is looked into once."""
        if channel.bridge and channel.bridge not in bridges:
            bridges.add(channel.bridge)
            yield from self._members.get(channel.bridge, ())
        if channel.kind is ChannelKind.LOCAL and channel.other_half:
            yield channel.other_half
