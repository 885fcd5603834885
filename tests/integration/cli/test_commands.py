"""The commands as a person, or a script, runs them."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HOLD = ROOT / "fixtures" / "captures" / "hold_dtmf_dd01_pcmu.pcap"


def run(*arguments: str | Path, stdin: str = "", home: Path | None = None) -> tuple[int, str, str]:
    environment = {**os.environ, "COLUMNS": "100"}
    if home:
        environment["XDG_DATA_HOME"] = str(home)
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "rid_telephony", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        env=environment,
    )
    return done.returncode, done.stdout, done.stderr


def test_every_command_explains_itself() -> None:
    code, out, _ = run("--help")
    assert code == 0
    reading = ("demo", "replay", "analyze", "transcribe", "explain", "export")
    for name in (*reading, "evaluate", "train", "bench"):
        assert name in out
        code, help_text, _ = run(name, "--help")
        assert code == 0
        assert len(help_text.splitlines()) > 5


def test_analyze_reads_utterances_and_dialogues_and_keeps_their_order() -> None:
    records = [
        {"id": "u1", "party": "customer", "text": "别再打了，再打我投诉你们", "context": "您好"},
        {"id": "u2", "party": "agent", "text": "这款产品保本保收益，稳赚不赔", "context": ""},
        {
            "id": "d1",
            "turns": [
                {"speaker": "agent", "text": "您好，我是东岸银行的小李，本次通话有录音"},
                {"speaker": "customer", "text": "你们怎么又打来，别再骚扰我了"},
            ],
            "crm": {"age": 66, "risk_level": "C2", "unknown_key": 1},
        },
    ]
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    code, out, _ = run("analyze", "--json", stdin=lines)
    assert code == 0
    first, second, third = (json.loads(line) for line in out.splitlines())
    assert set(first) == {
        "id",
        "objection",
        "objection_probs",
        "emotion",
        "act",
        "topics",
        "facts",
        "compliance",
    }
    assert (first["id"], first["objection"]) == ("u1", "accusation")
    assert sum(first["objection_probs"].values()) == pytest.approx(1, abs=0.01)
    assert "guarantee" in second["compliance"]
    assert len(third["turns"]) == 2
    assert set(third["turns"][1]) == {
        "relationship",
        "stage",
        "state",
        "objection",
        "emotion",
        "compliance",
        "hints",
    }
    assert third["call"]["age_stage"] == "retired"
    assert third["call"]["complaint_risk"] in {"low", "medium", "high"}
    for hint in third["turns"][1]["hints"]:
        assert set(hint) == {"strategy", "priority", "text", "reason"}


@pytest.mark.parametrize(
    "line",
    ["not json", "{}", '{"id":"1","party":"boss","text":"x"}', '{"id":"1","turns":[{"text":1}]}'],
)
def test_a_bad_line_is_named_and_the_good_ones_are_analysed(line: str) -> None:
    good = '{"id":"2","party":"customer","text":"好的"}'
    code, out, err = run("analyze", "--json", stdin=f"{line}\n{good}\n")
    assert code == 4
    assert json.loads(out)["id"] == "2"
    assert "Line 1" in err
    assert "Traceback" not in err


def test_replay_writes_one_cloud_event_a_line_and_the_call_can_be_exported(tmp_path: Path) -> None:
    code, out, err = run("replay", HOLD, "--json", home=tmp_path)
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    assert {event["specversion"] for event in events} == {"1.0"}
    call_id = events[0]["subject"]
    code, out, _ = run("export", call_id, home=tmp_path)
    assert code == 0
    assert json.loads(out)["events"] == events
    code, out, _ = run("export", call_id, "--format", "csv", home=tmp_path)
    rows = list(csv.DictReader(io.StringIO(out)))
    finals = [event["data"] for event in events if event["type"] == "utterance.final"]
    assert [row["text"] for row in rows] == [data["text"] for data in finals]
    code, out, _ = run("export", home=tmp_path)
    assert call_id in out


def test_the_same_file_replayed_twice_is_two_calls_in_the_store(tmp_path: Path) -> None:
    for _ in range(2):
        code, _, err = run("replay", HOLD, "--json", home=tmp_path)
        assert code == 0, err
    _, out, _ = run("export", home=tmp_path)
    ids = [word for line in out.splitlines() for word in line.split() if "." in word]
    assert any(word.endswith(".2") for word in ids)


def test_a_plain_pipe_gets_readable_lines_and_a_summary(tmp_path: Path) -> None:
    code, out, err = run("replay", HOLD, "--no-store", home=tmp_path)
    assert code == 0, err
    assert "客户" in out
    assert "通话小结" in out
    assert "\x1b[" not in out


def test_the_english_pack_speaks_english(tmp_path: Path) -> None:
    code, out, _ = run("replay", HOLD, "--no-store", "--language", "en", home=tmp_path)
    assert code == 0
    assert "call summary" in out
    assert "通话小结" not in out


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"", "empty.pcap"), (b"\x00" * 5000, "zeros.pcap"), (b"GIF89a" + b"x" * 999, "a.wav")],
)
def test_a_foreign_file_is_refused_with_a_sentence(
    tmp_path: Path, content: bytes, name: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    code, out, err = run("replay", file, "--json", home=tmp_path)
    assert code == 4
    assert out == ""
    assert name in err
    assert "Traceback" not in err


def test_transcribe_gives_words_with_times() -> None:
    audio = ROOT / "fixtures" / "audio"
    file = sorted(audio.glob("*.flac"))[0]
    code, out, err = run("transcribe", file, "--json")
    assert code == 0, err
    result = json.loads(out)
    assert result["file"] == str(file)
    assert len(result["segments"]) > 5
    begins = [segment["begin"] for segment in result["segments"]]
    assert begins == sorted(begins)
    assert {segment["party"] for segment in result["segments"]} == {"agent", "customer"}


def test_transcribe_says_which_file_is_missing_and_does_the_others(tmp_path: Path) -> None:
    code, out, err = run("transcribe", tmp_path / "nowhere.wav", "--json")
    assert code == 4
    assert "nowhere.wav" in json.loads(out)["error"]
    assert "Traceback" not in err


def test_a_model_directory_that_lacks_files_says_which(tmp_path: Path) -> None:
    config = tmp_path / "rid.toml"
    config.write_text(f'[speech.recognition]\nmodel = "{tmp_path}"\n', encoding="utf-8")
    code, _, err = run("replay", HOLD, "--no-store", "--config", config)
    assert code == 5
    assert "model.bin" in err
    assert "Traceback" not in err


def test_the_schema_of_an_event_is_printed() -> None:
    code, out, _ = run("schema", "hint.offered")
    assert code == 0
    assert json.loads(out)["title"] == "hint.offered"
