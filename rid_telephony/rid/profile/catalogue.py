"""A bank's product catalogue, as its data file gives it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import NEEDS

Kind = Literal[
    "deposit", "treasury_bond", "cash", "wealth_product", "fund", "gold", "insurance", "private"
]


class Product(DataModel):
    """One product."""

    id: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=64)
    """In Chinese, as the agent says it."""
    kind: Kind
    risk: int = Field(ge=1, le=5)
    """R1 to R5."""
    min_amount_cny: float = Field(ge=0)
    """Smallest purchase, yuan."""
    term_days: int = Field(ge=0)
    """Days until the money is back without loss; 0 for any time."""
    benchmark: str = ""
    """Rate or benchmark as the bank publishes it, for display only."""
    serves: dict[str, float]
    """Need to the share of it that the product meets, 0..1."""
    services: tuple[str, ...] = ()
    """Needs for whose service the customer pays, needed or not (an insurance cover)."""

    @model_validator(mode="after")
    def _needs_are_known(self) -> Self:
        unknown = sorted({*self.serves, *self.services} - set(NEEDS))
        if unknown:
            raise ValueError(f"unknown needs: {', '.join(unknown)}")
        if not all(0 <= share <= 1 for share in self.serves.values()):
            raise ValueError("shares of needs are 0 to 1")
        return self


class Catalogue(DataModel):
    """The products that agents of this bank may offer."""

    version: int = Field(ge=1, le=1)
    bank: str
    products: tuple[Product, ...] = Field(max_length=500)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [product.id for product in self.products]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"product ids stand twice: {', '.join(twice)}")
        return self
