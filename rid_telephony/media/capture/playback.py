"""The second pass over a capture: events and audio in order of arrival."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from math import ceil
from pathlib import Path

from rid_telephony.calls.messages import (
    CallEnded,
    CallEvent,
    CallHeld,
    CallRetrieved,
    CallTransferred,
    Party,
)
from rid_telephony.errors import InputError
from rid_telephony.media.capture.clock import SteadyClock
from rid_telephony.media.capture.datagrams import read_datagrams
from rid_telephony.media.capture.network import Endpoint, endpoint_text
from rid_telephony.media.capture.plan import CallPlan, Take
from rid_telephony.media.jitter import JitterBuffer
from rid_telephony.media.messages import SAMPLE_RATE, AudioFrame, SourceItem
from rid_telephony.media.playout import Stretch
from rid_telephony.media.report import Notes, StreamReport
from rid_telephony.media.rtp import is_rtcp, is_rtp_or_rtcp, parse_rtp
from rid_telephony.settings.media import MediaSettings

MAX_AT_ONCE = 8
"""Calls that one flow of packets may belong to at the same time."""
Timed = tuple[float, SourceItem]
"""Arrival on the recording's clock, and the item."""


class _Voice:
    """One party of one call: what it was given out, and what not."""

    def __init__(self, plan: CallPlan, party: Party) -> None:
        self.plan = plan
        self.party = party
        self.held = False
        self.skipped: Counter[str] = Counter()
        self.given = 0
        self.samples = 0
        self._end = 0.0

    def frames(self, stretches: Iterable[Stretch]) -> Iterator[AudioFrame]:
        """Put stretches on the call's clock; leave out what was said into a hold.

        What a party sends while it holds the other is music or nothing, never speech to the
        other. The held party's own audio is given out.
        """
        for at, samples, concealed in stretches:
            if self.held:
                self.skipped["held"] += 1
                continue
            begin = at - self.plan.zero
            if begin < self._end - 1e-6:  # of two legs of a party the first one heard counts
                cut = ceil((self._end - begin) * SAMPLE_RATE)
                samples, begin = samples[cut:], self._end  # noqa: PLW2901  trimmed, same stretch
            if not len(samples):
                self.skipped["overlapping"] += 1
                continue
            frame = AudioFrame(self.plan.call_id, self.party, begin, samples, concealed)
            self._end = frame.end
            self.given += 1
            self.samples += len(samples)
            yield frame


class _Track:
    """One take being played: its packets become frames of its party."""

    def __init__(self, take: Take, voice: _Voice, settings: MediaSettings) -> None:
        self.take = take
        self.voice = voice
        self.buffer = JitterBuffer(
            take.payloads, settings.reorder_seconds, settings.max_concealed_seconds
        )

    def push(self, time: float, payload: bytes) -> Iterator[AudioFrame]:
        """Take a packet of one of the take's flows."""
        skipped = self.voice.skipped
        if time < self.take.begin:
            skipped["before_answer"] += 1
        elif not is_rtp_or_rtcp(payload) or is_rtcp(payload):
            skipped["not_rtp"] += 1
        elif (packet := parse_rtp(payload)) is None:
            skipped["malformed"] += 1
        else:
            yield from self.voice.frames(self.buffer.push(packet, time))


class _Playing:
    """One call being played."""

    def __init__(self, plan: CallPlan, settings: MediaSettings) -> None:
        self.plan = plan
        self.voices = {party: _Voice(plan, party) for party in Party}
        self.tracks = [_Track(take, self.voices[take.party], settings) for take in plan.takes]

    def event(self, event: CallEvent) -> Iterator[SourceItem]:
        """Give out what was said before an event, then the event."""
        if isinstance(event, CallHeld | CallRetrieved):
            yield from self._flush(event.by)
            self.voices[event.by].held = isinstance(event, CallHeld)
        elif isinstance(event, CallTransferred):
            yield from self._flush(Party.AGENT)
        elif isinstance(event, CallEnded):
            yield from self._flush(Party.AGENT)
            yield from self._flush(Party.CUSTOMER)
        yield event

    def packet(self, track: _Track, time: float, payload: bytes) -> Iterator[AudioFrame]:
        """Take a packet of one of the call's tracks, and see whether others have waited enough."""
        if time >= track.take.until:
            track.voice.skipped["after_end"] += 1
            return
        yield from track.push(time, payload)
        for other in self.tracks:
            if other is not track and other.buffer.waiting:
                yield from other.voice.frames(other.buffer.poll(time))

    def reports(self) -> Iterator[StreamReport]:
        """What became of each party's audio."""
        for party, voice in self.voices.items():
            tracks = [track for track in self.tracks if track.take.party is party]
            yield _report(voice, tracks)

    def _flush(self, party: Party) -> Iterator[AudioFrame]:
        """Give out what still waits for packets that did not come."""
        for track in self.tracks:
            if track.take.party is party:
                yield from track.voice.frames(track.buffer.flush())


