"""The sales practice of a pipeline: what its handbook sets in numbers, each with a default.

Exchange rates, what a stage is to achieve, quotas by role, and which of the source's own columns
say what margin a deal has and why it ended.
"""

from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class Rate(BaseModel):
    """What one unit of a currency is worth in the pipeline's own, from a date on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    since: date
    rate: float = Field(gt=0)


class Goal(BaseModel):
    """What a stage is to achieve."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    conversion: float | None = Field(default=None, gt=0, le=1)
    """The share that goes on to the next stage, or is won from the last."""
    days: float | None = Field(default=None, gt=0)
    """The mean time in the stage."""


class Quota(BaseModel):
    """What a seller of a role is to do. Amounts are in the pipeline's currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    new_customers: int = Field(ge=0)
    """New target customers a week."""
    least_estimate: float = Field(ge=0)
    """What a customer must be expected to bring to count as a target customer."""
    key_customers: int = Field(ge=0)
    """Key customers followed a quarter."""
    closings: int = Field(ge=0)
    """Deals won a week."""


QUOTAS: Final = {
    "SR": Quota(new_customers=10, least_estimate=4_000, key_customers=30, closings=4),
    "SE": Quota(new_customers=5, least_estimate=10_000, key_customers=30, closings=2),
    "SSE": Quota(new_customers=5, least_estimate=10_000, key_customers=30, closings=2),
}


class Practice(BaseModel):
    """The numbers of the handbook."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rates: tuple[Rate, ...] = ()
    """Exchange rates into the pipeline's currency."""
    goals: dict[str, Goal] = {}
    """By stage."""
    quotas: dict[str, Quota] = QUOTAS
    """By the sellers' role."""
    required_attainment: float = Field(default=0.6, gt=0)
    """The share of the estimated monthly revenue that a customer must have grown by."""
    effective: tuple[str, ...] = ()
    """Checklist items that make a deal effective once all are confirmed: need, decision maker,
    budget. When left out, every deal beyond the first stage is."""
    committed: tuple[str, ...] = ("commit",)
    """Words of the tracked attribute `commit` that are a promise."""
    margin: str | None = None
    """The attribute that holds a closed deal's margin, in the deal's currency."""
    reason: str | None = None
    """The attribute that says why a deal was won or lost."""
