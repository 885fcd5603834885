"""What Asterisk's chan_websocket says in its text messages, and the audio that follows.

Two forms, chosen by ``f(json)`` in the dial string (Asterisk 22.8 on) or the old plain text::

    MEDIA_START connection_id:rid channel:WebSocket/rid/0x7f… format:slin optimal_frame_size:320
    {"event":"MEDIA_START","connection_id":"rid","format":"slin","optimal_frame_size":320,…}

Seen on Asterisk 22.10: ``MEDIA_START`` comes first, then one binary message each 20 ms of
``optimal_frame_size`` bytes, little endian; a normal closure (1000) at the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rid_telephony.media.g711 import G711Law, decode_g711
from rid_telephony.media.messages import SAMPLE_RATE

_LINEAR_RATES = {"slin": SAMPLE_RATE} | {
    f"slin{rate // 1000}": rate
    for rate in (12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000)
}
_LAWS = {"ulaw": G711Law.PCMU, "alaw": G711Law.PCMA}


class AsteriskMedia:
    """The meaning of one connection's messages; linear 8 kHz until ``MEDIA_START`` says more."""

    def __init__(self) -> None:
        self.rate = SAMPLE_RATE
        """Hz of the audio."""
        self._law: G711Law | None = None

    def text(self, message: str) -> str:
        """Read a text message.

        Args:
            message: As received; anything but ``MEDIA_START`` changes nothing.

        Returns:
            Why the audio cannot be read from now on; empty where it can.
        """
        event, values = _read(message)
        if event != "MEDIA_START":
            return ""
        name = values.get("format", "slin")
        self._law = _LAWS.get(name)
        rate = SAMPLE_RATE if self._law else _LINEAR_RATES.get(name)
        if rate is None:
            return f"audio of format {name[:32]!r}"
        self.rate = rate
        return ""

    def audio(self, message: bytes) -> NDArray[np.int16] | None:
        """Read a binary message: int16 at :attr:`rate`; None where it ends in half a sample."""
        if self._law:
            return decode_g711(self._law, message)
        if len(message) % 2:
            return None
        return np.frombuffer(message, "<i2").astype(np.int16, copy=False)


def _read(message: str) -> tuple[str, Mapping[str, str]]:
    """Return a message's event and its values, in either form; ("", {}) where it is neither."""
    if not message.startswith("{"):
        event, _, rest = message.partition(" ")
        pairs = (word.partition(":") for word in rest.split())
        return event, {key: value for key, _, value in pairs}
    try:
        values = json.loads(message)
    except (ValueError, RecursionError):
        return "", {}
    texts = {key: str(value) for key, value in values.items() if isinstance(value, str | int)}
    return texts.get("event", ""), texts
