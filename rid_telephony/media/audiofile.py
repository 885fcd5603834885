"""An audio file as a recording of one call: one party on each channel.

The file is read in blocks; memory does not grow with its length.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from rid_telephony.calls.messages import (
    CallAnswered,
    CallEnded,
    CallStarted,
    Direction,
    Leg,
    Party,
)
from rid_telephony.errors import InputError
from rid_telephony.media.messages import SAMPLE_RATE, AudioFrame, Samples, SourceItem
from rid_telephony.media.report import Notes, RecordingReport, StreamReport
from rid_telephony.settings.media import MediaSettings

FORMATS = frozenset(("WAV", "WAVEX", "RF64", "FLAC"))
FRAME_SAMPLES = 160
"""20 ms, as a telephone sends them."""
BLOCK_SECONDS = 0.5
MIN_RATE, MAX_RATE = 1000, 384_000
SILENT_PEAK = 64
"""A channel that is never louder (-54 dB of full scale) is silent."""
_ID_BYTES = 1 << 20
_WAV_CLAIM = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)
_WAV_UNKNOWN = 0x7FFF_F000
"""Lengths from here on are written by programs that did not know the length."""
_ADVICE = "Give a mono or stereo wav or flac file, or a pcap or pcapng capture."

Block = NDArray[np.float32]


class AudioFileRecording:
    """A wav or flac file.

    A stereo file has the agent on channel 0 unless told otherwise; a mono file is taken for
    the customer alone, unless ``agent_channel`` is 0. The call begins with the file, counts
    as answered at once, and ends with it.

    Args:
        path: The file.
        settings: Bounds.
        agent_channel: Channel of the agent, from 0.

    Raises:
        InputError: It is no such file, is empty, or has no such channel.
    """

    def __init__(self, path: Path, settings: MediaSettings, agent_channel: int | None) -> None:
        self._path = path
        self._file = _open(path)
        self._limit = round(settings.max_audio_seconds * SAMPLE_RATE)
        self._notes = Notes()
        self._parties = _parties(self._file.channels, agent_channel)
        self._call_id = _identity(path)
        self._given = 0
        self._frames = 0
        self._peaks = [0] * self._file.channels
        self._played = False

    @property
    def duration(self) -> float | None:
        """Seconds of audio as the header has it, None where it does not say."""
        seconds = self._file.frames / self._file.samplerate
        limit = self._limit / SAMPLE_RATE
        return min(seconds, limit) if self._file.frames < 1 << 62 else None

    def items(self) -> Iterator[tuple[float, SourceItem]]:
        """See :meth:`rid_telephony.media.recording.Recording.items`."""
        if self._played:
            raise InputError("The items of a recording can be read once; open it again.")
        self._played = True
        with self._file:
            yield 0.0, self._started()
            yield 0.0, CallAnswered(self._call_id, 0.0)
            for block in self._frames_of_all():
                at = self._given / SAMPLE_RATE
                self._given += len(block)
                self._frames += 1
                arrival = self._given / SAMPLE_RATE
                for channel, party in enumerate(self._parties):
                    yield arrival, AudioFrame(self._call_id, party, at, block[:, channel].copy())
            end = self._given / SAMPLE_RATE
            self._conclude()
            yield end, CallEnded(self._call_id, end, self._cause())

    def report(self) -> RecordingReport:
        """See :meth:`rid_telephony.media.recording.Recording.report`."""
        streams = tuple(
            StreamReport(
                call_id=self._call_id,
                party=party,
                source=f"channel {channel}",
                codecs=(self._file.subtype,),
                frames=self._frames,
                audio_seconds=self._given / SAMPLE_RATE,
            )
            for channel, party in enumerate(self._parties)
        )
        counts = dict(self._notes.counts)
        return RecordingReport("audio", 1, 0, counts, streams, self._notes.warnings)

    def _started(self) -> CallStarted:
        # The time of the last change is the only clock that an audio file has.
        changed = datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
        legs = tuple(
            Leg(party, f"channel {channel}") for channel, party in enumerate(self._parties)
        )
        begin = changed - timedelta(seconds=self.duration or 0.0)
        return CallStarted(self._call_id, begin, Direction.UNKNOWN, legs)

    def _cause(self) -> str:
        broken = {"truncated_audio", "damaged_audio", "too_long"}
        cut = any(warning.code in broken for warning in self._notes.warnings)
        return "capture_ended" if cut else "normal"

    def _frames_of_all(self) -> Iterator[Samples]:
        """Yield 20 ms of all channels, shape (160, channels); the last may be shorter."""
        rest = np.zeros((0, self._file.channels), np.int16)
        given = 0
        for block in self._resampled():
            rest = np.concatenate([rest, _to_int16(block)])
            whole = len(rest) - len(rest) % FRAME_SAMPLES
            for begin in range(0, whole, FRAME_SAMPLES):
                if given >= self._limit:
                    seconds = self._limit / SAMPLE_RATE
                    self._warn("too_long", f"Only the first {seconds:.0f} seconds are analysed.")
                    return
                yield self._measured(rest[begin : begin + FRAME_SAMPLES])
                given += FRAME_SAMPLES
            rest = rest[whole:]
        if len(rest):
            yield self._measured(rest)

    def _measured(self, frame: Samples) -> Samples:
        peaks = np.abs(frame.astype(np.int32)).max(axis=0)
        self._peaks = [max(old, int(new)) for old, new in zip(self._peaks, peaks, strict=True)]
        return frame

    def _resampled(self) -> Iterator[Block]:
        rate, channels = self._file.samplerate, self._file.channels
        if rate == SAMPLE_RATE:
            yield from self._blocks()
            return
        resampler = soxr.ResampleStream(rate, SAMPLE_RATE, channels, dtype="float32")
        for block in self._blocks():
            yield resampler.resample_chunk(block).reshape(-1, channels)
        tail = np.zeros((0, channels), np.float32)
        yield resampler.resample_chunk(tail, last=True).reshape(-1, channels)

    def _blocks(self) -> Iterator[Block]:
        size = max(int(self._file.samplerate * BLOCK_SECONDS), 1)
        read = 0
        while True:
            try:
                block = self._file.read(size, dtype="float32", always_2d=True)
            except RuntimeError as error:
                self._warn(
                    "damaged_audio", f"The file is damaged ({error}); it is analysed so far."
                )
                return
            if not len(block):
                break
            read += len(block)
            yield block
        if read < self._file.frames < 1 << 62 or self._cut_wav():
            self._warn("truncated_audio", "The file is shorter than its header says.")

    def _cut_wav(self) -> bool:
        """True if libsndfile noted a data chunk that claims more bytes than there are."""
        claim = _WAV_CLAIM.search(self._file.extra_info)
        return claim is not None and int(claim[2]) < int(claim[1]) < _WAV_UNKNOWN

    def _warn(self, code: str, message: str) -> None:
        self._notes.warn(code, message, self._call_id)

    def _conclude(self) -> None:
        if len(self._parties) == 1:
            self._warn("one_leg_only", f"The file has one channel: the {self._parties[0]} alone.")
        for channel, party in enumerate(self._parties):
            if self._peaks[channel] < SILENT_PEAK:
                self._warn("silent_leg", f"The {party}'s channel is silent throughout.")


def _open(path: Path) -> soundfile.SoundFile:
    try:
        file = soundfile.SoundFile(str(path))
    except (RuntimeError, TypeError) as error:
        raise InputError(f"Cannot read {path} as audio: {error}", _ADVICE) from error
    problem = _problem(file)
    if problem:
        file.close()
        raise InputError(f"{path} {problem}.", _ADVICE)
    return file


def _problem(file: soundfile.SoundFile) -> str:
    if file.format not in FORMATS:
        return f"is audio of the kind {file.format}, which is not read"
    if file.channels > 2:
        return f"has {file.channels} channels"
    if not MIN_RATE <= file.samplerate <= MAX_RATE:
        return f"has {file.samplerate} samples a second"
    return "" if file.frames > 0 else "is empty"


def _parties(channels: int, agent_channel: int | None) -> tuple[Party, ...]:
    if agent_channel is not None and not 0 <= agent_channel < channels:
        raise InputError(f"There is no channel {agent_channel}: the file has {channels}.")
    if channels == 1:
        return (Party.CUSTOMER,) if agent_channel is None else (Party.AGENT,)
    agent = agent_channel or 0
    return tuple(Party.AGENT if n == agent else Party.CUSTOMER for n in range(channels))


def _identity(path: Path) -> str:
    """A call id that a replay of the same file has again."""
    with path.open("rb") as stream:
        begin = stream.read(_ID_BYTES)
    digest = hashlib.sha1(begin, usedforsecurity=False)
    digest.update(str(path.stat().st_size).encode())
    return digest.hexdigest()[:16]


def _to_int16(block: Block) -> Samples:
    """Full scale 1.0 to int16, clipped; what is not a number becomes silence."""
    scaled = np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0) * 32768.0
    samples: Samples = np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)
    return samples
