"""Settings: a typo must be noticed, and the reference must be true."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from rid_telephony.errors import SettingsError
from rid_telephony.settings import Settings, load_settings
from rid_telephony.settings.reference import reference


def write(path: Path, text: str) -> Path:
    file = path / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_reference_uncommented_is_exactly_the_defaults() -> None:
    without_unset = re.sub(r"(?m)^#\w+ =$", "", reference())
    uncommented = re.sub(r"(?m)^#(\w+ = .+)$", r"\1", without_unset)
    assert Settings(**tomllib.loads(uncommented)) == Settings()


def test_a_misspelt_key_is_named_instead_of_ignored(tmp_path: Path) -> None:
    file = write(tmp_path, "[speech.endpointing]\nhangover = 0.4\n")
    with pytest.raises(SettingsError, match=r"speech\.endpointing\.hangover"):
        load_settings(file)


def test_a_value_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"webrtc_mode"):
        load_settings(write(tmp_path, "[speech.vad]\nwebrtc_mode = 9\n"))


@pytest.mark.parametrize("text", ["[speech", "a = \n"])
def test_a_file_that_is_not_toml_says_so(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = " + "[" * 20_000, "nested too deeply"),
        ("_env_file = 'x'\n", "no section _env_file"),
        ("_cli_parse_args = true\n", "no section _cli_parse_args"),
        ("[media]\nagent_pattern = '('\n", "not a regular expression"),
    ],
)
def test_a_hostile_or_careless_file_is_refused_with_a_sentence(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(write(tmp_path, text))


def test_a_section_in_the_environment_that_is_not_json_is_a_settings_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RID_TELEPHONY_SPEECH", "no json")
    with pytest.raises(SettingsError, match="speech"):
        load_settings()


def test_a_missing_file_is_an_error_and_not_the_defaults(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Cannot read"):
        load_settings(tmp_path / "nowhere.toml")


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RID_TELEPHONY_SPEECH__RECOGNITION__BEAM_SIZE", "2")
    file = write(tmp_path, "[speech.recognition]\nbeam_size = 3\nmodel = 'small'\n")
    settings = load_settings(file)
    assert settings.speech.recognition.beam_size == 2
    assert settings.speech.recognition.model == "small"
