"""How many days of sales, and of waiting, stand in the receivables.

Amounts of one call are of one currency, and sales and receivables are on the same basis: both with
VAT or both without.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.measures.count_back import CountBack, count_back_days
from analysis.measures.ratio import Figure, ratio

__all__ = [
    "CountBack",
    "average_days_delinquent",
    "average_days_late",
    "best_possible_dso",
    "count_back_days",
    "days_by_month",
    "days_sales_outstanding",
    "receivables_turnover",
    "weighted_days_to_pay",
]


def days_sales_outstanding(open_balance: Figure, credit_sales: Figure, *, days: int) -> Figure:
    """Days of credit sales still unpaid at the end of a period (DSO).

    ``open_balance / credit_sales * days``; ``days`` are those of the period of the sales. Over one month
    it is the simple, over the sum of k months the rolling form. NaN without sales: the ratio is undefined
    then, not zero.

    Source: Credit Research Foundation, days sales outstanding (quarterly there).

    >>> days_sales_outstanding(300_000, 900_000, days=90)
    30.0
    """
    return ratio(open_balance, credit_sales) * _positive(days)


def best_possible_dso(not_due: Figure, credit_sales: Figure, *, days: int) -> Figure:
    """The DSO there would be if every customer paid on the due date: what the terms alone cost.

    ``not_due / credit_sales * days``, sales and days those of the DSO beside it. NaN without sales.

    Source: Credit Research Foundation, best possible DSO.

    >>> best_possible_dso(4_000, 10_000, days=30)
    12.0
    """
    return ratio(not_due, credit_sales) * _positive(days)


def average_days_delinquent(overdue: Figure, credit_sales: Figure, *, days: int) -> Figure:
    """Days of sales that are overdue: the part of the DSO that late payment adds (ADD).

    ``overdue / credit_sales * days``, which is DSO less best possible DSO where the open balance is
    exactly the part not due and the part overdue. NaN without sales.

    Source: Credit Research Foundation, average days delinquent.

    >>> average_days_delinquent(11_000, 10_000, days=30)
    33.0
    """
    return ratio(overdue, credit_sales) * _positive(days)


def receivables_turnover(credit_sales: float, open_balances: ArrayLike) -> float:
    """How often the receivables are turned into cash in a period: ``credit_sales / mean(open_balances)``.

    ``open_balances`` are the opening and closing receivables of the period, or those of every month end
    in it. Times per period, not per year; days of the period divided by it are the DSO on the mean balance.
    NaN without receivables.

    >>> receivables_turnover(1_200, [80, 120])
    12.0
    """
    return ratio(float(credit_sales), float(np.mean(np.asarray(open_balances, dtype=float))))


def weighted_days_to_pay(amounts: ArrayLike, days: ArrayLike) -> float:
    """Average days from invoice to payment, weighted by amount: ``sum(amount * days) / sum(amount)``.

    It knows paid invoices only and so leaves out the slow ones of recent months; the restricted mean of
    the payment curve does not. NaN where nothing was paid. ValueError for a missing or negative amount.

    >>> weighted_days_to_pay([1_000, 3_000, 2_000], [15, 30, 45])
    32.5
    """
    paid, waited = _pair(amounts, days, names=("amounts", "days"))
    return ratio(float((paid * waited).sum()), float(paid.sum()))


def average_days_late(
    amounts: ArrayLike, days_late: ArrayLike, *, early: Literal["negative", "zero", "left out"] = "negative"
) -> float:
    """Average days from due date to payment, weighted by amount: ``sum(amount * days_late) / sum(amount)``.

    ``early`` says how an invoice paid before its due date counts: with its negative days (the default),
    as 0 days late, or not at all, which leaves the average of the late ones (paid on the due date is not
    late). State which: the three differ. NaN where nothing counts. ValueError for a missing or negative
    amount.

    >>> average_days_late([100, 100], [-10, 20]), average_days_late([100, 100], [-10, 20], early="zero")
    (5.0, 10.0)
    """
    paid, late = _pair(amounts, days_late, names=("amounts", "days_late"))
    if early == "zero":
        late = np.maximum(late, 0)
    elif early == "left out":
        paid, late = paid[late > 0], late[late > 0]
    elif early != "negative":
        raise ValueError(f"early must be 'negative', 'zero' or 'left out', got {early!r}")
    return ratio(float((paid * late).sum()), float(paid.sum()))


def days_by_month(months: pd.DataFrame, *, k: int = 3) -> pd.DataFrame:
    """DSO in all its forms at each month end.

    ``months`` is indexed by consecutive month ends and has ``open_balance``, ``not_due``, ``overdue``
    (at the month end), ``credit_sales`` and ``days`` (of the month). Give the months before the first
    one wanted, too: at least ``k - 1``, and for the count-back as many as the balance reaches back.
    Index levels before the month ends (segment, entity) make one series each.

    Same index, columns ``dso_simple`` (sales of the month), ``dso_rolling_<k>`` (sales of k months),
    ``dso_countback``, ``dso_countback_exhausted`` (the days are a lower bound),
    ``dso_countback_skipped`` (months without sales passed over), and, over the same k months as the rolling
    DSO, ``best_possible_dso`` and ``average_days_delinquent``. NaN without sales, and for the k-month
    forms where fewer than k months are known.

    ValueError where a column is absent, a sale or day is missing, or a month is.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if months.index.nlevels == 1:
        return _one_series(months, k=k)
    groups = [months.index.get_level_values(level) for level in range(months.index.nlevels - 1)]
    series = [
        _one_series(rows.set_axis(rows.index.get_level_values(-1)), k=k).set_axis(rows.index)
        for _, rows in months.groupby(groups, sort=False, dropna=False)
    ]
    if not series:
        return _one_series(months.set_axis(months.index.get_level_values(-1)), k=k).set_axis(months.index)
    return pd.concat(series).reindex(months.index)


