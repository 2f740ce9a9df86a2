"""What a forecast of payment days means in money: when the balance of open invoices comes in as cash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.measures.cash_received import CashShare

Floats = NDArray[np.float64]

DAYS = 91
WEEKS = 13
# The last day of each stretch of days that is simulated: the weeks, the fifth cut so that 30 days is a sum of them.
EDGES = tuple(sorted({*range(7, DAYS + 1, 7), 30}))
_FACTS = ("invoice_id", "customer_id", "segment", "currency", "entity", "balance")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenDebt:
    """Open invoices on a date with their forecast, the input of every cash forecast.

    ``items``: one row per invoice with ``invoice_id``, ``customer_id``, ``segment``, ``currency``, ``entity`` and
    ``balance`` (company currency, above zero). ``unpaid[i, j]``: probability that invoice i is not paid in cash
    j+1 days after ``on``, shape (n, 91 or more). ``never``: probability that it is never paid, shape (n,).
    Raises ValueError where shapes differ, a balance is not positive, a curve rises or leaves 0 to 1.
    """

    on: date
    items: pd.DataFrame
    unpaid: Floats
    never: Floats

    def __post_init__(self) -> None:
        n = len(self.items)
        if missing := [column for column in _FACTS if column not in self.items]:
            raise ValueError(f"items has no column {missing[0]!r}; it has {', '.join(map(str, self.items.columns))}")
        if self.unpaid.ndim != 2 or self.unpaid.shape[0] != n or self.unpaid.shape[1] < DAYS or len(self.never) != n:
            raise ValueError(
                f"unpaid must be {n} invoices by at least {DAYS} days and never {n} long, "
                f"got {self.unpaid.shape} and {len(self.never)}"
            )
        wrong = {
            "balances are not positive": ~(self.balance > 0),
            "curves leave the range of 0 to 1": ~((self.unpaid >= 0) & (self.unpaid <= 1)).all(axis=1),
            "curves rise": (np.diff(self.unpaid, axis=1) > 1e-9).any(axis=1),
            "probabilities of never leave the range of 0 to 1": ~((self.never >= 0) & (self.never <= 1)),
        }
        for fault, rows in wrong.items():
            if rows.any():
                named = self.items["invoice_id"].iloc[int(np.flatnonzero(rows)[0])]
                raise ValueError(f"{int(rows.sum())} of {n} {fault}, for example of invoice {named}")

    @property
    def balance(self) -> Floats:
        return self.items["balance"].to_numpy(dtype=float)

    @property
    def total(self) -> float:
        """The open balance."""
        return float(self.balance.sum())


def owed_after(debt: OpenDebt, share: CashShare) -> tuple[Floats, Floats]:
    """What part of each balance is expected to be owed still at the end of day 0, 1 ... 91, and what part for ever.

    Where settlements empty a balance at the rate h a day, part-payments and credit notes as the books know them
    empty it at ``share.pace * h``, so the part still owed is ``unpaid ** share.pace``. What is never paid stays.
    Shapes (n, 92) and (n,); the second is at most the last column of the first.
    """
    unpaid = np.column_stack([np.ones(len(debt.items)), debt.unpaid[:, :DAYS]])
    # a model may state a curve and a chance of never that contradict each other by its last day; the curve holds
    never = np.minimum(debt.never, unpaid[:, -1])
    return unpaid**share.pace, never**share.pace


def expected_receipts(debt: OpenDebt, share: CashShare, *, by: str | None = None) -> pd.DataFrame:
    """Expected cash of each of the next 91 days from open invoices, in company currency.

    ``balance * (owed after day d - 1 less owed after day d) * share.cash``, summed over invoices. Index: day 1 to 91
    after ``debt.on``; one column "all", or one for each value of the column ``by`` of the items, in order.
    """
    owed, _ = owed_after(debt, share)
    codes, names = _groups(debt, by)
    leaving = -np.diff(owed, axis=1) * (debt.balance * share.cash)[:, None]
    daily = np.zeros((len(names), DAYS))
    np.add.at(daily, codes, leaving)
    return pd.DataFrame(daily.T, index=pd.RangeIndex(1, DAYS + 1, name="day"), columns=pd.Index(names, name=by))


def where_it_goes(debt: OpenDebt, share: CashShare, *, by: str | None = None) -> pd.DataFrame:
    """Where the open balance is expected to go: cash of week 1 to 13, ``not_cash``, ``beyond`` and ``never``.

    One row per value of ``by`` ("all" without it); columns ``week_1`` ... ``week_13`` (cash), ``not_cash``
    (discounts and credit notes within the weeks), ``beyond`` (expected to leave the book after them), ``never``,
    ``open_balance``. Each is at least zero and the columns before the last add up to it.
    """
    owed, never = owed_after(debt, share)
    codes, names = _groups(debt, by)
    balance = debt.balance
    weekly = -np.diff(owed[:, :: DAYS // WEEKS], axis=1) * balance[:, None]
    parts = np.column_stack(
        [
            weekly * share.cash,
            weekly.sum(axis=1) * (1 - share.cash),
            (owed[:, -1] - never) * balance,
            never * balance,
            balance,
        ]
    )
    sums = np.zeros((len(names), parts.shape[1]))
    np.add.at(sums, codes, parts)
    columns = [*(f"week_{week}" for week in range(1, WEEKS + 1)), "not_cash", "beyond", "never", "open_balance"]
    return pd.DataFrame(sums, index=pd.Index(names, name=by), columns=columns)


def _groups(debt: OpenDebt, by: str | None) -> tuple[NDArray[np.intp], list[str]]:
    if by is None:
        return np.zeros(len(debt.items), dtype=np.intp), ["all"]
    codes, names = pd.factorize(debt.items[by].astype(str), sort=True)
    return codes, [str(name) for name in names]
