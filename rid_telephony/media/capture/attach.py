"""Which RTP stream belongs to which dialog, and which of its ends sent it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from rid_telephony.media.capture.dialogs import Dialog, Side
from rid_telephony.media.capture.network import Endpoint, endpoint_text
from rid_telephony.media.capture.streams import Stream
from rid_telephony.media.payloads import UNSIGNALLED_PAYLOADS

SLACK_SECONDS = 2.0
"""RTP may begin before, and end after, the signalling by so much."""
SESSION_GAP_SECONDS = 5.0
"""Streams between the same endpoints further apart belong to different calls."""
LEAD_SECONDS = 0.1
"""A call known from RTP alone begins this long before its first packet, whose audio was spoken
before it arrived."""
MAX_USERS = 64
"""Dialogs that may have named one address for a stream; the last ones count."""
_SOURCE_MATCH, _DESTINATION_MATCH = 2, 1
Index = dict[Endpoint, list[tuple[float, int, Side]]]
"""For each RTP address: when a dialog that names it began, its number, and the side."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A stream's place: one end of one dialog sent it."""

    dialog: int
    side: Side


@dataclass(slots=True)
class Attachments:
    """Streams and dialogs, joined; dialogs are named by their number in the list."""

    by_stream: dict[int, list[Attachment]] = field(default_factory=dict)
    by_end: dict[Attachment, list[Stream]] = field(default_factory=lambda: defaultdict(list))

    def sent(self, dialog: int, side: Side) -> list[Stream]:
        """Streams that an end of a dialog sent, in order of their first packets."""
        return self.by_end.get(Attachment(dialog, side), [])

    def join(self, number: int, stream: Stream, place: Attachment) -> None:
        """Put a stream, number ``number`` of the list, in its place."""
        self.by_stream.setdefault(number, []).append(place)
        self.by_end[place].append(stream)


def attach(dialogs: list[Dialog], streams: list[Stream]) -> Attachments:
    """Join streams to dialogs by the addresses that SDP names, and by time.

    The source counts more than the destination: a phone behind a NAT names an address that
    never shows, but it sends to the one that it was told. A stream may belong to two dialogs
    where the PBX lets the phones talk directly.
    """
    index: Index = defaultdict(list)
    for number, dialog in enumerate(dialogs):
        for side in Side:
            for where in dialog.ends[side].media:
                index[where].append((dialog.begin, number, side))
    for users in index.values():
        users.sort()
    joined = Attachments()
    for number, stream in enumerate(streams):
        for place in _places(stream, dialogs, index):
            joined.join(number, stream, place)
    return joined


def _places(stream: Stream, dialogs: list[Dialog], index: Index) -> Iterable[Attachment]:
    scores: dict[Attachment, int] = defaultdict(int)
    for _, number, side in _recent(index.get(stream.source, []), stream):
        scores[Attachment(number, side)] += _SOURCE_MATCH
    for _, number, side in _recent(index.get(stream.destination, []), stream):
        scores[Attachment(number, side.other)] += _DESTINATION_MATCH
    overlaps = {place: _overlap(stream, dialogs[place.dialog]) for place in scores}
    possible = {place: score for place, score in scores.items() if overlaps[place] >= 0}
    if not possible:
        return ()
    best = max(possible.values())
    longest = max(overlaps[place] for place, score in possible.items() if score == best)
    return [
        place
        for place, score in possible.items()
        if score == best and overlaps[place] >= longest / 2
    ]


def _recent(users: list[tuple[float, int, Side]], stream: Stream) -> list[tuple[float, int, Side]]:
    """The last users of an address that began before the stream was over."""
    end = bisect_right(users, stream.last + SLACK_SECONDS, key=lambda user: user[0])
    return users[max(end - MAX_USERS, 0) : end]


