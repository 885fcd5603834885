"""Product match: how well each product of the catalogue meets the need, and whether it may.

Two failures are named. Under-match: the share of the needs, by weight, that a product leaves
unmet. Over-match: beyond the means, or paying for a service that is not needed. Suitability
(适当性) stands apart: a product above the customer's risk level is never suitable, whatever its
score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import Facts
from rid_telephony.rid.profile.catalogue import Catalogue, Product
from rid_telephony.rid.profile.messages import ProductMatch, Ranked
from rid_telephony.rid.profile.observations import ATTITUDES


class MatchWords(DataModel):
    """Templates of the reasons, in Chinese."""

    meets: str
    """``{needs}``."""
    misses: str
    """``{needs}``."""
    too_expensive: str
    """``{amount}``: the smallest purchase."""
    not_needed: str
    """``{needs}``: of the services paid for."""
    unsuitable: str
    """``{risk}`` and ``{level}``."""
    level_unknown: str
    """``{risk}``: above what is assumed while the customer's level is not known."""

    @model_validator(mode="after")
    def _templates_fill(self) -> Self:
        known = dict.fromkeys(("needs", "amount", "risk", "level"), "")
        for name, template in self:
            try:
                str(template).format(**known)
            except (KeyError, IndexError, ValueError) as error:
                raise ValueError(f"{name}: no such blank as {error} in {template!r}") from error
        return self


class MatchRules(DataModel):
    """``matching.yaml``."""

    version: int = Field(ge=1, le=1)
    unknown_level: int = Field(ge=0, le=5)
    """Risk level assumed while neither CRM nor customer said any."""
    attitude_levels: dict[str, int]
    """Highest risk level for what the customer says of their own tolerance. A level of the CRM
    is lowered by it, never raised."""
    income_months: float = Field(gt=0)
    """Where no amount was named, so many months' income stand for the means."""
    service_cost: float = Field(ge=0, le=1)
    """Over-match of a product of which every service is unneeded."""
    served_from: float = Field(gt=0, le=1)
    """From this share on a product is said to meet a need."""
    words: MatchWords

    @model_validator(mode="after")
    def _attitudes_are_known(self) -> Self:
        if set(self.attitude_levels) != set(ATTITUDES):
            raise ValueError(f"attitude_levels must give {', '.join(ATTITUDES)}")
        if not all(1 <= level <= 5 for level in self.attitude_levels.values()):
            raise ValueError("risk levels are 1 to 5")
        return self


class Matcher:
    """Matches products to needs; keeps nothing between calls.

    Args:
        rules: How.
        catalogue: The products.
        names: Need to its Chinese name.
    """

    def __init__(self, rules: MatchRules, catalogue: Catalogue, names: dict[str, str]) -> None:
        self._rules = rules
        self._catalogue = catalogue
        self._names = names

    def level(self, crm_level: int | None, facts: Facts) -> int:
        """Highest product risk that suits the customer, 0 (none) to 5."""
        said = self._rules.attitude_levels.get(facts.risk_attitude)
        if crm_level is None:
            known = said if said is not None else self._rules.unknown_level
            return min(known, self._rules.unknown_level)
        known = min(max(crm_level, 0), 5)
        return min(known, said) if said is not None else known

    def match(
        self, needs: Sequence[Ranked], facts: Facts, crm_level: int | None
    ) -> tuple[ProductMatch, ...]:
        """Every product, suitable ones first, best first; none while no need is known."""
        if not needs:
            return ()
        matches = [self._one(one, needs, facts, crm_level) for one in self._catalogue.products]
        return tuple(sorted(matches, key=lambda one: (not one.suitable, -one.score, one.product)))

    def _one(
        self, product: Product, needs: Sequence[Ranked], facts: Facts, crm_level: int | None
    ) -> ProductMatch:
        total = sum(need.weight for need in needs)
        met = sum(need.weight * product.serves.get(need.label, 0.0) for need in needs)
        under = 1.0 - met / total if total else 1.0
        over = max(self._beyond_means(product, facts), self._unneeded(product, needs))
        level = self.level(crm_level, facts)
        return ProductMatch(
            product=product.id,
            name=product.name,
            score=100.0 * (1.0 - under) * (1.0 - over),
            under=under,
            over=over,
            suitable=product.risk <= level,
            reasons=tuple(self._reasons(product, needs, facts, crm_level, level)),
        )

    def _beyond_means(self, product: Product, facts: Facts) -> float:
        means = facts.amount_cny
        if means is None and facts.income_monthly_cny is not None:
            means = facts.income_monthly_cny * self._rules.income_months
        if means is None or product.min_amount_cny <= means:
            return 0.0
        return 1.0 - max(0.0, means) / product.min_amount_cny

    def _unneeded(self, product: Product, needs: Sequence[Ranked]) -> float:
        if not product.services:
            return 0.0
        labels = {need.label for need in needs}
        spare = sum(service not in labels for service in product.services)
        return self._rules.service_cost * spare / len(product.services)

    def _reasons(
        self,
        product: Product,
        needs: Sequence[Ranked],
        facts: Facts,
        crm_level: int | None,
        level: int,
    ) -> Iterator[str]:
        words, bound = self._rules.words, self._rules.served_from
        if product.risk > level:
            template = words.level_unknown if crm_level is None else words.unsuitable
            yield template.format(risk=f"R{product.risk}", level=f"C{level}")
        labels = [need.label for need in needs]
        served = [one for one in labels if product.serves.get(one, 0.0) >= bound]
        missed = [one for one in labels if one not in served]
        if served:
            yield words.meets.format(needs=self._listed(served))
        if missed:
            yield words.misses.format(needs=self._listed(missed))
        if self._beyond_means(product, facts):
            yield words.too_expensive.format(amount=_yuan(product.min_amount_cny))
        spare = [one for one in product.services if one not in labels]
        if spare:
            yield words.not_needed.format(needs=self._listed(spare))

    def _listed(self, labels: Sequence[str]) -> str:
        return "、".join(self._names[label] for label in labels)


def _yuan(amount: float) -> str:
    return f"{amount / 10_000:g}万元" if amount >= 10_000 else f"{amount:g}元"
