"""SIP and SDP as phones really write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.media.capture.network import endpoint
from rid_telephony.media.capture.sdp import parse_audio
from rid_telephony.media.capture.sip import looks_like_sip, parse_sip
from rid_telephony.media.payloads import PayloadKind

INVITE = (
    "INVITE sip:4001@pbx.example SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1\r\n"
    'From: "张女士" <sip:13800138000@pbx.example>;tag=77\r\n'
    "To: <sip:4001@pbx.example>\r\nCall-ID: abc@10.0.0.9\r\nCSeq: 5 INVITE\r\n"
)


def read(text: str, body: str = "") -> object:
    return parse_sip(f"{text}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode())


def test_a_request_is_reduced_to_what_matters() -> None:
    sip = parse_sip(f"{INVITE}\r\n".encode())
    assert sip is not None
    assert (sip.method, sip.status, sip.sequence, sip.call_id) == ("INVITE", 0, 5, "abc@10.0.0.9")
    assert (sip.sender.user, sip.sender.name, sip.sender.tag) == ("13800138000", "张女士", "77")
    assert (sip.receiver.user, sip.dialled, sip.fork) == ("4001", "4001", False)


def test_compact_names_folding_and_bare_newlines_are_read() -> None:
    """RFC 3261, 7.3: what one phone in ten sends."""
    text = (
        "INVITE sip:4001@pbx SIP/2.0\nv: SIP/2.0/UDP 10.0.0.9\n"
        "f: sip:13800138000@pbx\n ;tag=77\nt: <sip:4001@pbx>\ni: abc\nCSEQ:  5\n  INVITE\n"
        "c: application/sdp\n\nv=0\nc=IN IP4 10.0.0.9\nm=audio 4000 RTP/AVP 8\n"
    )
    sip = parse_sip(text.encode())
    assert sip is not None
    assert (sip.call_id, sip.sequence, sip.sender.tag) == ("abc", 5, "77")
    assert sip.sdp.startswith("v=0")


@pytest.mark.parametrize(
    ("header", "user"),
    [
        ("<tel:+8613800138000;phone-context=x>", "+8613800138000"),
        ("<sip:+8613800138000;npdi=yes@gw.example>", "+8613800138000"),
        ("<sip:%2B8613800138000@gw.example>", "+8613800138000"),
        ("sip:1001:secret@pbx", "1001"),
        ("<sip:gw.example>", ""),
        ('"A, B <x>" <sip:1001@pbx>', "1001"),
    ],
)
def test_users_are_found_however_the_address_is_written(header: str, user: str) -> None:
    text = INVITE.replace('"张女士" <sip:13800138000@pbx.example>', header)
    sip = parse_sip(f"{text}\r\n".encode())
    assert sip is not None
    assert sip.sender.user == user


def test_control_characters_of_a_name_do_not_come_through() -> None:
    text = INVITE.replace("张女士", "a\x1b[31m")
    sip = parse_sip(f"{text}\r\n".encode())
    assert sip is not None
    assert sip.sender.name == "a[31m"


def test_the_sdp_of_a_multipart_body_is_found() -> None:
    body = "--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nm=audio 1 RTP/AVP 0\r\n--x--\r\n"
    sip = read(INVITE + "Content-Type: multipart/mixed;boundary=x\r\n", body)
    assert getattr(sip, "sdp", "").startswith("v=0")


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "MESSAGE", "INFO"])
def test_what_is_no_call_is_left_alone(method: str) -> None:
    text = INVITE.replace("INVITE", method)
    assert looks_like_sip(text.encode())
    assert parse_sip(f"{text}\r\n".encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        "INVITE",
        "SIP/2.0 abc OK\r\nCSeq: 1 INVITE\r\n\r\n",
        INVITE.replace("Call-ID", "X-Other"),
        INVITE.replace("CSeq: 5", "CSeq: five"),
        "INVITE a SIP/2.0\r\n" + "X: y\r\n" * 300,
    ],
)
def test_a_message_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_sip(f"{text}\r\n".encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    for begin in (b"INVITE sip:x SIP/2.0\r\nCall-ID: 1\r\nFrom: ", b"SIP/2.0 200 OK\r\n", b""):
        try:
            parse_sip(begin + data)
        except ValueError:
            continue


SDP = "v=0\r\nc=IN IP4 10.0.0.9\r\nm=audio 4000 RTP/AVP 8 97 101\r\na=rtpmap:97 PCMU/8000\r\n"


def test_a_session_description_is_reduced_to_its_audio() -> None:
    audio = parse_audio(SDP + "a=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n")
    assert audio is not None
    assert audio.where == endpoint("10.0.0.9", 4000)
    assert audio.holds
    kinds = {number: form.kind for number, form in audio.payloads.items()}
    assert kinds == {8: PayloadKind.PCMA, 97: PayloadKind.PCMU, 101: PayloadKind.DTMF}


def test_the_medias_own_address_and_direction_win_over_the_sessions() -> None:
    audio = parse_audio("a=inactive\r\n" + SDP + "c=IN IP4 10.0.0.8/127\r\na=recvonly\r\n")
    assert audio is not None
    assert (audio.where, audio.holds) == (endpoint("10.0.0.8", 4000), False)
    session_only = parse_audio("a=inactive\r\n" + SDP)
    assert session_only is not None
    assert session_only.holds


def test_the_old_hold_by_a_zero_address_is_a_hold() -> None:
    audio = parse_audio(SDP.replace("10.0.0.9", "0.0.0.0"))  # noqa: S104  an SDP, no socket
    assert audio is not None
    assert audio.holds
    assert audio.where is None


def test_lines_that_do_not_matter_may_be_damaged() -> None:
    """A call is not lost for a bandwidth line that the phone writes wrongly."""
    damaged = "v=zero\r\nb=AS:many\r\nt=now then\r\n" + SDP + "a=fmtp:x\r\na=ptime\r\n"
    audio = parse_audio(damaged)
    assert audio is not None
    assert audio.where == endpoint("10.0.0.9", 4000)


@pytest.mark.parametrize("text", ["", "v=0\r\nm=video 5000 RTP/AVP 96\r\n"])
def test_a_description_without_audio_gives_none(text: str) -> None:
    assert parse_audio(text) is None


def test_a_port_of_zero_is_no_place() -> None:
    audio = parse_audio(SDP.replace("4000", "0"))
    assert audio is not None
    assert audio.where is None


@given(st.text(max_size=200))
def test_any_text_is_a_description_or_refused(text: str) -> None:
    try:
        parse_audio(SDP + "a=rtpmap:" + text)
        parse_audio("c=IN IP4 " + text)
        parse_audio("m=audio " + text)
    except ValueError:
        return
