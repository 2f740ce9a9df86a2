"""From history to what is expected: weighted scenarios, each with its day and source, move the historic loss rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from analysis.faults import UsageFault
from analysis.ledger.company import Company
from analysis.ledger.provisioning import Scenario, scenarios_on


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForwardView:
    """The scenarios in force on a day and what they make of the historic loss rate of each ageing bucket.

    ``factors``: index bucket, columns the names of the scenarios and ``weighted``; 1 where nothing was stated.
    """

    on: date
    scenarios: tuple[Scenario, ...]
    factors: pd.DataFrame

    @property
    def stated(self) -> bool:
        """Whether the company stated scenarios by the day; without any, history is taken for the future."""
        return bool(self.scenarios)

    @property
    def weighted(self) -> pd.Series[float]:
        """Factor of each bucket."""
        return self.factors["weighted"]


def forward_view(company: Company, *, buckets: Sequence[str], on: date) -> ForwardView:
    """Factor of each ageing bucket, ``sum over scenarios of weight x factor``, of the latest set stated by a day.

    Raises UsageFault where a scenario names a bucket that the policy does not have.

    Source: IFRS 9 5.5.17 (a) and (c), B5.5.52: adjusted for current and forecast conditions, weighted by probability.
    """
    scenarios = scenarios_on(company.scenarios, on)
    for scenario in company.scenarios:
        if unknown := sorted(set(scenario.factors) - set(buckets)):
            raise UsageFault(
                f"{company.path}: scenario {scenario.name!r} of {scenario.stated_on} names the bucket {unknown[0]!r}; "
                f"the policy has {', '.join(buckets)}"
            )
    factors = pd.DataFrame({s.name: [s.factor_of(b) for b in buckets] for s in scenarios}, index=list(buckets))
    weighted = [weighted_factor(scenarios, bucket) for bucket in buckets]
    return ForwardView(
        on=on, scenarios=scenarios, factors=factors.assign(weighted=weighted).rename_axis(index="bucket")
    )


def weighted_factor(scenarios: Sequence[Scenario], bucket: str) -> float:
    """Factor of one bucket; 1 without scenarios."""
    return sum(s.weight * s.factor_of(bucket) for s in scenarios) if scenarios else 1.0
