"""What a careless user, a script that goes away, or a hostile file does to the commands."""

from __future__ import annotations

import csv
import io
import json
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rid_telephony.cli.main import app
from rid_telephony.cti import events
from rid_telephony.cti.feed import Feed
from rid_telephony.errors import DataError, InputError
from rid_telephony.store.events import EventStore

ROOT = Path(__file__).parents[3]
HOLD = ROOT / "fixtures" / "captures" / "hold_dtmf_dd01_pcmu.pcap"
COMMAND = (sys.executable, "-m", "rid_telephony")

GOOD = [
    b'{"id":"empty","party":"customer","text":""}',
    '{"id":"marks","party":"customer","text":"。。。！？"}'.encode(),
    '{"id":"emoji","party":"agent","text":"😀😀"}'.encode(),
    b'{"id":"nul","party":"customer","text":"a\\u0000b\\n\\n"}',
    b'\xef\xbb\xbf{"id":"bom","party":"customer","text":"ok"}\r',
    b'{"id":"null","party":"customer","text":"ok","context":null}',
    b'{"id":"word","party":"customer","text":"ok","note":"turns"}',
    b'{"id":"no turns","party":"customer","text":"ok","turns":null}',
    b'{"id":"no crm","turns":[],"crm":null}',
]
BAD = [
    b'{"id":"x","party":"customer","text":"\xff\xfe"}',
    b'{"id":"x","turns":[],"crm":{"income_monthly_cny":Infinity}}',
    b'{"id":"x","turns":[],"crm":{"income_monthly_cny":1e999}}',
    b'{"id":"x","turns":[],"crm":{"tenure_years":NaN}}',
    b"[" * 100_000,
    b'{"id":"x","party":"customer","text":"' + b"x" * 9_000_000 + b'"}',
    b"null",
    b"7",
]


@pytest.fixture(scope="module")
def answers() -> tuple[int, dict[str, dict[str, Any]], list[str]]:
    """Exit code, results by id and diagnostics of one ``analyze`` over all lines."""
    lines = [line for pair in zip(BAD, GOOD, strict=False) for line in pair] + GOOD[len(BAD) :]
    done = CliRunner().invoke(app, ["analyze", "--json"], input=b"\n".join(lines))
    assert isinstance(done.exception, InputError), done.exception
    results = [json.loads(line) for line in done.stdout.splitlines()]
    code = done.exception.exit_code
    return code, {result["id"]: result for result in results}, done.stderr.splitlines()


def test_every_odd_but_valid_line_gets_its_answer(
    answers: tuple[int, dict[str, dict[str, Any]], list[str]],
) -> None:
    _, results, _ = answers
    names = ["empty", "marks", "emoji", "nul", "bom", "null", "word", "no turns", "no crm"]
    assert list(results) == names


def test_every_bad_line_is_named_in_a_short_line_of_its_own(
    answers: tuple[int, dict[str, dict[str, Any]], list[str]],
) -> None:
    code, _, said = answers
    assert code == 4
    assert [line.split()[1].rstrip(":") for line in said] == [
        "1",
        "3",
        "5",
        "7",
        "9",
        "11",
        "13",
        "15",
    ]
    assert all(len(line) < 250 for line in said)
    assert "UTF-8" in said[0]


def start(*arguments: str | Path, errors: Path) -> subprocess.Popen[bytes]:
    with errors.open("wb") as stream:
        return subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=stream,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - no thread runs between fork and exec
        )


