"""How customers moved between bands of lateness from one mark to a later one, in number and in money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

NOTHING_OWED, NOT_LATE = "owes nothing", "not late"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatenessMigration:
    """Customers by band of their oldest open item on two marks.

    ``customers`` and ``amounts`` (open balance on the later mark): rows the band before, columns the band after, in
    the order of lateness, "owes nothing" last. Only customers known on both marks.
    """

    before: int
    after: int
    customers: pd.DataFrame
    amounts: pd.DataFrame

    @property
    def n_worse(self) -> int:
        """Customers in a later band than before, of those that owed on both marks."""
        return self._moved(upper=True)

    @property
    def n_better(self) -> int:
        """Customers in an earlier band than before, of those that owed on both marks."""
        return self._moved(upper=False)

    def _moved(self, *, upper: bool) -> int:
        owing = self.customers.iloc[:-1, :-1].to_numpy()
        return int((np.triu(owing, 1) if upper else np.tril(owing, -1)).sum())


def bands(ageing_days: Sequence[int]) -> tuple[str, ...]:
    """Names of the bands: not late, those of the policy's ageing, and nothing owed.

    >>> bands([30, 60])
    ('not late', '1-30', '31-60', 'over 60', 'owes nothing')
    """
    lows = [1, *(day + 1 for day in ageing_days[:-1])]
    between = [f"{low}-{high}" for low, high in zip(lows, ageing_days, strict=True)]
    return (NOT_LATE, *between, f"over {ageing_days[-1]}", NOTHING_OWED)


def lateness_migration(
    views: pd.DataFrame, *, before: int, after: int, ageing_days: Sequence[int]
) -> LatenessMigration:
    """Customers by the band of their oldest open item on two marks of the customer views.

    A customer stands in the band of the item that is most days past due (boundary 30 in 1-30); in "not late" where it
    owes and nothing is past due.
    """
    names = bands(ageing_days)
    then, now = (_banded(views.loc[[mark]].droplevel("mark"), names, ageing_days) for mark in (before, after))
    both = then.index.intersection(now.index).sort_values()
    pairs = pd.DataFrame({"before": then["band"].reindex(both), "after": now["band"].reindex(both), "n": 1.0})
    pairs["amount"] = now["open_balance"].reindex(both)
    tables = [
        pairs.pivot_table(index="before", columns="after", values=value, aggfunc="sum", observed=False)
        .reindex(index=list(names), columns=list(names))
        .fillna(0.0)
        for value in ("n", "amount")
    ]
    return LatenessMigration(before=before, after=after, customers=tables[0].astype(int), amounts=tables[1])


def _banded(view: pd.DataFrame, names: tuple[str, ...], ageing_days: Sequence[int]) -> pd.DataFrame:
    place = np.searchsorted(np.array([0, *ageing_days]), view["oldest_days"].to_numpy(dtype=float), side="left")
    owes = view["open_balance"].to_numpy(dtype=float) > 0
    band = np.where(owes, np.array(names, dtype=object)[place], NOTHING_OWED)
    return pd.DataFrame({"band": band, "open_balance": view["open_balance"]}, index=view.index)
