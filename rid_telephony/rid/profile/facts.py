"""Facts of the call, merged: what was said goes before what the CRM knew."""

from __future__ import annotations

import math
from collections.abc import Collection
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
    quotes.update({entry("holdings", item): CRM_QUOTE for item in values["holdings"]})
    return Facts(**values, quotes=quotes)


def informed(known: Facts, context: CustomerContext, told: Collection[str]) -> Facts:
    """Both together, where the CRM tells something during the call.

    What the customer said stays: also their stage of life, though the CRM knows the age.

    Args:
        known: All that is known so far.
        context: What the CRM knows now.
        told: Fields of ``known`` that were said in the call.
    """
    kept = {*told, "age"} if "age_stage" in told else set(told)
    crm = from_context(context)
    scalars: dict[str, Any] = {
        name: getattr(crm, name)
        for name in _SCALARS
        if name not in kept and _given(getattr(crm, name))
    }
    added = tuple(item for item in crm.holdings if item not in known.holdings)
    quotes = dict.fromkeys(scalars, CRM_QUOTE)
    quotes.update({entry("holdings", item): CRM_QUOTE for item in added})
    if added and not known.holdings:
        quotes["holdings"] = CRM_QUOTE
    holdings = (*known.holdings, *added)[:_MAX_ITEMS]
    return replace(known, **scalars, holdings=holdings, quotes={**known.quotes, **quotes})


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
    quotes.update(
        {
            entry(name, item): heard.quotes.get(name, "")
            for name in _LISTS
            for item in getattr(new, name)
        }
    )
    return replace(known, **scalars, **lists, quotes=quotes)


def entry(name: str, item: str) -> str:
    """The key of one entry of a list, in ``quotes`` and in the sources: each has its own words."""
    return f"{name}.{item}"


def told_entries(facts: Facts) -> tuple[str, ...]:
    """Keys of the entries that the lists hold."""
    return tuple(entry(name, item) for name in _LISTS for item in getattr(facts, name))


def told_fields(facts: Facts) -> tuple[str, ...]:
    """Names of the fields that say something."""
    scalars = (name for name in _SCALARS if _given(getattr(facts, name)))
    return (*scalars, *(name for name in _LISTS if getattr(facts, name)))


def _given(value: object) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return value is not None and value != ""
