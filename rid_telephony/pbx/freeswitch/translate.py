"""Turns the event socket's events (FreeSWITCH 1.10 and 1.11) into observations.

Events of a channel go on after its CHANNEL_HANGUP (CHANNEL_UNBRIDGE among them), and a bridge
may begin before its legs are answered (early media): for these two, state is kept.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace

from rid_telephony.calls import observations as seen
from rid_telephony.calls.messages import Party
from rid_telephony.calls.observations import DialStatus, Observation
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.freeswitch.translate_dump import read_dump, read_list
from rid_telephony.pbx.freeswitch.translate_early import EarlyBridges
from rid_telephony.pbx.freeswitch.translate_fields import (
    MalformedError,
    agent_id,
    answered,
    channel_seen,
    dialler,
    hangup_status,
    hung_up_itself,
    outbound,
    said_of,
    uuid_in,
)

EVENTS = (
    "CHANNEL_CREATE", "CHANNEL_ORIGINATE", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA",
    "CHANNEL_EXECUTE", "CHANNEL_ANSWER", "CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE", "CHANNEL_PARK",
    "CHANNEL_HOLD", "CHANNEL_UNHOLD", "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE",
    "CHANNEL_DESTROY", "CALL_UPDATE", "SHUTDOWN",
)  # fmt: skip
"""The events that are translated, to subscribe to.

