"""Forks through named pipes, real ones; whoever writes stands for FreeSWITCH."""

from __future__ import annotations

import asyncio
import itertools
import os
import stat
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fork_listening import Sink, on_stage, until
from freeswitch_fork_recordings import recorded_pipe

from rid_telephony.errors import RidTelephonyError
from rid_telephony.media import fifofork
from rid_telephony.media.fifofork import FifoListener
from rid_telephony.media.fifopipe import pipe_path, prepare_directory
from rid_telephony.settings.freeswitch import FreeSwitchForkSettings

FORK = "0b5c7d1e-93a4-4f5e-8f0a-6d2f9c1e7a10"
FRAME = np.arange(320, dtype="<i2").tobytes()
"""20 ms of stereo."""

Scene = Callable[[FifoListener, Sink, Path], Coroutine[Any, Any, None]]


def play(directory: Path, scene: Scene, **settings: Any) -> None:
    def make(common: Any, sink: Sink) -> FifoListener:
        values = common.model_dump() | {"fifo_directory": directory}
        return FifoListener(FreeSwitchForkSettings(means="fifo", **values), sink)

    path = pipe_path(directory, FORK)
    on_stage(make, lambda listener, sink: scene(listener, sink, path), **settings)
    assert list(directory.iterdir()) == []


