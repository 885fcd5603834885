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
MAX_LOOK_BACK = 16
"""Earlier carriers of a payload among which its original is sought."""
STRONGER = 3
"""A link is doubtful where one of its dialogs has a better one at the time: two-way where this
one is not, or so many times stronger."""


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
        last: Steady seconds of the last sign of it.
        strength: Relayed payloads seen; 0 where the link is guessed.
        two_way: True if audio was seen to pass both ways.
        certain: False where another pairing would have been nearly as good.
    """

    one: int
    other: int
    pbx: tuple[Side, Side]
    evidence: Evidence
    first: float
    last: float
    strength: int
    two_way: bool
    certain: bool = True

    def pbx_side(self, dialog: int) -> Side:
        """The PBX's side of one of the two dialogs."""
        return self.pbx[0] if dialog == self.one else self.pbx[1]

    def far(self, dialog: int) -> int:
        """The dialog at the other side of the bridge."""
        return self.other if dialog == self.one else self.one


@dataclass(frozen=True, slots=True)
class _Key:
    """A pair of dialogs, the first one first, and the sides on which they share the PBX."""

    one: int
    other: int
    a: Side
    b: Side


Votes = dict[_Key, dict[int, list[float]]]
"""For each pair, for each dialog that the original is in, when the copies came."""


def media_links(
    dialogs: list[Dialog], streams: list[Stream], joined: Attachments
) -> tuple[list[Link], list[Link]]:
    """Links that the RTP itself shows.

    Returns:
        Those that are proven, and those that chance may have made: one of their dialogs has a
        better one at the same time. A leg that only listens has no more than such a link.
    """
    votes: Votes = defaultdict(dict)
    for (original, copy), times in _relays(dialogs, streams, joined).items():
        for source, relayed in _bridges(dialogs, joined, original, copy):
            _vote(votes, source, relayed, times)
    direct: set[tuple[int, int]] = set()
    for number, places in joined.by_stream.items():
        for source, relayed in product(places, places):
            if _can_bridge(dialogs, source, relayed):
                direct.add((source.dialog, relayed.dialog))
                stream = streams[number]
                _vote(votes, source, relayed, [stream.first, stream.last] * MIN_RELAYED)
    return _sorted_out([_link(key, ways, dialogs, direct) for key, ways in _best(votes).items()])


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


def _relays(
    dialogs: list[Dialog], streams: list[Stream], joined: Attachments
) -> dict[tuple[int, int], list[float]]:
    """Pairs of streams (original, copy) and when the copies came.

    A copy belongs to the latest original before it that a PBX could have relayed: many calls
    may play the same recording.
    """
    carriers: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for number, stream in enumerate(streams):
        for code, time in stream.sketch.times.items():
            carriers[code].append((time, number))
    possible: dict[tuple[int, int], bool] = {}
    relays: dict[tuple[int, int], list[float]] = defaultdict(list)
    for carried in carriers.values():
        carried.sort()
        for place, (later, copy) in enumerate(carried):
            for time, original in reversed(carried[max(place - MAX_LOOK_BACK, 0) : place]):
                if later - time > RELAY_SECONDS:
                    break
                pair = (original, copy)
                if pair not in possible:
                    possible[pair] = bool(_bridges(dialogs, joined, original, copy))
                if possible[pair]:
                    relays[pair].append(later)
                    break
    return {pair: times for pair, times in relays.items() if len(times) >= MIN_RELAYED}


def _bridges(
    dialogs: list[Dialog], joined: Attachments, original: int, copy: int
) -> list[tuple[Attachment, Attachment]]:
    """Places in which one stream may be a party's and the other the PBX's copy of it."""
    places = product(joined.by_stream.get(original, ()), joined.by_stream.get(copy, ()))
    return [
        (source, relayed) for source, relayed in places if _can_bridge(dialogs, source, relayed)
    ]


def _can_bridge(dialogs: list[Dialog], source: Attachment, relayed: Attachment) -> bool:
    """A party sends the original, so the PBX is opposite; the PBX itself sends the copy."""
    if source.dialog == relayed.dialog:
        return False
    sides = (source.side.other, relayed.side)
    return sides in pbx_sides(dialogs[source.dialog], dialogs[relayed.dialog])


def _vote(votes: Votes, source: Attachment, relayed: Attachment, times: list[float]) -> None:
    if source.dialog < relayed.dialog:
        key = _Key(source.dialog, relayed.dialog, source.side.other, relayed.side)
    else:
        key = _Key(relayed.dialog, source.dialog, relayed.side, source.side.other)
    votes[key].setdefault(source.dialog, []).extend(times)


def _best(votes: Votes) -> Votes:
    """For each pair of dialogs the assignment of sides with most votes."""
    best: dict[tuple[int, int], tuple[int, _Key]] = {}
    for key, ways in votes.items():
        count = sum(map(len, ways.values()))
        pair = (key.one, key.other)
        if pair not in best or count > best[pair][0]:
            best[pair] = (count, key)
    return {key: votes[key] for _, key in best.values()}


def _link(
    key: _Key, ways: dict[int, list[float]], dialogs: list[Dialog], direct: set[tuple[int, int]]
) -> Link:
    times = [time for heard in ways.values() for time in heard]
    begin = max(dialogs[key.one].begin, dialogs[key.other].begin)
    pairs = {(key.one, key.other), (key.other, key.one)}
    return Link(
        key.one,
        key.other,
        (key.a, key.b),
        Evidence.DIRECT if pairs & direct else Evidence.RELAYED,
        first=max(min(times), begin),
        last=max(times),
        strength=len(times),
        two_way=len(ways) == 2,
    )


def _sorted_out(links: list[Link]) -> tuple[list[Link], list[Link]]:
    by_dialog: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        by_dialog[link.one].append(link)
        by_dialog[link.other].append(link)
    proven: list[Link] = []
    doubtful: list[Link] = []
    for link in links:
        rivals = (*by_dialog[link.one], *by_dialog[link.other])
        outdone = any(_is_better(rival, link) for rival in rivals)
        (doubtful if outdone else proven).append(link)
    return proven, doubtful


def _is_better(rival: Link, link: Link) -> bool:
    together = rival.first <= link.last and link.first <= rival.last
    stronger = rival.two_way > link.two_way or rival.strength >= STRONGER * link.strength
    return together and stronger
