"""What was known of each open invoice, and of its customer, on its own day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.models.chasing import CHASED_CLASSES
from analysis.models.customer_sums import (
    LATE_CHASED_COLUMNS,
    MONTH_PLACE_COLUMNS,
    PAID_CHASED_COLUMNS,
    PHASE_COLUMNS,
)
from analysis.models.habits import Habits
from analysis.models.landmarks import OpenBook

# Weekdays on which less than this share of invoices is paid are days on which nobody pays.
_CLOSED_SHARE = 0.01

ROW_FEATURES = (
    *("terms", "log_amount", "relative_amount", "part_paid", "age", "rel_at_mark"),
    *(
        "log_paid",
        "usual_delay",
        "delay_spread",
        "lately_delay",
        "half_year_delay",
        "share_late",
        "frailty",
        "recent_frailty",
    ),
    *("log_open", "overdue_share", "overdue_amount_share", "tenure", "pay_gap", "pooled_frailty"),
    *(
        "disputed",
        "disputed_days",
        "disputes",
        "dispute_closed_days",
        "contacts",
        "contact_days",
        "promises_broken",
        "chased_delay",
    ),
    *("segment", "channel", "entity", "in_runs"),
)

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Landmark rows with everything that a day of theirs is described by.

    ``fixed`` has a column per :data:`ROW_FEATURES`; ``items`` as in :class:`OpenBook`; the rest one value per row.
    """

    items: pd.DataFrame
    fixed: Matrix
    habits: Habits
    curve: NDArray[np.int64]
    who: NDArray[np.int64]
    mark_row: NDArray[np.int64]
    last_paid: NDArray[np.float64]
    weekday_habit: Matrix
    phase_habit: Matrix
    month_place_habit: Matrix
    closed: NDArray[np.bool_]  # by mark and weekday, Monday first

    def __len__(self) -> int:
        return len(self.items)

    def taken(self, keep: NDArray) -> Rows:
        """Some of the rows, by mask or position."""
        return Rows(
            items=self.items.iloc[np.flatnonzero(keep) if keep.dtype == bool else keep].reset_index(drop=True),
            fixed=self.fixed[keep],
            habits=self.habits,
            curve=self.curve[keep],
            who=self.who[keep],
            mark_row=self.mark_row[keep],
            last_paid=self.last_paid[keep],
            weekday_habit=self.weekday_habit[keep],
            phase_habit=self.phase_habit[keep],
            month_place_habit=self.month_place_habit[keep],
            closed=self.closed,
        )


def described(book: OpenBook, habits: Habits) -> Rows:
    """What was known of each row on its day."""
    items = book.items
    place = habits.customers.index.get_indexer(pd.MultiIndex.from_frame(items[["mark", "customer_id"]]))
    who = habits.customers.iloc[place]
    mark_row = np.searchsorted(habits.marks, items["mark"].to_numpy())
    sums = {name: column.to_numpy(dtype=float) for name, column in who.items()}
    by_mark = habits.customers.groupby(level="mark")[["paid", "late", "recent_paid", "recent_expected"]].sum()
    by_mark = by_mark.reindex(habits.marks)
    mean_late = _ratio(by_mark["late"].to_numpy(), by_mark["paid"].to_numpy())[mark_row]
    mark = items["mark"].to_numpy(dtype=float)
    paid, seen = sums["paid"], np.maximum(sums["open"], 1.0)
    # Each leans on the one before it, lightly: a customer is itself after a few payments.
    usual = (sums["late"] + mean_late) / (paid + 1.0)
    around = np.nan_to_num(sums["late_squared"]) - _ratio(sums["late"] ** 2, paid)
    spread = (np.maximum(around, 0.0) + 100.0) / (paid + 1.0)
    half_year = (sums["half_year_late"] + 2.0 * usual) / (sums["half_year_paid"] + 2.0)
    lately = (sums["recent_late"] + 2.0 * half_year) / (sums["recent_paid"] + 2.0)
    of_all, expected = (by_mark[name].to_numpy(dtype=float) for name in ("recent_paid", "recent_expected"))
    market = np.log((of_all + 20.0) / (expected + 20.0))[mark_row]
    amount = items["amount"].to_numpy(dtype=float)
    typical = np.maximum(_ratio(sums["amount"], sums["invoices"]), 0.01)
    columns = {
        "terms": items["terms"],
        "log_amount": np.log(np.maximum(amount, 1.0)),
        "relative_amount": np.log(np.maximum(amount, 0.01) / typical),
        "part_paid": 1.0 - _ratio(items["balance"].to_numpy(dtype=float), amount),
        "age": items["age"],
        "rel_at_mark": items["rel"],
        "log_paid": np.log1p(paid),
        "usual_delay": usual,
        "delay_spread": np.sqrt(np.maximum(spread, 1.0)),
        "lately_delay": lately - usual,
        "half_year_delay": half_year - usual,
        "share_late": (sums["paid_late"] + 1.0) / (paid + 2.0),
        "frailty": np.log((paid + 3.0) / (sums["expected"] + 3.0)),
        "recent_frailty": np.log((sums["recent_paid"] + 3.0) / (sums["recent_expected"] + 3.0)),
        "log_open": np.log(seen),
        "overdue_share": sums["overdue"] / seen,
        "overdue_amount_share": _ratio(np.nan_to_num(sums["overdue_amount"]), sums["open_amount"]),
        "tenure": np.log1p(np.maximum(mark - sums["first_issued"], 0.0)),
        "pay_gap": 180.0 / (sums["pay_days"] + 1.0),
        "pooled_frailty": market,
        "disputed": items["disputed_since"].notna(),
        "disputed_days": np.minimum(filled(mark - items["disputed_since"], 0.0), 120.0),
        "disputes": items["disputes"],
        "dispute_closed_days": np.minimum(filled(mark - items["dispute_closed"], 60.0), 60.0),
        "contacts": items["contacts"],
        "contact_days": np.minimum(filled(mark - items["last_contact"], 60.0), 60.0),
        **{name: items[name] for name in ("promises_broken", "unanswered", "chased")},
        "chased_delay": _chased_delay(habits, place, items, usual) - usual,
        **{name: items[name].map(book.history.codes(name)) for name in ("segment", "channel", "entity")},
        "in_runs": habits.runs.chance[place],
    }
    fixed = np.column_stack([np.asarray(columns[name], dtype=np.float32) for name in ROW_FEATURES])
    phases, places = (_by_mark(habits, columns) for columns in (PHASE_COLUMNS, MONTH_PLACE_COLUMNS))
    weekdays = phases[:, :7] + phases[:, 7:]
    own_phases = who[PHASE_COLUMNS].to_numpy(dtype=float)
    closed = weekdays < _CLOSED_SHARE * np.maximum(weekdays.sum(axis=1, keepdims=True), 1.0)
    return Rows(
        items=items,
        fixed=fixed,
        habits=habits,
        curve=who["curve"].to_numpy(dtype=np.int64),
        who=place,
        mark_row=mark_row,
        last_paid=filled(who["last_paid"], np.nan),
        weekday_habit=_habit(own_phases[:, :7] + own_phases[:, 7:], weekdays[mark_row]),
        phase_habit=_habit(own_phases, phases[mark_row]),
        month_place_habit=_habit(who[MONTH_PLACE_COLUMNS].to_numpy(dtype=float), places[mark_row]),
        closed=closed & ~closed.all(axis=1, keepdims=True),
    )


