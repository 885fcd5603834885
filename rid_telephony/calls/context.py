"""What the bank knows of a customer, put together from several tellings."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from rid_telephony.calls.messages import CustomerContext

NOTHING_KNOWN = CustomerContext()
"""The context of a customer of whom the bank knows nothing."""
MAX_HOLDINGS = 16
"""Holdings kept; there are seven kinds."""


def combined(known: CustomerContext, told: CustomerContext) -> CustomerContext:
    """Both together: what was told later goes before, holdings grow, no call stays no call."""
    given: dict[str, Any] = {
        item.name: getattr(told, item.name)
        for item in fields(CustomerContext)
        if getattr(told, item.name) not in (None, "")
    }
    given["holdings"] = tuple(dict.fromkeys((*known.holdings, *told.holdings)))[:MAX_HOLDINGS]
    given["do_not_call"] = known.do_not_call or told.do_not_call
    rest = {
        item.name: getattr(known, item.name)
        for item in fields(CustomerContext)
        if item.name not in given
    }
    return CustomerContext(**rest, **given)


def same_customer(known: CustomerContext, told: CustomerContext) -> bool:
    """Whether both may be of one customer: not where each names another."""
    return not (known.customer_id and told.customer_id) or known.customer_id == told.customer_id
