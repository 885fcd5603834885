"""Names of labels as people read them, in Chinese or English."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

Language = Literal["zh", "en"]


class Words:
    """Looks labels up in ``data/labels.yaml``.

    Args:
        language: ``zh`` or ``en``.
    """

    def __init__(self, language: Language = "zh") -> None:
        self.language = language
        self._index = 0 if language == "zh" else 1

    def name(self, group: str, label: str) -> str:
        """The name of a label; the label itself where none is given."""
        names = labels().get(group, {}).get(label)
        return names[self._index] if names else label

    def say(self, chinese: str, english: str) -> str:
        """A fixed phrase of the screen, in the language chosen."""
        return (chinese, english)[self._index]


@cache
def labels() -> dict[str, dict[str, list[str]]]:
    """Group to label to its names, Chinese and English."""
    text = files("rid_telephony").joinpath("data", "labels.yaml").read_text(encoding="utf-8")
    names: dict[str, dict[str, list[str]]] = yaml.safe_load(text)
    return names
