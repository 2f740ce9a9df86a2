"""What if: the worst common shock of the record again, and the largest customer two months later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.measures.cash_received import CashShare
from analysis.models.cash_shocks import JointMisses, loadings
from analysis.models.receipts import DAYS, WEEKS, OpenDebt, expected_receipts

LATE_DAYS = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stress:
    """Expected cash of thirteen weeks as forecast and under two adversities; company currency.

    ``weeks``: index week 1 to 13; columns ``expected``, ``shock again`` (absent where no past forecast was followed
    by later payment than it expected) and ``largest later``. ``shift`` is the score by which that past shock moved
    all invoices; ``largest`` the customer and ``largest_share`` its part of the open balance.
    """

    weeks: pd.DataFrame
    shift: float
    largest: str
    largest_share: float

    def lost(self, case: str, *, weeks: int = WEEKS) -> float:
        """Cash that a case takes away from the first ``weeks`` weeks; NaN where the case is absent."""
        if case not in self.weeks:
            return float("nan")
        first = self.weeks.loc[:weeks]
        return float(first["expected"].sum() - first[case].sum())


def stress(debt: OpenDebt, share: CashShare, misses: Sequence[JointMisses]) -> Stress:
    """Thirteen weeks under the worst common shift of past forecasts, and with the largest customer 60 days later.

    A shift of s moves an invoice's chance to be paid by a day from p to ``Phi(Phi^-1(p) - s * load)``, see
    :func:`analysis.models.cash_shocks.loadings`; s is the largest common score of a past forecast. Ties of the largest
    balance go to the first customer by number.
    """
    owed = debt.items.groupby("customer_id")["balance"].sum()
    largest = str(owed.index[int(np.argmax(owed.to_numpy()))]) if len(owed) else ""
    cases = {"expected": debt}
    shift = max((miss.shift for miss in misses), default=0.0)
    if shift > 0:
        cases["shock again"] = replace(debt, unpaid=1 - ndtr(ndtri(1 - debt.unpaid) - shift * loadings(debt)[:, None]))
    cases["largest later"] = _later(debt, largest, days=LATE_DAYS)
    weeks = {name: _weekly(expected_receipts(case, share)["all"]) for name, case in cases.items()}
    return Stress(
        weeks=pd.DataFrame(weeks, index=pd.RangeIndex(1, WEEKS + 1, name="week")),
        shift=shift,
        largest=largest,
        largest_share=float(owed.max() / debt.total) if len(owed) else 0.0,
    )


def _later(debt: OpenDebt, customer: str, *, days: int) -> OpenDebt:
    """The same debt with one customer's payments moved back by so many days."""
    moved = debt.unpaid.copy()
    rows = (debt.items["customer_id"].astype(str) == customer).to_numpy()
    moved[rows, days:] = debt.unpaid[rows, :-days]
    moved[rows, :days] = 1.0
    return replace(debt, unpaid=moved)


def _weekly(daily: pd.Series[float]) -> np.ndarray:
    return daily.to_numpy(dtype=float)[:DAYS].reshape(WEEKS, -1).sum(axis=1)
