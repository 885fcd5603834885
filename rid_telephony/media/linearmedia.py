"""What FreeSWITCH's WebSocket modules send: text we need not read, and linear audio.

mod_audio_stream and mod_audio_fork, started with ``mono 8k``, send binary messages of L16, little
endian, 8000 Hz, one channel, 320 bytes each 20 ms. Texts are what somebody had them send (the
metadata of the start, ``send_text``, the last word of ``stop``): none says how the audio is to be
read, and the metadata is missing now and then. The fork is named in the path instead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rid_telephony.media.messages import SAMPLE_RATE

FREESWITCH_PROTOCOLS = ("audio.drachtio.org",)
"""What mod_audio_fork offers; mod_audio_stream offers nothing."""


class LinearMedia:
    """The meaning of one connection's messages: texts mean nothing, audio is linear 8 kHz."""

    rate = SAMPLE_RATE

    def text(self, message: str) -> str:
        """Pass over a text message; the audio can be read, whatever it says."""
        del message
        return ""

    def audio(self, message: bytes) -> NDArray[np.int16] | None:
        """Read a binary message: int16 at 8000 Hz; None where it ends in half a sample."""
        if len(message) % 2:
            return None
        return np.frombuffer(message, "<i2").astype(np.int16, copy=False)
