"""Turns the manager interface's events (Asterisk 16 to 22) into observations.

Most events stand for themselves. State is kept only where Asterisk forces it: the halves of Local
channels come as two events, an optimisation of them as seven, a list as many.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable

from rid_telephony.calls import observations as seen
from rid_telephony.calls.marks import is_on, read_leg, read_mark
from rid_telephony.calls.messages import Party
from rid_telephony.calls.observations import Observation
from rid_telephony.pbx.asterisk.messages import AmiEvent
from rid_telephony.pbx.asterisk.names import (
    dial_status,
    endpoint_of,
    hangup_status,
    kind_of,
    local_half,
    settled_name,
)
from rid_telephony.pbx.asterisk.optimising import Optimising

MAX_ID = 150
"""Characters of a unique id (AST_MAX_UNIQUEID)."""
MAX_TEXT = 256
MAX_LISTS = 8
MAX_LISTED = 50_000
MAX_LOCALS = 4096
USER_EVENT = "ridassist"


class Translator:
    """One connection's events; ``counts`` says what could not be used.

    ``malformed`` events lack what they must have; ``list_incomplete`` lists of channels lost
    items on the way, or were cancelled, and were not believed.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._locals: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._lists: OrderedDict[str, set[str]] = OrderedDict()
        self._optimising = Optimising()
        self._handlers: dict[str, Callable[[AmiEvent], list[Observation]]] = {
            "Newchannel": self._new,
            "Newstate": self._snapshot,
            "NewCallerid": self._snapshot,
            "NewConnectedLine": self._snapshot,
            "Rename": self._renamed,
            "LocalBridge": self._local_bridge,
            "LocalOptimizationBegin": self._optimisation_begun,
            "LocalOptimizationEnd": self._optimisation_ended,
            "DialBegin": self._dial_begun,
            "DialEnd": self._dial_ended,
            "BridgeEnter": self._bridge_entered,
            "BridgeLeave": self._bridge_left,
            "Hold": lambda e: [seen.HoldBegun(e.at, _uid(e))],
            "Unhold": lambda e: [seen.HoldEnded(e.at, _uid(e))],
            "HangupRequest": lambda e: [seen.HangupAsked(e.at, _uid(e))],
            "Hangup": self._hung_up,
            "AgentCalled": self._agent_told,
            "AgentConnect": self._agent_told,
            "QueueCallerAbandon": lambda e: [seen.CallerGaveUp(e.at, _uid(e))],
            "UserEvent": self._user_event,
            "VarSet": self._variable_set,
            "CoreShowChannel": self._listed,
            "CoreShowChannelsComplete": self._list_complete,
        }

    def translate(self, event: AmiEvent) -> list[Observation]:
        """What was observed by this event; nothing for most of the events there are.

        SoftHangupRequest is passed over on purpose: Asterisk sends it for the party that is hung
        up on, too. OriginateResponse may come before its Newchannel, and says nothing more.
        """
        handler = self._handlers.get(event.name)
        if handler is None:
            return []
        try:
            return handler(event)
        except _MalformedError:
            self.counts["malformed"] += 1
            return []

    def _new(self, event: AmiEvent) -> list[Observation]:
        # "Ring" at birth: somebody calls us. What the PBX dials is born "Down".
        came_in = event.get("channelstate") == "4" and not local_half(event.get("channel"))
        return self._channel(event, dialled=False if came_in else None)

    def _snapshot(self, event: AmiEvent) -> list[Observation]:
        return self._channel(event)

    def _channel(
        self, event: AmiEvent, prefix: str = "", dialled: bool | None = None
    ) -> list[Observation]:
        """What the event's snapshot of a channel says of it, and of its other half."""
        uid = _uid(event, prefix)
        name = _text(event, f"{prefix}channel")
        leg = read_leg(event.variables.get("RID_LEG", "")) if not prefix else None
        observed = seen.ChannelSeen(
            event.at,
            uid,
            name=settled_name(name),
            kind=kind_of(uid, name),
            endpoint=endpoint_of(settled_name(name)),
            number=_text(event, f"{prefix}calleridnum"),
            caller_name=_text(event, f"{prefix}calleridname"),
            root=_text(event, f"{prefix}linkedid"),
            leg=leg,
            dialled=dialled,
        )
        return [observed, *self._halves(event.at, uid, name)]

    def _halves(self, at: float, uid: str, name: str) -> list[Observation]:
        half = local_half(name)
        if half is None:
            return []
        base, which = half
        both = self._locals.setdefault(base, {})
        self._locals.move_to_end(base)
        news = both.get(which) != uid
        both[which] = uid
        while len(self._locals) > MAX_LOCALS:
            self._locals.popitem(last=False)
        return _pipe(at, both["1"], both["2"]) if news and len(both) == 2 else []

    def _renamed(self, event: AmiEvent) -> list[Observation]:
        uid, name = _uid(event), settled_name(_text(event, "newname"))
        if not name:
            return []
        kind = kind_of(uid, name)
        return [seen.ChannelSeen(event.at, uid, name=name, kind=kind, endpoint=endpoint_of(name))]

    def _local_bridge(self, event: AmiEvent) -> list[Observation]:
        return _pipe(event.at, _uid(event, "localone"), _uid(event, "localtwo"))

    def _optimisation_begun(self, event: AmiEvent) -> list[Observation]:
        halves = (_uid(event, "localone"), _uid(event, "localtwo"))
        self._optimising.begin(halves, event.get("sourceuniqueid"))
        return []

    def _optimisation_ended(self, event: AmiEvent) -> list[Observation]:
        return self._optimising.end((_uid(event, "localone"), _uid(event, "localtwo")))

    def _dial_begun(self, event: AmiEvent) -> list[Observation]:
        caller = event.get("uniqueid")
        observed = self._channel(event) if caller else []
        observed += self._channel(event, "dest", dialled=True)
        return [*observed, seen.DialBegun(event.at, _uid(event, "dest"), caller)]

    def _dial_ended(self, event: AmiEvent) -> list[Observation]:
        if not event.get("dialstatus"):
            raise _MalformedError
        status = dial_status(event.get("dialstatus"))
        return [seen.DialEnded(event.at, _uid(event, "dest"), status, event.get("uniqueid"))]

    def _bridge_entered(self, event: AmiEvent) -> list[Observation]:
        uid, bridge = _uid(event), _bridge(event)
        observed = self._channel(event)
        swapped = event.get("swapuniqueid")
        if event.get("bridgetechnology") == "holding_bridge":
            # Parked callers and waiting agents: nobody hears anybody there.
            return [*observed, seen.BridgeParted(event.at, "", uid)]
        if swapped and not self._optimising.concerns(swapped):
            observed.append(seen.BridgeParted(event.at, bridge, swapped))
        self._optimising.entered(uid)
        return [*observed, seen.BridgeJoined(event.at, bridge, uid)]

    def _bridge_left(self, event: AmiEvent) -> list[Observation]:
        parted = seen.BridgeParted(event.at, _bridge(event), _uid(event))
        return [] if self._optimising.kept_back(parted) else [parted]

    def _hung_up(self, event: AmiEvent) -> list[Observation]:
        uid = _uid(event)
        if half := local_half(event.get("channel")):
            self._locals.pop(half[0], None)
        status = hangup_status(event.get("techcause"), event.get("cause"))
        # The SIP response to a caller is Asterisk's own; the cause behind it is the callee's.
        passed_on = hangup_status("", event.get("cause"))
        kept_back = self._optimising.forget(uid)
        return [*kept_back, seen.ChannelEnded(event.at, uid, status, passed_on)]

    def _agent_told(self, event: AmiEvent) -> list[Observation]:
        customer, agent = _uid(event), _uid(event, "dest")
        member, interface = _text(event, "membername"), _text(event, "interface")
        return [
            *self._channel(event),
            *self._channel(event, "dest", dialled=True),
            seen.LegTold(event.at, customer, Party.CUSTOMER, queue=_text(event, "queue")),
            seen.LegTold(event.at, agent, Party.AGENT, "" if member == interface else member),
        ]

    def _user_event(self, event: AmiEvent) -> list[Observation]:
        if event.get("userevent").strip().lower() != USER_EVENT:
            return []
        uid = _uid(event)
        if is_on(event.get("assist")):
            return [seen.ChannelMarked(event.at, uid, read_mark(event.get("mark")))]
        return [seen.ChannelUnmarked(event.at, uid)]

    def _variable_set(self, event: AmiEvent) -> list[Observation]:
        if event.get("variable").lstrip("_") != "RID_LEG" or event.get("uniqueid") == "none":
            return []  # "none": a global variable
        leg = read_leg(event.get("value"))
        return [seen.ChannelSeen(event.at, _uid(event), leg=leg)] if leg else []

    def _listed(self, event: AmiEvent) -> list[Observation]:
        uid = _uid(event)
        listed = self._lists.setdefault(event.get("actionid"), set())
        if len(listed) < MAX_LISTED:
            listed.add(uid)
        while len(self._lists) > MAX_LISTS:
            self._lists.popitem(last=False)
        # What Dial and Queue called says so; who called in cannot be told any more.
        dialled = True if event.get("application") in {"AppDial", "AppDial2", "AppQueue"} else None
        bridge = event.get("bridgeid")
        where = seen.BridgeJoined if bridge else seen.BridgeParted
        return [*self._channel(event, dialled=dialled), where(event.at, bridge, uid)]

    def _list_complete(self, event: AmiEvent) -> list[Observation]:
        listed = self._lists.pop(event.get("actionid"), set())
        complete = event.get("eventlist").lower() == "complete"
        if not complete or event.get("listitems") != str(len(listed)):
            self.counts["list_incomplete"] += 1
            return []
        return [seen.ChannelsListed(event.at, frozenset(listed))]


class _MalformedError(Exception):
    """An event lacks what it must have."""


def _uid(event: AmiEvent, prefix: str = "") -> str:
    uid = event.get(f"{prefix}uniqueid")
    if not uid or uid == "<unknown>" or len(uid) > MAX_ID:
        raise _MalformedError
    return uid


def _bridge(event: AmiEvent) -> str:
    bridge = event.get("bridgeuniqueid")
    if not bridge or len(bridge) > MAX_ID:
        raise _MalformedError
    return bridge


def _text(event: AmiEvent, key: str) -> str:
    value = event.get(key)
    return "" if value == "<unknown>" else value[:MAX_TEXT]


def _pipe(at: float, one: str, two: str) -> list[Observation]:
    local = seen.ChannelKind.LOCAL
    return [
        seen.ChannelSeen(at, one, kind=local, other_half=two),
        seen.ChannelSeen(at, two, kind=local, other_half=one),
    ]
