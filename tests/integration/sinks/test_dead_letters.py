"""Dead letters are kept within bounds, and survive the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from rid_telephony.store.dead_letters import PAGE, TRIM_EVERY, Undelivered
from rid_telephony.store.sinks import SinkStore

pytestmark = pytest.mark.integration


def letter(number: int, target: str = "crm") -> Undelivered:
    return Undelivered(target, 8, "HTTP 500", f"call-{number}", "call.held", number, "{}")


def store(folder: Path, limit: int = 1000) -> SinkStore:
    return SinkStore(f"sqlite:///{folder / 'events.sqlite'}", limit)


def test_letters_are_listed_oldest_first_and_forgotten_one_by_one(tmp_path: Path) -> None:
    first = store(tmp_path)
    for number in (1, 2, 3):
        first.letters.add(letter(number, "crm" if number != 2 else "other"))
    first.close()

    again = store(tmp_path)
    assert [one.call_id for one in again.letters.list()] == ["call-1", "call-2", "call-3"]
    assert [one.call_id for one in again.letters.list("crm")] == ["call-1", "call-3"]
    assert [one.call_id for one in again.letters.list(limit=2)] == ["call-1", "call-2"]
    one, _, three = again.letters.list()
    assert [found.call_id for found in again.letters.list(ids=[three.letter_id])] == ["call-3"]
    again.letters.remove(one.letter_id)
    assert again.letters.count() == 2
    assert again.letters.count("crm") == 1
    again.close()


def test_a_long_list_is_whole_and_ends_though_letters_come_meanwhile(tmp_path: Path) -> None:
    kept = store(tmp_path)
    for number in range(PAGE + 5):
        kept.letters.add(letter(number))
    seen = 0
    for _ in kept.letters.list():
        seen += 1
        kept.letters.add(letter(0))  # as when a target refuses what is sent again
    assert seen == PAGE + 5
    kept.close()


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    kept = store(tmp_path, limit=10)
    for number in range(2 * TRIM_EVERY + 1):
        kept.letters.add(letter(number))
    assert [one.cursor for one in kept.letters.list()] == list(
        range(2 * TRIM_EVERY - 9, 2 * TRIM_EVERY + 1)
    )
    kept.close()


def test_the_number_of_a_letter_is_never_given_again(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.letters.add(letter(1))
    first = next(kept.letters.list())
    kept.letters.remove(first.letter_id)
    kept.letters.add(letter(2))
    assert next(kept.letters.list()).letter_id > first.letter_id
    kept.close()


def test_a_cursor_is_kept_for_each_sink(tmp_path: Path) -> None:
    kept = store(tmp_path)
    assert kept.cursor("nats") is None
    kept.save("nats", 5)
    kept.save("webhook:crm", 7)
    kept.save("nats", 6)
    kept.close()
    again = store(tmp_path)
    assert (again.cursor("nats"), again.cursor("webhook:crm")) == (6, 7)
    again.close()
