"""Severe delinquency: in twelve months a customer leaves a tenth of what fell due unpaid for ninety-one days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.contract import Outcome
from analysis.measures.history import History, day_of, marks_table, shown_on

# "Severe delinquency" of Dun & Bradstreet's Delinquency Score: within twelve months at least a tenth of the amount
# 91 days late or later. IFRS 9 B5.5.37 presumes default at ninety days past due.
WINDOW_DAYS = 365
LATE_DAYS = 91
LATE_SHARE = 0.10

WINDOW_COLUMNS = ("amount", "late_amount", "invoices", "late_invoices")


def late_amounts(history: History, ends: Sequence[date]) -> pd.DataFrame:
    """What of each customer's invoices was at least 91 days late in the twelve months up to each of several days.

    The window of an end ``e`` is the 365 days ``e - 364`` to ``e``, seen as the books showed it at the end of ``e``.
    Of an invoice counts the whole amount, from the last spell shown:

    - ``amount``: invoices that were open within the window and reached, or would have reached had they stayed
      open, 91 days past due by its end; so what was open for longer counts again, and what fell due less than 91
      days before the end is left to the next window. An invoice written off earlier than that counts as well: it was
      given up. One that a credit note settled was not owed and counts nowhere.
    - ``late_amount``: of these, invoices that were open, or paid, 91 days past due or later, or written off.

    ``invoices`` and ``late_invoices`` are their numbers. Money is in company currency at the rate known at the end
    of the window. One row per ``mark`` (day number of the end) and ``customer_id`` with an amount, sorted.

    Books know no insolvencies and no firms that ceased: a write-off within the window stands for both.

    Source: Dun & Bradstreet, definition of severe delinquency of the Delinquency Score.
    """
    lives = history.lives
    following = ibis.window(group_by="invoice_id", order_by="nth")
    lives = lives.mutate(_again=lives["begun_known"].lead().over(following))
    marked = lives.cross_join(marks_table(ends))
    shown = shown_on(marked, marked["mark"])
    gone = ~shown["is_open"]
    written_off = gone & (shown["cause"] == Outcome.WRITTEN_OFF)
    replaced = (shown["_again"] <= shown["mark"]).fill_null(False)
    credited = gone & (shown["cause"] == Outcome.CREDITED)
    matured = (shown["due"] + LATE_DAYS <= shown["mark"]) | written_off
    watched = shown["is_open"] | (shown["left"] > shown["mark"] - WINDOW_DAYS)
    counted = shown.filter(matured & watched & ~replaced & ~credited)
    late = counted.filter((counted["left"] - counted["due"] >= LATE_DAYS) | _written_off(counted))
    keys = ["mark", "customer_id", "currency"]
    sums = counted.group_by(keys).aggregate(amount=counted["amount"].sum(), invoices=counted.count())
    of_late = late.group_by(keys).aggregate(late_amount=late["amount"].sum(), late_invoices=late.count())
    frame = sums.left_join(of_late, keys).select(*keys, *WINDOW_COLUMNS).execute()
    frame[list(WINDOW_COLUMNS)] = frame[list(WINDOW_COLUMNS)].astype(float).fillna(0.0)
    frame = frame.sort_values(keys, ignore_index=True)
    frame[["amount", "late_amount"]] = frame[["amount", "late_amount"]].mul(_rates(history, frame), axis=0)
    return frame.groupby(["mark", "customer_id"])[list(WINDOW_COLUMNS)].sum()


def late_share(windows: pd.DataFrame) -> pd.Series[float]:
    """Share of the amount that was at least 91 days late: ``late_amount / amount``."""
    return windows["late_amount"] / windows["amount"]


def is_severe(share: pd.Series[float]) -> pd.Series[float]:
    """1.0 where at least a tenth was at least 91 days late, 0.0 where less; NaN where the share is not defined."""
    # Twelve digits, so that a tenth made of decimals is a tenth.
    severe = (share.round(12) >= LATE_SHARE).astype(float)
    return severe.where(share.notna())


def _written_off(shown: ibis.Table) -> ibis.Value:
    return ~shown["is_open"] & (shown["cause"] == Outcome.WRITTEN_OFF)


def _rates(history: History, frame: pd.DataFrame) -> NDArray[np.float64]:
    """Value of one unit of each row's currency in the company's, at the latest rate known at the window's end."""
    pairs = frame[["currency", "mark"]].drop_duplicates()
    known = {
        (c, m): history.snapshot.rate_on(c, day_of(m)) for c, m in zip(pairs["currency"], pairs["mark"], strict=True)
    }
    return np.array([known[pair] for pair in zip(frame["currency"], frame["mark"], strict=True)], dtype=float)
