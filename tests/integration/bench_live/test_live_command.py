"""What `bench live` takes from the settings: the wrong PBX measured is a figure of nothing."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rid_telephony.bench.live.calls import Plan
from rid_telephony.bench.live.material import Material
from rid_telephony.bench.live.rounds import Round, Workload
from rid_telephony.cli import bench_live
from rid_telephony.cli.main import app
from rid_telephony.errors import SettingsError

AUDIO = Path(__file__).parents[3] / "fixtures" / "audio" / "dd01.flac"
ASTERISK = '[asterisk]\nusername = "rid"\nsecret = "s"\nhost = "127.0.0.1"\nport = {asterisk}\n'
FREESWITCH = '[freeswitch]\nenabled = true\npassword = "s"\nhost = "127.0.0.2"\nport = {esl}\n'


class _Asked:
    """Takes what would be measured, in place of the measurement."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.work: list[Workload] = []

    async def __call__(
        self, plan: Plan, material: Material, work: Workload
    ) -> AsyncIterator[Round]:
        assert material.turns
        self.plans.append(plan)
        self.work.append(work)
        nothing: tuple[Round, ...] = ()
        for each in nothing:
            yield each


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> _Asked:
    asked = _Asked()
    monkeypatch.setattr(bench_live, "run_rounds", asked)
    return asked


@pytest.fixture
def port() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _unused() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _bench(folder: Path, settings: str, *options: str) -> Result:
    config = folder / "rid.toml"
    config.write_text(settings, encoding="utf-8")
    command = ["bench", "live", "--config", str(config), "--audio", str(AUDIO)]
    command += ["--agent-users", "1000-1001", "--customer-user", "2000", *options]
    return CliRunner().invoke(app, command)


def test_freeswitch_is_measured_where_it_is_enabled(
    tmp_path: Path, asked: _Asked, port: int
) -> None:
    settings = (ASTERISK + FREESWITCH).format(asterisk=_unused(), esl=port)
    assert _bench(tmp_path, settings).exit_code == 0
    assert asked.plans[0].server == ("127.0.0.2", 5060)
    assert asked.work[0].pbx == os.getpid()


def test_asterisk_is_measured_where_freeswitch_is_not_enabled(
    tmp_path: Path, asked: _Asked, port: int
) -> None:
    settings = ASTERISK.format(asterisk=port) + f"[freeswitch]\nport = {_unused()}\n"
    assert _bench(tmp_path, settings).exit_code == 0
    assert asked.plans[0].server == ("127.0.0.1", 5060)
    assert asked.work[0].pbx == os.getpid()


@pytest.mark.parametrize("option", ["--pbx-pid", "--asterisk-pid"])
def test_the_process_of_the_pbx_can_be_named(
    tmp_path: Path, asked: _Asked, port: int, option: str
) -> None:
    assert _bench(tmp_path, FREESWITCH.format(esl=port), option, "42").exit_code == 0
    assert asked.work[0].pbx == 42


def test_a_pbx_whose_process_is_not_seen_is_measured_without_its_cpu(
    tmp_path: Path, asked: _Asked
) -> None:
    done = _bench(tmp_path, FREESWITCH.format(esl=_unused()))
    assert done.exit_code == 0
    assert "no CPU of it" in done.stderr
    assert asked.work[0].pbx is None


@pytest.mark.parametrize("settings", ["", "[freeswitch]\nenabled = true\n"])
def test_settings_with_which_serve_would_not_start_are_refused_before_any_call(
    tmp_path: Path, asked: _Asked, settings: str
) -> None:
    done = _bench(tmp_path, settings)
    assert isinstance(done.exception, SettingsError)
    assert asked.work == []
