"""How far the median days to settle, and its changes, may be off: customers drawn anew with all their invoices.

A band that takes invoices as independent is too narrow: a customer pays many of them alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.ledger.snapshot import Snapshot
from analysis.measures.headline_intervals import TOO_FEW, HeadlineInterval
from analysis.measures.positions import month_ends
from analysis.measures.redraws import DRAWS, FEWEST_CUSTOMERS, Matrix, folded, middle, redraws, seed_of, units
from analysis.measures.settlement import settlement_counts
from analysis.models.payment_times import months_before
from analysis.models.survival import ROUNDING

_NET, _EVENTS = 0, 1
NOT_REACHED = "not reached in all redraws"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SettledByCustomer:
    """Invoices of each customer by the day on which they left the book: the counts that curves are redrawn from.

    ``now``, ``month`` and ``year`` hold the invoices issued in the twelve months to the as-of date, to the end of the
    month before, and in the twelve months before the last twelve, all as known on the as-of date. Each is an array of
    2 x customers x days: what left less what came under observation late, and what was settled.
    """

    customers: tuple[str, ...]
    now: Matrix
    month: Matrix
    year: Matrix

    def of(self, place: NDArray[np.int64]) -> SettledByCustomer:
        """The same of some customers, as if the books held no others."""
        return SettledByCustomer(
            customers=tuple(self.customers[at] for at in place),
            now=self.now[:, place],
            month=self.month[:, place],
            year=self.year[:, place],
        )

    def medians(self, times: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        """First day on which at most half are unpaid, now, a month and a year before, in each redraw of customers."""
        return _medians(times, self.now), _medians(times, self.month), _medians(times, self.year)


def settled_by_customer(snapshot: Snapshot) -> SettledByCustomer:
    """Counts of the invoices of the last two years by customer and day, each stretch of months from one pass."""
    end = pd.Timestamp(snapshot.as_of)
    month, year = month_ends(snapshot.as_of, 2)[0], months_before(end, 12)
    # Counts add up: a stretch of months is what was issued from its first day less what was issued after its last.
    starts = {"now": year, "month": months_before(month, 12), "after": month, "year": months_before(end, 24)}
    counts = {name: _issued_after(snapshot, day) for name, day in starts.items()}
    customers = sorted(set(counts["year"]["group"]))
    days = int(max((found["day"].max() for found in counts.values() if len(found)), default=0)) + 1
    at = {name: _by_customer(found, customers, days=days) for name, found in counts.items()}
    return SettledByCustomer(
        customers=tuple(customers), now=at["now"], month=at["month"] - at["after"], year=at["year"] - at["now"]
    )


def median_interval(settled: SettledByCustomer, *, draws: int = DRAWS, seed: int | None = None) -> HeadlineInterval:
    """Limits of the median days to settle, and of its changes, in whole days.

    The curve of Kaplan and Meier is made anew in each redraw of whole customers; the limits are the middle 95% of
    its medians, redraws on a limit counting half. ``seed`` comes from the customers' numbers where it is not given.
    None with fewer than ten customers, and where the median is not reached.
    """
    n = len(settled.customers)
    if n < FEWEST_CUSTOMERS:
        return HeadlineInterval(level=None, month_change=None, year_change=None, reason=TOO_FEW)
    unit = units(n)
    redrawn = redraws(int(unit.max()) + 1, draws=draws, seed=seed_of(settled.customers) if seed is None else seed)
    # One thread: products then add up in one order, and the same books give the same bytes.
    with threadpool_limits(limits=1):
        now, month, year = _in_units(settled, unit).medians(redrawn)
    level = middle(now)
    return HeadlineInterval(
        level=level,
        month_change=_change(now, month),
        year_change=_change(now, year),
        reason="" if level else NOT_REACHED,
    )


def _in_units(settled: SettledByCustomer, unit: NDArray[np.int64]) -> SettledByCustomer:
    """The counts of the units that are redrawn."""
    now, month, year = (
        np.stack([folded(rows, unit) for rows in counts]) for counts in (settled.now, settled.month, settled.year)
    )
    return SettledByCustomer(customers=tuple(map(str, range(now.shape[1]))), now=now, month=month, year=year)


def _issued_after(snapshot: Snapshot, day: pd.Timestamp) -> pd.DataFrame:
    return settlement_counts(snapshot, by="customer_id", issued_from=(day + pd.Timedelta(days=1)).date())


def _by_customer(counts: pd.DataFrame, customers: list[str], *, days: int) -> Matrix:
    found = np.zeros((2, len(customers), days))
    at = pd.Index(customers).get_indexer(pd.Index(counts["group"])), counts["day"].to_numpy(dtype=int)
    entered = counts.get("entered", 0)
    np.add.at(found[_NET], at, (counts["events"] + counts["censored"] - entered).to_numpy(dtype=float))
    np.add.at(found[_EVENTS], at, counts["events"].to_numpy(dtype=float))
    return found


def _medians(times: Matrix, counts: Matrix) -> Matrix:
    """First day on which at most half are unpaid, in each redraw; infinite where there is none."""
    at_risk = times @ np.cumsum(counts[_NET][:, ::-1], axis=1)[:, ::-1]
    events = times @ counts[_EVENTS]
    left = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    reached = np.cumprod(1 - left, axis=1) <= 0.5 + ROUNDING
    return np.where(reached.any(axis=1), reached.argmax(axis=1).astype(float), math.inf)


def _change(now: Matrix, before: Matrix) -> tuple[float, float] | None:
    """Limits of the change; infinite where some redraw did not reach a median, None where the books did not."""
    if not np.isfinite([now[0], before[0]]).all():
        return None
    return middle(now - before) if np.isfinite([now, before]).all() else (-math.inf, math.inf)
