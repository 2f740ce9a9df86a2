"""Business days and payment runs as tables of days, so that a million payments find their day in one look-up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from dateutil.easter import easter
from numpy.typing import NDArray

Days = NDArray[np.int64]
"""Days since 1970-01-01."""

EVERY_DAY = 0
WEEKLY = tuple(range(1, 6))
FORTNIGHTLY = tuple(range(6, 16))
MONTH_END = 16
TWICE_A_MONTH = 17
RUN_NAMES = (
    "every business day",
    *(f"weekly, {day}" for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")),
    *(f"fortnightly, {day} of {week} weeks" for week in ("even", "odd") for day in ("Mon", "Tue", "Wed", "Thu", "Fri")),
    "last business day of the month",
    "15th and last business day of the month",
)
RUN_CYCLE_DAYS = np.array([1, *[7] * 5, *[14] * 10, 31, 16])
THURSDAY = WEEKLY[3]


def day_number(day: date) -> int:
    """Days from 1970-01-01 to ``day``."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def weekday(days: Days) -> Days:
    """0 for Monday to 6 for Sunday; 1970-01-01 was a Thursday."""
    return (np.asarray(days) + 3) % 7


def month_of(days: Days) -> Days:
    """Calendar months since January 1970."""
    return np.asarray(days).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def first_of_month(months: Days) -> Days:
    """First day of each month counted from January 1970."""
    return np.asarray(months).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def bank_holidays(first_year: int, last_year: int) -> list[date]:
    """Closing days of the euro payment system: New Year, Good Friday, Easter Monday, 1 May, 25 and 26 December.

    Source: European Central Bank, TARGET closing days.
    """
    closed: list[date] = []
    for year in range(first_year, last_year + 1):
        sunday = easter(year).toordinal()
        closed += [date(year, month, day) for month, day in ((1, 1), (5, 1), (12, 25), (12, 26))]
        closed += [date.fromordinal(sunday - 2), date.fromordinal(sunday + 1)]
    return closed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaymentCalendar:
    """For each kind of payment run and each day, the next day on which that run pays.

    ``next_run`` has a row for each of RUN_NAMES and a column for each day from ``first_day``; a day
    beyond the last column is treated as the last one.
    """

    first_day: int
    next_run: Days
    held_over: Days
    """Per day: the first business day of the next month in the last three business days of a month, else the day."""

    def next(self, day: Days, run: int | Days = EVERY_DAY) -> Days:
        """First day of ``run`` on or after ``day``."""
        return self.next_run[run, self._column(day)]

    def hold_over_month_end(self, day: Days) -> Days:
        """``day``, or the first business day of the next month where a payer keeps its cash over month end."""
        return self.held_over[self._column(day)]

    def is_business_day(self, day: Days) -> NDArray[np.bool_]:
        """Whether banks settle on ``day``."""
        return self.next(day) == day

    def _column(self, day: Days) -> Days:
        return np.clip(np.asarray(day) - self.first_day, 0, self.next_run.shape[1] - 1)


def payment_calendar(first: date, last: date) -> PaymentCalendar:
    """The calendar of all runs from ``first`` to ``last``; a run that falls on a closed day is made on the next."""
    start, days = day_number(first), np.arange(day_number(first), day_number(last) + 1)
    holidays = np.array(bank_holidays(first.year, last.year), dtype="datetime64[D]").astype(np.int64)
    open_day = (weekday(days) < 5) & ~np.isin(days, holidays)
    every = _next_marked(days, open_day)
    previous = np.maximum.accumulate(np.where(open_day, days, days[0]))

    last_of_month = np.append(np.diff(month_of(days)) > 0, False)
    month_ends = previous[last_of_month]
    fifteenth = days[(days - first_of_month(month_of(days))) == 14]
    nominal = [days]
    nominal += [days[weekday(days) == day] for day in range(5)]
    nominal += [days[(days + 3) % 14 == 7 * week + day] for week in range(2) for day in range(5)]
    nominal += [month_ends, np.concatenate([fifteenth, month_ends])]
    runs = [_next_marked(days, np.isin(days, every[np.clip(run - start, 0, None)])) for run in nominal]

    opened = days[open_day]
    position = np.searchsorted(opened, days, side="right") - 1
    ahead = opened[np.clip(position + 3, 0, len(opened) - 1)]
    near_end = open_day & (month_of(ahead) != month_of(days))
    next_first = every[np.clip(first_of_month(month_of(days) + 1) - start, 0, len(days) - 1)]
    return PaymentCalendar(first_day=start, next_run=np.stack(runs), held_over=np.where(near_end, next_first, every))


def _next_marked(days: Days, marked: NDArray[np.bool_]) -> Days:
    """For each day the first marked day on or after it; the last day where none follows."""
    candidate = np.where(marked, days, days[-1])
    result: Days = np.minimum.accumulate(candidate[::-1])[::-1]
    return result
