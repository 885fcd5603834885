"""``rid-telephony dialplan`` as an administrator runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rid_telephony.cli.main import app


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["dialplan", *arguments])


def test_all_parts_are_printed_each_below_its_name() -> None:
    done = run("asterisk")
    assert done.exit_code == 0
    assert ";;; rid-assist.conf (--part rid-assist)" in done.stdout
    assert "[rid-assist]" in done.stdout


def test_a_part_is_printed_for_the_settings_file(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text('[asterisk]\nusername = "coach"\n')
    done = run("asterisk", "--part", "manager", "--config", str(config))
    assert "[coach]" in done.stdout
    assert ";;;" not in done.stdout


def test_the_list_names_part_and_file() -> None:
    assert "manager     manager-rid.conf\n" in run("asterisk", "--list").stdout


def test_the_help_teaches_the_two_files_that_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    text = run("--help").stdout
    assert "--part readme" in text
    assert "/etc/asterisk/manager-rid.conf" in text


def test_the_parts_for_freeswitch_are_printed_for_the_settings_file(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text('[freeswitch]\nuser = "coach@bank.example"\n')
    done = run("freeswitch", "--part", "user", "--config", str(config))
    assert done.exit_code == 0
    assert '<user id="coach">' in done.stdout
    assert "user          rid-user.xml\n" in run("freeswitch", "--list").stdout
    assert "=== rid-assist.xml (--part rid-assist)" in run("freeswitch").stdout
