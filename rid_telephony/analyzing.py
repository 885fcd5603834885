"""Text in, signals out: one record through the detector, or through a whole call's analysis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.pipeline.analyst import CallAnalyst, Detector
from rid_telephony.pipeline.texts import hear_all, timed
from rid_telephony.records import (
    DialogueRecord,
    UtteranceRecord,
    dialogue_result,
    read,
    utterance_result,
)
from rid_telephony.speech.messages import Utterance


class RecordAnalyzer:
    """What ``rid-telephony analyze`` does with a record. May be shared by threads.

    Args:
        detector: Finds the signals of an utterance.
        analyst: Makes the analyst of a call.
    """

    def __init__(
        self, detector: Detector, analyst: Callable[[str, CustomerContext], CallAnalyst]
    ) -> None:
        self._detector = detector
        self._analyst = analyst

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Analyse a record as it came.

        Raises:
            InputError: It is not one.
        """
        return self.result(read(record, "The record"))

    def result(self, record: UtteranceRecord | DialogueRecord) -> dict[str, Any]:
        """Analyse a record that was read."""
        if isinstance(record, DialogueRecord):
            analyst = self._analyst(record.id, record.crm.context())
            utterances = timed(record.id, record.as_turns())
            return dialogue_result(record.id, *hear_all(analyst, utterances))
        utterance = Utterance(
            call_id=record.id,
            utterance_id=record.id,
            party=Party(record.party),
            begin=0.0,
            end=0.0,
            text=record.text,
        )
        return utterance_result(record.id, self._detector.detect(utterance, record.context))
