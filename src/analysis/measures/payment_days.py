"""The days on which a customer pays: how many, on which weekday, and whether in a run at the end of the month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import ibis
import numpy as np
import pandas as pd

from analysis.ledger.contract import EntryKind
from analysis.measures.history import History, day_number, marks_table
from analysis.measures.known_balances import shown_from

WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
YEAR_DAYS, HALF_YEAR_DAYS = 365, 180
# A payment run of the month's end falls on one of so many last business days (Monday to Friday).
MONTH_END_DAYS = 3
# Three in five on one weekday: of ten days spread evenly over five weekdays it comes about in 3 of 100 cases, of five
# days in 29 (five times the binomial chance of one weekday), so with fewer days no rhythm is named.
RHYTHM_DAYS_MIN, RHYTHM_SHARE = 10, 0.6
_WEEKDAY_COLUMNS = [f"on_{name.lower()}" for name in WEEKDAYS]


def days_of_payment(history: History, marks: Sequence[date]) -> pd.DataFrame:
    """Different days on which each customer paid anything in the 365 days to each mark, as the books showed it then.

    Index ``mark``, ``customer_id``, of those that paid. Floats: ``pay_days`` and ``pay_days_6m`` (of the last 180
    days), one column per weekday (``on_mondays`` and so on), ``at_month_end`` (on one of the last three business days
    of a month, or on a day after them). A payment booked for several invoices is one day, a part-payment too; what
    bounced later was a payment.
    """
    entries = history.snapshot.entries.filter(lambda t: (t["kind"] == EntryKind.PAYMENT) & (t["amount"] > 0))
    shown = shown_from(history, entries["booked_on"], entries["recorded_on"])
    booked = shown_from(history, entries["booked_on"], entries["booked_on"])
    # a row per customer and day from here on, whatever the number of invoices
    days = entries.group_by("customer_id", day=booked).aggregate(shown=shown.min())
    calendar = ibis.memtable(_month_end_days(history))
    marked = days.left_join(calendar, days["day"] == calendar["_day"]).cross_join(marks_table(marks))
    mark, day = marked["mark"], marked["day"]
    marked = marked.filter((marked["shown"] <= mark) & (day <= mark) & (day > mark - YEAR_DAYS))
    mark, day = marked["mark"], marked["day"]
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    counted = marked.group_by("mark", "customer_id").aggregate(
        pay_days=marked.count(),
        pay_days_6m=(day > mark - HALF_YEAR_DAYS).sum(),
        at_month_end=marked["_day"].notnull().sum(),
        **{name: (weekday == place).sum() for place, name in enumerate(_WEEKDAY_COLUMNS)},
    )
    return counted.execute().set_index(["mark", "customer_id"]).astype(float).sort_index()


def regularity(days: pd.DataFrame) -> pd.DataFrame:
    """Shares of the payment days of each row of :func:`days_of_payment`.

    ``pay_days_6m``, ``weekday_share`` (on the customer's most usual weekday), ``month_end_share``. The share of the
    most usual weekday is at least one in the number of weekdays, and large by chance where there are few days.
    """
    n = days["pay_days"].where(days["pay_days"] > 0)
    return pd.DataFrame(
        {
            "pay_days_6m": days["pay_days_6m"],
            "weekday_share": days[_WEEKDAY_COLUMNS].max(axis=1) / n,
            "month_end_share": days["at_month_end"] / n,
        }
    )


def rhythm(days: pd.DataFrame) -> pd.Series:
    """In words when each row of :func:`days_of_payment` pays: "on Thursdays", "at month ends", "on any day".

    A rhythm is named where at least three in five of at least ten payment days of a year follow it; a weekday goes
    before the month's end where both do. With fewer days it is "too few payments to say".
    """
    shares = regularity(days)
    usual = days[_WEEKDAY_COLUMNS].to_numpy().argmax(axis=1)
    words = np.where(shares["month_end_share"] >= RHYTHM_SHARE, "at month ends", "on any day").astype(object)
    weekly = (shares["weekday_share"] >= RHYTHM_SHARE).to_numpy()
    words[weekly] = [f"on {WEEKDAYS[place]}" for place in usual[weekly]]
    words[(days["pay_days"] < RHYTHM_DAYS_MIN).to_numpy()] = "too few payments to say"
    return pd.Series(words, index=days.index, name="rhythm", dtype=object)


def _month_end_days(history: History) -> pd.DataFrame:
    """Days of the history after which fewer than three business days of their month are left."""
    first = history.first()
    last = day_number(history.last)
    # what is on account may have been paid before the first invoice: a year and more before it nothing is
    begin = (day_number(first) if first is not None else last) - 2 * YEAR_DAYS
    days = np.arange(begin, last + 1).astype("datetime64[D]")
    next_month = (days.astype("datetime64[M]") + 1).astype("datetime64[D]")
    left = np.busday_count(days + 1, next_month)
    return pd.DataFrame({"_day": days[left < MONTH_END_DAYS].astype("int64").astype("int32")})
