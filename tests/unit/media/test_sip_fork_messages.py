"""Reading and answering SIP, with RFC 4475 and with damage."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sip_kit import eavesdrop_legs, header, status, torture

from rid_telephony.media.sipforksession import read_offer, write_answer
from rid_telephony.media.sipforkwire import (
    MAX_MESSAGE,
    Reply,
    Request,
    answer,
    contact_of,
    goodbye,
    read_message,
)

PBX = ("192.0.2.9", 5080)
FAULTS = {
    "wsinv": 0,
    "intmeth": 501,
    "esc01": 0,
    "escnull": 405,
    "esc02": 501,
    "lwsdisp": 0,
    "longreq": 0,
    "dblreq": 405,
    "semiuri": 0,
    "transports": 0,
    "mpart01": 405,
    "unreason": "reply",
    "noreason": "reply",
    "badinv01": 400,
    "clerr": 400,
    "ncl": 400,
    "scalar02": 400,
    "scalarlg": "reply",
    "quotbal": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,
    "trws": 400,
    "escruri": 0,  # the headers in it are never used
    "baddate": 0,  # nor is the date
    "regbadct": 405,
    "badaspec": 0,
    "baddn": 0,
    "badvers": 505,
    "mismatch01": 400,
    "mismatch02": 400,
    "bigcode": None,
    "badbranch": 0,
    "insuf": None,  # without From, To and Call-ID there is nothing to answer with
    "unkscm": 416,
    "novelsc": 416,
    "unksm2": 405,
    "bext01": 420,
    "invut": 0,  # refused for want of a fork
    "regaut01": 405,
    "multi01": 400,
    "mcl01": 400,
    "bcast": None,
    "zeromf": 0,  # we are where it was to go
    "cparam01": 405,
    "cparam02": 405,
    "regescrt": 405,
    "sdp01": 0,
    "inv2543": 0,
}
TORTURE = torture()
LEGS = eavesdrop_legs()


def request(data: bytes) -> Request:
    read = read_message(data, PBX)
    assert isinstance(read, Request)
    return read


@pytest.mark.parametrize("name", TORTURE)
def test_each_torture_message_is_taken_as_the_rfc_says(name: str) -> None:
    read = read_message(TORTURE[name], PBX)
    expected = FAULTS[name]
    if isinstance(expected, int):
        assert isinstance(read, Request)
        assert read.fault == expected
    else:
        assert isinstance(read, Reply if expected else type(None))


def test_a_tortuous_invite_is_understood() -> None:
    read = request(TORTURE["wsinv"])
    assert (read.call_id, read.number) == ("wsinv.ndaksdj@192.0.2.1", 9)
    assert (read.from_tag, read.to_tag) == ("98asjd8", "1918181833n")
    assert contact_of(read) == "sip:jdrosen@example.com"
    written = answer(read, 403, "ours")
    assert len([line for line in written.split(b"\r\n") if line.startswith(b"Via")]) == 3


def test_only_the_first_request_of_a_datagram_counts() -> None:
    read = request(TORTURE["dblreq"])
    assert (read.method, read.call_id) == ("REGISTER", "dblreq.0ha0isndaksdj99sdfafnl3lk233412")


def test_extensions_that_are_refused_are_named() -> None:
    refusal = answer(request(TORTURE["bext01"]), 420, "ours")
    assert header(refusal, "Unsupported") == "nothingSupportsThis, nothingSupportsThisEither"


def test_an_answer_repeats_what_it_must_and_says_where_the_request_came_from() -> None:
    asked = request(LEGS[0].invite)
    written = answer(asked, 200, "ours", "<sip:rid@h>", "v=0\r\n")
    for name in ("From", "Call-ID", "CSeq"):
        assert header(written, name) == header(LEGS[0].invite, name)
    assert header(written, "To") == "<sip:asr@127.0.0.1:16050>;tag=ours"
    assert ";rport=5080;" in header(written, "Via")
    assert header(written, "Via").endswith(";received=192.0.2.9")
    assert status(written) == 200


def test_a_bye_goes_back_the_way_the_invite_came() -> None:
    routed = LEGS[0].invite.replace(
        b"Max-", b"Record-Route: <sip:a;lr>\r\nRecord-Route: <sip:b;lr>\r\nMax-"
    )
    bye, branch = goodbye(request(routed), "ours", ("192.0.2.1", 5060))
    assert bye.startswith(b"BYE sip:mod_sofia@127.0.0.1:15060 SIP/2.0\r\n")
    assert bye.index(b"Route: <sip:b;lr>") < bye.index(b"Route: <sip:a;lr>")
    assert header(bye, "From") == header(routed, "To") + ";tag=ours"
    assert header(bye, "To") == header(routed, "From")
    assert branch in header(bye, "Via")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 40,
        b"INVITE",
        b"SIP/2.0",
        b"SIP/2.0 200\r\n\r\n",
        b"INVITE sip:a SIP/2.0\r\n\r\n",
        LEGS[0].invite.replace(b"\r\n\r\n", b"\r\n"),
        LEGS[0].invite.replace(b"\r\n", b"\n"),
        LEGS[0].invite.replace(b"Max-Forwards: 70", b"X: a\nMax-Forwards: 70"),
        LEGS[0].invite.replace(b"From: <sip:ridfork", b"From: <sip:\xff"),
        LEGS[0].invite + b" " * MAX_MESSAGE,
        LEGS[0].invite.replace(b"Max-", b"X: y\r\n" * 300 + b"Max-"),
        LEGS[0].invite.replace(b"Call-ID: ", b"Call-ID: " + b"x" * 3000),
    ],
)
def test_what_is_no_message_is_passed_over(data: bytes) -> None:
    assert read_message(data, PBX) is None


def test_a_number_of_many_digits_costs_nothing() -> None:
    data = LEGS[0].invite.replace(b"CSeq: 123103096", b"CSeq: " + b"9" * 2000)
    assert request(data).fault == 400


def test_freeswitchs_offer_is_answered_with_its_first_codec() -> None:
    offer = read_offer(request(LEGS[0].invite).message.text)
    assert offer is not None
    assert (offer.source, offer.payload_type, offer.name) == (("127.0.0.1", 20320), 0, "PCMU")
    lines = write_answer(offer, "192.0.2.1", 40_000, 1).splitlines()
    assert "m=audio 40000 RTP/AVP 0" in lines
    assert {"c=IN IP4 192.0.2.1", "a=rtpmap:0 PCMU/8000", "a=sendrecv"} <= set(lines)


@pytest.mark.parametrize(
    ("offered", "answered"),
    [("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive")],
)
def test_a_direction_is_answered_by_its_counterpart(offered: str, answered: str) -> None:
    offer = read_offer(f"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 8\r\na={offered}\r\n")
    assert offer is not None
    assert f"a={answered}" in write_answer(offer, "192.0.2.1", 40_000, 1)


def test_every_stream_offered_is_answered_and_only_the_audio_taken() -> None:
    """An answer with fewer m= lines than the offer is none (RFC 3264, section 6)."""
    streams = "m=video 4 RTP/AVP 31\nm=audio 4000 RTP/AVP 96\na=rtpmap:96 PCMA/8000\n"
    offer = read_offer("v=0\nc=IN IP6 2001:db8::1\n" + streams)
    assert offer is not None
    lines = write_answer(offer, "2001:db8::2", 40_000, 1).splitlines()
    assert [line for line in lines if line[0] == "m"] == [
        "m=video 0 RTP/AVP 31",
        "m=audio 40000 RTP/AVP 96",
    ]
    assert "c=IN IP6 2001:db8::2" in lines


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 9 18\n",
        "v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/SAVP 0\n",
        "v=0\nc=IN IP4 192.0.2.1\nm=audio x RTP/AVP 0\n",
        "v=0\nc=IN IP4 192.0.2.1\nm=audio\n",
        "v=0\nc=IN IP4 192.0.2.1\n" + "m=audio 4000 RTP/AVP 0\n" * 9,
        "v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtpmap:x y\n",
    ],
)
def test_an_offer_that_cannot_be_taken_is_none(text: str) -> None:
    assert read_offer(text) is None


ALL = [*TORTURE.values(), *(data for leg in LEGS for data in (leg.invite, leg.ack, leg.bye))]


@given(st.sampled_from(ALL), st.randoms(use_true_random=False), st.integers(1, 8))
@settings(max_examples=600, deadline=None)
def test_damage_never_raises_and_what_is_read_can_be_answered(
    data: bytes, chance: random.Random, wounds: int
) -> None:
    damaged = bytearray(data)
    for _ in range(wounds):
        at = chance.randrange(len(damaged))
        damaged[at : at + chance.randrange(3)] = chance.choice(
            [
                b"",
                b"\r\n",
                b"\x00",
                b"\xff",
                b'"',
                b"<",
                b";",
                b",",
                b":",
                b" ",
                b"99999999999",
                b"\r\n\r\n",
            ]
        )
    read = read_message(bytes(damaged), PBX)
    if not isinstance(read, Request):
        return
    again = read_message(answer(read, read.fault or 200, "ours"), PBX)
    assert again is None or isinstance(again, Reply)
    read_offer(read.message.text)
    goodbye(read, "ours", PBX)


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_noise_is_no_request(data: bytes) -> None:
    assert read_message(data, PBX) is None
