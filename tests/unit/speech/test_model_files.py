from __future__ import annotations

import errno
import hashlib
import multiprocessing
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rid_telephony.errors import ModelError
from rid_telephony.weights import embedded, silero
from rid_telephony.weights.embedded import EmbeddedModel, join_embedded
from rid_telephony.weights.whisper import find_whisper

CONTENT = bytes(range(256)) * 9000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two installed packages that carry a model in two parts."""
    root = tmp_path / "site"
    half = len(CONTENT) // 2
    for name, part in (("model_part_a", CONTENT[:half]), ("model_part_b", CONTENT[half:])):
        data = root / name / "data"
        data.mkdir(parents=True)
        (root / name / "__init__.py").touch()
        (data / "model.bin.part").write_bytes(part)
    (root / "model_part_a" / "data" / "config.json").write_text("{}", "utf-8")
    monkeypatch.syspath_prepend(str(root))
    yield root
    for name in ("model_part_a", "model_part_b"):
        sys.modules.pop(name, None)


def model(sha256: str = SHA256) -> EmbeddedModel:
    return EmbeddedModel(
        parts=(("model_part_a", "data/model.bin.part"), ("model_part_b", "data/model.bin.part")),
        joined="model.bin",
        size=len(CONTENT),
        sha256=sha256,
        small=(("model_part_a", "data/config.json"),),
    )


def files(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} - {".lock"}


@pytest.mark.usefixtures("packages")
def test_the_parts_become_one_checked_model(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    directory = join_embedded(model(), tmp_path / "cache", lambda *step: told.append(step))

    assert (directory / "model.bin").read_bytes() == CONTENT
    assert files(directory) == {"model.bin", "config.json"}
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert sorted(told) == told


def test_a_model_joined_before_is_used_as_it_is(packages: Path, tmp_path: Path) -> None:
    directory = join_embedded(model(), tmp_path / "cache")
    (packages / "model_part_a" / "data" / "model.bin.part").unlink()

    assert join_embedded(model(), tmp_path / "cache") == directory


@pytest.mark.usefixtures("packages")
def test_a_model_left_half_written_is_joined_again(tmp_path: Path) -> None:
    directory = join_embedded(model(), tmp_path / "cache")
    (directory / "model.bin").write_bytes(CONTENT[:100])

    join_embedded(model(), tmp_path / "cache")

    assert (directory / "model.bin").read_bytes() == CONTENT


@pytest.mark.usefixtures("packages")
def test_damaged_parts_are_never_put_in_place(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="sha256") as raised:
        join_embedded(model(sha256="0" * 64), tmp_path / "cache")

    assert "pip install --force-reinstall model-part-a model-part-b" in raised.value.advice
    assert files(tmp_path / "cache") == {"config.json"}


def test_a_missing_part_is_named(packages: Path, tmp_path: Path) -> None:
    (packages / "model_part_b" / "data" / "model.bin.part").unlink()

    assert not model().is_installed
    with pytest.raises(ModelError, match="model_part_b"):
        join_embedded(model(), tmp_path / "cache")


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.ENOSPC, r"No space left .* needs 2 MB"), (errno.EROFS, "Cannot write")],
)
def test_a_disk_that_cannot_be_written_is_explained_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(embedded.os, "fsync", fail)

    with pytest.raises(ModelError, match=message) as raised:
        join_embedded(model(), tmp_path / "cache")

    assert "XDG_CACHE_HOME" in raised.value.advice
    assert files(tmp_path / "cache") == {"config.json"}


def _join(directory: Path, results: multiprocessing.Queue[str]) -> None:
    results.put(str(join_embedded(model(), directory)))


@pytest.mark.usefixtures("packages")
def test_two_processes_may_join_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [
        context.Process(target=_join, args=(tmp_path / "cache", results)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)

    assert {results.get(timeout=5) for _ in processes} == {str(tmp_path / "cache")}
    assert (tmp_path / "cache" / "model.bin").read_bytes() == CONTENT


@pytest.mark.usefixtures("packages")
def test_a_process_that_holds_the_cache_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_LOCK_SECONDS", 0.0)
    cache = tmp_path / "cache"
    cache.mkdir()
    with embedded._locked(cache / ".lock"), pytest.raises(ModelError, match="Another process"):
        join_embedded(model(), cache)


def test_a_model_directory_is_used_as_it_is(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / name).touch()

    assert find_whisper(str(tmp_path)) == tmp_path


def test_a_model_directory_that_lacks_files_says_which(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()

    with pytest.raises(ModelError) as raised:
        find_whisper(str(tmp_path))

    assert "lacks config.json, tokenizer.json, vocabulary.txt or vocabulary.json" in str(
        raised.value
    )
    assert raised.value.advice


def test_a_model_directory_that_does_not_exist_is_not_sought_on_a_hub(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        find_whisper(str(tmp_path / "nowhere"))


def test_an_unknown_model_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match="large-v3"):
        find_whisper("basis")


def test_without_a_hub_the_advice_is_the_embedded_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_name: str, *, local_files_only: bool = False) -> str:
        if local_files_only:
            raise FileNotFoundError("not in the cache")
        raise RuntimeError("Name or service not known")

    monkeypatch.setattr("faster_whisper.download_model", unreachable)

    with pytest.raises(ModelError, match="Name or service not known") as raised:
        find_whisper("small")

    assert "rid-telephony[model]" in raised.value.advice


def test_a_silero_file_that_was_not_measured_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "other_silero"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "data" / "silero_vad.onnx").write_bytes(b"another version")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(silero, "PACKAGE", "other_silero")

    with pytest.raises(ModelError, match="sha256"):
        silero.open_silero()


def test_a_missing_silero_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silero, "PACKAGE", "no_such_silero")

    with pytest.raises(ModelError, match="no_such_silero") as raised:
        silero.open_silero()

    assert "pip install" in raised.value.advice
