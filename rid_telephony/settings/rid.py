"""``[rid]``: signals and the profile. Weights and rules stand in data files, not here."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from rid_telephony.settings.section import Section


class RidSettings(Section):
    """The RID stage."""

    model_dir: Path | None = None
    """Directory of the signal classifier; the shipped one when not set."""
    rules_dir: Path | None = None
    """Directory whose rule files replace the shipped ones of the same name."""
    catalogue: Path | None = None
    """Product catalogue of the bank (YAML); the shipped example when not set."""
    min_text_confidence: float = Field(default=0.35, ge=0, le=1)
    """Utterances recognised with less confidence give no objection and move no number."""
