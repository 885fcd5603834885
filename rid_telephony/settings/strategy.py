"""``[strategy]``: which playbook, and how sparing the hints are."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from rid_telephony.settings.section import Section


class StrategySettings(Section):
    """The strategy stage."""

    playbook: Path | None = None
    """Playbook file (YAML); the shipped one when not set."""
    language: Literal["zh", "en"] = "zh"
    """Language of what agents see."""
    min_confidence: float = Field(default=0.55, ge=0, le=1)
    """A hint whose evidence is weaker than this is not offered."""
    min_interval: float = Field(default=6.0, ge=0)
    """Seconds between two hints, unless the new one is more urgent."""
