"""Facts of the call, merged: what was said goes before what the CRM knew."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.messages import Facts

CRM_QUOTE = "CRM"
"""What ``Facts.quotes`` says of a field that the CRM gave."""

_SCALARS = (
    "age",
    "age_stage",
    "occupation",
    "education",
    "income_monthly_cny",
    "amount_cny",
    "risk_attitude",
    "callback_time",
)
_LISTS = ("holdings", "liabilities", "family", "event")
_MAX_ITEMS = 16
"""Entries of one list; the label sets are smaller, so only broken input meets this."""


def from_context(context: CustomerContext) -> Facts:
    """The facts that the CRM knew."""
    values: dict[str, Any] = {
        "age": context.age,
        "occupation": context.occupation,
        "education": context.education,
        "income_monthly_cny": context.income_monthly_cny,
        "holdings": tuple(dict.fromkeys(context.holdings))[:_MAX_ITEMS],
    }
    quotes = {name: CRM_QUOTE for name, value in values.items() if value}
    return Facts(**values, quotes=quotes)


def novel(known: Facts, heard: Facts) -> Facts:
    """What of ``heard`` was not known: changed scalars and list entries that are new."""
    scalars: dict[str, Any] = {
        name: getattr(heard, name)
        for name in _SCALARS
        if _given(getattr(heard, name)) and getattr(heard, name) != getattr(known, name)
    }
    lists: dict[str, Any] = {
        name: tuple(
            dict.fromkeys(item for item in getattr(heard, name) if item not in getattr(known, name))
        )
        for name in _LISTS
    }
    return Facts(**scalars, **lists, quotes=heard.quotes)


def merged(known: Facts, heard: Facts) -> Facts:
    """Both together: a scalar said later wins, lists grow."""
    new = novel(known, heard)
    scalars: dict[str, Any] = {
        name: getattr(new, name) for name in _SCALARS if _given(getattr(new, name))
    }
    lists: dict[str, Any] = {
        name: (*getattr(known, name), *getattr(new, name))[:_MAX_ITEMS] for name in _LISTS
    }
    told = told_fields(new)
    quotes = {**known.quotes, **{k: v for k, v in heard.quotes.items() if k in told}}
    return replace(known, **scalars, **lists, quotes=quotes)


def told_fields(facts: Facts) -> tuple[str, ...]:
    """Names of the fields that say something."""
    scalars = (name for name in _SCALARS if _given(getattr(facts, name)))
    return (*scalars, *(name for name in _LISTS if getattr(facts, name)))


def _given(value: object) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return value is not None and value != ""
