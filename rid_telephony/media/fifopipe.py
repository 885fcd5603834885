"""Named pipes that a PBX on the same host records into: where they are, made and cleared away."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from rid_telephony.media.forkwatch import MediaError

SUFFIX = ".r8"
"""FreeSWITCH's name for raw linear 16 bit, native endian, 8000 Hz (mod_sndfile)."""
PIPE_BYTES = 131_072
"""Room in a pipe: 4 s of stereo; all that the PBX can write while we are busy. 400 of these stay
within the 64 MiB that Linux lets a user have in large pipes (``pipe-user-pages-soft``)."""

_FORK = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SAFE_PATH = re.compile(r"(?:/[A-Za-z0-9_.-]+)+")
"""What is nothing but a path to a command line of the PBX."""


def pipe_path(directory: Path, fork_id: str) -> Path:
    """Return where a fork's pipe is.

    Args:
        directory: ``fifo_directory`` of the settings.
        fork_id: A UUID in lower case.

    Raises:
        MediaError: Either could be read as more than a path.
    """
    if not _FORK.fullmatch(fork_id):
        raise MediaError(f"The fork {fork_id[:80]!r} is not named by a UUID.")
    _check_name(directory)
    return directory / f"{fork_id}{SUFFIX}"


def prepare_directory(directory: Path) -> None:
    """Make the directory, for us alone, and clear away what an earlier run left there.

    A directory that is there already keeps its owner and mode. Files of a fork's name that are
    no pipes go too: the PBX makes one where it opens a pipe that is gone.

    Raises:
        MediaError: Its name could be read as more than a path.
        OSError: It cannot be made, read, or written to.
    """
    _check_name(directory)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    for path in directory.iterdir():
        if path.suffix == SUFFIX and _FORK.fullmatch(path.stem) and not path.is_dir():
            path.unlink(missing_ok=True)


def open_pipe(path: Path) -> int:
    """Make a pipe and open its reading end, without waiting for a writer.

    Its mode is 0600, so that only the same user (or root) can write. In a directory with the
    set-group-id bit, which gives the pipe the directory's group, that group may write too.

    Returns:
        A file descriptor: non-blocking, not inherited.

    Raises:
        OSError: The pipe cannot be made or opened.
    """
    by_group = path.parent.stat().st_mode & stat.S_ISGID
    os.mkfifo(path, 0o600)
    try:
        if by_group:
            path.chmod(0o620)  # mkfifo's mode is subject to the umask
        pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # 64 KiB, the ordinary size, is 2 s
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return pipe


def _check_name(directory: Path) -> None:
    if not _SAFE_PATH.fullmatch(str(directory)):
        raise MediaError(
            f"{str(directory)!r} cannot be the directory of named pipes.",
            "fifo_directory is an absolute path of ASCII letters, digits, and the signs . _ -",
        )
