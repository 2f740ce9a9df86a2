"""How late each customer pays: days beyond due with open invoices counted, and how the invoices came about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.contract import Outcome
from analysis.measures.history import History, marks_table, shown_on
from analysis.measures.known_balances import SEVERE_DAYS, rates_at

YEAR_DAYS, QUARTER_DAYS = 365, 91
# Days late count up to here: later payments, what is open longer and what was written off count as much.
HORIZON_DAYS = 180
# Expected days late are told to the thousandth, so that the engine adds whole numbers.
_UNITS = 1_000


def current_spells(history: History, marks: Sequence[date]) -> ibis.Table:
    """Each invoice once per mark, in the last of its spells that the books showed then.

    Columns of :attr:`History.lives` with ``mark``, ``is_open`` and ``left``. An invoice whose payment bounced is open
    again from the day on which that was known.
    """
    lives = history.lives
    # an invoice opens on its day of issue; a spell that begins later follows a bounced payment
    again = lives.filter(lives["begun"] > lives["issued"])
    several = lives.semi_join(again, "invoice_id")
    in_order = ibis.window(group_by="invoice_id", order_by="begun")
    several = several.mutate(replaced=several["begun_known"].lead().over(in_order))
    once = lives.anti_join(again, "invoice_id").mutate(replaced=ibis.null("int32"))
    marked = ibis.union(once, several.select(once.columns)).cross_join(marks_table(marks))
    shown = shown_on(marked, marked["mark"])
    return shown.filter(shown["replaced"].isnull() | (shown["replaced"] > shown["mark"])).drop("replaced")


def due_within(spells: ibis.Table, *, days: int = YEAR_DAYS) -> ibis.Table:
    """Invoices of :func:`current_spells` that fell due in the ``days`` before their mark and were to be paid.

    ``late`` is the days beyond due: of payment (negative where early), or so far where ``is_open`` or written off
    (``lost``). What was credited was not to be paid and is left out. All that is open here is late: the day of the
    mark is not among the days of falling due.
    """
    told = _with_due(spells, days=days)
    return told.filter(told["is_due"])


def _with_due(spells: ibis.Table, *, days: int = YEAR_DAYS) -> ibis.Table:
    """All invoices of ``spells`` with ``is_due`` (see :func:`due_within`), ``late`` and ``lost``."""
    credited = ~spells["is_open"] & (spells["cause"] == Outcome.CREDITED)
    due = (spells["due"] < spells["mark"]) & (spells["due"] >= spells["mark"] - days)
    lost = ~spells["is_open"] & (spells["cause"] == Outcome.WRITTEN_OFF)
    return spells.mutate(is_due=due & ~credited, late=(spells["left"] - spells["due"]).cast("int32"), lost=lost)


def lateness(history: History, marks: Sequence[date]) -> pd.DataFrame:
    """How each customer was invoiced and paid up to each mark; index ``mark``, ``customer_id``.

    One row per customer invoiced by the mark; a year is 365 days to the mark. Floats but ``entity``, which issued most
    of its invoices; NaN where there is no invoice to tell from.

    - ``invoices``, ``invoices_12m``, ``sales_12m`` (company currency at the rate of the mark), ``recency_days`` and
      ``tenure_days`` (since the last and the first invoice), ``paid_12m`` (invoices paid in the year).
    - Of invoices that fell due in the year before the mark and were not credited: ``days_late`` (mean),
      ``days_late_weighted`` (by amount), ``days_late_trend`` (of those due in the last 91 days less those due before),
      ``days_late_spread`` (standard deviation, n - 1), ``share_late`` (paid late, open or written off), and
      ``share_late_91`` (at least 91 days, of those due for at least 91 days).

    Days late are cut at 180; a write-off counts 180. An invoice that is open counts the days it will be late by what
    is known of all customers: its mean days late up to 180, given that it is late as long as it is already (Kaplan
    and Meier, of all invoices due in the year). Over all customers this is their restricted mean (redistribution to
    the right); what the books have not seen yet, days later than the latest anybody was, is not made up.

    Source: Efron, Proceedings of the Fifth Berkeley Symposium 4 (1967) 831-853.
    """
    spells = _with_due(current_spells(history, marks))
    expected = ibis.memtable(_expected_late(spells.filter(spells["is_due"])))
    joined = spells.left_join(expected, [spells["mark"] == expected["_mark"], spells["late"] == expected["_late"]])
    # wide enough for squares of sums: the engine would keep the width of the days
    late = joined["late"].cast("int64")
    settled = ibis.ifelse(joined["lost"], ibis.literal(HORIZON_DAYS), ibis.least(late, HORIZON_DAYS)) * _UNITS
    rows = joined.mutate(days=ibis.ifelse(joined["is_open"], joined["expected"].fill_null(settled), settled))
    is_due, days, amount, late, since = rows["is_due"], rows["days"], rows["amount"], rows["late"], rows["mark"]
    recent = is_due & (rows["due"] >= since - QUARTER_DAYS)
    ripe = is_due & (rows["due"] <= since - SEVERE_DAYS)
    paid = ~rows["is_open"] & (rows["cause"] == Outcome.PAID)
    issued = rows["issued"] > since - YEAR_DAYS
    keys = ["mark", "customer_id", "currency", "entity"]
    summed = rows.group_by(keys).aggregate(
        invoices=rows.count(),
        invoices_12m=issued.sum(),
        sales_12m=amount.sum(where=issued),
        first=rows["issued"].min(),
        last=rows["issued"].max(),
        paid_12m=(paid & (rows["left"] > since - YEAR_DAYS)).sum(),
        due=is_due.sum(),
        days=days.sum(where=is_due),
        squares=(days * days).sum(where=is_due),
        recent=recent.sum(),
        recent_days=days.sum(where=recent),
        amount=amount.sum(where=is_due),
        amount_days=(amount * days.cast("int32")).sum(where=is_due),
        late=(is_due & ((late > 0) | rows["lost"])).sum(),
        ripe=ripe.sum(),
        late_91=(ripe & (rows["lost"] | (late >= SEVERE_DAYS))).sum(),
    )
    frame = summed.execute().sort_values(keys, ignore_index=True)
    numbers = [column for column in frame if column not in keys]
    frame[numbers] = frame[numbers].astype(float).fillna(0.0)
    rate = rates_at(history, frame["currency"], frame["mark"])
    for column in ("sales_12m", "amount", "amount_days"):
        frame[column] *= rate
    return _measures(frame)


def _measures(frame: pd.DataFrame) -> pd.DataFrame:
    """The measures of :func:`lateness` from sums by mark, customer, currency and entity."""
    grouped = frame.groupby(["mark", "customer_id"])
    ends = grouped.agg(first=("first", "min"), last=("last", "max"))
    issuer = frame.sort_values(["invoices", "entity"], ascending=[False, True], kind="stable")
    s = grouped[[c for c in frame if c not in ("mark", "customer_id", "currency", "entity", "first", "last")]].sum()
    mark = s.index.get_level_values("mark").to_numpy(dtype=float)
    mean = _per(s["days"], s["due"])
    # sums of whole numbers below 2**53 are exact, so no digit is lost where all days are equal
    spread = _per(s["squares"] - s["days"] * mean, s["due"] - 1).clip(lower=0) ** 0.5
    before = _per(s["days"] - s["recent_days"], s["due"] - s["recent"])
    return pd.DataFrame(
        {
            "entity": issuer.groupby(["mark", "customer_id"])["entity"].first().reindex(s.index),
            "invoices": s["invoices"],
            "invoices_12m": s["invoices_12m"],
            "sales_12m": s["sales_12m"],
            "recency_days": mark - ends["last"],
            "tenure_days": mark - ends["first"],
            "paid_12m": s["paid_12m"],
            "days_late": mean / _UNITS,
            "days_late_weighted": _per(s["amount_days"], s["amount"]) / _UNITS,
            "days_late_trend": (_per(s["recent_days"], s["recent"]) - before) / _UNITS,
            "days_late_spread": spread / _UNITS,
            "share_late": _per(s["late"], s["due"]),
            "share_late_91": _per(s["late_91"], s["ripe"]),
        }
    )


def _per(amounts: pd.Series, by: pd.Series) -> pd.Series:
    return amounts / by.where(by > 0)


def _expected_late(due: ibis.Table) -> pd.DataFrame:
    """Days late of an invoice that is so late already, by mark: ``_mark``, ``_late``, ``expected`` (thousandths)."""
    end = ibis.ifelse(due["lost"], HORIZON_DAYS, ibis.least(due["late"], HORIZON_DAYS))
    ended = due.mutate(end=ibis.greatest(end, 0))
    is_open = ended["is_open"]
    counts = ended.group_by("mark", "end").aggregate(ended=(~is_open).sum(), censored=is_open.sum())
    frame = counts.execute().sort_values(["mark", "end"])
    tables = []
    for mark, rows in frame.groupby("mark"):
        ends, stays = np.zeros(HORIZON_DAYS + 1), np.zeros(HORIZON_DAYS + 1)
        ends[rows["end"]], stays[rows["end"]] = rows["ended"], rows["censored"]
        expected = np.rint(expected_days(ends, stays) * _UNITS).astype("int64")
        late = np.arange(HORIZON_DAYS, dtype="int32")
        tables.append(pd.DataFrame({"_mark": np.int32(mark), "_late": late, "expected": expected[:-1]}))
    empty = pd.DataFrame({"_mark": [], "_late": [], "expected": []}, dtype="int32").astype({"expected": "int64"})
    return pd.concat(tables, ignore_index=True) if tables else empty


def expected_days(ended: NDArray[np.float64], censored: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean days, cut at the last day, of what lasted longer than each day (Kaplan and Meier).

    ``ended[r]`` and ``censored[r]``: how many ended on day r, and how many were last seen lasting on it. The curve is
    taken to end with the last day on which anything was seen; beyond it a day stands for itself.

    >>> expected_days(np.array([0, 1, 0, 1, 0.0]), np.array([0, 0, 1, 0, 0.0])).round(3).tolist()
    [2.333, 3.0, 3.0, 3.0, 4.0]
    """
    seen = ended + censored
    at_risk = np.cumsum(seen[::-1])[::-1]
    lasting = np.cumprod(1.0 - np.divide(ended, at_risk, out=np.zeros(len(seen)), where=at_risk > 0))
    # days still to last after each day: the curve from that day to the day before the last one seen
    last = np.flatnonzero(seen)[-1] if seen.any() else 0
    ahead = np.zeros(len(seen))
    ahead[:last] = np.cumsum(lasting[:last][::-1])[::-1]
    return np.arange(len(seen)) + np.divide(ahead, lasting, out=np.zeros(len(seen)), where=lasting > 0)
