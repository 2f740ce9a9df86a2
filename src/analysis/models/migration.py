"""Who moved: customers and money from segment to segment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd
from sklearn.metrics import adjusted_rand_score

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
