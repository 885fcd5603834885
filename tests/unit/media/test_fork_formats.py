"""Formats of forks: chan_websocket's words, linear RTP, other sampling rates."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fork_recordings import DIRECTORY, alignment, audiosocket_audio, phone_audio
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.media.g711 import G711Law, decode_g711
from rid_telephony.media.linerate import LineRate
from rid_telephony.media.mediawords import AsteriskMedia
from rid_telephony.media.payloads import PayloadKind, decode_payload

JSON_START = (
    '{"event":"MEDIA_START","connection_id":"rid","channel":"WebSocket/rid/0x7f1e3c00b7a0",'
    '"channel_id":"fork-customer-1.1","format":"slin","optimal_frame_size":320,"ptime":20,'
    '"channel_variables":{"MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE":"320"}}'
)


def recorded_session() -> list[dict[str, object]]:
    lines = (DIRECTORY / "websocket_fork_customer.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_recorded_words_of_asterisk_say_rate_and_size() -> None:
    media, sizes = AsteriskMedia(), set()
    for line in recorded_session():
        if line["kind"] == "text" and line.get("dir") == "a2s":
            assert media.text(str(line["data"])) == ""
        elif line["kind"] == "binary":
            sizes.add(line["len"])
    assert media.rate == 16_000
    assert sizes == {640}


def test_the_json_form_says_the_same() -> None:
    media = AsteriskMedia()
    assert media.text(JSON_START) == ""
    assert media.rate == 8000
    assert media.audio(b"\x01\x02\xff\xff").tolist() == [0x0201, -1]


def test_companded_audio_is_decoded() -> None:
    media = AsteriskMedia()
    media.text("MEDIA_START connection_id:rid format:alaw optimal_frame_size:160")
    decoded = media.audio(b"\x00\x80\xd5")
    assert np.array_equal(decoded, decode_g711(G711Law.PCMA, b"\x00\x80\xd5"))


def test_a_format_that_cannot_be_read_is_named() -> None:
    assert "opus" in AsteriskMedia().text("MEDIA_START format:opus")


def test_half_a_sample_is_refused() -> None:
    assert AsteriskMedia().audio(b"abc") is None


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda data: data.decode("latin-1")))
def test_no_text_message_raises(message: str) -> None:
    media = AsteriskMedia()
    for text in (
        message,
        "MEDIA_START " + message,
        "{" + message,
        JSON_START.replace("20", message),
    ):
        media.text(text)
        assert media.rate >= 8000


def test_deeply_nested_json_is_passed_over() -> None:
    assert AsteriskMedia().text('{"event":' + "[" * 50_000) == ""


def test_l16_of_rtp_is_big_endian() -> None:
    assert decode_payload(PayloadKind.L16, b"\x01\x02\xff\xfe").tolist() == [258, -2]
    assert decode_payload(PayloadKind.L16, b"\x01\x02\xff") is None


@pytest.mark.parametrize("rate", [12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000])
def test_a_resampled_tone_keeps_pitch_level_and_time(rate: int) -> None:
    """The delay that the resampler reports is the one it has: else all speech is late."""
    line = LineRate(rate)
    tone = 8000 * np.sin(2 * np.pi * 700 * np.arange(rate) / rate)
    size = rate // 50
    pieces = [line.push(tone[at : at + size].astype(np.int16)) for at in range(0, rate, size)]
    heard = np.concatenate(pieces)[400:]
    assert max(len(piece) for piece in pieces) <= 180  # given out at once, not in blocks
    assert line.delay < 0.031
    angle = 2 * np.pi * 700 * np.arange(400, 400 + len(heard)) / 8000
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    (sine, cosine), *_ = np.linalg.lstsq(waves, heard.astype(float))
    assert np.hypot(sine, cosine) == pytest.approx(8000, rel=0.001)
    assert abs(np.arctan2(cosine, sine)) / (2 * np.pi * 700) < 0.0003  # seconds
    assert np.std(heard - waves @ (sine, cosine)) < 2


def test_a_16_khz_fork_of_a_real_call_sounds_like_the_phone() -> None:
    wide = audiosocket_audio("pcmu_en_slin16_customer")
    line = LineRate(16_000)
    heard = np.concatenate([line.push(wide[at : at + 320]) for at in range(0, len(wide), 320)])
    phone = phone_audio("pcmu_en_slin16", 21502)
    shift = alignment(heard, phone)
    there = phone[shift : shift + len(heard)]
    likeness = np.corrcoef(heard[: len(there)].astype(float), there.astype(float))[0, 1]
    assert likeness > 0.95  # the resamplers, Asterisk's and ours, shift by part of a sample
