"""RTP streams of a capture, as the first pass sees them: counts, times, and fingerprints.

A stream is one SSRC from one endpoint to another. Its fingerprints tell whether another stream
carries the same audio, because a PBX relays it; their size does not grow with its length.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from zlib import crc32

from rid_telephony.media.capture.loudness import LoudnessTrace
from rid_telephony.media.capture.network import Endpoint
from rid_telephony.media.rtp import is_rtcp, is_rtp_or_rtcp, parse_rtp

MIN_PACKETS = 3
"""A stream with fewer packets is something else that looked like RTP."""
MAX_SKETCH = 256
"""Payload fingerprints kept of one stream."""
_FIRST_MASK = 3
_SAME_PACKET_SECONDS = 0.01
"""Sooner than the next packet can come: the same packet, captured on two interfaces."""
_MIN_PAYLOAD = 40
_MIN_VARIETY = 8
"""Distinct bytes that a payload needs to be told from silence and plain tones."""


class Sketch:
    """Times of a stream's payloads, for a sample of them that every stream draws alike.

    A payload is in the sample where the low bits of its CRC are zero; as the sketch fills, more
    bits are asked for, so that long and short streams still have their common ones.
    """

    __slots__ = ("_mask", "_repeated", "times")

    def __init__(self) -> None:
        self.times: dict[int, float] = {}
        self._mask = _FIRST_MASK
        self._repeated: set[int] = set()

    def add(self, time: float, payload: bytes) -> None:
        """Take a payload at its steady time."""
        code = crc32(payload)
        if code & self._mask or len(payload) < _MIN_PAYLOAD or code in self._repeated:
            return
        if len(set(payload)) < _MIN_VARIETY:
            return
        before = self.times.get(code)
        if before is not None and time - before < _SAME_PACKET_SECONDS:
            return
        if before is not None and len(self._repeated) < MAX_SKETCH:
            del self.times[code]  # music or tones repeat; speech does not
            self._repeated.add(code)
            return
        self.times[code] = time
        if len(self.times) > MAX_SKETCH:
            self._thin()

    def _thin(self) -> None:
        while len(self.times) > MAX_SKETCH // 2:
            self._mask = self._mask * 2 + 1
            self.times = {code: at for code, at in self.times.items() if not code & self._mask}


@dataclass(slots=True)
class Stream:
    """One SSRC from one endpoint to another. Times are steady seconds."""

    source: Endpoint
    destination: Endpoint
    ssrc: int
    first: float
    last: float
    packets: int = 0
    types: Counter[int] = field(default_factory=Counter)
    sketch: Sketch = field(default_factory=Sketch)
    loudness: LoudnessTrace = field(default_factory=LoudnessTrace)


class StreamTable:
    """All RTP streams of a capture.

    Args:
        max_streams: Streams kept; those of fewer than :data:`MIN_PACKETS` packets make room.
        counts: Gets ``rtp``, ``rtcp``, ``rtp_malformed`` and ``streams_left_out``.
    """

    def __init__(self, max_streams: int, counts: Counter[str]) -> None:
        self._max = max_streams
        self._counts = counts
        self._streams: dict[tuple[Endpoint, Endpoint, int], Stream] = {}
        self._sweep_at = max_streams

    def add(self, time: float, source: Endpoint, destination: Endpoint, payload: bytes) -> None:
        """Take one UDP payload; what is not RTP is counted or ignored."""
        if not is_rtp_or_rtcp(payload):
            return
        if is_rtcp(payload):
            self._counts["rtcp"] += 1
            return
        packet = parse_rtp(payload)
        if packet is None:
            self._counts["rtp_malformed"] += 1
            return
        key = (source, destination, packet.ssrc)
        stream = self._streams.get(key)
        if stream is None:
            if len(self._streams) >= self._max and not self._sweep(time):
                self._counts["streams_left_out"] += 1
                return
            stream = Stream(source, destination, packet.ssrc, time, time)
            self._streams[key] = stream
        stream.packets += 1
        stream.last = time
        stream.types[packet.payload_type] += 1
        stream.sketch.add(time, packet.payload)
        stream.loudness.add(time, packet.payload_type, packet.payload)

    def streams(self) -> list[Stream]:
        """The streams that are RTP, in order of their first packets."""
        found = [stream for stream in self._streams.values() if stream.packets >= MIN_PACKETS]
        self._counts["rtp"] = sum(stream.packets for stream in found)
        return sorted(found, key=lambda stream: stream.first)

    def _sweep(self, time: float) -> bool:
        """Forget what looked like RTP once or twice, unless it began just now."""
        if len(self._streams) < self._sweep_at:
            return False
        keep = {
            key: stream
            for key, stream in self._streams.items()
            if stream.packets >= MIN_PACKETS or time - stream.last < 1.0
        }
        made_room = len(keep) < len(self._streams)
        self._streams = keep
        return made_room
