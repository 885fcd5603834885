"""The cursor file: what is in it after a crash, and when it is written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rid_telephony.client import ClientError, CursorFile
from rid_telephony.client.cursorfile import SAVE_SECONDS, Bookmark

pytestmark = pytest.mark.unit


def test_a_cursor_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "hints.cursor"
    assert CursorFile(path).read() is None
    CursorFile(path).write(4711)
    CursorFile(str(path)).write(4712)
    assert CursorFile(path).read() == 4712
    assert os.listdir(tmp_path) == ["hints.cursor"]  # noqa: PTH208 - no temporary file is left


def test_a_crash_while_writing_leaves_the_old_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a file would make the program begin anew, or not at all."""
    file = CursorFile(tmp_path / "c")
    file.write(1)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ClientError, match="No space left"):
        file.write(2)
    assert file.read() == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize(
    "text", ["", "{}", "12", "null", '{"cursor": -1}', '{"cursor": true}', '{"cursor": "1"}', "\0"]
)
def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path, text: str) -> None:
    """Beginning "now" instead would lose events silently."""
    path = tmp_path / "c"
    path.write_text(text)
    with pytest.raises(ClientError, match="Delete it"):
        CursorFile(path).read()


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="cannot be written"):
        CursorFile(tmp_path / "none" / "c").write(1)


class Counting(CursorFile):
    """Counts what is written."""

    written: tuple[int, ...] = ()

    def write(self, cursor: int) -> None:
        self.written = (*self.written, cursor)


def test_a_thousand_events_in_a_second_are_a_few_writes_and_none_is_forgotten() -> None:
    file = Counting("unused")
    bookmark = Bookmark(file)
    for number in range(1, 1001):
        bookmark.dealt_with(number, 100.0 + number / 1000 * SAVE_SECONDS)
    assert file.written == (1,)
    assert bookmark.is_behind
    bookmark.save(101.0)
    bookmark.save(102.0)
    assert file.written == (1, 1000)


def test_a_write_that_failed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    file = Counting("unused")
    bookmark = Bookmark(file)

    def fail(_: int) -> None:
        raise ClientError("full")

    with monkeypatch.context() as patched:
        patched.setattr(file, "write", fail)
        with pytest.raises(ClientError):
            bookmark.dealt_with(5, 1.0)
    assert bookmark.is_behind
    bookmark.save(1.1)
    assert file.written == (5,)


def test_the_file_is_json_that_other_programs_can_read(tmp_path: Path) -> None:
    CursorFile(tmp_path / "c").write(3)
    assert json.loads((tmp_path / "c").read_text()) == {"cursor": 3}
