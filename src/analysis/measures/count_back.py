"""DSO by counting back: which sales, newest first, make up the balance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

# Amounts are cents added up as binary fractions: less than this part of the balance is nothing.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class CountBack:
    """How far back the sales reach that make up a balance.

    ``exhausted``: the balance exceeds all sales given, ``days`` is a lower bound ("at least") and
    ``uncovered`` what is left. ``full_months`` were used up whole; ``skipped_months`` had no positive sales.
    """

    days: float
    exhausted: bool
    full_months: int
    skipped_months: int
    uncovered: float


def count_back_days(open_balance: float, sales_latest_first: ArrayLike, days_latest_first: ArrayLike) -> CountBack:
    """Days of sales in the balance, used up from the newest month back (count-back or exhaustion method).

    From the newest month: where the rest of the balance is at least the month's sales, take them off
    and add the month's days; else add ``rest / sales * days`` and stop. Seasonal sales do not move it as
    they move the simple DSO, because each month's balance is measured by that month's sales.

    A month whose sales are zero or negative takes nothing off the balance, but time passed in it: its
    days are added, as they would be with a sale of one cent, and it is counted in ``skipped_months``.
    A balance of zero has 0 days, a missing or negative one (net credit) NaN.

    ValueError where the lists differ in length, a sale is missing or days are not positive.

    Source: Oracle Hyperion Financial Management, count-back DSO routine (which stops at a month
    without positive sales).

    >>> round(count_back_days(212_000, [100_000, 80_000, 70_000], [30, 30, 30]).days, 1)
    73.7
    """
    sales, days = np.asarray(sales_latest_first, dtype=float), np.asarray(days_latest_first, dtype=float)
    if len(sales) != len(days):
        raise ValueError(f"sales and days differ in length: {len(sales)} and {len(days)} months")
    for name, values, wrong in (("sales", sales, ~np.isfinite(sales)), ("days", days, ~(days > 0))):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"{name}: {int(wrong.sum())} of {len(values)} months are missing or not allowed, "
                f"for example {values[at]:g}, {at} month(s) back"
            )
    if not open_balance >= 0:
        return CountBack(days=math.nan, exhausted=False, full_months=0, skipped_months=0, uncovered=0.0)
    rest, counted, full, skipped = float(open_balance), 0.0, 0, 0
    nothing = _ROUNDING * rest
    for sold, length in zip(sales.tolist(), days.tolist(), strict=True):
        if rest <= nothing:
            break
        if sold > 0 and rest < sold:
            counted += rest / sold * length
            rest = 0.0
            break
        counted += length
        rest -= max(sold, 0.0)
        full += sold > 0
        skipped += sold <= 0
    exhausted = rest > nothing
    return CountBack(
        days=counted,
        exhausted=exhausted,
        full_months=full,
        skipped_months=skipped,
        uncovered=rest if exhausted else 0.0,
    )
