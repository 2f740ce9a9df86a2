"""Cash from invoices that are not written yet: what is usually sold, and when new invoices are usually paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from analysis.ledger.snapshot import Snapshot
from analysis.measures.history import Known
from analysis.models.incidence import cumulative_incidence
from analysis.models.receipts import DAYS, WEEKS, Floats

FEWEST_MONTHS = 3
# A month of the year keeps half of what two years say of it; one that was never seen is an average month.
_YEARS_OF_AVERAGE = 2.0
# Until a half-year of errors is known: the spread of a month's sales around its run rate, as a logarithm.
_STATED_ERROR, _FEWEST_ERRORS = 0.15, 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComingInvoices:
    """Sales expected in the next 91 days and the cash they bring within them; company currency.

    ``sales`` and ``receipts`` by day 1 to 91; ``error`` is the standard deviation of the logarithm of a month's
    sales around what was expected of it; ``months`` whole months of sales that the run rate rests on. With less than
    three there is no layer: sales and receipts are zero and ``months`` says so.
    """

    sales: pd.Series[float]
    receipts: pd.Series[float]
    error: float
    months: int
    _by_month: Floats

    @property
    def is_known(self) -> bool:
        """Whether the books hold enough months of sales to expect more of them."""
        return self.months >= FEWEST_MONTHS

    def weekly(self) -> Floats:
        """Expected cash of each of the thirteen weeks."""
        return self.receipts.to_numpy(dtype=float).reshape(WEEKS, -1).sum(axis=1)

    def draws(self, rng: np.random.Generator, *, size: int) -> Floats:
        """Simulated cash by week, shape (size, 13): the sales of each month of issue are off by one factor."""
        normal = rng.standard_normal((size, len(self._by_month)))
        factor = np.exp(self.error * normal - self.error**2 / 2)
        return factor @ self._by_month


def coming_invoices(known: Known, *, cash: float = 1.0) -> ComingInvoices:
    """Expected sales of the next 91 days and what they bring, from what the books showed on a day.

    Sales of a month: mean of the last twelve whole months (of all, where fewer) times the factor of its month of the
    year, spread evenly over its Mondays to Fridays. Factor: mean over years of the month's sales over the mean of the
    twelve months of that year counted back from the day, drawn to 1 as if two more years had said 1. A day's sales
    are paid as the invoices of the last 365 days were by days since issue (Aalen-Johansen, credit notes and
    write-offs competing), times ``cash``.
    """
    sold = monthly_sales(known.history.snapshot, on=known.on)
    if len(sold) < FEWEST_MONTHS:
        none = pd.Series(0.0, index=pd.RangeIndex(1, DAYS + 1, name="day"))
        return ComingInvoices(sales=none, receipts=none, error=0.0, months=len(sold), _by_month=np.zeros((1, WEEKS)))
    days = [known.on + timedelta(days=day) for day in range(1, DAYS + 1)]
    months = sorted({(day.year, day.month) for day in days})
    outlook = {month: run_rate(sold, month=month[1]) for month in months}
    sales = np.array([outlook[day.year, day.month] / _weekdays(day) if day.weekday() < 5 else 0.0 for day in days])
    paid_on = np.diff(paid_by_age(known), prepend=0.0) * cash
    by_month = np.zeros((len(months), DAYS))
    for place, (day, amount) in enumerate(zip(days, sales, strict=True)):
        by_month[months.index((day.year, day.month)), place:] += amount * paid_on[: DAYS - place]
    index = pd.RangeIndex(1, DAYS + 1, name="day")
    return ComingInvoices(
        sales=pd.Series(sales, index=index),
        receipts=pd.Series(by_month.sum(axis=0), index=index),
        error=sales_error(sold),
        months=len(sold),
        _by_month=by_month.reshape(len(months), WEEKS, -1).sum(axis=2),
    )


def monthly_sales(snapshot: Snapshot, *, on: date) -> pd.Series[float]:
    """Invoiced amounts of the whole months up to ``on``, as recorded then, in company currency at the as-of rate.

    Index month ends, oldest first, without gaps. The first month of the books is left out: it may have begun before
    them.
    """
    items = snapshot.items
    items = items.filter((items["issued_on"] <= on) & (items["recorded_on"] <= on))
    summed = items.group_by("currency", month=items["issued_on"].truncate("M")).aggregate(amount=items["amount"].sum())
    frame = summed.execute().sort_values(["month", "currency"], ignore_index=True)
    if frame.empty:
        return pd.Series(dtype=float)
    value = snapshot.value(frame["amount"], frame["currency"])
    ends = pd.to_datetime(frame["month"]) + pd.offsets.MonthEnd(0)
    by_month = value.groupby(ends).sum()
    last = pd.Timestamp(on)
    last = last if last.is_month_end else last + pd.offsets.MonthEnd(-1)
    whole = pd.date_range(by_month.index[0], last, freq="ME")[1:]
    return by_month.reindex(whole, fill_value=0.0)


def run_rate(sold: pd.Series[float], *, month: int) -> float:
    """Sales to be expected of a calendar month (1 to 12) from the whole months before it.

    >>> flat = pd.Series(100.0, index=pd.date_range("2024-01-31", periods=24, freq="ME"))
    >>> run_rate(flat, month=12)
    100.0
    """
    level = float(sold.iloc[-12:].mean())
    years = [sold.iloc[len(sold) - 12 * (back + 1) : len(sold) - 12 * back] for back in range(len(sold) // 12)]
    ratios = [float(year.to_numpy()[_place(year, month)] / year.mean()) for year in years if year.mean() > 0]
    return level * (sum(ratios) + _YEARS_OF_AVERAGE) / (len(ratios) + _YEARS_OF_AVERAGE)


def sales_error(sold: pd.Series[float]) -> float:
    """Spread of the logarithm of monthly sales around the run rate of the months before, over the last twelve.

    The root of the mean square; 0.15 where fewer than six months can be judged.
    """
    places = [place for place in range(max(FEWEST_MONTHS, len(sold) - 12), len(sold)) if sold.iloc[place] > 0]
    errors = []
    for place in places:
        expected = run_rate(sold.iloc[:place], month=pd.DatetimeIndex(sold.index)[place].month)
        if expected > 0:
            errors.append(float(np.log(sold.iloc[place] / expected)))
    return float(np.sqrt(np.mean(np.square(errors)))) if len(errors) >= _FEWEST_ERRORS else _STATED_ERROR


def paid_by_age(known: Known) -> Floats:
    """Share of new invoices paid in cash by the end of day 0, 1 ... 90 since issue, from those of the last year."""
    counts = known.counts(clock="issue", issued_within=365)
    if counts.empty:
        return np.zeros(DAYS)
    # observed from the start are all but those that a bounced payment reopened
    late = counts["entered"].where(counts["day"] > 0, 0)
    curve = cumulative_incidence(counts.assign(entered=late), causes=("paid", "other"))
    return curve.table["paid"].reindex(range(DAYS), method="ffill").fillna(0.0).to_numpy(dtype=float)


def _place(year: pd.Series[float], month: int) -> int:
    return int(np.flatnonzero(pd.DatetimeIndex(year.index).month == month)[0])


def _weekdays(day: date) -> int:
    first = day.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return int(np.busday_count(first, after))
