"""Suitability 适当性: a product above the customer's risk level is neither hinted nor let pass."""

from __future__ import annotations

from rid_telephony.rid.messages import Finding
from rid_telephony.rid.profile.messages import ProductMatch, Profile
from rid_telephony.strategy.playbook import About

RULE = "suitability.named"
"""``Finding.rule`` of an unsuitable product that the agent named."""


def product_to_name(profile: Profile, about: About) -> ProductMatch | None:
    """The best product that a hint may name; None where nothing fits.

    Never one above the customer's risk level, nor one that matches too little or over-matches
    too far (``min_match``, ``max_over`` of the playbook).
    """
    fitting = (
        match
        for match in profile.demand.products
        if match.suitable and match.score >= about.min_match and match.over <= about.max_over
    )
    return next(fitting, None)


def unsuitable_in(text: str, profile: Profile, risk_level: int | None) -> ProductMatch | None:
    """The product above the customer's risk level that a text names; None if none.

    Nobody is blamed on a guess: where the bank knows no risk level and the customer has said
    nothing of their tolerance, nothing is found (such a product is not suggested either).
    """
    if risk_level is None and not profile.demand.facts.risk_attitude:
        return None
    named = (
        match
        for match in profile.demand.products
        if not match.suitable and match.name and match.name in text
    )
    return next(named, None)


def finding(match: ProductMatch, text: str, wording: str) -> Finding:
    """What is wrong with naming ``match`` in ``text``; ``wording`` puts it right."""
    begin = text.index(match.name)
    return Finding(
        rule=RULE,
        label="unsuitable",
        severity="critical",
        confidence=1.0,
        quote=match.name,
        span=(begin, begin + len(match.name)),
        safe_wording=wording,
    )
