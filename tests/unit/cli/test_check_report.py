"""What a person, a pipe and a program get to see of the check, and the checks of this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rid_telephony.cli.check import exit_code
from rid_telephony.cli.findings import JsonReport, ScreenReport
from rid_telephony.cli.selfcheck import check_cores, check_packages, check_store
from rid_telephony.errors import StoreError
from rid_telephony.pbx.check import Finding, Level
from rid_telephony.settings import Settings

GOOD = Finding(Level.OK, "asterisk.tcp", "It answers.")
BAD = Finding(Level.ERROR, "asterisk.login", "It refuses [us].", "Change the secret.")
SKIPS = [
    Finding(Level.SKIPPED, f"asterisk.{name}", f"Looking at {name}", needs="asterisk.login")
    for name in ("version", "modules")
]
HERE = Finding(Level.OK, "installation.cores", "2 cores.")


def test_a_pipe_gets_plain_lines_and_each_advice_below_its_finding(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ScreenReport() as report:
        for finding in (GOOD, BAD, *SKIPS, HERE):
            report.show(finding)
    assert capsys.readouterr().out.splitlines() == [
        "Asterisk",
        "  ✓ It answers.",
        "  ✗ It refuses [us].",
        "    → Change the secret.",
        "  – Not done, for want of asterisk.login: looking at version, looking at modules.",
        "This installation",
        "  ✓ 2 cores.",
        "Errors: 1, warnings: 0; not tested: 2.",
    ]


def test_what_was_skipped_last_is_shown_too(capsys: pytest.CaptureFixture[str]) -> None:
    with ScreenReport() as report:
        report.show(SKIPS[0])
    assert "looking at version" in capsys.readouterr().out


def test_a_program_gets_one_finding_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonReport() as report:
        for finding in (GOOD, *SKIPS):
            report.show(finding)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["level"] for line in lines] == ["ok", "skipped", "skipped"]
    assert lines[1]["needs"] == "asterisk.login"


def test_the_exit_code_tells_asterisk_from_this_machine() -> None:
    broken = Finding(Level.ERROR, "installation.store", "It is full.")
    warned = Finding(Level.WARNING, "asterisk.agents", "Nobody is there.")
    assert exit_code([GOOD, warned, *SKIPS]) == 0
    assert exit_code([GOOD, broken]) == 1
    assert exit_code([broken, BAD]) == 8


def test_missing_packages_come_with_the_command_that_installs_them() -> None:
    (finding,) = check_packages(Settings(), has=lambda _: False)
    assert (finding.level, "pip install" in finding.advice) == (Level.ERROR, True)
    (finding,) = check_packages(Settings(), has=lambda _: True, embedded=False)
    assert (finding.level, "rid-telephony[model]" in finding.advice) == (Level.WARNING, True)
    (finding,) = check_packages(Settings(), has=lambda _: True, embedded=True)
    assert finding.level is Level.OK
    postgres = Settings.model_validate({"store": {"url": "postgresql://h/d"}})
    found = check_packages(postgres, has=lambda name: name != "psycopg", embedded=True)
    assert found[0].what == "installation.packages.postgres"


def test_one_core_is_warned_of() -> None:
    assert check_cores(1)[0].level is Level.WARNING
    assert check_cores(4)[0].level is Level.OK


@pytest.mark.parametrize(
    ("megabytes", "level"), [(5000, Level.OK), (500, Level.WARNING), (5, Level.ERROR)]
)
def test_a_disk_that_fills_up_is_told_before_events_are_lost(
    tmp_path: Path, megabytes: int, level: Level
) -> None:
    url = f"sqlite:///{tmp_path / 'events.sqlite'}"
    (finding,) = check_store(url, free=lambda _: megabytes * 1_000_000)
    assert finding.level is level


def test_the_trial_leaves_nothing_in_the_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'events.sqlite'}"
    for _ in range(2):  # a row left behind would break the second
        assert check_store(url)[0].what == "installation.store"


def test_a_store_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory", encoding="utf-8")
    with pytest.raises(StoreError):
        check_store(f"sqlite:///{tmp_path / 'file' / 'events.sqlite'}")
