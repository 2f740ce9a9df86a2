"""How customers paid before and after a date: a shock, a new policy, a new system."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.measures.history import History, day_number
from analysis.measures.lateness import current_spells, due_within
from analysis.models.migration import Migration
from analysis.models.survival import Estimate

AFTER_DAYS, BEFORE_DAYS = 91, 274
# Days late count up to here, on both sides alike; less where the books end sooner, and not at all below the least.
FOLLOWED_DAYS = 90
FOLLOWED_AT_LEAST = 45


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeforeAfter:
    """How late invoices were that fell due in the 91 days after a date, against the 274 days to it.

    ``table``: one row per segment in which customers were on the date, then all: ``customers`` (with invoices due on
    both sides), ``change`` (mean over them of the change of their mean days late), ``low``, ``high`` (95%; all NaN for
    fewer than the policy's minimum of customers), ``moved`` (share in another segment at the end). ``moves`` is the
    migration between date and end. Days late count up to ``followed_days``, early days negative.
    """

    on: date
    until: date
    followed_days: int
    table: pd.DataFrame
    moves: Migration


def days_late_around(history: History, *, on: date, followed_days: int) -> pd.DataFrame:
    """Mean days late of each customer's invoices that fell due before and after the end of a day.

    Columns ``before`` (due in the 274 days to ``on``) and ``after`` (in the 91 days after it), as known at the end of
    the history; index ``customer_id``. Days late count up to ``followed_days``, and a write-off counts as much, so
    that recent invoices are not better for being young: those of the last ``followed_days`` must not be asked about.
    ValueError where they would be.
    """
    zero, last = day_number(on), day_number(history.last)
    if zero + AFTER_DAYS + followed_days > last:
        raise ValueError(f"invoices due after {on} cannot be followed for {followed_days} days by {history.last}")
    rows = due_within(current_spells(history, [history.last]), days=last - zero + BEFORE_DAYS)
    rows = rows.filter((rows["due"] > zero - BEFORE_DAYS) & (rows["due"] <= zero + AFTER_DAYS))
    late = ibis.ifelse(rows["lost"], followed_days, ibis.least(rows["late"], followed_days))
    rows = rows.mutate(late=late, after=rows["due"] > zero)
    summed = rows.group_by("customer_id").aggregate(
        n_before=(~rows["after"]).sum(),
        n_after=rows["after"].sum(),
        late_before=rows["late"].sum(where=~rows["after"]).fill_null(0),
        late_after=rows["late"].sum(where=rows["after"]).fill_null(0),
    )
    frame = summed.execute().set_index("customer_id").sort_index().astype(float)
    sides = ("before", "after")
    return pd.DataFrame({s: frame[f"late_{s}"] / frame[f"n_{s}"].where(frame[f"n_{s}"] > 0) for s in sides})


def before_and_after(
    days_late: pd.DataFrame,
    was: pd.Series[int],
    became: pd.Series[int],
    *,
    moves: Migration,
    names: Mapping[int, str],
    smallest: int,
    followed_days: int,
) -> BeforeAfter:
    """Compare both sides of a date by the segment in which customers were on it.

    ``days_late`` as of :func:`days_late_around`; ``was`` and ``became`` are segments on the date and at the end.
    """
    change = (days_late["after"] - days_late["before"]).reindex(was.index)
    stayed = was == became.reindex(was.index)
    table = {}
    for number, name in [*names.items(), (None, "All")]:
        of_segment = pd.Series(True, index=was.index) if number is None else was == number
        known = change[of_segment].dropna()
        found = mean_with_interval(known, smallest=smallest)
        moved = float(1 - stayed[of_segment].mean()) if of_segment.sum() >= smallest else math.nan
        row = {"customers": len(known), "change": found.value, "low": found.low, "high": found.high, "moved": moved}
        table[name] = row
    frame = pd.DataFrame.from_dict(table, orient="index").rename_axis("segment")
    frame = frame.astype({"customers": int}) if table else frame
    return BeforeAfter(on=moves.before, until=moves.now, followed_days=followed_days, table=frame, moves=moves)


def end_of_after(on: date) -> date:
    """Last day of the days after a date."""
    return on + timedelta(days=AFTER_DAYS)


def mean_with_interval(values: pd.Series[float], *, smallest: int, confidence: float = 0.95) -> Estimate:
    """Mean over customers with Student's interval; NaN for fewer than ``smallest`` (and two) customers.

    ``mean +/- t(n - 1) * s / sqrt(n)``.
    """
    known = values.dropna().to_numpy(float)
    if len(known) < max(smallest, 2):
        return Estimate(value=math.nan, low=math.nan, high=math.nan)
    mean, error = float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known)))
    reach = float(student.ppf((1 + confidence) / 2, len(known) - 1)) * error
    return Estimate(value=mean, low=mean - reach, high=mean + reach, std_err=error)
