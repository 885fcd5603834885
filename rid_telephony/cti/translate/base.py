"""What every translator needs: masking, evidence, rounding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from rid_telephony.cti import events
from rid_telephony.cti.masking import mask_text
from rid_telephony.rid import messages as rid
from rid_telephony.rid.profile import messages as profile


def milliseconds(seconds: float) -> int:
    """Seconds on the call's clock as the feed's milliseconds; never negative."""
    return max(0, round(seconds * 1000))


class MaskingTranslator:
    """Builds parts of event data that carry what somebody said.

    Args:
        mask: Hide personal data in texts (``privacy.mask_text``).
    """

    def __init__(self, *, mask: bool = True) -> None:
        self._mask = mask

    def text(self, text: str) -> str:
        """Text as it may leave the node."""
        return mask_text(text) if self._mask else text

    def finding(self, finding: rid.Finding) -> events.FindingData:
        """A compliance finding."""
        return events.FindingData(
            rule=finding.rule,
            label=finding.label,
            severity=cast(Any, finding.severity),
            confidence=round(finding.confidence, 4),
            quote=self.text(finding.quote),
            begin=finding.span[0],
            end=finding.span[1],
            safe_wording=finding.safe_wording,
            reference=finding.reference,
        )

    def gauge(self, gauge: profile.Gauge) -> events.GaugeData:
        """A gauge with its evidence."""
        return events.GaugeData(
            value=round(gauge.value, 1),
            trend=round(gauge.trend, 1),
            evidence=self.evidence(gauge.evidence),
            start=round(gauge.start, 1),
        )

    def evidence(self, items: tuple[rid.Evidence, ...]) -> list[events.EvidenceData]:
        """Evidence with masked quotes."""
        return [
            events.EvidenceData(
                utterance_id=item.utterance_id,
                quote=self.text(item.quote),
                signal=item.signal,
                delta=round(item.delta, 3),
            )
            for item in items
        ]


def facts(value: rid.Facts) -> dict[str, Any]:
    """The facts that were said: empty ones and the quotes are left out."""
    said: dict[str, Any] = {}
    for item in fields(value):
        fact = getattr(value, item.name)
        if item.name == "quotes" or fact is None or fact in ("", ()):
            continue
        said[item.name] = list(fact) if isinstance(fact, tuple) else fact
    return said


def objection(record: profile.ObjectionRecord) -> events.ObjectionData:
    """One kind of objection."""
    return events.ObjectionData(
        label=record.label,
        count=record.count,
        status=cast(Any, record.status),
        last_utterance_id=record.last_utterance_id,
    )


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Probabilities to four digits."""
    return {name: round(value, 4) for name, value in values.items()}