def _chased_delay(habits: Habits, place: NDArray, items: pd.DataFrame, usual: NDArray) -> NDArray[np.float64]:
    """Mean delay of the customer's invoices about which it was contacted as often as about this one by now.

    Drawn by two payments to its usual delay plus what so many contacts go with among all customers of the day.
    """
    sums = habits.customers
    paid, late = (sums[columns].to_numpy(dtype=float) for columns in (PAID_CHASED_COLUMNS, LATE_CHASED_COLUMNS))
    mean = _ratio(late.sum(axis=1), paid.sum(axis=1))
    mark = np.searchsorted(habits.marks, sums.index.get_level_values("mark").to_numpy())
    # who is hardly ever chased says nothing of what it means not to be
    is_chased = (paid[:, 1:].sum(axis=1) > paid[:, 0])[:, None]
    above = np.where(is_chased, late - paid * mean[:, None], 0.0)
    of_mark = np.zeros((2, len(habits.marks), CHASED_CLASSES))
    np.add.at(of_mark[0], mark, above)
    np.add.at(of_mark[1], mark, np.where(is_chased, paid, 0.0))
    when_chased = of_mark[0] / (of_mark[1] + 20.0)
    often = items["chased"].to_numpy(dtype=np.int64)
    prior = usual + np.where(is_chased[place, 0] | (often > 0), when_chased[mark[place], often], 0.0)
    found: NDArray[np.float64] = (late[place, often] + 2.0 * prior) / (paid[place, often] + 2.0)
    return found


def _by_mark(habits: Habits, columns: list[str]) -> NDArray[np.float64]:
    """Sums over all customers, a row per mark."""
    return habits.customers.groupby(level="mark")[columns].sum().reindex(habits.marks).to_numpy(dtype=float)


def _habit(own: NDArray[np.float64], of_all: NDArray[np.float64]) -> Matrix:
    """Log of how much more often than others the customer pays on such days, drawn to 0 by five payments."""
    share = np.maximum(_ratio(of_all, of_all.sum(axis=1, keepdims=True)), 0.005)
    mine = (own + 5.0 * share) / (own.sum(axis=1, keepdims=True) + 5.0)
    return np.log(mine / share).astype(np.float32)


def _ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(a, b, out=np.zeros(np.broadcast(a, b).shape), where=b > 0)


def filled(values: pd.Series | NDArray, stand_in: float) -> NDArray[np.float64]:
    """Values with a number in place of what is missing."""
    array = np.asarray(values, dtype=float)
    return np.where(np.isnan(array), stand_in, array)
