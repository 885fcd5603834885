"""From the stages' messages to the data of feed events.

The feed's models are a contract that changes slowly; the stages' dataclasses are free to move.
This package is the only place that knows both, and the only place where text is masked.
"""

from __future__ import annotations

from rid_telephony.cti.translate.base import milliseconds
from rid_telephony.cti.translate.call import CallTranslator
from rid_telephony.cti.translate.rid import RidTranslator
from rid_telephony.cti.translate.speech import SpeechTranslator
from rid_telephony.cti.translate.strategy import StrategyTranslator


class Translator:
    """One translator for each stage.

    Args:
        mask: Hide personal data in texts and addresses (``privacy.mask_text``).
    """

    def __init__(self, *, mask: bool = True) -> None:
        self.call = CallTranslator(mask=mask)
        self.speech = SpeechTranslator(mask=mask)
        self.rid = RidTranslator(mask=mask)
        self.strategy = StrategyTranslator(mask=mask)


__all__ = ["Translator", "milliseconds"]