def heed_interrupts() -> None:
    """Undo what a shell does to programs in the background: they ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("number", "speed"), [(signal.SIGTERM, "1"), (signal.SIGTERM, "max"), (signal.SIGINT, "max")]
)
def test_a_replay_that_is_told_to_stop_ends_its_call_once(
    tmp_path: Path, number: signal.Signals, speed: str
) -> None:
    """A service manager stops the program: no call may stay "in progress" for ever."""
    errors = tmp_path / "err"
    process = start("replay", HOLD, "--json", "--no-store", "--speed", speed, errors=errors)
    assert process.stdout
    with process.stdout:
        lines = [process.stdout.readline() for _ in range(4)]
        process.send_signal(number)
        lines += process.stdout.readlines()
    assert process.wait(30) == 128 + number
    feed = [json.loads(line) for line in lines]
    assert [event["sequence"] for event in feed] == list(range(1, len(feed) + 1))
    types = [event["type"] for event in feed]
    assert types[-3:] == ["call.summary", "analysis.completed", "call.ended"]
    assert types.count("call.ended") == 1
    assert errors.read_text(encoding="utf-8") == ""


def test_a_reader_that_goes_away_ends_the_replay_and_the_stored_call(tmp_path: Path) -> None:
    """As in ``| head -1``."""
    url = f"sqlite:///{tmp_path / 'events.sqlite'}"
    errors = tmp_path / "err"
    process = start("replay", HOLD, "--json", "--store", url, errors=errors)
    assert process.stdout
    with process.stdout:
        first = json.loads(process.stdout.readline())
    assert process.wait(60) == 0
    assert errors.read_text(encoding="utf-8") == ""
    store = EventStore(url)
    types = [event.type for event in store.events_of(first["subject"])]
    store.close()
    assert types[-1] == "call.ended"
    assert types.count("call.ended") == 1
    assert "analysis.failed" not in types


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_under_the_output_is_a_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(  # noqa: S603 - our own command
            [*COMMAND, "schema"], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == ["error (system): No space left on device."]


def test_results_are_utf8_in_a_locale_that_is_not() -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, "settings", "--check", "客户\udcff.toml"],
        capture_output=True,
        timeout=60,
        check=False,
        env={"PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 3
    assert "客户\\udcff.toml" in done.stderr.decode("utf-8")


def stored(tmp_path: Path, call_id: str, text: str) -> str:
    url = f"sqlite:///{tmp_path / 'events.sqlite'}"
    store = EventStore(url)
    feed = Feed("/test", store)
    words = events.UtteranceFinal(
        at_ms=0,
        utterance_id="u",
        role="customer",
        begin_ms=0,
        end_ms=9,
        text=text,
        confidence=1.0,
        prosody=None,
    )
    feed.publish(
        feed.open_call(call_id, datetime(2026, 11, 22, tzinfo=UTC)), "utterance.final", words
    )
    store.close()
    return url


@pytest.mark.parametrize("text", ["=1+1", "＝cmd()", "@x", "\n=1+1"])
def test_no_spreadsheet_runs_what_a_caller_said(tmp_path: Path, text: str) -> None:
    url = stored(tmp_path, "=call", text)
    done = CliRunner().invoke(app, ["export", "=call", "--format", "csv", "--store", url])
    (row,) = csv.DictReader(io.StringIO(done.stdout, newline=""))
    assert (row["call_id"], row["text"]) == ("'=call", f"'{text}")


def test_a_call_id_that_looks_like_markup_is_listed_as_it_is(tmp_path: Path) -> None:
    url = stored(tmp_path, "a@[/b]", "好")
    done = CliRunner().invoke(app, ["export", "--store", url])
    assert done.exit_code == 0, done.exception
    assert "a@[/b]" in done.stdout


@pytest.mark.parametrize("content", [None, "no json", "[]", '{"turns":[{"speaker":"agent"}]}'])
def test_a_truth_file_that_is_missing_or_wrong_is_told_before_the_long_run(
    tmp_path: Path, content: str | None
) -> None:
    truth = tmp_path / "truth.json"
    if content is not None:
        truth.write_text(content, encoding="utf-8")
    done = CliRunner().invoke(app, ["bench", "latency", str(HOLD), "--truth", str(truth)])
    assert isinstance(done.exception, InputError)
    assert "truth.json" in str(done.exception)


def test_a_typo_in_a_playbook_is_told_with_line_and_column(tmp_path: Path) -> None:
    book = tmp_path / "book"
    shutil.copytree(ROOT / "rid_telephony" / "data" / "playbooks" / "wealth", book)
    rules = book / "alert.yaml"
    lines = rules.read_text(encoding="utf-8").splitlines(keepends=True)
    number = next(index for index, line in enumerate(lines) if line.startswith("    strategy:"))
    lines[number] = lines[number].replace("strategy:", "stratgy:")
    rules.write_text("".join(lines), encoding="utf-8")
    config = tmp_path / "rid.toml"
    config.write_text(f'[strategy]\nplaybook = "{book}"\n', encoding="utf-8")
    done = CliRunner().invoke(
        app, ["analyze", "--json", "--config", str(config)], input='{"id":"d","turns":[]}'
    )
    assert isinstance(done.exception, DataError)
    assert f"{rules}:{number + 1}:5: " in str(done.exception)
