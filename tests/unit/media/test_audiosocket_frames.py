"""AudioSocket's bytes, as a real Asterisk sends them, whole and damaged."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from fork_recordings import FORKS, alignment, audiosocket_audio, audiosocket_bytes, phone_audio
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.media.audiosocketframes import FrameReader, SocketFrame

NAME = "pcma_zh_customer"
DATA = audiosocket_bytes(NAME)[: 19 + 323 * 12]
WHOLE = FrameReader().feed(DATA)
UUID = DATA[:19]


@pytest.mark.parametrize("name", FORKS)
def test_a_fork_is_bit_for_bit_what_the_phone_said(name: str) -> None:
    """Nothing is lost, added or changed between the phone and the fork but its beginning."""
    fork, phone = audiosocket_audio(name), phone_audio(*FORKS[name])
    shift = alignment(fork, phone)
    assert 0 <= shift < 0.2 * 8000  # the fork was asked for after the bridge had formed
    assert np.array_equal(fork, phone[shift : shift + len(fork)])


def test_the_first_frame_names_the_fork() -> None:
    assert [frame.kind for frame in WHOLE] == [1] + [0x10] * 12
    assert len(WHOLE[0].fork_id) == 36
    assert WHOLE[0].fork_id == WHOLE[0].fork_id.lower()


@given(st.lists(st.integers(0, len(DATA)), max_size=40))
def test_however_the_bytes_are_split_the_frames_are_the_same(cuts: list[int]) -> None:
    reader = FrameReader()
    edges = [0, *sorted(cuts), len(DATA)]
    frames: list[SocketFrame] = []
    for begin, end in pairwise(edges):
        frames += reader.feed(DATA[begin:end])
    assert frames == WHOLE
    assert not reader.fault
    assert not reader.inside_frame


@given(
    st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.integers(0, 255)), max_size=20),
    st.integers(1, 700),
)
def test_damaged_bytes_never_raise_and_hold_a_bounded_rest(
    changes: list[tuple[int, int]], step: int
) -> None:
    damaged = bytearray(DATA)
    for at, value in changes:
        damaged[at] = value
    reader = FrameReader()
    taken = 0
    for at in range(0, len(damaged), step):
        taken += sum(
            len(frame.payload) + 3 for frame in reader.feed(bytes(damaged[at : at + step]))
        )
    assert taken <= len(damaged)
    assert reader.fault or taken + 65_538 > len(damaged)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"GET / HTTP/1.1\r\n", "no uuid"),
        (b"\x10\x01\x40" + bytes(320), "no uuid"),
        (b"\x01\x00\x0f" + bytes(15), "15 bytes"),
        (UUID + UUID, "second uuid"),
        (UUID + b"\x10\x00\x03abc", "half a sample"),
    ],
)
def test_what_breaks_the_protocol_is_named_and_nothing_more_is_believed(
    data: bytes, fault: str
) -> None:
    reader = FrameReader()
    reader.feed(data)
    assert fault in reader.fault
    assert reader.feed(DATA) == []


def test_a_type_of_a_later_version_is_passed_over() -> None:
    frames = FrameReader().feed(UUID + b"\x02\x00\x02ab" + b"\x10\x00\x02ab")
    assert [frame.kind for frame in frames] == [1, 2, 0x10]