Route = tuple[_Playing, _Track]


class _Flow:
    """The tracks that one flow of packets belongs to, in time: ports and lines are used again."""

    def __init__(self, routes: list[Route]) -> None:
        self._routes = sorted(routes, key=lambda route: route[1].take.begin)
        self._done = 0

    def routes(self, time: float) -> list[Route]:
        """Those under way; where there are none, the next, or at last the last one."""
        routes = self._routes
        if len(routes) == 1:
            return routes
        while self._done < len(routes) - 1 and routes[self._done][1].take.until <= time:
            self._done += 1
        near = routes[self._done : self._done + MAX_AT_ONCE]
        return [route for route in near if route[1].take.begin <= time] or near[:1]


class Playback:
    """Plays the calls of a capture, once.

    Args:
        path: The capture that was surveyed.
        settings: Bounds and jitter buffer.
        plans: Its calls.
    """

    def __init__(self, path: Path, settings: MediaSettings, plans: tuple[CallPlan, ...]) -> None:
        self._path = path
        self._settings = settings
        self._calls = [_Playing(plan, settings) for plan in plans]
        self._now = 0.0

    def items(self) -> Iterator[Timed]:
        """Yield all events and frames; the arrival never decreases.

        Raises:
            InputError: The file cannot be read any more; the calls were ended all the same.
        """
        script = deque(self._script())
        flows = self._flows()
        failure: InputError | None = None
        try:
            for time, source, destination, payload in read_datagrams(
                self._path, self._settings, SteadyClock(), Notes()
            ):
                while script and script[0][0] <= time:
                    yield from self._event(*script.popleft())
                flow = flows.get((source, destination))
                if flow is None:
                    continue
                for playing, track in flow.routes(time):
                    self._now = max(self._now, time)
                    for frame in playing.packet(track, time, payload):
                        yield self._now, frame
        except InputError as error:
            failure = error
        while script:
            yield from self._event(*script.popleft())
        if failure:
            raise failure

    def reports(self) -> tuple[StreamReport, ...]:
        """What became of each party's audio, so far."""
        return tuple(report for playing in self._calls for report in playing.reports())

    def _script(self) -> list[tuple[float, _Playing, CallEvent]]:
        script = [
            (time, playing, event) for playing in self._calls for time, event in playing.plan.events
        ]
        return sorted(script, key=lambda line: line[0])

    def _flows(self) -> dict[tuple[Endpoint, Endpoint], _Flow]:
        routes: dict[tuple[Endpoint, Endpoint], list[Route]] = defaultdict(list)
        for playing in self._calls:
            for track in playing.tracks:
                for flow in {(stream.source, stream.destination) for stream in track.take.streams}:
                    routes[flow].append((playing, track))
        return {flow: _Flow(found) for flow, found in routes.items()}

    def _event(self, time: float, playing: _Playing, event: CallEvent) -> Iterator[Timed]:
        self._now = max(self._now, time)
        for item in playing.event(event):
            yield self._now, item


def _report(voice: _Voice, tracks: list[_Track]) -> StreamReport:
    counters = [track.buffer.counters for track in tracks]
    skipped = voice.skipped.copy()
    for counter in counters:
        skipped.update(counter.skipped)
        skipped["stray"] += counter.stray
        skipped["dropped_ahead"] += counter.playout.dropped_ahead
    sources = [endpoint_text(stream.source) for track in tracks for stream in track.take.streams]
    codecs = dict.fromkeys(name for track in tracks for name in track.take.codecs())
    return StreamReport(
        call_id=voice.plan.call_id,
        party=voice.party,
        source=", ".join(dict.fromkeys(sources)),
        codecs=tuple(codecs),
        packets=sum(counter.packets for counter in counters),
        frames=voice.given,
        audio_seconds=voice.samples / SAMPLE_RATE,
        concealed_seconds=sum(counter.playout.concealed_seconds for counter in counters),
        lost=sum(counter.lost for counter in counters),
        late=sum(counter.late for counter in counters),
        duplicate=sum(counter.duplicate for counter in counters),
        reordered=sum(counter.reordered for counter in counters),
        gaps=sum(counter.playout.gaps for counter in counters),
        source_changes=sum(counter.source_changes for counter in counters),
        timestamp_jumps=sum(counter.playout.timestamp_jumps for counter in counters),
        skipped=dict(+skipped),
    )
