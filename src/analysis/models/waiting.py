"""Days that invoices waited for payment, beside what forecasts frozen before had expected, month by month."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from analysis.measures.history import day_number
from analysis.measures.positions import complete_months
from analysis.models.landmarks import OpenBook
from analysis.models.scores import Matrix

# A forecast is frozen on the first month end on which an invoice is open, and followed for three months.
FOLLOWED_MONTHS = 3
_SUMS = ["invoices", "observed"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waiting:
    """What was frozen on month ends of the past, and what came of it in the months after.

    ``rows``: one row per month end on which forecasts were frozen, month after it and customer: ``month`` (its end),
    ``customer_id``, ``invoices``, ``observed`` (invoice-days unpaid in the month) and, by id of the forecaster, the
    invoice-days that it expected. ``months``: ends of the months that can be judged, in order, because forecasts were
    frozen on all three month ends before.
    """

    rows: pd.DataFrame
    months: pd.DatetimeIndex

    def of(self, id: str) -> pd.DataFrame:
        """One forecaster: index month end; ``invoices``, ``customers``, ``observed``, ``expected``.

        ``expected`` is NaN in a month of which it forecast only a part.
        """
        rows = self.rows if id in self.rows else self.rows.assign(**{id: math.nan})
        sums = rows.groupby("month").agg(
            invoices=("invoices", "sum"),
            customers=("customer_id", "nunique"),
            observed=("observed", "sum"),
            expected=(id, lambda values: values.sum(skipna=False)),
        )
        known = sums.reindex(self.months)
        nothing = known["invoices"].isna()
        return known.where(~nothing, 0.0).astype(float).rename_axis("month")


def frozen(book: OpenBook, forecasts: Mapping[str, Matrix], *, on: date, known_until: date) -> pd.DataFrame:
    """Rows of :class:`Waiting` of forecasts made on a month end, of the whole months after it that are over.

    Only invoices issued since the month end before count: each is forecast once, on the first month end on which it is
    open, from what was known then. A forecast that is asked again each month would be told by then which invoices
    wait, and would see no delay that lasts. ``observed`` = days of the month on which the invoice was unpaid, as the
    books showed it at the month's end; expected = sum of its frozen chances to be unpaid over the same days. What left
    otherwise is never paid. ``forecasts``: chance to be unpaid 1, 2, ... days later by invoice of the book; one of
    fewer days than the months have goes on with its last.
    """
    ends = _months_after(on, known_until)
    fresh = (book.items["issued"] > day_number(on.replace(day=1) - timedelta(days=1))).to_numpy(dtype=bool)
    chances = {id: np.column_stack([np.ones(len(unpaid)), unpaid])[fresh] for id, unpaid in forecasts.items()}
    weight = book.items["weight"].to_numpy(dtype=float)[fresh]
    parts, low = [], 0
    for end in ends:
        high = (end - on).days
        paid_after = book.outcome(end).paid_after[fresh]
        waited = weight * (np.minimum(paid_after, high) - np.minimum(paid_after, low))
        days = np.arange(low, high)
        expected = {id: weight * of[:, np.minimum(days, of.shape[1] - 1)].sum(axis=1) for id, of in chances.items()}
        rows = pd.DataFrame({"customer_id": book.items["customer_id"].to_numpy()[fresh], "invoices": 1.0})
        rows = rows.assign(month=pd.Timestamp(end), observed=waited, **expected)
        parts.append(rows.groupby(["month", "customer_id"], as_index=False).sum())
        low = high
    return pd.concat(parts, ignore_index=True) if parts and fresh.any() else _nothing()


def waiting(parts: Sequence[pd.DataFrame], *, marks: Sequence[date], known_until: date) -> Waiting:
    """All that was frozen on some days; ``marks`` are the days asked about, also those on which nothing was open."""
    held = {mark for mark in marks if is_month_end(mark)}
    ends = [end for mark in held for end in _months_after(mark, known_until)]
    judged = sorted(end for end in set(ends) if ends.count(end) == FOLLOWED_MONTHS)
    known = [part for part in parts if len(part)]
    rows = pd.concat(known, ignore_index=True) if known else _nothing()
    return Waiting(rows=rows, months=pd.DatetimeIndex(judged))


def followed_since(day: date, *, known_until: date) -> tuple[date, ...]:
    """Month ends after a day on which forecasts have to be frozen, so that every month that is over can be judged."""
    ends = [end.date() for end in complete_months(known_until, FOLLOWED_MONTHS + 1)]
    return tuple(end for end in ends[:-1] if end > day)


def is_month_end(day: date) -> bool:
    """Whether a day is the last of its month."""
    return (day + timedelta(days=1)).day == 1


def _months_after(on: date, known_until: date) -> list[date]:
    """Ends of the three months after a month end, as far as they are over."""
    ends = [end.date() for end in pd.date_range(on, periods=FOLLOWED_MONTHS + 1, freq="ME")[1:]]
    return [end for end in ends if end <= known_until]


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({"month": pd.Series(dtype="datetime64[ns]"), "customer_id": pd.Series(dtype=object)}).assign(
        **{name: pd.Series(dtype=float) for name in _SUMS}
    )
