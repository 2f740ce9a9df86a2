"""What the shared edition says of who owes what: ageing by segment with its gaps, and debtors under pseudonyms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.ageing import ageing_by_customer
from analysis.measures.months import bucket_names
from analysis.measures.outcomes import OTHERS, segment_dimension, shown_groups
from analysis.reporting.disclosure import Quantity, withheld
from analysis.reporting.pseudonyms import Pseudonyms

TOTAL = "total"
NOT_DUE = f"{TOTAL}:not due"
OVERDUE, OVER_90, TOP = "overdue", "over 90 days", "ten largest debtors"
_TOP = 10
_NOT_DUE = ("not due", "no due date")
_OVER_90_DAYS = 90
_BANDS = ((0.10, "10% or more"), (0.05, "5 to 10%"), (0.02, "2 to 5%"), (0.01, "1 to 2%"), (0.0, "below 1%"))
# Rounded so: cents would tell apart what the gaps are to keep together.
_WHOLE = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedCells:
    """Sums by id (``segment:bucket``), those of them that are withheld, and the table they stand in.

    ``table`` has a row for each segment and one of totals, a column for each bucket and ``total``; NaN is withheld.
    """

    sums: Mapping[str, float]
    withheld: frozenset[str]
    table: pd.DataFrame
    minimum: int

    def of(self, id: str) -> float | None:
        """A sum; None where it is withheld."""
        return None if id in self.withheld else self.sums[id]

    @property
    def printed(self) -> dict[str, float]:
        """Sums that are not withheld, for next month's run to hold its own against."""
        return {id: value for id, value in self.sums.items() if id not in self.withheld}


def shared_cells(opened: Opened, *, earlier: Mapping[str, Any] | None = None) -> SharedCells:
    """Ageing by segment with small and dominated cells withheld, and others so that none of these can be worked out.

    ``earlier``: the findings of last month's shared edition; None where there is none.
    """
    snapshot = opened.snapshot
    by = segment_dimension(snapshot)
    rows = ageing_by_customer(snapshot, by=by)
    rows = rows[rows["value"] > 0].reset_index(drop=True)
    if by is not None:
        shown = shown_groups(snapshot, by=by)
        rows["group"] = [shown.get(str(group), OTHERS) for group in rows["group"]]
    buckets = [
        name for name in bucket_names(snapshot, clock="due") if name != "no due date" or name in set(rows["bucket"])
    ]
    groups = sorted(set(rows["group"]), key=lambda group: (group == OTHERS, group))
    quantities = _quantities(rows, groups=groups if by is not None else [], buckets=buckets)
    before = dict((earlier or {}).get("sums", {}))
    values = rows["value"].to_numpy(dtype=float)
    minimum = opened.company.policy.group_minimum
    gone = withheld(
        quantities,
        values,
        rows["customer_id"].tolist(),
        minimum=minimum,
        before=before,
        withheld_before=(earlier or {}).get("withheld", ()),
    )
    sums = {one.id: round(float(values[one.parts].sum()), _WHOLE) for one in quantities}
    lines = [*(groups if by is not None else []), TOTAL]
    cells = [[np.nan if _id(line, b) in gone else sums[_id(line, b)] for b in [*buckets, TOTAL]] for line in lines]
    table = pd.DataFrame(cells, index=pd.Index(lines, name=by or "ledger"), columns=[*buckets, TOTAL])
    return SharedCells(sums=sums, withheld=gone, table=table, minimum=minimum)


def debtors_table(owed: pd.DataFrame, pseudonyms: Pseudonyms) -> pd.DataFrame:
    """The ten largest debtors under pseudonyms: the share of the book in bands, how much is overdue, how old.

    ``owed`` is what :func:`analysis.measures.exposure.exposures` returns. Amounts are not given: a row is one customer.
    """
    top = owed[owed["open_balance"] > 0].head(_TOP)
    late = top["overdue"] / top["open_balance"]
    return pd.DataFrame(
        {
            "debtor": [pseudonyms.of(str(customer)) for customer in top.index],
            "of the book": [_band(share) for share in top["share"]],
            "overdue": ["nothing" if part <= 0 else "up to half" if part <= 0.5 else "over half" for part in late],
        }
    )


def _quantities(rows: pd.DataFrame, *, groups: list[str], buckets: list[str]) -> list[Quantity]:
    """Each cell, the totals of lines and columns, all, and the sums behind the shares that are printed."""
    group, bucket = rows["group"].to_numpy(), rows["bucket"].to_numpy()
    every = np.ones(len(rows), dtype=bool)
    found = [Quantity(id=_id(g, b), parts=(group == g) & (bucket == b)) for g in groups for b in buckets]
    found += [Quantity(id=_id(g, TOTAL), parts=group == g, rank=1) for g in groups]
    found += [Quantity(id=_id(TOTAL, b), parts=bucket == b, rank=1) for b in buckets]
    late = ~np.isin(bucket, _NOT_DUE)
    old = np.array([_first_day(name) > _OVER_90_DAYS for name in bucket], dtype=bool)
    largest = rows.groupby("customer_id")["value"].sum().sort_values(ascending=False, kind="stable").index[:_TOP]
    top = rows["customer_id"].isin(largest).to_numpy()
    found += [Quantity(id=OVERDUE, parts=late, rank=2), Quantity(id=OVER_90, parts=old, rank=2)]
    # who is not among the largest is never printed, but follows from the others
    found += [Quantity(id=TOP, parts=top, rank=2), Quantity(id=f"not {TOP}", parts=~top, rank=2)]
    return [*found, Quantity(id=_id(TOTAL, TOTAL), parts=every, rank=3)]


def _id(line: str, column: str) -> str:
    return f"{line}:{column}"


def _first_day(bucket: str) -> int:
    """First day past due of a bucket: 31 of "31-60", 120 of "over 120"; 0 of what is not due or has no due date."""
    digits = "".join(mark if mark.isdigit() else " " for mark in bucket).split()
    return int(digits[0]) + bucket.startswith("over") if digits else 0


def _band(share: float) -> str:
    return next(name for least, name in _BANDS if share >= least)
