"""Audio files: whose channel is whose, and what happens to odd ones."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rid_telephony.calls.messages import CallEnded, CallStarted, Party
from rid_telephony.errors import InputError
from rid_telephony.media.messages import AudioFrame, Samples
from rid_telephony.media.report import RecordingReport
from rid_telephony.media.source import open_recording
from rid_telephony.settings.media import MediaSettings

AGENT, CUSTOMER = Party.AGENT, Party.CUSTOMER
Sides = dict[Party, Samples]


def noise(seconds: float, channels: int, rate: int = 8000) -> Samples:
    rng = np.random.default_rng(5)
    return rng.integers(-9000, 9000, (round(seconds * rate), channels)).astype(np.int16)


def play(
    path: Path, agent_channel: int | None = None, **limits: float
) -> tuple[Sides, list[object], RecordingReport]:
    media = MediaSettings().model_copy(update=limits)
    recording = open_recording(path, media, agent_channel=agent_channel)
    pieces: dict[Party, list[Samples]] = {}
    events, now, places = [], 0.0, dict.fromkeys(Party, 0.0)
    for arrival, item in recording.items():
        assert arrival >= now
        now = arrival
        if isinstance(item, AudioFrame):
            assert item.at == pytest.approx(places[item.party], abs=1e-9)
            assert item.end <= arrival + 1e-9
            assert len(item.samples) <= 160
            places[item.party] = item.end
            pieces.setdefault(item.party, []).append(item.samples)
        else:
            events.append(item)
    sides = {party: np.concatenate(parts) for party, parts in pieces.items()}
    return sides, events, recording.report()


def codes(report: RecordingReport) -> set[str]:
    return {warning.code for warning in report.warnings}


@pytest.mark.parametrize("kind", ["wav", "flac"])
@pytest.mark.parametrize("agent", [None, 0, 1])
def test_a_stereo_file_has_a_party_on_each_channel(
    tmp_path: Path, kind: str, agent: int | None
) -> None:
    samples = noise(1.23, 2)
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, samples, 8000)
    sides, events, report = play(path, agent)
    assert (sides[AGENT] == samples[:, agent or 0]).all()
    assert (sides[CUSTOMER] == samples[:, 1 - (agent or 0)]).all()
    assert [type(event).__name__ for event in events] == [
        "CallStarted",
        "CallAnswered",
        "CallEnded",
    ]
    assert isinstance(events[-1], CallEnded)
    assert (events[-1].at, events[-1].cause) == (pytest.approx(1.23), "normal")
    assert report.warnings == ()


@pytest.mark.parametrize(("agent", "party"), [(None, CUSTOMER), (0, AGENT)])
def test_a_mono_file_is_the_customer_unless_told_otherwise(
    tmp_path: Path, agent: int | None, party: Party
) -> None:
    samples = noise(1.0, 1)
    soundfile.write(tmp_path / "a.wav", samples, 8000)
    sides, _, report = play(tmp_path / "a.wav", agent)
    assert sides.keys() == {party}
    assert (sides[party] == samples[:, 0]).all()
    assert codes(report) == {"one_leg_only"}


@pytest.mark.parametrize("rate", [11_025, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW"])
def test_any_rate_and_width_becomes_8_khz_in_time(tmp_path: Path, rate: int, subtype: str) -> None:
    """A tone of 1 kHz stays one, and a click at 1 s stays at 1 s."""
    time = np.arange(2 * rate) / rate
    tone = 0.4 * np.sin(2 * np.pi * 1000 * time)
    click = np.where(np.abs(time - 1.0) < 0.002, 0.8, 0.0)
    soundfile.write(tmp_path / "a.wav", np.stack([tone, click], 1), rate, subtype)
    sides, _, _ = play(tmp_path / "a.wav")
    assert abs(len(sides[AGENT]) - 16_000) <= 2
    spectrum = np.abs(np.fft.rfft(sides[AGENT][4000:12_000]))
    assert int(np.argmax(spectrum)) == 1000
    assert np.abs(sides[AGENT]).max() == pytest.approx(0.4 * 32_768, rel=0.05)
    assert int(np.argmax(np.abs(sides[CUSTOMER]))) == pytest.approx(8000, abs=16)


def test_floats_beyond_full_scale_are_clipped_and_nans_are_silence(tmp_path: Path) -> None:
    """Wrapped or not a number, they would be bangs that the recogniser hears as speech."""
    samples = np.array([0.0, 2.0, -2.0, np.nan, np.inf], np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 8000, "FLOAT")
    sides, _, _ = play(tmp_path / "a.wav")
    assert sides[CUSTOMER].tolist() == [0, 32_767, -32_768, 0, 32_767]


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_a_truncated_file_is_analysed_as_far_as_it_goes_and_said_so(
    tmp_path: Path, kind: str
) -> None:
    samples = noise(10.0, 2)
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, samples, 8000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    sides, events, report = play(path)
    heard = sides[AGENT]
    assert 16_000 < len(heard) < 60_000
    assert (heard == samples[: len(heard), 0]).all()
    assert codes(report) <= {"truncated_audio", "damaged_audio"} and report.warnings
    assert isinstance(events[-1], CallEnded)
    assert events[-1].cause == "capture_ended"


def test_a_silent_channel_is_said(tmp_path: Path) -> None:
    samples = noise(1.0, 2)
    samples[:, 1] = 0
    soundfile.write(tmp_path / "a.wav", samples, 8000)
    _, _, report = play(tmp_path / "a.wav")
    assert [(warning.code, "customer" in warning.message) for warning in report.warnings] == [
        ("silent_leg", True)
    ]


def test_a_file_over_the_time_limit_is_cut_and_said_so(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", noise(5.0, 2), 8000)
    sides, events, report = play(tmp_path / "a.flac", max_audio_seconds=2.0)
    assert len(sides[AGENT]) == 16_000
    assert codes(report) == {"too_long"}
    assert isinstance(events[-1], CallEnded)
    assert events[-1].cause == "capture_ended"


@pytest.mark.parametrize(
    ("channels", "rate", "frames", "message"),
    [(3, 8000, 100, "3 channels"), (1, 500, 100, "500 samples"), (2, 8000, 0, "empty")],
)
def test_a_file_that_cannot_be_a_call_is_a_clear_error(
    tmp_path: Path, channels: int, rate: int, frames: int, message: str
) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((frames, channels)), rate)
    with pytest.raises(InputError, match=message):
        play(tmp_path / "a.wav")


@pytest.mark.parametrize(("channels", "agent"), [(1, 1), (2, 2), (2, -1)])
def test_a_channel_that_is_not_there_is_a_clear_error(
    tmp_path: Path, channels: int, agent: int
) -> None:
    soundfile.write(tmp_path / "a.wav", noise(0.1, channels), 8000)
    with pytest.raises(InputError, match="no channel"):
        play(tmp_path / "a.wav", agent)


def test_other_audio_is_a_clear_error(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.aiff", noise(0.1, 1), 8000)
    with pytest.raises(InputError, match="AIFF"):
        play(tmp_path / "a.aiff")


def test_a_replay_of_the_same_file_has_the_same_id_and_another_file_another(
    tmp_path: Path,
) -> None:
    names = []
    for name, channels in (("a", 1), ("b", 1), ("c", 2)):
        soundfile.write(tmp_path / f"{name}.wav", noise(0.5, channels), 8000)
        _, events, _ = play(tmp_path / f"{name}.wav")
        assert isinstance(events[0], CallStarted)
        names.append(events[0].call_id)
    assert names[0] == names[1] != names[2]


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros((8000 * 600, 2), np.int16), 8000)
    recording = open_recording(path, MediaSettings())
    tracemalloc.start()
    count = sum(1 for _ in recording.items())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 2 * 30_000 + 3
    assert peak < 2_000_000  # the audio alone has 19 MB


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data(), st.sampled_from(["wav", "flac"]))
def test_a_damaged_file_is_a_call_or_a_clear_error(
    tmp_path: Path, data: st.DataObject, kind: str
) -> None:
    path = tmp_path / f"good.{kind}"
    soundfile.write(path, noise(0.5, 2), 8000)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, min(len(content) - 1, 200)))
        content[place] = data.draw(st.integers(0, 255))
    broken = tmp_path / f"broken.{kind}"
    broken.write_bytes(content)
    try:
        _, events, _ = play(broken, max_audio_seconds=60.0)
    except InputError:
        return
    assert isinstance(events[0], CallStarted)
    assert isinstance(events[-1], CallEnded)
