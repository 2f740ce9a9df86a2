"""By how much one group pays later than another, with an interval: in share unpaid, in median and in mean days."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from analysis.models.survival import Estimate, PaymentCurve, payment_curve


def difference(one: Estimate, other: Estimate) -> Estimate:
    """``one - other`` of two independent groups, with an interval made of theirs.

    ``low = value - sqrt((one - one.low)^2 + (other.high - other)^2)``, and the upper end with the other two limits. It
    needs no error of the difference, so it holds for shares with a log-log band and for medians, which have none;
    where both intervals are symmetric it is ``value +/- z * std_err``. The level is that of the two intervals.

    A limit that was not reached makes the difference open on that side (infinite). NaN where either value is not
    finite or not defined: of two medians that lie beyond what was observed nothing can be said.

    Source: Zou and Donner, Statistics in Medicine 27 (2008) 1693-1702 (method of variance estimates recovery).

    >>> found = difference(Estimate(value=40, low=37, high=44), Estimate(value=30, low=27, high=34))
    >>> found.value, found.low, found.high
    (10, 5.0, 15.0)
    """
    if not (math.isfinite(one.value) and math.isfinite(other.value)):
        return Estimate(value=math.nan, low=math.nan, high=math.nan)
    value = one.value - other.value
    return Estimate(
        value=value,
        low=value - math.hypot(one.value - one.low, other.high - other.value),
        high=value + math.hypot(one.high - one.value, other.value - other.low),
        std_err=math.hypot(one.std_err, other.std_err),
    )


def median_difference(one: PaymentCurve, other: PaymentCurve) -> Estimate:
    """By how many days the median of ``one`` lies after that of ``other``."""
    return difference(_median(one), _median(other))


def unpaid_difference(one: PaymentCurve, other: PaymentCurve, *, day: float) -> Estimate:
    """How much more of ``one`` than of ``other`` is unpaid at the end of ``day``, as a difference of shares."""
    return difference(one.unpaid_estimate(day), other.unpaid_estimate(day))


def mean_difference(one: PaymentCurve, other: PaymentCurve, *, horizon: float) -> Estimate:
    """How many days longer ``one`` is unpaid on average within the first ``horizon`` days: the area between the curves.

    It needs neither a median that was reached nor hazards in proportion.

    Source: Royston and Parmar, BMC Medical Research Methodology 13 (2013) 152.
    """
    return difference(one.restricted_mean(horizon), other.restricted_mean(horizon))


def against_the_rest(
    counts: pd.DataFrame, *, by: str, groups: Sequence[str], day: float = 60, horizon: float = 120
) -> pd.DataFrame:
    """Each group against all other invoices together: how much later, with 95% intervals.

    Columns: ``group``, ``invoices``; ``median`` (days later), ``unpaid`` (difference of the shares unpaid at
    ``day``) and ``mean`` (days longer within ``horizon``), each with ``_from`` and ``_to``. Positive is
    slower. ``counts`` as for ``payment_curve``, with the group in the column ``by``. NaN where the curves end
    before, as it is without any other group.
    """
    rows = []
    for group in groups:
        own = counts[by] == group
        one, other = payment_curve(counts[own]), payment_curve(counts[~own])
        found = {
            "median": median_difference(one, other),
            "unpaid": unpaid_difference(one, other, day=day),
            "mean": mean_difference(one, other, horizon=horizon),
        }
        row: dict[str, object] = {"group": group, "invoices": one.n_invoices}
        for name, estimate in found.items():
            row |= {name: estimate.value, f"{name}_from": estimate.low, f"{name}_to": estimate.high}
        rows.append(row)
    names = [f"{name}{end}" for name in ("median", "unpaid", "mean") for end in ("", "_from", "_to")]
    return pd.DataFrame(rows, columns=["group", "invoices", *names])


def _median(curve: PaymentCurve) -> Estimate:
    low, high = curve.median_interval
    return Estimate(value=curve.median_days, low=low, high=high)
