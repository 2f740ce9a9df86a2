"""What a company states about losses to come: scenarios, overlays and named customers, dated and with their source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import Field, field_validator, model_validator

from analysis.ledger.strict import Share, Strict

Factor = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]


class Scenario(Strict):
    """One view of the year ahead; those of one day belong together, and their weights add up to 1."""

    name: Text
    stated_on: date
    weight: Annotated[float, Field(gt=0, le=1)]
    factor: Factor = Field(default=1.0, description="historic loss rates times this")
    factors: dict[str, Factor] = Field(default_factory=dict, description="the same by ageing bucket, where it differs")
    source: Text

    def factor_of(self, bucket: str) -> float:
        """What the historic loss rate of an ageing bucket is multiplied by."""
        return self.factors.get(bucket, self.factor)


class _Judgement(Strict):
    """A decision of somebody who answers for it, for as long as it holds."""

    owner: Text
    reason: Text
    stated_on: date
    expires_on: date

    @model_validator(mode="after")
    def _expires_after_it_was_stated(self) -> _Judgement:
        if self.expires_on <= self.stated_on:
            raise ValueError(f"expires_on {self.expires_on} must lie after stated_on {self.stated_on}")
        return self

    def holds_on(self, on: date) -> bool:
        """Whether it had been stated by a day and had not expired."""
        return self.stated_on <= on <= self.expires_on


class Overlay(_Judgement):
    """An amount by which management raises (or, negative, lowers) the modelled allowance."""

    name: Text
    amount: Decimal = Field(description="company currency")

    @field_validator("amount")
    @classmethod
    def _is_an_amount(cls, value: Decimal) -> Decimal:
        if not value.is_finite() or value == 0:
            raise ValueError("must be an amount other than 0")
        return value


class SpecificAllowance(_Judgement):
    """A customer whose loss is judged by name, an insolvency say, instead of by the provision matrix."""

    customer_id: Text
    loss_rate: Share = Field(description="part of the open balance that will not come, after recoveries")


_Held = TypeVar("_Held", bound=_Judgement)


def scenarios_on(scenarios: Sequence[Scenario], on: date) -> tuple[Scenario, ...]:
    """The latest set of scenarios stated by a day, in the order stated; none where there is no such set."""
    days = [scenario.stated_on for scenario in scenarios if scenario.stated_on <= on]
    return tuple(scenario for scenario in scenarios if days and scenario.stated_on == max(days))


def holding_on(judgements: Sequence[_Held], on: date) -> tuple[_Held, ...]:
    """Those in force on a day."""
    return tuple(judgement for judgement in judgements if judgement.holds_on(on))


def whole_sets(scenarios: tuple[Scenario, ...]) -> tuple[Scenario, ...]:
    """The same scenarios; ValueError where a name is given twice on a day or the weights of a day are not 1."""
    for day in sorted({scenario.stated_on for scenario in scenarios}):
        of_day = [scenario for scenario in scenarios if scenario.stated_on == day]
        names = [scenario.name for scenario in of_day]
        if len(set(names)) < len(names):
            raise ValueError(f"two scenarios of {day} have the same name")
        if abs(sum(scenario.weight for scenario in of_day) - 1) > 1e-9:
            total = sum(scenario.weight for scenario in of_day)
            raise ValueError(f"the weights of {day} add up to {total:g}, not to 1")
    return scenarios


def named_once(allowances: tuple[SpecificAllowance, ...]) -> tuple[SpecificAllowance, ...]:
    """The same allowances; ValueError where two of a customer are in force on a day."""
    for place, one in enumerate(allowances):
        for other in allowances[place + 1 :]:
            overlap = one.stated_on <= other.expires_on and other.stated_on <= one.expires_on
            if one.customer_id == other.customer_id and overlap:
                raise ValueError(f"customer {one.customer_id!r} has two allowances on the same days")
    return allowances
