"""``explain`` and ``evaluate`` as a reviewer of the bank runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from rid_telephony.cli.main import app
from rid_telephony.errors import InputError

ROOT = Path(__file__).parents[3]
DIALOGUES = ROOT / "fixtures" / "dialogues" / "dialogues.jsonl"
HOLD = ROOT / "fixtures" / "captures" / "hold_dtmf_dd01_pcmu.pcap"
TALK = "坐席：您好，我是临江银行小周\n客户：怎么又是你们，别再打了\n坐席：这款产品保本保息\n"


def run(*arguments: str | Path, stdin: str = "") -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)], input=stdin, env={"COLUMNS": "110"})


def explained(*arguments: str | Path, stdin: str = "") -> list[dict[str, Any]]:
    done = run("explain", *arguments, "--json", stdin=stdin)
    assert done.exit_code == 0, done.exception
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_transcript_is_explained_in_words_that_a_reviewer_reads(tmp_path: Path) -> None:
    file = tmp_path / "talk.txt"
    file.write_text(TALK, encoding="utf-8")
    done = run("explain", file)
    assert done.exit_code == 0, done.exception
    for words in (
        "关系分",
        "投诉风险",
        "「怎么又是你们，别再打了」",
        "承诺保本保收益",
        "规则",
        "原文",
    ):
        assert words in done.stdout
    english = run("explain", file, "--language", "en", "--number", "complaint_risk")
    assert "complaint risk" in english.stdout
    assert "before anything was known" in english.stdout
    assert "trust" not in english.stdout


def test_one_dialogue_of_many_and_one_of_its_turns_can_be_chosen() -> None:
    (call,) = explained(DIALOGUES, "--call", "dd01", "--turn", "22")
    assert call["turns"][0]["text"] == "行，周四，别让我催"
    assert call["moved"]["relationship"]
    assert len(explained(DIALOGUES, "--number", "stage")) == 10


def test_a_stored_call_its_export_and_its_feed_are_explained_alike(tmp_path: Path) -> None:
    """The reviewer may have the store, a file of it, or a recording; the answer is one."""
    url = f"sqlite:///{tmp_path / 'events.sqlite'}"
    feed = run("replay", HOLD, "--json", "--store", url)
    call_id = json.loads(feed.stdout.splitlines()[0])["subject"]
    lines, export = tmp_path / "feed.jsonl", tmp_path / "export.json"
    lines.write_text(feed.stdout, encoding="utf-8")
    export.write_text(run("export", call_id, "--store", url).stdout, encoding="utf-8")
    (stored,) = explained(call_id, "--store", url)
    assert stored["summary"]["relationship"] == stored["figures"][0]["value"]
    assert explained(lines) == explained(export) == explained(HOLD) == [stored]


def test_text_from_a_pipe_is_explained() -> None:
    line = '{"id":"u","party":"customer","text":"真的假的","context":"年化三点五"}'
    (call,) = explained("-", stdin=line)
    assert [turn["role"] for turn in call["turns"]] == ["agent", "customer"]


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("nothere",), "rid-telephony export"),
        ((str(DIALOGUES), "--turn", "3"), "--call"),
        ((str(DIALOGUES), "--call", "zz"), "dd01"),
        ((str(DIALOGUES), "--call", "dd01", "--turn", "99"), "turns 1 to 24"),
        ((str(DIALOGUES), "--number", "trst"), "Did you mean trust"),
        ((str(DIALOGUES.parent),), "Name one file"),
        ((str(DIALOGUES), "--agent-channel", "1"), "--agent-channel"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(
    tmp_path: Path, arguments: tuple[str, ...], advice: str
) -> None:
    done = run("explain", *arguments, "--store", f"sqlite:///{tmp_path / 'events.sqlite'}")
    assert isinstance(done.exception, InputError)
    assert advice in str(done.exception)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"no speaker", b"{", b'{"specversion":"1.0"}', b'{"events":[1]}'],
)
def test_a_file_that_holds_no_call_is_refused_with_a_sentence(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "call.json"
    file.write_bytes(content)
    done = run("explain", file)
    assert isinstance(done.exception, InputError)
    assert done.exception.advice


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labelled")
    customer = [
        ("真的假的", "doubt", "neutral", "objection"),
        ("收益多少", "accusation", "angry", "complaint"),
        ("好的谢谢", "none", "pleased", "agree"),
    ]
    (folder / "customer.jsonl").write_text(
        "".join(
            json.dumps({"id": f"c{n}", "text": t, "objection": o, "emotion": e, "act": a}) + "\n"
            for n, (t, o, e, a) in enumerate(customer)
        ),
        encoding="utf-8",
    )
    return folder


def test_evaluate_shows_the_surest_errors_with_their_words_and_draws_the_calibration(
    labelled: Path,
) -> None:
    plot = labelled / "reliability.svg"
    done = run("evaluate", labelled, "--worst", "1", "--plot", plot)
    assert done.exit_code == 0, done.exception
    for words in ("objection: confusion", "emotion: calibration", "act: confusion", "worst errors"):
        assert words in done.stdout
    assert plot.read_text(encoding="utf-8").startswith("<svg")
    document = json.loads(run("evaluate", labelled, "--worst", "9", "--json").stdout)
    sure = [error["confidence"] for error in document["worst"]]
    assert sure == sorted(sure, reverse=True)
    assert ("c1", "收益多少") in {(error["id"], error["text"]) for error in document["worst"]}
    assert all(error["gold"] != error["found"] for error in document["worst"])
    assert set(document["confusion"]) == set(document["calibration"])
    assert document["objection_confusion"] == document["confusion"]["objection"]


def test_evaluate_says_before_the_long_run_which_kind_of_picture_it_writes(labelled: Path) -> None:
    done = run("evaluate", labelled, "--plot", labelled / "x.png")
    assert isinstance(done.exception, InputError)
    assert "x.svg" in done.exception.advice