``CHANNEL_EXECUTE`` is what tells of a ``set`` in the dialplan before anybody is dialled: without
it a marked call that is refused at once goes unnoticed.
"""
SUBCLASSES = ("callcenter::info",)
"""The subclasses of ``CUSTOM`` likewise."""

MAX_CHANNELS = 20_000


class Translator:
    """One connection's events; ``counts`` says what could not be used.

    ``malformed`` events and dumps lack what they must have.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._known: OrderedDict[str, bool] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._early = EarlyBridges()
        self._handlers: dict[str, Callable[[EslEvent], list[Observation]]] = {
            "CHANNEL_CREATE": self._created,
            "CHANNEL_ORIGINATE": self._dialled,
            "CHANNEL_PROGRESS": self._snapshot,
            "CHANNEL_PROGRESS_MEDIA": self._snapshot,
            "CHANNEL_EXECUTE": self._snapshot,
            "CHANNEL_PARK": self._snapshot,
            "CALL_UPDATE": self._snapshot,
            "CHANNEL_ANSWER": self._answered,
            "CHANNEL_BRIDGE": self._bridged,
            "CHANNEL_UNBRIDGE": self._unbridged,
            "CHANNEL_HOLD": lambda e: self._told(seen.HoldBegun(e.at, uuid_in(e))),
            "CHANNEL_UNHOLD": lambda e: self._told(seen.HoldEnded(e.at, uuid_in(e))),
            "CHANNEL_HANGUP": self._hung_up,
            "CHANNEL_HANGUP_COMPLETE": self._hung_up,
            "CHANNEL_DESTROY": self._hung_up,
            "CUSTOM": self._custom,
            "SHUTDOWN": self._shut_down,
        }

    def translate(self, event: EslEvent) -> list[Observation]:
        """What was observed by this event; nothing for most of the events there are."""
        handler = self._handlers.get(event.name)
        if handler is None:
            return []
        try:
            return handler(event)
        except MalformedError:
            self.counts["malformed"] += 1
            return []

    def snapshot(self, channels: str, dumps: Mapping[str, str], at: float) -> list[Observation]:
        """What the PBX answered when it was asked for all of its channels.

        Events may have come between the answers: what they said ended, ended, and what began
        after the list was made is not gone.

        Args:
            channels: Answer of ``show channels as json``.
            dumps: Answer of ``uuid_dump <uuid> json`` for each channel of the list that the PBX
                had not ended by then (see :func:`listed_channels`).
            at: Now.

        Raises:
            PbxError: The list is incomplete, or none.
        """
        listed = [uid for uid in read_list(channels) if uid in dumps and uid not in self._ended]
        observed: list[Observation] = []
        for uid in listed:
            try:
                observed += self._dumped(read_dump(dumps[uid], uid, at))
            except MalformedError:
                self.counts["malformed"] += 1
        alive = frozenset(listed) | frozenset(self._known)
        return [*observed, seen.ChannelsListed(at, alive)]

    def _created(self, event: EslEvent) -> list[Observation]:
        self._ended.pop(event.get("Unique-ID"), None)
        return self._dialled(event)

    def _dialled(self, event: EslEvent) -> list[Observation]:
        observed = self._snapshot(event)
        if observed and outbound(event) and not self._known.get(uid := uuid_in(event)):
            observed.append(seen.DialBegun(event.at, uid, dialler(event)))
        return observed

    def _snapshot(self, event: EslEvent) -> list[Observation]:
        uid = uuid_in(event)
        if uid in self._ended:
            return []
        self._know(uid)
        return [channel_seen(event, uid), *said_of(event, uid)]

    def _answered(self, event: EslEvent) -> list[Observation]:
        observed = self._snapshot(event)
        if not observed:
            return []
        uid = uuid_in(event)
        self._known[uid] = True
        if outbound(event):
            observed.append(seen.DialEnded(event.at, uid, DialStatus.ANSWERED))
        for one, two in self._early.answered(uid):
            observed += _joined(event.at, one, two)
        return observed

    def _bridged(self, event: EslEvent) -> list[Observation]:
        one, two = self._legs(event)
        observed = self._snapshot(event)
        if not observed or one in self._ended or two in self._ended:
            return []
        if two not in self._known:
            observed.append(_other_leg(event, two))
            self._know(two)
        waiting = [] if self._known[one] or answered(event) else [one]
        if not self._known[two] and _other_unanswered(event):
            waiting.append(two)
        if waiting:
            # Early media: they hear ringing or an announcement, and nobody talks yet.
            self._early.wait(one, two, waiting)
            return observed
        return [*observed, *_joined(event.at, one, two)]

    def _unbridged(self, event: EslEvent) -> list[Observation]:
        one, two = self._legs(event)
        self._early.drop(one)
        bridge = _bridge(one, two)
        return [
            seen.BridgeParted(event.at, bridge, uid) for uid in (one, two) if uid not in self._ended
        ]

    def _legs(self, event: EslEvent) -> tuple[str, str]:
        """The channel of the event, and the one that it is bridged to."""
        one = uuid_in(event)
        pair = [uuid_in(event, f"Bridge-{side}-Unique-ID") for side in "AB"]
        others = [uid for uid in pair if uid != one]
        if len(others) != 1:
            raise MalformedError("a bridge of a channel with itself, or of two others")
        return one, others[0]

    def _told(self, said: seen.HoldBegun | seen.HoldEnded) -> list[Observation]:
        return [] if said.channel in self._ended else [said]

    def _hung_up(self, event: EslEvent) -> list[Observation]:
        uid = uuid_in(event)
        if uid in self._ended:
            return []
        status = hangup_status(event)
        observed: list[Observation] = []
        if hung_up_itself(event):
            observed.append(seen.HangupAsked(event.at, uid))
            if event.get("variable_cc_side") == "member":
                observed.append(seen.CallerGaveUp(event.at, uid))
        if status and outbound(event) and not answered(event):
            observed.append(seen.DialEnded(event.at, uid, status))
        self._end(uid)
        return [*observed, seen.ChannelEnded(event.at, uid, status)]

    def _custom(self, event: EslEvent) -> list[Observation]:
        if event.subclass != "callcenter::info" or event.get("CC-Action") != "bridge-agent-start":
            return []
        customer = uuid_in(event, "CC-Member-Session-UUID")
        agent = uuid_in(event, "CC-Agent-UUID")
        if customer in self._ended or agent in self._ended:
            return []
        return [
            seen.LegTold(event.at, customer, Party.CUSTOMER, queue=event.get("CC-Queue").strip()),
            seen.LegTold(event.at, agent, Party.AGENT, agent_id(event.get("CC-Agent"))),
        ]

    def _shut_down(self, event: EslEvent) -> list[Observation]:
        """The PBX ends now: all its channels with it."""
        for uid in tuple(self._known):
            self._end(uid)
        return [seen.ChannelsListed(event.at, frozenset())]

    def _dumped(self, event: EslEvent) -> list[Observation]:
        """What the dump of a channel says: where it is, too."""
        uid = uuid_in(event)
        self._known[uid] = answered(event)
        observed: list[Observation] = [channel_seen(event, uid), *said_of(event, uid)]
        if outbound(event) and not answered(event):
            observed.append(seen.DialBegun(event.at, uid, dialler(event)))
        held = event.get("Channel-Call-State") == "HELD"
        observed.append((seen.HoldBegun if held else seen.HoldEnded)(event.at, uid))
        other = event.get("variable_bridge_to")
        if not other or other == uid or other in self._ended or not answered(event):
            return [*observed, seen.BridgeParted(event.at, "", uid)]
        return [*observed, seen.BridgeJoined(event.at, _bridge(uid, other), uid)]

    def _know(self, uid: str) -> None:
        self._known.setdefault(uid, False)
        self._known.move_to_end(uid)
        while len(self._known) > MAX_CHANNELS:
            self._known.popitem(last=False)

    def _end(self, uid: str) -> None:
        self._known.pop(uid, None)
        self._early.drop(uid)
        self._ended[uid] = None
        while len(self._ended) > MAX_CHANNELS:
            self._ended.popitem(last=False)


def listed_channels(channels: str) -> list[str]:
    """The channels in an answer of ``show channels as json``, to ask for their dumps.

    Raises:
        PbxError: The list is incomplete, or none.
    """
    return read_list(channels)


def _bridge(one: str, two: str) -> str:
    """An id for the bridge of two channels: FreeSWITCH has none."""
    return ":".join(sorted((one, two)))


def _joined(at: float, one: str, two: str) -> list[Observation]:
    bridge = _bridge(one, two)
    return [seen.BridgeJoined(at, bridge, two), seen.BridgeJoined(at, bridge, one)]


def _other_unanswered(event: EslEvent) -> bool:
    """Whether the leg that was dialled was not answered; of an originator the times are stale."""
    if event.get("Other-Type") != "originatee":
        return False
    return event.get("Other-Leg-Channel-Answered-Time") == "0"


def _other_leg(event: EslEvent, uid: str) -> Observation:
    """A channel that is known by its partner's event only; who dialled it is not told there."""
    fields = {
        "Channel-Name": event.get("Other-Leg-Channel-Name"),
        "Call-Direction": event.get("Other-Leg-Direction"),
    }
    return replace(channel_seen(EslEvent(event.name, event.at, fields), uid), root="")
