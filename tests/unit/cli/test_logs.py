"""The log must not mix with results, nor tell what was said on a call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from rid_telephony.cli.logs import configure_logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def fail_with_personal_data() -> None:
    said = "我的电话是13912345678"
    try:
        raise ValueError(said)
    except ValueError:
        structlog.get_logger().exception("call_failed", call_id="c1", pii_name="陈建国")


def test_an_unexpected_error_is_one_line_on_stderr_without_what_was_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs()
    fail_with_personal_data()
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "ValueError" in err
    assert "fail_with_personal_data" in err
    assert "c1" in err
    for secret in ("13912345678", "陈建国", "Traceback"):
        assert secret not in err


def test_personal_data_is_logged_only_where_the_settings_allow_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs(personal=True)
    fail_with_personal_data()
    assert "陈建国" in capsys.readouterr().err


def test_what_a_pbx_calls_a_call_cannot_forge_an_entry_or_steer_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs()
    structlog.get_logger().error("fault", call_id="a\nlevel=info\r\x1b[2J\u2028\x00\u202eb")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said[:-1].isprintable()
