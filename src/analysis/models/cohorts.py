"""Invoices by when they were issued: a curve for each month or quarter, and what paid invoices alone would say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd

from analysis.measures.outcomes import ENDED_BY
from analysis.models.incidence import cumulative_incidence
from analysis.models.survival import PaymentCurve, payment_curves

Every = Literal["month", "quarter"]


def cohort_curves(outcomes: pd.DataFrame, *, every: Every = "month") -> tuple[PaymentCurve, ...]:
    """One payment curve for each month or quarter of issue, oldest first, named ``2026-10`` or ``2026Q4``.

    ``outcomes`` is the table of :func:`analysis.measures.outcomes.outcome_counts`; its groups are pooled. The curve of
    a recent cohort ends early: at the age of its oldest invoice.
    """
    if every not in get_args(Every):
        raise ValueError(f"every must be one of {', '.join(get_args(Every))}, got {every!r}")
    issued = pd.DatetimeIndex(outcomes["issue_month"]).to_period("M" if every == "month" else "Q")
    events = outcomes[list(ENDED_BY)].sum(axis=1)
    counts = outcomes.assign(cohort=issued.astype(str), events=events, censored=outcomes["open"])
    return payment_curves(counts, by="cohort")


def cohort_table(
    outcomes: pd.DataFrame, *, every: Every = "quarter", last: int = 8, days: Sequence[int] = (30, 60, 90)
) -> pd.DataFrame:
    """The latest cohorts in numbers: invoices, median with interval, and the share still open after so many days.

    NaN where the median or its limit was not reached, or the cohort is younger than the day.
    """
    rows = []
    for curve in cohort_curves(outcomes, every=every)[-last:]:
        low, high = curve.median_interval
        row = {
            "issued": curve.label,
            "invoices": curve.n_invoices,
            "median": curve.median_days,
            "from": low,
            "to": high,
        }
        rows.append(row | {f"open at {day}": curve.unpaid_after(day) for day in days})
    names = ["issued", "invoices", "median", "from", "to", *(f"open at {day}" for day in days)]
    return pd.DataFrame(rows, columns=names).replace(math.inf, math.nan)


def paid_only_by_month(outcomes: pd.DataFrame, *, last: int = 13) -> pd.DataFrame:
    """Month of issue by month: how long the invoices already paid took, and by when half of all are paid.

    Index ``issue_month`` (its end; the as-of date for its month), the latest ``last`` months with invoices. Columns:
    ``invoices``, ``paid`` (numbers), ``paid_only`` (first day by which half of the *paid* invoices had been
    paid), ``half_paid`` (first day by which half of *all* are paid, credit notes and write-offs competing) with
    ``low`` and ``high``, and ``seen`` (age of the oldest invoice that is open, or of the last event). ``half_paid``
    is inf where half are not paid yet; it lies beyond ``seen`` then, if it comes at all. The two agree for
    months that are settled; for the latest ones the first shows the quick payers alone.

    Medians of fewer than ten invoices are NaN.
    """
    rows = {}
    for month in sorted(outcomes["issue_month"].unique())[-last:]:
        of_month = outcomes[outcomes["issue_month"] == month]
        found = cumulative_incidence(of_month.assign(censored=of_month["open"]), causes=ENDED_BY)
        half, shown = found.quantile("paid", 0.5), found.reliability != "suppressed"
        rows[month] = {
            "invoices": found.n_invoices,
            "paid": int(of_month["paid"].sum()),
            "paid_only": _middle_day(of_month) if shown else math.nan,
            "half_paid": half.value if shown else math.nan,
            "low": half.low if shown else math.nan,
            "high": half.high if shown else math.nan,
            "seen": found.last_day,
        }
    names = ["invoices", "paid", "paid_only", "half_paid", "low", "high", "seen"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names).rename_axis("issue_month")


def _middle_day(outcomes: pd.DataFrame) -> float:
    """First day by which half of the paid invoices had been paid; NaN where none is."""
    by_day = outcomes.groupby("day")["paid"].sum().sort_index()
    paid = by_day.cumsum().to_numpy()
    if not len(paid) or not paid[-1]:
        return math.nan
    return float(by_day.index[int(np.argmax(paid * 2 >= paid[-1]))])
