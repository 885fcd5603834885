"""Call messages to event data."""

from __future__ import annotations

from rid_telephony.calls import messages as calls
from rid_telephony.cti import events
from rid_telephony.cti.masking import mask_name, mask_number
from rid_telephony.cti.translate.base import MaskingTranslator, milliseconds


class CallTranslator(MaskingTranslator):
    """``call.*`` events."""

    def address(self, leg: calls.Leg) -> events.PartyAddress:
        """A party's address; only the customer's is personal."""
        hide = self._mask and leg.party is calls.Party.CUSTOMER
        return events.PartyAddress(
            role=leg.party.value,
            channel=leg.channel,
            number=mask_number(leg.number) if hide else leg.number,
            name=mask_name(leg.name) if hide else leg.name,
        )

    def started(self, event: calls.CallStarted) -> events.CallStarted:
        """``call.started``."""
        return events.CallStarted(
            at_ms=milliseconds(event.at),
            direction=event.direction.value,
            parties=[self.address(leg) for leg in event.legs],
            customer_id=event.context.customer_id,
            queue=event.queue,
        )

    def transferred(self, event: calls.CallTransferred, left: str) -> events.CallTransferred:
        """``call.transferred``; ``left`` is the agent that the call was with."""
        return events.CallTransferred(
            at_ms=milliseconds(event.at), to=self.address(event.to), from_agent=left
        )
