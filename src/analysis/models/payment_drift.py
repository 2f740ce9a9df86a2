"""Which customers have come to pay later than they used to: days late by month, watched one customer at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
import numpy as np
import pandas as pd

from analysis.ledger.contract import Outcome
from analysis.measures.history import History, day_number
from analysis.measures.positions import complete_months
from analysis.models.rank_detector import (
    FALSE_ALARMS_PER_YEAR,
    HISTORY_MONTHS,
    Floats,
    alarm_chances,
    detect,
    threshold_for,
)

# An invoice counts as soon as it is thirty days later than the customer used to pay, whether or not it is paid then.
LINE_DAYS = 30
# Before three of its payments are known, nobody knows how a customer pays.
PAYMENTS_MIN = 3
# What most customers do in a month is no matter of one of them; the middle of fewer than ten is not that of most.
CUSTOMERS_FOR_COMMON = 10
_LATEST_MONTHS = 3
_MONTHS_MAX = 60
_STANDING_DAYS = 92


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drift:
    """The watch over each customer's days late.

    ``states``: index ``mark`` (day number of the month end) and ``customer_id``, for months with a value:
    ``days_late`` (mean of the month), ``common`` (days by which most were later that month), ``sum`` of the detector,
    ``is_drifting``, ``is_alarm`` (its first month), ``usual_days`` (mean of the months before the last three) and
    ``shift_days`` (mean of the last three less that; both less what was common). ``threshold`` is that of the detector,
    ``stated_rate`` its false alarms per customer-year.
    """

    states: pd.DataFrame
    threshold: float
    stated_rate: float

    def alarms_since(self, mark: int) -> tuple[int, float]:
        """Alarms raised from a mark on, and how many would be in the same months had no customer changed."""
        if not len(self.states):
            return 0, 0.0
        nth = self.states.groupby(level="customer_id").cumcount().to_numpy()
        chances = alarm_chances(int(nth.max()) + 1, threshold=self.threshold)[nth]
        late = (self.states.index.get_level_values("mark") >= mark).astype(bool)
        return int(self.states["is_alarm"].to_numpy()[late].sum()), float(chances[late].sum())

    def standing(self, mark: int) -> pd.DataFrame:
        """Customers that drift, in their latest month up to a mark, the largest shift first; by ``customer_id``.

        Those without a payment in the three months before are left out: what is old is no news.
        """
        marks = self.states.index.get_level_values("mark")
        known = self.states[(marks <= mark) & (marks > mark - _STANDING_DAYS)]
        latest = known.groupby(level="customer_id").tail(1).droplevel("mark")
        found = latest[latest["is_drifting"]]
        order = found.assign(_id=found.index).sort_values(["shift_days", "_id"], ascending=[False, True])
        return order.drop(columns="_id")


def payment_drift(history: History, *, rate: float = FALSE_ALARMS_PER_YEAR) -> Drift:
    """Watch every customer for a lasting rise of its days late, up to the last complete month of a history.

    The value of a month is the mean of :func:`monthly_days_late` less what was common to most customers
    (:func:`less_common`); a customer needs six months of them before the first counts. ``rate``: false alarms per
    customer-year, see :mod:`analysis.models.rank_detector`.
    """
    threshold = threshold_for(rate)
    table = monthly_days_late(history)
    days = table.pivot(index="customer_id", columns="mark", values="days_late").sort_index()
    values, common = less_common(days.to_numpy(dtype=float))
    found = detect(values.round(9), threshold=threshold)
    usual, shift = _shift(values)
    frame = pd.DataFrame(
        {
            "mark": np.tile(days.columns.to_numpy(dtype=int), len(days)),
            "customer_id": np.repeat(days.index.to_numpy(), days.shape[1]),
            "days_late": days.to_numpy(dtype=float).ravel(),
            "common": np.tile(common, len(days)),
            "sum": found.sums.ravel(),
            "is_drifting": found.is_drifting.ravel(),
            "is_alarm": found.is_alarm.ravel(),
            "usual_days": usual.ravel(),
            "shift_days": shift.ravel(),
        }
    )
    frame = frame[frame["days_late"].notna()].set_index(["mark", "customer_id"]).sort_index()
    return Drift(states=frame, threshold=threshold, stated_rate=rate)


def monthly_days_late(history: History) -> pd.DataFrame:
    """Days late of each customer by month: ``mark`` (day number of its end), ``customer_id``, ``n``, ``days_late``.

    Each spell of an invoice counts once, in the month in which the books first showed one of these:

    - it was paid no later than its line: its days late (early is negative);
    - it passed its line, paid later or not at all, or was written off before: the days of the line.

    The line is thirty days after the customer's usual day, or after the due date where it usually pays earlier: its
    mean days late of all payments shown before the month in which the invoice fell due. So nobody hides by paying
    nothing, and one invoice that is never paid is one late invoice, not one that grows. Invoices that fell due before
    three payments of the customer were known do not count, nor do credited ones.
    """
    ends = [end.date() for end in complete_months(history.last, _MONTHS_MAX)]
    first = history.first()
    shown = [end for end in ends if first is not None and end >= first]
    if not shown:
        return pd.DataFrame({"mark": [], "customer_id": [], "n": [], "days_late": []})
    calendar = ibis.memtable(_calendar(shown))
    begins, last = day_number(shown[0].replace(day=1)), day_number(shown[-1])
    paid = history.lives.filter(history.lives["cause"] == Outcome.PAID)
    usual = ibis.memtable(_usual(paid, calendar, marks=[day_number(end) for end in shown]))
    lives = history.lives
    # what was paid before the month in which it fell due is judged by what was known when it was paid
    judged = ibis.least(lives["due"], ibis.coalesce(lives["ended_known"], lives["due"]))
    lives = lives.mutate(judged=ibis.greatest(ibis.least(judged, last), begins).cast("int32"))
    month = calendar.select(_judged="_day", judged_month="_month")
    dated = lives.inner_join(month, lives["judged"] == month["_judged"])
    joined = dated.inner_join(usual, [("customer_id", "_customer"), ("judged_month", "_month")])
    # no line before the thirtieth day past due, so that none is drawn from payments that came after it
    beyond = ibis.greatest(joined["_usual"], 0) + LINE_DAYS
    line = joined["due"] + beyond
    in_time = (joined["ended_known"] <= line).fill_null(False)
    was_paid = in_time & (joined["cause"] == Outcome.PAID)
    lost = in_time & (joined["cause"] == Outcome.WRITTEN_OFF)
    events = joined.mutate(
        event=ibis.ifelse(in_time, joined["ended_known"], ibis.greatest(line, joined["begun_known"])),
        late=ibis.ifelse(was_paid, joined["ended"] - joined["due"], beyond),
        counts=was_paid | lost | ~in_time,
    )
    events = events.filter(events["counts"]).select("customer_id", "event", "late")
    placed = events.inner_join(calendar, events["event"] == calendar["_day"])
    sums = placed.group_by("customer_id", mark="_month").aggregate(n=placed.count(), late=placed["late"].sum())
    frame = sums.execute().sort_values(["mark", "customer_id"], ignore_index=True)
    frame["days_late"] = frame["late"].astype(float) / frame["n"].astype(float)
    return frame[["mark", "customer_id", "n", "days_late"]]


def _calendar(shown: list[date]) -> pd.DataFrame:
    """The month end of each day from the first month on: ``_day``, ``_month``; up to the last month end."""
    numbers = np.array([day_number(end) for end in shown], dtype="int32")
    begins = day_number(shown[0].replace(day=1))
    days = np.arange(begins, numbers[-1] + 1, dtype="int32")
    return pd.DataFrame({"_day": days, "_month": numbers[np.searchsorted(numbers, days)]})


def _usual(paid: ibis.Table, calendar: ibis.Table, *, marks: list[int]) -> pd.DataFrame:
    """Whole mean days late of three payments or more before each month: ``_customer``, ``_month``, ``_usual``."""
    placed = paid.inner_join(calendar, paid["ended_known"] == calendar["_day"])
    late = placed["ended"] - placed["due"]
    sums = placed.group_by("customer_id", "_month").aggregate(n=placed.count(), late=late.sum()).execute()
    sums = sums.astype({"n": float, "late": float})
    tables = {name: sums.pivot(index="customer_id", columns="_month", values=name) for name in ("n", "late")}
    so_far = {
        name: table.reindex(columns=marks).fillna(0.0).cumsum(axis=1).shift(1, axis=1).fillna(0.0)
        for name, table in tables.items()
    }
    mean = np.floor(so_far["late"] / so_far["n"].where(so_far["n"] >= PAYMENTS_MIN))
    long = mean.rename_axis(index="_customer").reset_index().melt("_customer", var_name="_month", value_name="_usual")
    return long.dropna().astype({"_month": "int32", "_usual": "int32"})


def less_common(days: Floats) -> tuple[Floats, Floats]:
    """Days late by customer and month less what most customers were later or earlier by, and that common part.

    ``days``: one row per customer, one column per month, NaN without a value. The change of a customer is the month
    less the median of its months before, of six at least; the common part the median change over at least ten
    customers, zero where fewer are known. It is taken off a customer as far as the customer moved with it and no
    further, so that who does not follow the others is not made to drift by them.
    """
    values, common = days.copy(), np.zeros(days.shape[1])
    for month in range(HISTORY_MONTHS, days.shape[1]):
        known = (~np.isnan(days[:, :month])).sum(axis=1) >= HISTORY_MONTHS
        known &= ~np.isnan(days[:, month])
        if known.sum() < CUSTOMERS_FOR_COMMON:
            continue
        change = days[known, month] - np.nanmedian(days[known, :month], axis=1)
        common[month] = np.median(change)
        followed = np.clip(change, min(common[month], 0.0), max(common[month], 0.0))
        values[known, month] -= followed
    return values, common


def _shift(values: Floats) -> tuple[Floats, Floats]:
    """Mean of the values before the last three of each row and month, and the mean of the last three less that."""
    usual, shift = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    for row, of_row in enumerate(values):
        at = np.flatnonzero(~np.isnan(of_row))
        sums = np.concatenate([[0.0], np.cumsum(of_row[at])])
        for place in range(_LATEST_MONTHS, len(at)):
            before = sums[place + 1 - _LATEST_MONTHS] / (place + 1 - _LATEST_MONTHS)
            latest = (sums[place + 1] - sums[place + 1 - _LATEST_MONTHS]) / _LATEST_MONTHS
            usual[row, at[place]], shift[row, at[place]] = before, latest - before
    return usual, shift
