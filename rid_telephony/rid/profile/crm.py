"""What the CRM knows, as observations: the profile starts from them, or takes them in later."""

from __future__ import annotations

from collections.abc import Iterator

from rid_telephony.calls.context import NOTHING_KNOWN
from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.messages import Facts
from rid_telephony.rid.profile.facts import from_context, novel
from rid_telephony.rid.profile.hearing import ContextRules, list_signals
from rid_telephony.rid.profile.observations import Observation

_NO_FACTS = Facts()


def observe_context(
    context: CustomerContext,
    full: ContextRules,
    before: CustomerContext = NOTHING_KNOWN,
    facts: Facts = _NO_FACTS,
) -> Iterator[Observation]:
    """Observations ``crm.*``, ``holding.*``; the quote names the field.

    Args:
        context: All that the CRM knows now.
        full: What gives a field its full strength.
        before: What of it was observed already; only what is more is observed. A number that
            the CRM corrects downwards takes nothing back.
        facts: What is known of the call: a holding that was mentioned is not observed again.
    """
    counts = (
        ("tenure", "tenure_years", before.tenure_years, context.tenure_years, full.tenure_years),
        ("past_calls", "past_calls", before.past_calls, context.past_calls, full.past_calls),
        ("holdings", "holdings", _count(before), _count(context), full.holdings),
    )
    for name, field, seen, value, bound in counts:
        strength = _share(value, bound) - _share(seen, bound)
        if strength > 0:
            yield Observation(f"crm.{name}", strength, f"{field}={value:g}")
    if context.do_not_call and not before.do_not_call:
        yield Observation("crm.do_not_call", 1.0, "do_not_call")
    for signal in list_signals(novel(facts, from_context(context))):
        yield Observation(signal, 1.0, "holdings")


def _count(context: CustomerContext) -> int:
    return len(from_context(context).holdings)


def _share(value: float | None, bound: float) -> float:
    return min(1.0, max(0.0, value or 0.0) / bound)
