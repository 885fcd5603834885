"""G.711: 8-bit logarithmic PCM to linear and back (ITU-T Recommendation G.711, 11/88).

Both laws are decoded and encoded by table lookup. Linear values use the 16-bit scale: the
13-bit (A-law) and 14-bit (mu-law) values of the Recommendation, left-aligned.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rid_telephony.media.messages import Samples

_MU_BIAS = 132
"""33 on the Recommendation's 14-bit scale, times 4."""
_A_TOGGLE = 0x55
"""A-law sends the even bits inverted (G.711, table 1a, note 2)."""


class G711Law(StrEnum):
    """The two companding laws, named as in RFC 3551."""

    PCMU = "PCMU"
    PCMA = "PCMA"


def _mu_law_values() -> Samples:
    code = ~np.arange(256) & 0xFF
    exponent = code >> 4 & 7
    magnitude = (((code & 15) << 3) + _MU_BIAS << exponent) - _MU_BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _a_law_values() -> Samples:
    code = np.arange(256) ^ _A_TOGGLE
    exponent = code >> 4 & 7
    mantissa = code & 15
    first_segment = (mantissa << 4) + 8
    others = (mantissa << 4) + 264 << np.maximum(exponent - 1, 0)
    magnitude = np.where(exponent == 0, first_segment, others)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _mu_law_codes() -> NDArray[np.uint8]:
    linear = np.arange(-32768, 32768)
    magnitude = np.minimum(np.abs(linear), 32635) + _MU_BIAS
    exponent = np.floor(np.log2(magnitude)).astype(int) - 7
    mantissa = magnitude >> exponent + 3 & 15
    sign = np.where(linear < 0, 0x80, 0)
    codes: NDArray[np.uint8] = (~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8)
    return codes


def _a_law_codes() -> NDArray[np.uint8]:
    linear = np.arange(-32768, 32768)
    # A negative value's one's complement has the magnitude of its own quantising interval.
    magnitude = np.where(linear < 0, ~linear, linear) >> 4
    exponent = np.floor(np.log2(np.maximum(magnitude, 8))).astype(int) - 3
    mantissa = magnitude >> np.maximum(exponent - 1, 0) & 15
    sign = np.where(linear < 0, 0, 0x80)
    codes: NDArray[np.uint8] = ((sign | exponent << 4 | mantissa) ^ _A_TOGGLE).astype(np.uint8)
    return codes


_MU_VALUES, _A_VALUES = _mu_law_values(), _a_law_values()
_MU_CODES, _A_CODES = _mu_law_codes(), _a_law_codes()


def decode_g711(law: G711Law, payload: bytes) -> Samples:
    """Expand companded bytes.

    Args:
        law: The companding law.
        payload: One byte for each sample; may be empty.

    Returns:
        int16 samples, as many as bytes, freshly allocated.
    """
    values = _MU_VALUES if law is G711Law.PCMU else _A_VALUES
    return values.take(np.frombuffer(payload, np.uint8))


def encode_g711(law: G711Law, samples: Samples) -> bytes:
    """Compress linear samples.

    Args:
        law: The companding law.
        samples: int16, any length.

    Returns:
        One byte for each sample. Decoding gives the middle of the quantising interval that
        the sample lies in; mu-law clips beyond 32635 in magnitude.
    """
    codes = _MU_CODES if law is G711Law.PCMU else _A_CODES
    return codes[samples.astype(np.int32) + 32768].tobytes()
