"""What the bench plays, and when somebody speaks in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from rid_telephony.bench.live.material import load_material, loud_turns
from rid_telephony.calls.messages import Party
from rid_telephony.cli.bench_live import expand_users
from rid_telephony.errors import InputError
from rid_telephony.settings.media import MediaSettings

AUDIO = Path(__file__).parents[3] / "fixtures" / "audio" / "dd01.flac"


def _burst(*spans: tuple[float, float], seconds: float = 6.0) -> np.ndarray:
    samples = np.random.default_rng(3).normal(0, 20, round(8000 * seconds))
    for begin, end in spans:
        span = slice(round(8000 * begin), round(8000 * end))
        samples[span] += 6000 * np.sin(np.arange(span.stop - span.start) / 3)
    return samples.astype(np.int16)


def test_speech_is_found_by_loudness_and_short_pauses_do_not_cut_it() -> None:
    turns = loud_turns(Party.AGENT, _burst((1.0, 1.8), (2.0, 2.6), (4.0, 5.0)))
    assert [(turn.begin, turn.end) for turn in turns] == [
        pytest.approx((1.0, 2.6), abs=0.03),
        pytest.approx((4.0, 5.0), abs=0.03),
    ]


@pytest.mark.parametrize("samples", [np.zeros(0, np.int16), np.zeros(8000, np.int16)])
def test_silence_has_no_turns(samples: np.ndarray) -> None:
    assert loud_turns(Party.AGENT, samples) == []


def test_the_truth_beside_the_recording_says_who_speaks_when() -> None:
    material = load_material(AUDIO, MediaSettings())
    assert len(material.turns) == 24
    assert (material.turns[0].party, material.turns[0].end) == (Party.AGENT, 8.528)
    assert material.seconds == pytest.approx(96.7, abs=0.1)


def test_without_a_truth_loudness_finds_about_the_same_ends(tmp_path: Path) -> None:
    copy = tmp_path / "call.flac"
    copy.write_bytes(AUDIO.read_bytes())
    found = [t.end for t in load_material(copy, MediaSettings()).turns if t.party is Party.CUSTOMER]
    true = [t.end for t in load_material(AUDIO, MediaSettings()).turns if t.party is Party.CUSTOMER]
    near = [min(abs(end - other) for other in found) for end in true]
    assert np.median(near) < 0.1


def test_a_recording_of_one_party_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mono.wav"
    soundfile.write(file, _burst((1.0, 2.0)), 8000, "PCM_16")
    with pytest.raises(InputError, match="two parties"):
        load_material(file, MediaSettings())


def test_a_truth_that_is_none_is_refused_before_any_call_is_placed(tmp_path: Path) -> None:
    file = tmp_path / "call.flac"
    file.write_bytes(AUDIO.read_bytes())
    file.with_suffix(".json").write_text('{"turns": [{"begin": 1}]}', encoding="utf-8")
    with pytest.raises(InputError, match="who speaks when"):
        load_material(file, MediaSettings())


def test_users_are_named_by_ranges_and_lists() -> None:
    assert expand_users("0998-1001, anna") == ("0998", "0999", "1000", "1001", "anna")
    for text in ("", " , ", "5-3", "1-5000"):
        with pytest.raises(InputError):
            expand_users(text)
