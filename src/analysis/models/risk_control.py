"""Do chances of severe delinquency still hold? Customers that became so over those expected, with control limits."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.measures.history import day_of
from analysis.models.risk_record import RiskRecord

# As the monitor of payment forecasts has it.
CONFIDENCE = 0.98
DAYS_RUNNING = 2
# Years differ for all customers together: by a tenth either way nothing is amiss.
COMMON_SPREAD = 0.10
# Below, a ratio is one of few events.
EXPECTED_MIN = 10.0
# What was learned from is drawn like what came of it, and about as many.
_TWO_DRAWS = 2.0


def risk_control(record: RiskRecord, id: str, *, customers_min: int) -> pd.DataFrame:
    """Customers that became severely delinquent over those that a forecaster expected, by past day, with limits.

    ``ratio = observed / expected``, expected the sum of the chances stated on the day. Limits are
    ``exp(-+ z x sqrt(2 x sum of p (1 - p) / expected^2 + 0.1^2))``, 98% between them: what came of customers of these
    chances differs by chance, so did what the chances were learned from, and a year moves all customers together.
    Index the day, oldest first; ``customers``, ``observed``, ``expected``, ``ratio``, ``low``, ``high``,
    ``is_outside``. Ratio and limits are NaN with fewer than ``customers_min`` customers or ten expected.

    Source: variance of a sum of unequal chances (Poisson's binomial), Feller, An Introduction to Probability Theory and
    Its Applications I (3rd ed., 1968), section IX.5; limits as on a control chart, Montgomery, Introduction to
    Statistical Quality Control (7th ed., 2013), section 7.3.
    """
    rows = record.forecasts
    parts = pd.DataFrame(
        {"observed": rows["severe"], "expected": rows[id], "variance": rows[id] * (1 - rows[id]), "customers": 1}
    )
    sums = parts.groupby(level="origin").sum().sort_index()
    judged = (sums["customers"] >= customers_min) & (sums["expected"] >= EXPECTED_MIN)
    expected = sums["expected"].where(judged)
    spread = np.sqrt(_TWO_DRAWS * sums["variance"] / expected**2 + COMMON_SPREAD**2)
    half = float(norm.ppf((1 + CONFIDENCE) / 2)) * spread
    table = sums.drop(columns="variance").assign(
        ratio=sums["observed"] / expected, low=np.exp(-half), high=np.exp(half)
    )
    table.index = pd.DatetimeIndex([pd.Timestamp(day_of(mark)) for mark in table.index], name="day")
    return table.assign(is_outside=(table["ratio"] < table["low"]) | (table["ratio"] > table["high"]))


def is_demoted(control: pd.DataFrame) -> bool:
    """Whether the last two days of a record lie outside the limits, on one side of them."""
    last = control.tail(DAYS_RUNNING)
    side = {math.copysign(1.0, ratio - 1.0) for ratio in last["ratio"]}
    return len(last) == DAYS_RUNNING and bool(last["is_outside"].all()) and len(side) == 1
