"""Reads the mark that the dialplan puts on a call: named fields, or one URL query string of them.

Asterisk gives the query string (RFC 3986, section 3.4):
``leg=customer&agent=1001&consent=yes&customer_id=C1&age=35&holdings=deposit%2Cfund``; FreeSWITCH
the fields one by one. Some of it comes from outside (a CRM, a caller's data), so nothing in it can
raise, and everything is bounded.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import unquote

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.calls.observations import Mark

MAX_MARK = 4096
"""Characters of a mark that are read; Asterisk's own lines hold fewer."""
MAX_FIELDS = 40
MAX_VALUE = 64
"""Characters of one value, decoded."""
FIELDS = (
    "leg", "agent", "tenant", "consent", "customer_id", "age", "occupation", "education",
    "income_monthly_cny", "holdings", "risk_level", "tenure_years", "past_calls", "do_not_call",
)  # fmt: skip
"""The names of a mark's fields."""

YES = frozenset({"on", "yes", "true", "1", "y"})
TENANT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
HOLDINGS = ("deposit", "wealth_product", "fund", "stock", "insurance", "gold", "property")


def read_mark(text: str) -> Mark:
    """The mark in a query string; what is missing, unknown or unreadable is left out.

    A consent that is neither empty nor a clear yes counts as a no. Of a key that comes twice the
    first counts.
    """
    return mark_of(_fields(text))


def mark_of(fields: Mapping[str, str]) -> Mark:
    """The mark in named fields (:data:`FIELDS`), each decoded; judged as :func:`read_mark` does."""
    values = {name: one_line(fields.get(name, "")) for name in FIELDS}
    tenant = values["tenant"]
    return Mark(
        leg=read_leg(values["leg"]),
        agent=values["agent"],
        tenant=tenant if TENANT.fullmatch(tenant) else "default",
        consent=_flag(values["consent"]),
        context=CustomerContext(
            customer_id=values["customer_id"],
            age=_whole(values["age"], 0, 150),
            occupation=values["occupation"],
            education=values["education"],
            income_monthly_cny=_number(values["income_monthly_cny"], 1e9),
            holdings=_holdings(values["holdings"]),
            risk_level=_whole(values["risk_level"].upper().removeprefix("C"), 1, 5),
            tenure_years=_number(values["tenure_years"], 150),
            past_calls=_whole(values["past_calls"], 0, 100_000),
            do_not_call=_flag(values["do_not_call"]) or False,
        ),
    )


def read_leg(text: str) -> Party | None:
    """The party that ``RID_LEG`` or ``rid_leg`` names."""
    word = text.strip().lower()
    return Party(word) if word in set(Party) else None


def one_line(value: str, limit: int = MAX_VALUE) -> str:
    """The value without line breaks, control and format characters, at most ``limit`` long."""
    if value.isascii() and value.isprintable():
        return value.strip()[:limit]
    printable = (c for c in value[: limit * 16] if unicodedata.category(c)[0] != "C")
    return "".join(printable).strip()[:limit]


def is_on(text: str) -> bool:
    """Whether a switch such as ``RID_ASSIST`` is on; only a clear yes is."""
    return text.strip().lower() in YES


def _fields(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in text[:MAX_MARK].split("&", MAX_FIELDS)[:MAX_FIELDS]:
        key, _, value = part.partition("=")
        values.setdefault(key.strip().lower(), unquote(value, errors="replace"))
    return values


def _flag(text: str) -> bool | None:
    return is_on(text) if text else None


def _whole(text: str, low: int, high: int) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return value if low <= (value := int(text)) <= high else None


def _number(text: str, high: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= high else None


def _holdings(text: str) -> tuple[str, ...]:
    named = {word.strip().lower() for word in text.split(",")}
    return tuple(word for word in HOLDINGS if word in named)
