"""Offers and answers: a wrong one is a call without audio, or a hold that nobody notices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.bench.phone.sdp import answering, describe, understand
from rid_telephony.media.g711 import G711Law

BOTH = (G711Law.PCMA, G711Law.PCMU)
OFFER = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"


@pytest.mark.parametrize("direction", ["sendrecv", "sendonly", "recvonly", "inactive"])
def test_what_one_side_describes_the_other_understands(direction: str) -> None:
    remote = understand(describe(("127.0.0.1", 4000), BOTH, direction, 1))
    assert remote is not None
    assert remote.address == ("127.0.0.1", 4000)
    assert remote.laws == BOTH
    assert remote.direction == direction


@pytest.mark.parametrize(
    ("offered", "wanted", "answer"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendonly", "sendrecv", "recvonly"),
        ("recvonly", "sendrecv", "sendonly"),
        ("inactive", "sendrecv", "inactive"),
        ("sendrecv", "sendonly", "sendonly"),
        ("recvonly", "sendonly", "sendonly"),
        ("sendonly", "sendonly", "inactive"),
    ],
)
def test_the_answer_fits_the_offer_as_rfc_3264_has_it(
    offered: str, wanted: str, answer: str
) -> None:
    assert answering(offered, wanted) == answer


def test_payload_types_without_rtpmap_and_foreign_codecs_are_dealt_with() -> None:
    remote = understand(OFFER + "m=audio 5004 RTP/AVP 9 0 101\r\n")
    assert remote is not None
    assert remote.laws == (G711Law.PCMU,)
    assert remote.direction == "sendrecv"


def test_a_direction_for_the_whole_session_counts_where_the_stream_states_none() -> None:
    remote = understand(OFFER + "a=sendonly\r\nm=audio 5004 RTP/AVP 0\r\n")
    assert remote is not None
    assert remote.direction == "sendonly"


def test_the_hold_of_rfc_2543_is_a_hold() -> None:
    zeros = OFFER.replace("10.0.0.1", "0.0.0.0")  # noqa: S104 - read, not bound
    remote = understand(zeros + "m=audio 5004 RTP/AVP 0\r\n")
    assert remote is not None
    assert remote.direction == "inactive"


@pytest.mark.parametrize(
    "media",
    ["", "m=audio 0 RTP/AVP 0\r\n", "m=audio 5004 RTP/AVP 9\r\n", "m=audio x RTP/AVP 0\r\n"],
)
def test_a_description_without_a_usable_stream_is_none_not_an_error(media: str) -> None:
    assert understand(OFFER + media) is None


@given(st.text(alphabet=st.sampled_from("vosctma=: 01x\r\n/"), max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    understand(text)
