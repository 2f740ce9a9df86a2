"""What management wants to reach: ``[targets]`` of ``company.toml``, by the id of the figure it is printed beside."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from analysis.ledger.strict import Share, Strict

Days = Annotated[float, Field(gt=0, le=365, allow_inf_nan=False)]


class Targets(Strict):
    """A wanted value for each figure that has one; shares run from 0 to 1, amounts are in company currency."""

    receivables: Annotated[float, Field(gt=0, le=1e15, allow_inf_nan=False)] | None = Field(
        default=None, description="at most"
    )
    overdue_share: Share | None = Field(default=None, description="at most")
    over_90_share: Share | None = Field(default=None, description="at most")
    median_days: Days | None = Field(default=None, description="at most, of days to settle")
    dso_countback: Days | None = Field(default=None, description="at most")
    days_delinquent: Days | None = Field(default=None, description="at most")
    effectiveness: Share | None = Field(default=None, description="at least, of collection")
    bad_debt_to_sales: Share | None = Field(default=None, description="at most, over twelve months")
    effective_number: Annotated[float, Field(gt=1, le=1e6, allow_inf_nan=False)] | None = Field(
        default=None, description="at least, of debtors of equal size"
    )

    def of(self, id: str) -> float | None:
        """The target of a figure by its id; None where none is stated."""
        found: float | None = getattr(self, id) if id in type(self).model_fields else None
        return found
