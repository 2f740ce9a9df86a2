"""The rules of the house that ``[policy]`` of ``company.toml`` states."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator

from analysis.ledger.strict import Share, Strict


class Policy(Strict):
    """The rules of the house."""

    ageing_days: tuple[int, ...] = (30, 60, 90, 120)
    terms_days: Annotated[int, Field(ge=0, le=365)] | None = Field(
        default=None, description="terms from the invoice date, where the export has no due date"
    )
    unapplied_cash: Literal["exact_then_oldest", "leave"] = "exact_then_oldest"
    settled_tolerance: Annotated[Decimal, Field(ge=0, le=10)] = Decimal("0.05")
    prepaid_days_max: Annotated[int, Field(ge=0)] = 90
    terms_days_max: Annotated[int, Field(ge=1)] = 365
    amount_max: Annotated[Decimal, Field(gt=0, le=Decimal("1e12"))] = Decimal("1e10")
    quarantine_row_share_max: Share = 0.005
    quarantine_value_share_max: Share = 0.001
    coverage_days: Annotated[int, Field(ge=0)] = Field(
        default=31, description="days without any booking before the as-of date that raise a warning"
    )
    export_repeats: Literal["reject", "warn"] = Field(
        default="reject", description="what an export that is last period's, with no booking since, does"
    )
    export_shrinks: Literal["reject", "warn"] = Field(
        default="warn", description="what an export that lost more than export_drop_max since last period does"
    )
    export_drop_max: Share = Field(
        default=0.2, description="share of rows, or of invoiced or booked amounts, that may be gone since last period"
    )
    control_tolerance: Annotated[Decimal, Field(ge=0)] = Decimal("0.00")
    control_differs: Literal["reject", "warn"] = "reject"
    group_minimum: Annotated[int, Field(ge=2)] = 10
    dso_months: Annotated[int, Field(ge=1, le=12)] = 3
    risk_classes: tuple[Share, Share, Share, Share] = Field(
        default=(0.02, 0.05, 0.15, 0.40), description="chances of severe delinquency at which classes 2 to 5 begin"
    )
    segment_by: str = Field(default="segment", description="column by which segments are shown")
    exposure_basis: Literal["open_balance", "open_balance_and_orders"] = Field(
        default="open_balance", description="what is held against a credit limit"
    )
    credit_hold_days: Annotated[int, Field(ge=1)] = Field(
        default=30, description="days past due from which a customer is not to be invoiced further"
    )
    net_margin: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="net profit per unit of sales; says what sales make good a loss"
    )

    @field_validator("ageing_days")
    @classmethod
    def _ascend(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or list(value) != sorted(set(value)) or value[0] < 1:
            raise ValueError("must be whole days in ascending order, the first at least 1")
        return value

    @field_validator("risk_classes")
    @classmethod
    def _rise(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(set(value)) or not 0 < value[0] <= value[-1] < 1:
            raise ValueError("must be four chances between 0 and 1 in ascending order")
        return value
