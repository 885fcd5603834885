"""``[strategy]``: which playbook, and how sparing the hints are."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from rid_telephony.settings.section import Section


class StrategySettings(Section):
    """The strategy stage."""

    playbook: Path | None = None
    """Playbook folder (YAML files); the shipped one when not set. One for each tenant."""
    language: Literal["zh", "en"] = "zh"
    """Language of what agents see; ``en`` reads the playbook's ``en.yaml``."""
    min_confidence: float = Field(default=0.45, ge=0, le=1)
    """A hint whose evidence is weaker than this is not offered."""
    min_finding_confidence: float = Field(default=0.5, ge=0, le=1)
    """A compliance finding weaker than this raises no alert."""
    min_interval: float = Field(default=6.0, ge=0)
    """Seconds between two hints, unless the new one is more urgent."""
    min_alert_interval: float = Field(default=3.0, ge=0)
    """Seconds between two alerts."""
    unwanted_quiet: float = Field(default=300.0, ge=0)
    """Seconds during which a strategy is not offered again after the agent dismissed a hint of
    it, or called it wrong. Alerts and compliance are shown in any case."""
    hints_per_five_minutes: float = Field(default=12.0, gt=0)
    """How many hints a call earns in five minutes. Every hint uses one up. Guidance and
    information wait until one is left, objections and opportunities may be borrowed, alerts and
    compliance are shown in any case."""
    hint_reserve: float = Field(default=6.0, ge=1)
    """Hints that a call starts with, the most that it can save up, and the most it can borrow."""
