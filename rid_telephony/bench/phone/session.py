"""What the two sides of a call agree on about their audio."""

from __future__ import annotations

from rid_telephony.bench.phone.rtp import RtpStream
from rid_telephony.bench.phone.sdp import RemoteMedia, answering, describe, may_send, understand
from rid_telephony.media.g711 import G711Law


class MediaSession:
    """Offers, answers, and lets the RTP follow (RFC 3264).

    Args:
        stream: Our RTP.
        laws: Companding laws that we take, best first.
    """

    def __init__(self, stream: RtpStream, laws: tuple[G711Law, ...]) -> None:
        self._stream = stream
        self._laws = laws
        self._remote: RemoteMedia | None = None
        self._version = 0
        self.holding = False
        """True while we hold."""

    @property
    def agreed(self) -> bool:
        """True once the other side said where it wants its audio."""
        return self._remote is not None

    @property
    def held_by_them(self) -> bool:
        """True while the other side's direction says hold, and not only echoes ours."""
        held = self._remote is not None and self._remote.direction in {"sendonly", "inactive"}
        return held and not self.holding

    def offer(self) -> str:
        """Our side as an offer, SDP."""
        return self._description(self._laws, "sendonly" if self.holding else "sendrecv")

    def answer(self) -> str:
        """Our side as the answer to what was taken last; an offer where nothing was."""
        if self._remote is None:
            return self.offer()
        return self._description((self._law(),), self._direction())

    def take(self, text: str) -> bool:
        """Take the other side's SDP; False, and nothing changes, where no law is shared."""
        remote = understand(text)
        if remote is None or not set(remote.laws) & set(self._laws):
            return False
        self._remote = remote
        return True

    def apply(self) -> None:
        """Let the RTP follow what was agreed."""
        if self._remote is None:
            return
        sending = not self.holding and may_send(self._direction())
        self._stream.send_to(self._remote.address, self._law(), sending=sending)

    def _direction(self) -> str:
        offered = self._remote.direction if self._remote else "sendrecv"
        return answering(offered, "sendonly" if self.holding else "sendrecv")

    def _law(self) -> G711Law:
        """The first of theirs that is ours too."""
        theirs = self._remote.laws if self._remote else ()
        return next((law for law in theirs if law in self._laws), self._laws[0])

    def _description(self, laws: tuple[G711Law, ...], direction: str) -> str:
        self._version += 1
        return describe(self._stream.address, laws, direction, self._version)
