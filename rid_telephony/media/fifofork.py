"""Receives forks through named pipes, from a FreeSWITCH on the same host (``uuid_record``).

FreeSWITCH writes interleaved stereo, 16 bit, native endian, 8000 Hz: left is what the leg's party
says (read), right what the party hears (write), which is thrown away. It writes in its media
thread, so a full pipe would hold the call up when it ends: a pipe is read until its writer is
gone, even after the fork was dropped, and nothing that takes time is done in between.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import structlog

from rid_telephony.media.fifopipe import open_pipe, pipe_path, prepare_directory
from rid_telephony.media.forks import Destination, ForkSink
from rid_telephony.media.forkwatch import ForkCounters, ForkWatch, MediaError, WatchedFork
from rid_telephony.settings.freeswitch import FreeSwitchForkSettings

log = structlog.get_logger(__name__)

READ_BYTES = 65_536
"""Read at a time: 2 s."""
LINGER_SECONDS = 10.0
"""How long the pipe of a dropped fork is still read. The PBX may be about to open it: were it
gone, an ordinary file would be recorded in its place; were it unread, the call would hang."""
FRAME_BYTES = 4


class FifoListener:
    """A ``MediaListener`` for named pipes.

    Args:
        settings: Directory, limits and time-outs. One process to a directory.
        sink: Takes what arrives.
    """

    def __init__(self, settings: FreeSwitchForkSettings, sink: ForkSink) -> None:
        self.watch = ForkWatch(settings, sink)
        self._directory = settings.fifo_directory
        self._pipes: set[_Pipe] = set()

    @property
    def counters(self) -> ForkCounters:
        """What happened so far."""
        return self.watch.counters

    async def start(self) -> None:
        """Make the directory ready; see ``MediaListener``."""
        try:
            prepare_directory(self._directory)
        except OSError as error:
            raise self._unusable(error) from error

    async def expect(self, fork_id: str) -> Destination:
        """Make the fork's pipe and begin to read it; see ``MediaListener``.

        The pipe is :func:`~rid_telephony.media.fifopipe.pipe_path`; there is no address.

        Raises:
            MediaError: There are too many forks, this one is there already, or its pipe cannot
                be made.
        """
        path = pipe_path(self._directory, fork_id)
        fork = self.watch.expect(fork_id)
        try:
            handle = open_pipe(path)
        except OSError as error:
            self.watch.drop(fork_id)
            raise self._unusable(error) from error
        pipe = _Pipe(path, handle, fork, self.watch, self._pipes.discard)
        self._pipes.add(pipe)
        fork.hang_up = pipe.linger
        return Destination("", 0)

    def drop(self, fork_id: str) -> None:
        """Forget the fork; its pipe is read until the PBX leaves it, but not for ever."""
        self.watch.drop(fork_id)

    async def close(self) -> None:
        """Close and remove every pipe; the sink hears no more."""
        self.watch.drop_all()
        for pipe in tuple(self._pipes):
            pipe.close()

    def _unusable(self, error: OSError) -> MediaError:
        return MediaError(
            f"Cannot make named pipes in {self._directory}: {error.strerror or error}.",
            "Set fifo_directory of [freeswitch.fork] to a directory that we may write to.",
        )


class _Pipe:
    """One pipe, from before the PBX opens it until its writer is gone."""

    def __init__(
        self,
        path: Path,
        handle: int,
        fork: WatchedFork,
        watch: ForkWatch,
        closed: Callable[[_Pipe], None],
    ) -> None:
        self._path = path
        self._handle = handle
        self._fork = fork
        self._watch = watch
        self._closed = closed
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        self._last_call: asyncio.TimerHandle | None = None
        self._loop.add_reader(handle, self._readable)

    def linger(self) -> None:
        """The fork is over: what still comes is thrown away, until the writer leaves."""
        if self._handle >= 0:
            self._last_call = self._loop.call_later(LINGER_SECONDS, self.close)

    def close(self) -> None:
        """Stop reading and remove the pipe, or the file that took its place."""
        if self._handle < 0:
            return
        if self._last_call:
            self._last_call.cancel()
        self._loop.remove_reader(self._handle)
        os.close(self._handle)
        self._handle = -1
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._closed(self)

    def _readable(self) -> None:
        try:
            data = os.read(self._handle, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            log.warning("fork_pipe_failed", fork_id=self._fork.fork_id, fault=error.strerror)
            self._finish("reset")
            return
        if not data:
            self._finish("reset" if self._rest else "ended")
            return
        self._take(data)

    def _take(self, data: bytes) -> None:
        fork = self._fork
        if fork.over:
            return
        if not fork.heard:
            self._watch.came(fork)
        arrival = self._loop.time()
        fork.alive(arrival)
        data = self._rest + data
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        fork.audio(np.frombuffer(data[:whole], np.int16)[::2].copy(), arrival)

    def _finish(self, reason: str) -> None:
        self.close()
        self._fork.end(reason)
