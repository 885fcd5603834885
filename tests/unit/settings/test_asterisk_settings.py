"""What is wrong in [asterisk] is said at the start, by the name of the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from rid_telephony.errors import SettingsError
from rid_telephony.settings import load_settings


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("asterisk", 'agent_pattern = "("'),
        ("asterisk", "backoff = [-1, 0]"),
        ("asterisk", "backoff = [30, 0.5]"),
        ("asterisk.fork", "rtp_ports = [50000, 40000]"),
        ("asterisk.fork", "rtp_ports = [40000, 70000]"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_its_name(
    tmp_path: Path, section: str, line: str
) -> None:
    file = tmp_path / "rid.toml"
    file.write_text(f"[{section}]\n{line}\n", encoding="utf-8")
    key = line.partition(" ")[0]
    with pytest.raises(SettingsError, match=rf"{section}\.{key}: "):
        load_settings(file)
