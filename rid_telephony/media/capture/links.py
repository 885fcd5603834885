"""Which dialogs the PBX bridged with each other.

Best evidence first: the PBX relays the payloads of one dialog in the other; it lets both talk
directly; it relays the same loudness in another codec; the signalling alone says so.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from rid_telephony.media.capture.attach import Attachment, Attachments
from rid_telephony.media.capture.dialogs import Dialog, Side
from rid_telephony.media.capture.streams import Stream

RELAY_SECONDS = 0.6
"""Longest time that a payload takes through the PBX."""
MIN_RELAYED = 3
"""Payloads, of the sample that is kept, that have to come out again."""
_MAX_COPIES = 16
"""Streams that may carry one payload; more of them means that it tells nothing."""


class Evidence(StrEnum):
    """Why two dialogs are taken for one call."""

    RELAYED = "relayed"
    DIRECT = "direct"
    RESEMBLES = "resembles"
    SIGNALLED = "signalled"


@dataclass(frozen=True, slots=True)
class Link:
    """Two dialogs that the PBX bridged.

    Attributes:
        one: Number of the dialog that comes first in the list.
        other: Number of the second.
        pbx: The PBX's side in each of them.
        first: Steady seconds of the first sign of it.
        two_way: True if audio was seen to pass both ways.
        certain: False where another pairing would have been nearly as good.
    """

    one: int
    other: int
    pbx: tuple[Side, Side]
    evidence: Evidence
    first: float
    two_way: bool
    certain: bool = True

    def pbx_side(self, dialog: int) -> Side:
        """The PBX's side of one of the two dialogs."""
        return self.pbx[0] if dialog == self.one else self.pbx[1]

    def far(self, dialog: int) -> int:
        """The dialog at the other side of the bridge."""
        return self.other if dialog == self.one else self.one


def media_links(dialogs: list[Dialog], streams: list[Stream], joined: Attachments) -> list[Link]:
    """Links that the RTP itself proves."""
    votes: dict[tuple[int, int, Side, Side], dict[int, list[float]]] = defaultdict(dict)
    direct: set[tuple[int, int]] = set()
    for (one, other), times in _relays(streams).items():
        for source, copy in product(joined.by_stream.get(one, ()), joined.by_stream.get(other, ())):
            _vote(votes, dialogs, source, copy, times)
    for number, places in joined.by_stream.items():
        for source, copy in product(places, places):
            if source.dialog != copy.dialog:
                direct.add((min(source.dialog, copy.dialog), max(source.dialog, copy.dialog)))
                _vote(votes, dialogs, source, copy, [streams[number].first] * MIN_RELAYED)
    return [_link(key, ways, dialogs, direct) for key, ways in _best(votes).items()]


def pbx_sides(one: Dialog, other: Dialog) -> list[tuple[Side, Side]]:
    """The sides on which two dialogs may have the PBX in common.

    Returns:
        Sides with a SIP address and port in common; else those with an address in common, if
        that tells anything; else all four.
    """
    pairs = list(product(Side, Side))
    exact = [(a, b) for a, b in pairs if _common(one, a, other, b, port=True)]
    if exact:
        return exact
    near = [(a, b) for a, b in pairs if _common(one, a, other, b, port=False)]
    return near or pairs


def _common(one: Dialog, a: Side, other: Dialog, b: Side, *, port: bool) -> bool:
    mine, theirs = one.ends[a], other.ends[b]
    if port:
        return bool(mine.signalling.keys() & theirs.signalling.keys())
    hosts = {where[:-2] for where in (*mine.signalling, *mine.media)}
    return any(where[:-2] in hosts for where in (*theirs.signalling, *theirs.media))


def _relays(streams: list[Stream]) -> dict[tuple[int, int], list[float]]:
    """Pairs of streams (original, copy) and when the copies came."""
    carriers: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for number, stream in enumerate(streams):
        for code, time in stream.sketch.times.items():
            carriers[code].append((time, number))
    relays: dict[tuple[int, int], list[float]] = defaultdict(list)
    for carried in carriers.values():
        if not 2 <= len(carried) <= _MAX_COPIES:
            continue
        carried.sort()
        for place, (time, original) in enumerate(carried):
            for later, copy in carried[place + 1 :]:
                if later - time <= RELAY_SECONDS:
                    relays[(original, copy)].append(later)
    return {pair: times for pair, times in relays.items() if len(times) >= MIN_RELAYED}


def _vote(
    votes: dict[tuple[int, int, Side, Side], dict[int, list[float]]],
    dialogs: list[Dialog],
    source: Attachment,
    copy: Attachment,
    times: list[float],
) -> None:
    """A party sent the original, so the PBX is opposite; the PBX itself sent the copy."""
    if source.dialog == copy.dialog:
        return
    sides = (source.side.other, copy.side)
    if sides not in pbx_sides(dialogs[source.dialog], dialogs[copy.dialog]):
        return
    one, other = source.dialog, copy.dialog
    if one > other:
        one, other, sides = other, one, (sides[1], sides[0])
    votes[(one, other, *sides)].setdefault(source.dialog, []).extend(times)


def _best(
    votes: dict[tuple[int, int, Side, Side], dict[int, list[float]]],
) -> dict[tuple[int, int, Side, Side], dict[int, list[float]]]:
    """For each pair of dialogs the assignment of sides with most votes."""
    best: dict[tuple[int, int], tuple[int, Side, Side]] = {}
    for (one, other, a, b), ways in votes.items():
        count = sum(map(len, ways.values()))
        if count > best.get((one, other), (0,))[0]:
            best[(one, other)] = (count, a, b)
    return {
        (one, other, a, b): votes[(one, other, a, b)] for (one, other), (_, a, b) in best.items()
    }


def _link(
    key: tuple[int, int, Side, Side],
    ways: dict[int, list[float]],
    dialogs: list[Dialog],
    direct: set[tuple[int, int]],
) -> Link:
    one, other, a, b = key
    first = min(min(times) for times in ways.values())
    begin = max(dialogs[one].begin, dialogs[other].begin)
    evidence = Evidence.DIRECT if (one, other) in direct else Evidence.RELAYED
    return Link(one, other, (a, b), evidence, max(first, begin), len(ways) == 2)