def write_end(path: Path) -> int:
    """Open it as FreeSWITCH does, but never wait: with no reader there is an error."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "forks"


def test_the_recorded_pipe_is_heard_bit_for_bit_and_only_the_party_itself(directory: Path) -> None:
    """In whatever pieces it comes; the customer speaks first, the agent after 2.5 s."""
    recorded = b"".join(recorded_pipe())
    stereo = np.frombuffer(recorded, "<i2").reshape(-1, 2)
    cuts = itertools.cycle((1, 3, 641, 2, 1023))

    async def scene(listener: FifoListener, sink: Sink, path: Path) -> None:
        await listener.expect(FORK)
        writer, at = write_end(path), 0
        while at < len(recorded):
            size = next(cuts)
            os.write(writer, recorded[at : at + size])
            at += size
            await asyncio.sleep(0)
        os.close(writer)
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.opens == [FORK]
        assert sink.ends == [(FORK, "ended")]
        assert (sink.heard(FORK) == stereo[:, 0]).all()
        assert not path.exists()

    play(directory, scene)
    first = np.abs(stereo[:16_000].astype(int)).mean(axis=0)
    assert first[0] > 20 * first[1]


def test_nobody_else_on_the_machine_can_read_or_write_a_pipe(directory: Path) -> None:
    async def scene(listener: FifoListener, _sink: Sink, path: Path) -> None:
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        await listener.expect(FORK)
        assert stat.S_ISFIFO(path.stat().st_mode)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await listener.close()

    play(directory, scene)


def test_a_pbx_of_another_user_writes_by_the_group_of_the_directory(directory: Path) -> None:
    directory.mkdir()
    directory.chmod(0o2750)

    async def scene(listener: FifoListener, _sink: Sink, path: Path) -> None:
        await listener.expect(FORK)
        assert stat.S_IMODE(path.stat().st_mode) == 0o620
        await listener.close()

    play(directory, scene)


def test_leftovers_of_an_earlier_run_are_removed_and_nothing_else(directory: Path) -> None:
    directory.mkdir()
    os.mkfifo(pipe_path(directory, FORK))
    pipe_path(directory, str(uuid.uuid4())).write_bytes(b"audio of a customer")
    spared = {directory / "notes.r8", directory / f"{FORK}.wav", directory / "rid.sqlite"}
    for path in spared:
        path.touch()
    prepare_directory(directory)
    assert set(directory.iterdir()) == spared


def test_what_the_pbx_wrote_while_we_were_busy_is_heard_and_never_held_it_up(
    directory: Path,
) -> None:
    """A full pipe makes the call hang at its end."""
    seconds = 3.5
    burst = FRAME * round(seconds * 50)

    async def scene(listener: FifoListener, sink: Sink, path: Path) -> None:
        await listener.expect(FORK)
        writer = write_end(path)
        assert os.write(writer, burst) == len(burst)  # no await: we are busy
        await sink.until(lambda sink: len(sink.heard(FORK)) == seconds * 8000)
        os.close(writer)
        await sink.until(lambda sink: bool(sink.ends))

    play(directory, scene)


def test_a_dropped_fork_is_read_on_until_the_pbx_leaves_and_nobody_hears_it(
    directory: Path,
) -> None:
    async def scene(listener: FifoListener, sink: Sink, path: Path) -> None:
        await listener.expect(FORK)
        writer = write_end(path)
        os.write(writer, FRAME)
        await sink.until(lambda sink: FORK in sink.pieces)
        listener.drop(FORK)
        for _ in range(2000):  # ten times what the pipe holds
            os.write(writer, FRAME)
            await asyncio.sleep(0)
        assert len(sink.heard(FORK)) == 160
        os.close(writer)
        await until(lambda: not path.exists())
        assert sink.ends == []

    play(directory, scene)


def test_a_pbx_that_comes_after_the_drop_finds_the_pipe_and_leaves_no_recording(
    directory: Path,
) -> None:
    """Were the pipe gone, FreeSWITCH would record the call into a file of that name."""

    async def scene(listener: FifoListener, sink: Sink, path: Path) -> None:
        await listener.expect(FORK)
        listener.drop(FORK)
        writer = write_end(path)
        assert stat.S_ISFIFO(os.fstat(writer).st_mode)
        os.write(writer, FRAME)
        os.close(writer)
        await until(lambda: not path.exists())
        assert sink.opens == []

    play(directory, scene)


def test_a_dropped_pipe_goes_in_the_end_and_a_file_in_its_place_too(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fifofork, "LINGER_SECONDS", 0.01)

    async def scene(listener: FifoListener, _sink: Sink, path: Path) -> None:
        await listener.expect(FORK)
        writer = write_end(path)
        listener.drop(FORK)
        path.unlink()
        path.write_bytes(b"audio of a customer")
        await until(lambda: not path.exists())
        with pytest.raises(BrokenPipeError):
            os.write(writer, FRAME)
        os.close(writer)

    play(directory, scene)


def test_a_pipe_that_nobody_writes_to_never_came(directory: Path) -> None:
    async def scene(listener: FifoListener, sink: Sink, path: Path) -> None:
        await listener.expect(FORK)
        os.close(write_end(path))
        await sink.until(lambda sink: bool(sink.ends))
        other = str(uuid.uuid4())
        await listener.expect(other)
        await sink.until(lambda sink: len(sink.ends) == 2)
        assert sink.ends == [(FORK, "ended"), (other, "never_came")]
        assert sink.opens == []

    play(directory, scene, open_timeout=0.05)


def test_a_writer_that_falls_silent_stalls_and_one_that_breaks_off_is_a_reset(
    directory: Path,
) -> None:
    async def scene(listener: FifoListener, sink: Sink, path: Path) -> None:
        await listener.expect(FORK)
        silent = write_end(path)
        os.write(silent, FRAME)
        await sink.until(lambda sink: bool(sink.ends))
        assert sink.ends == [(FORK, "stalled")]
        os.close(silent)
        broken = str(uuid.uuid4())
        await listener.expect(broken)
        writer = write_end(path.with_stem(broken))
        os.write(writer, FRAME[:-1])
        os.close(writer)
        await sink.until(lambda sink: len(sink.ends) == 2)
        assert sink.ends[1] == (broken, "reset")

    play(directory, scene, stall_timeout=0.05)


def test_forks_beyond_the_limit_and_of_other_names_get_no_pipe(directory: Path) -> None:
    async def scene(listener: FifoListener, _sink: Sink, path: Path) -> None:
        for name in ("../0b5c7d1e", "x", f"{FORK}/..", FORK.upper()):
            with pytest.raises(RidTelephonyError):
                await listener.expect(name)
        await listener.expect(FORK)
        for name in (FORK, str(uuid.uuid4())):
            with pytest.raises(RidTelephonyError):
                await listener.expect(name)
        assert list(directory.iterdir()) == [path]
        await listener.close()

    play(directory, scene, max_forks=1)


@pytest.mark.parametrize("name", ["a b", "a;b", "中文", "a{b}", "$x", "a'b"])
def test_a_directory_that_no_command_can_name_is_refused_at_the_start(
    tmp_path: Path, name: str
) -> None:
    settings = FreeSwitchForkSettings(means="fifo", fifo_directory=tmp_path / name)
    with pytest.raises(RidTelephonyError, match="cannot be the directory"):
        asyncio.run(FifoListener(settings, Sink()).start())
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = FreeSwitchForkSettings(means="fifo", fifo_directory=tmp_path / "file" / "forks")
    with pytest.raises(RidTelephonyError, match="fifo_directory"):
        asyncio.run(FifoListener(settings, Sink()).start())


def test_a_directory_that_is_gone_refuses_the_fork_and_does_not_count_it(directory: Path) -> None:
    async def scene(listener: FifoListener, _sink: Sink, path: Path) -> None:
        directory.rmdir()
        with pytest.raises(RidTelephonyError, match="fifo_directory"):
            await listener.expect(FORK)
        directory.mkdir()
        await listener.expect(FORK)
        assert path.exists()
        await listener.close()

    play(directory, scene, max_forks=1)