def _one_series(months: pd.DataFrame, *, k: int) -> pd.DataFrame:
    _require_months(months)
    balance, sales, days = (months[name].astype(float) for name in ("open_balance", "credit_sales", "days"))
    sales_k, days_k = sales.rolling(k).sum(), days.rolling(k).sum()
    newest_first = slice(None, None, -1)
    back = [
        count_back_days(owed, sales.to_numpy()[: i + 1][newest_first], days.to_numpy()[: i + 1][newest_first])
        for i, owed in enumerate(balance)
    ]
    return pd.DataFrame(
        {
            "dso_simple": ratio(balance, sales) * days,
            f"dso_rolling_{k}": ratio(balance, sales_k) * days_k,
            "dso_countback": [found.days for found in back],
            "dso_countback_exhausted": [found.exhausted for found in back],
            "dso_countback_skipped": [found.skipped_months for found in back],
            "best_possible_dso": ratio(months["not_due"].astype(float), sales_k) * days_k,
            "average_days_delinquent": ratio(months["overdue"].astype(float), sales_k) * days_k,
        },
        index=months.index,
    )


def _positive(days: int) -> int:
    if days <= 0:
        raise ValueError(f"days must be positive, got {days}")
    return days


def _pair(
    amounts: ArrayLike, days: ArrayLike, *, names: tuple[str, str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amounts and days of paid invoices as arrays of one length without gaps."""
    paid, waited = np.asarray(amounts, dtype=float), np.asarray(days, dtype=float)
    if len(paid) != len(waited):
        raise ValueError(f"{names[0]} and {names[1]} differ in length: {len(paid)} and {len(waited)}")
    for name, values, wrong in (
        (names[0], paid, ~np.isfinite(paid) | (paid < 0)),
        (names[1], waited, ~np.isfinite(waited)),
    ):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"{name}: {int(wrong.sum())} of {len(values)} values are missing, not finite or a negative amount, "
                f"for example {values[at]:g} at position {at}"
            )
    return paid, waited


_MONTHLY: Sequence[str] = ("open_balance", "not_due", "overdue", "credit_sales", "days")


def _require_months(months: pd.DataFrame) -> None:
    absent = [name for name in _MONTHLY if name not in months]
    if absent:
        raise ValueError(f"months has no column {absent[0]!r}; it has {', '.join(map(str, months.columns))}")
    ends = pd.DatetimeIndex(months.index).to_period("M")
    # the count-back and the k months need every month between the first and the last
    follows = np.diff(ends.year * 12 + ends.month) == 1
    if not follows.all():
        at = int(np.flatnonzero(~follows)[0])
        raise ValueError(f"months: {ends[at + 1]} does not follow {ends[at]}; every month is needed, oldest first")
    for name in ("credit_sales", "days"):
        gaps = months[name].isna()
        if gaps.any():
            raise ValueError(f"months: {name} is missing in {int(gaps.sum())} month(s), for example {ends[gaps][0]}")
