"""What the CRM knew, as observations: the profile starts from them."""

from __future__ import annotations

from collections.abc import Iterator

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.profile.facts import from_context
from rid_telephony.rid.profile.hearing import ContextRules, list_signals
from rid_telephony.rid.profile.observations import Observation


def observe_context(context: CustomerContext, full: ContextRules) -> Iterator[Observation]:
    """Observations ``crm.*``, ``holding.*``; the quote names the field."""
    facts = from_context(context)
    counts = (
        ("tenure", "tenure_years", context.tenure_years, full.tenure_years),
        ("past_calls", "past_calls", context.past_calls, full.past_calls),
        ("holdings", "holdings", len(facts.holdings) or None, full.holdings),
    )
    for name, field, value, bound in counts:
        if value is not None and value > 0:
            yield Observation(f"crm.{name}", min(1.0, value / bound), f"{field}={value:g}")
    if context.do_not_call:
        yield Observation("crm.do_not_call", 1.0, "do_not_call")
    for signal in list_signals(facts):
        yield Observation(signal, 1.0, "holdings")
