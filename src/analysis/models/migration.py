"""Who moved: customers and money from segment to segment, and how customers paid before and after a date."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.metrics import adjusted_rand_score

from analysis.models.survival import Estimate

NOT_YET = "Not yet a customer"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Migration:
    """Customers from their segments on an earlier day (rows) to those of a later one (columns), by the same fit.

    ``counts`` are customers, ``amounts`` their open balance on the later day; each foots to all customers of that
    day. Rows and columns are names in the order of the segments; :data:`NOT_YET` is the last row where somebody came.
    ``agreement`` is the adjusted Rand index among customers judged on both days (NaN for fewer than two), ``moved``
    how many of these are in another segment.
    """

    before: date
    now: date
    counts: pd.DataFrame
    amounts: pd.DataFrame
    agreement: float
    judged_twice: int
    moved: int


def migration(
    before: pd.Series[int],
    now: pd.Series[int],
    *,
    amounts: pd.Series[float],
    names: Mapping[int, str],
    days: tuple[date, date],
) -> Migration:
    """The moves between two days; ``before`` and ``now`` are segment numbers by customer, ``amounts`` money now.

    ValueError where a customer of ``before`` is missing in ``now``: customers do not vanish from the books.
    """
    if gone := sorted(set(before.index) - set(now.index)):
        raise ValueError(f"{len(gone)} customer(s) of the earlier day are missing on the later, for example {gone[0]}")
    was = before.reindex(now.index).map(names).fillna(NOT_YET)
    order = list(names.values())
    rows = [*order, NOT_YET] if (was == NOT_YET).any() else order
    moves = pd.DataFrame({"was": was, "is": now.map(names), "amount": amounts.reindex(now.index).fillna(0.0)})
    cells = moves.groupby(["was", "is"])["amount"].agg(["size", "sum"])
    counts, money = (cells[column].unstack().reindex(index=rows, columns=order).fillna(0) for column in ("size", "sum"))
    twice = [customer for customer in before.index if before[customer] > 0 and now[customer] > 0]
    same = adjusted_rand_score(before[twice], now[twice]) if len(twice) > 1 else math.nan
    return Migration(
        before=days[0],
        now=days[1],
        counts=counts.astype(int).rename_axis(index="before", columns=None),
        amounts=money.rename_axis(index="before", columns=None),
        agreement=float(same),
        judged_twice=len(twice),
        moved=int((before[twice] != now[twice]).sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeforeAfter:
    """How customers paid in the three months after a date, against the nine months before.

    ``table``: one row per segment in which customers were on the date, then all: ``customers`` (with invoices due on
    both sides), ``change`` (mean change of days late), ``low``, ``high`` (95%; all NaN for fewer than the policy's
    minimum of customers), ``moved`` (share in another segment three months on). ``moves``: the migration.
    """

    on: date
    until: date
    table: pd.DataFrame
    moves: Migration


def before_and_after(
    then: pd.DataFrame, later: pd.DataFrame, moves: Migration, *, names: Mapping[int, str], smallest: int
) -> BeforeAfter:
    """Compare the days after a date with those before, by the segment of the date.

    ``then`` and ``later`` are indexed by customer: ``segment`` on the date, and ``segment`` and ``days_late_trend``
    three months later, which is the mean days late of those three months less that of the nine before.
    """
    rows = then[["segment"]].join(later[["segment", "days_late_trend"]], rsuffix="_later")
    groups = [(name, rows[rows["segment"] == number]) for number, name in names.items() if number > 0]
    table = {}
    for name, part in [*groups, ("All", rows)]:
        change = part["days_late_trend"].dropna()
        found = mean_with_interval(change, smallest=smallest)
        stayed = part["segment"] == part["segment_later"]
        shown = len(part) >= smallest
        table[name] = {
            "customers": len(change),
            "change": found.value,
            "low": found.low,
            "high": found.high,
            "moved": float(1 - stayed.mean()) if shown else math.nan,
        }
    frame = pd.DataFrame.from_dict(table, orient="index").rename_axis("segment").astype({"customers": int})
    return BeforeAfter(on=moves.before, until=moves.now, table=frame, moves=moves)


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
