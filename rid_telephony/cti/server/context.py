"""What a CRM may tell of a customer."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rid_telephony.calls.messages import CustomerContext

MAX_ID = 128
MAX_WORDS = 100
MOST_CALLS = 100_000
MOST_YUAN = 1e10

Holding = Literal["deposit", "wealth_product", "fund", "stock", "insurance", "gold", "property"]


def _risk_level(value: object) -> object:
    """``C3`` is 3."""
    text = value.strip().upper().removeprefix("C") if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() else value


class ContextBody(BaseModel):
    """What the bank knows of the customer; every field may be left out, one must be there."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, use_attribute_docstrings=True
    )

    customer_id: str = Field(default="", max_length=MAX_ID)
    """The CRM's key."""
    age: int | None = Field(default=None, ge=0, le=130)
    """Years."""
    occupation: str = Field(default="", max_length=MAX_WORDS)
    """As the CRM has it, in Chinese."""
    education: str = Field(default="", max_length=MAX_WORDS)
    """As the CRM has it, in Chinese."""
    income_monthly_cny: float | None = Field(default=None, ge=0, le=MOST_YUAN, allow_inf_nan=False)
    """Yuan a month."""
    holdings: tuple[Holding, ...] = Field(default=(), max_length=7)
    """Kinds of assets."""
    risk_level: Annotated[int | None, BeforeValidator(_risk_level)] = Field(
        default=None, ge=1, le=5
    )
    """1 to 5, or ``C1`` to ``C5``, of the risk questionnaire."""
    tenure_years: float | None = Field(default=None, ge=0, le=130, allow_inf_nan=False)
    """Years as a customer."""
    past_calls: int | None = Field(default=None, ge=0, le=MOST_CALLS)
    """Calls before this one."""
    do_not_call: bool = False
    """True when the customer asked not to be called."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("at least one field is needed")
        return self

    def context(self) -> CustomerContext:
        """As the engine takes it."""
        values: dict[str, Any] = self.model_dump()
        return CustomerContext(**values)
