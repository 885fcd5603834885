"""Error rates need the ground truth as the fixtures have it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rid_telephony.calls.messages import Party
from rid_telephony.cli.bench import spoken_truth
from rid_telephony.errors import InputError

CAPTURES = Path(__file__).parents[2] / "fixtures" / "captures"


def test_the_ground_truth_of_a_capture_and_of_a_dialogue_are_both_read(tmp_path: Path) -> None:
    of_capture = spoken_truth(CAPTURES / "outbound_dd08_pcma.json", wanted=True)
    assert of_capture[Party.CUSTOMER].startswith("你先报工号")
    dialogue = tmp_path / "dialogue.json"
    turns = [{"speaker": "agent", "text": "您好"}, {"speaker": "customer", "text": "喂"}]
    dialogue.write_text(json.dumps({"turns": turns}), encoding="utf-8")
    assert spoken_truth(dialogue, wanted=True) == {Party.AGENT: "您好", Party.CUSTOMER: "喂"}


def test_a_file_without_turns_is_an_error_before_the_long_measurement(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="does not say"):
        spoken_truth(file, wanted=True)
