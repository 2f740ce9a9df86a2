"""Payment curves of groups that lean on the curve of all: what an open invoice may expect from today on.

A customer with three paid invoices has a curve of its own, but a poor one. Here each group is given some invoices
more that lived exactly as all did; the more it has of its own, the less they matter. The curves need no fitting,
so they are the rule that every model of payment has to beat, and what is left where data carry no model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.models.scores import Matrix

# Invoices of the pooled kind that each group is given; chosen on three ledgers (the project's notes on modelling).
PSEUDO_INVOICES = 5.0
# Below ten invoices a curve is not shown (models.survival), nor is it followed here.
_TAIL_AT_RISK = 10
# The pace after the last day that is well observed is that of the thirty days before.
_TAIL_DAYS = 30
# Groups worked on at a time: a thousand customers by a thousand days stay below ten megabytes.
_GROUPS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyHazards:
    """Chance that an invoice open at the start of a day is paid, or leaves otherwise, on it; by group and day.

    ``paid`` and ``other`` have shape (groups, days); the first column is the day ``first``, the last stands for all
    later days. Before ``first`` nothing leaves.
    """

    first: int
    paid: Matrix
    other: Matrix


def pooled_hazards(counts: pd.DataFrame) -> DailyHazards:
    """Hazards of all invoices together: ``paid / at risk`` and ``other / at risk`` on each day.

    ``counts`` as :meth:`~analysis.measures.history.Known.counts` gives them. After the last day on which ten are
    at risk the pace of the thirty days before goes on; where there never are ten, that of the whole time. Zero
    without any invoice.
    """
    if not len(counts):
        return DailyHazards(first=0, paid=np.zeros((1, 1)), other=np.zeros((1, 1)))
    # one empty day before the first and one after the last
    first, days = int(counts["day"].min()) - 1, int(counts["day"].max() - counts["day"].min()) + 3
    at_risk, paid, other = (table[0] for table in _dense(counts, None, groups=1, first=first, days=days))
    thick = np.flatnonzero(at_risk >= _TAIL_AT_RISK)
    until = int(thick[-1]) + 1 if len(thick) else days
    since = max(0, until - _TAIL_DAYS) if len(thick) else 0
    exposure = max(at_risk[since:until].sum(), 1)
    hazards = []
    for left in (paid, other):
        hazard = np.divide(left, at_risk, out=np.zeros(days), where=at_risk > 0)[:until]
        hazards.append(np.append(hazard, left[since:until].sum() / exposure)[None, :])
    return DailyHazards(first=first, paid=hazards[0], other=hazards[1])


def unpaid_given_open(
    hazards: DailyHazards, day_now: ArrayLike, *, days: int, group: ArrayLike | None = None
) -> Matrix:
    """Chance that invoices open at the end of their day ``day_now`` are unpaid 1 to ``days`` days later.

    ``unpaid(k) = 1 - sum over j <= k of open(j - 1) * paid(day_now + j)`` with
    ``open(j) = product over i <= j of (1 - paid(day_now + i) - other(day_now + i))``: an invoice that leaves
    otherwise is never paid (Aalen and Johansen). ``group`` is the row of ``hazards`` of each invoice, the first
    where not stated. Shape (invoices, days).
    """
    now = np.asarray(day_now, dtype=np.int64)
    row = np.zeros(len(now), dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64)
    # invoices of the same group and day have the same outlook
    (kinds, place) = np.unique(np.column_stack([row, now]), axis=0, return_inverse=True)
    at = kinds[:, 1:] + np.arange(1, days + 1) - hazards.first
    seen, at = at >= 0, np.clip(at, 0, hazards.paid.shape[1] - 1)
    paid = np.where(seen, hazards.paid[kinds[:, :1], at], 0.0)
    other = np.where(seen, hazards.other[kinds[:, :1], at], 0.0)
    still_open = np.cumprod(1 - paid - other, axis=1)
    before = np.column_stack([np.ones(len(kinds)), still_open[:, :-1]])
    unpaid = np.clip(1 - np.cumsum(before * paid, axis=1), 0.0, 1.0)
    return unpaid[place.reshape(-1)]


def shrunk_unpaid(
    counts: pd.DataFrame,
    pooled: DailyHazards,
    group: pd.Series[str],
    day_now: ArrayLike,
    *,
    days: int,
    pseudo_invoices: float = PSEUDO_INVOICES,
) -> Matrix:
    """:func:`unpaid_given_open` with the curve of each invoice's own group, shrunk to that of all.

    Hazard of a group on a day: ``(paid + m * pooled) / (at risk + m)`` with ``m`` = ``pseudo_invoices``, and the same
    for other exits. ``counts`` has the column ``group``; a group without a row in it gets the pooled curve.

    Source: the posterior mean of a chance with a beta prior of weight m; Gelman et al., Bayesian Data Analysis
    (3rd ed., 2013), section 2.4.
    """
    now = np.asarray(day_now, dtype=np.int64)
    unpaid = np.empty((len(now), days))
    codes, names = pd.factorize(group, sort=True)
    counted = counts[counts["group"].isin(names)]
    of_row = pd.Index(names).get_indexer(counted["group"])
    width = pooled.paid.shape[1]
    for start in range(0, len(names), _GROUPS_AT_ONCE):
        size = min(_GROUPS_AT_ONCE, len(names) - start)
        here, rows = ((code >= start) & (code < start + size) for code in (of_row, codes))
        # the last column is the pooled tail, in which no group has a curve of its own
        at_risk, paid, other = (
            table[:, : width - 1]
            for table in _dense(counted[here], of_row[here] - start, groups=size, first=pooled.first, days=width)
        )
        own = [
            (left + pseudo_invoices * prior[:, :-1]) / (at_risk + pseudo_invoices)
            for left, prior in ((paid, pooled.paid), (other, pooled.other))
        ]
        tail = [np.repeat(prior[:, -1:], size, axis=0) for prior in (pooled.paid, pooled.other)]
        hazards = DailyHazards(
            first=pooled.first, paid=np.hstack([own[0], tail[0]]), other=np.hstack([own[1], tail[1]])
        )
        unpaid[rows] = unpaid_given_open(hazards, now[rows], days=days, group=codes[rows] - start)
    return unpaid


def _dense(
    counts: pd.DataFrame, group: NDArray[np.int64] | None, *, groups: int, first: int, days: int
) -> tuple[Matrix, Matrix, Matrix]:
    """At risk, paid and otherwise left by group and day; what happens after the last day is put on it."""
    place = np.clip(counts["day"].to_numpy(dtype=np.int64) - first, 0, days - 1)
    cell = place if group is None else group * days + place

    def spread(column: str) -> Matrix:
        # as floats already where there is no row, which leaves whole numbers
        values = np.bincount(cell, weights=counts[column].to_numpy(dtype=float), minlength=groups * days).astype(float)
        return values.reshape(groups, days)

    paid, other = spread("paid"), spread("other")
    left = paid + other + spread("censored")
    # an invoice is at risk on the day on which it comes in and on the day on which it leaves
    at_risk: Matrix = np.cumsum(spread("entered"), axis=1) - np.cumsum(left, axis=1) + left
    return at_risk, paid, other