def _overlap(stream: Stream, dialog: Dialog) -> float:
    """Seconds that a stream and a dialog have in common; negative if they have none.

    A dialog whose end was not seen is taken to go on.
    """
    until = stream.last if dialog.ended is None else dialog.ended + SLACK_SECONDS
    return min(stream.last, until) - max(stream.first, dialog.begin - SLACK_SECONDS)


def sessions_without_signalling(
    streams: list[Stream], joined: Attachments, dialogs: list[Dialog]
) -> None:
    """Make a dialog of each RTP session that no SIP message explains.

    Two streams that run between the same two endpoints, one each way, are a session; so are
    two that run between the same two addresses, if there are no others. A stream without
    its counterpart is a session with one silent end. The first sender is taken for the caller.
    """
    for group in _sessions([n for n in range(len(streams)) if n not in joined.by_stream], streams):
        first = streams[group[0]]
        dialog = _dialog_of([streams[number] for number in group], first)
        place = len(dialogs)
        dialogs.append(dialog)
        for number in group:
            same = streams[number].source[:-2] == first.source[:-2]
            forward = same if first.source[:-2] != first.destination[:-2] else None
            if forward is None:
                forward = streams[number].source == first.source
            side = Side.CALLER if forward else Side.CALLEE
            joined.join(number, streams[number], Attachment(place, side))


def _dialog_of(streams: list[Stream], first: Stream) -> Dialog:
    begin = first.first - LEAD_SECONDS
    last = max(stream.last for stream in streams)
    name = f"rtp {endpoint_text(first.source)} {endpoint_text(first.destination)} {first.ssrc:08x}"
    dialog = Dialog(name, "", begin, last, signalled=False)
    dialog.invited = dialog.answered = begin
    for stream in streams:
        sender = Side.CALLER if stream.source == first.source else Side.CALLEE
        dialog.ends[sender].media[stream.source] = None
        dialog.ends[sender.other].media[stream.destination] = None
    for end in dialog.ends:
        end.payloads.update(UNSIGNALLED_PAYLOADS)
    return dialog


def _sessions(numbers: list[int], streams: list[Stream]) -> list[list[int]]:
    by_endpoints: dict[frozenset[Endpoint], list[int]] = defaultdict(list)
    for number in numbers:
        by_endpoints[frozenset((streams[number].source, streams[number].destination))].append(
            number
        )
    sessions = [part for group in by_endpoints.values() for part in _by_time(group, streams)]
    return _join_one_way(sessions, streams)


def _by_time(numbers: list[int], streams: list[Stream]) -> list[list[int]]:
    parts: list[list[int]] = []
    until = 0.0
    for number in sorted(numbers, key=lambda n: streams[n].first):
        if not parts or streams[number].first > until + SESSION_GAP_SECONDS:
            parts.append([])
            until = 0.0
        parts[-1].append(number)
        until = max(until, streams[number].last)
    return parts


def _join_one_way(sessions: list[list[int]], streams: list[Stream]) -> list[list[int]]:
    """Join one-way sessions that are each other's only counterpart between two addresses."""
    alone: dict[frozenset[bytes], list[list[int]]] = defaultdict(list)
    whole: list[list[int]] = []
    for session in sessions:
        sources = {streams[number].source for number in session}
        first = streams[session[0]]
        if len(sources) > 1:
            whole.append(session)
        else:
            alone[frozenset((first.source[:-2], first.destination[:-2]))].append(session)
    for addresses, group in alone.items():
        if len(group) == 2 and len(addresses) == 2 and _opposed(group, streams):
            whole.append(sorted(group[0] + group[1], key=lambda n: streams[n].first))
        else:
            whole.extend(group)
    return sorted(whole, key=lambda session: streams[session[0]].first)


def _opposed(group: list[list[int]], streams: list[Stream]) -> bool:
    one, other = streams[group[0][0]], streams[group[1][0]]
    together = one.first <= other.last and other.first <= one.last
    return together and one.source[:-2] == other.destination[:-2]
