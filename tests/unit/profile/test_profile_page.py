"""docs/rid-model.md is what a compliance officer trusts: it must say what the data say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.model import ProfileModel
from rid_telephony.rid.profile.observations import known_signals
from rid_telephony.settings.rid import RidSettings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def model() -> ProfileModel:
    return load_profile_model(RidSettings())


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "rid_model_tables.py"
    spec = importlib.util.spec_from_file_location("rid_model_tables", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_of_the_page_are_those_of_the_data(
    model: ProfileModel, script: ModuleType
) -> None:
    """Run scripts/rid_model_tables.py after a change of the data."""
    page = script.PAGE.read_text(encoding="utf-8")
    assert script.rendered(page, model.data) == page
    assert all(f"<!-- table: {name} -->" in page for name in script.TABLES)


def test_every_signal_that_can_be_weighed_is_named_on_the_page(script: ModuleType) -> None:
    page = script.PAGE.read_text(encoding="utf-8")
    listed = ("objection", "emotion", "act", "topic", "length", "voice", "agent", "crm")
    missing = [
        signal
        for signal in known_signals(())
        if signal.split(".")[0] in listed and f"`{signal.split('.')[-1]}`" not in page
    ]
    assert missing == []
