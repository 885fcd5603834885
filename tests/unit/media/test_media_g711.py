"""G.711: a wrong table is noise in every call, or a quiet distortion in all recognition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rid_telephony.media.g711 import G711Law, decode_g711, encode_g711
from rid_telephony.media.messages import Samples

EVERY_CODE = bytes(range(256))
EVERY_VALUE = np.arange(-32768, 32768, dtype=np.int16)


def mu_law_by_definition(code: int) -> int:
    """ITU-T G.711, table 2: all bits inverted; segments of 16 steps, each twice the last's."""
    inverted = code ^ 0xFF
    segment, step = inverted >> 4 & 7, inverted & 15
    magnitude_14_bit = ((2 * step + 33) << segment) - 33
    return (-4 if inverted & 0x80 else 4) * magnitude_14_bit


def a_law_by_definition(code: int) -> int:
    """ITU-T G.711, table 1: even bits inverted; segments 0 and 1 have the same step."""
    plain = code ^ 0x55
    segment, step = plain >> 4 & 7, plain & 15
    magnitude_13_bit = 2 * step + 1 if segment == 0 else (2 * step + 33) << (segment - 1)
    return (8 if plain & 0x80 else -8) * magnitude_13_bit


DEFINITIONS = [(G711Law.PCMU, mu_law_by_definition), (G711Law.PCMA, a_law_by_definition)]


@pytest.mark.parametrize(("law", "definition"), DEFINITIONS)
def test_every_code_decodes_to_the_value_of_the_recommendation(
    law: G711Law, definition: Callable[[int], int]
) -> None:
    assert decode_g711(law, EVERY_CODE).tolist() == [definition(code) for code in range(256)]


@pytest.mark.parametrize("law", list(G711Law))
def test_decoding_then_encoding_gives_the_same_code_but_for_mu_laws_second_zero(
    law: G711Law,
) -> None:
    back = encode_g711(law, decode_g711(law, EVERY_CODE))
    changed = [code for code in range(256) if back[code] != code]
    assert changed == ([0x7F] if law is G711Law.PCMU else [])


@pytest.mark.parametrize("law", list(G711Law))
def test_every_value_is_encoded_by_the_decision_values_of_the_recommendation(law: G711Law) -> None:
    """An output value lies in the middle between two decision values, the first of which is 0.

    Only mu-law's first interval, 0 to 1 on the 14-bit scale, is represented by its lower end.
    """
    outputs = sorted({abs(int(value)) for value in decode_g711(law, EVERY_CODE)})
    decisions = [0]
    for output in outputs:
        decisions.append(2 * output - decisions[-1] or 4)
    magnitudes = np.abs(EVERY_VALUE.astype(np.int32))
    inside = (magnitudes < decisions[-1]) & ~np.isin(magnitudes, decisions)
    wanted = np.array(outputs)[np.searchsorted(decisions, magnitudes[inside], "right") - 1]
    decoded = decode_g711(law, encode_g711(law, EVERY_VALUE[inside]))
    assert (np.abs(decoded) == wanted).all()
    assert (np.sign(decoded) * np.sign(EVERY_VALUE[inside]) >= 0).all()


def test_what_is_too_loud_is_clipped_not_wrapped() -> None:
    loud = np.array([32767, -32768], np.int16)
    assert decode_g711(G711Law.PCMU, encode_g711(G711Law.PCMU, loud)).tolist() == [32124, -32124]
    assert decode_g711(G711Law.PCMA, encode_g711(G711Law.PCMA, loud)).tolist() == [32256, -32256]


@given(arrays(np.int16, st.integers(0, 400)), st.sampled_from(list(G711Law)))
def test_a_second_round_trip_changes_nothing(samples: Samples, law: G711Law) -> None:
    """A call that passes several gateways of one law does not get worse at each."""
    once = decode_g711(law, encode_g711(law, samples))
    assert (decode_g711(law, encode_g711(law, once)) == once).all()


def test_no_bytes_give_no_samples() -> None:
    assert decode_g711(G711Law.PCMU, b"").size == 0
    assert encode_g711(G711Law.PCMA, np.zeros(0, np.int16)) == b""
