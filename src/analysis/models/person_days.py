"""Each open invoice day by day: what is known of it and of its customer, and what the calendar says of the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.models.habits import MONTH_PLACE_COLUMNS, N_REL, PHASE_COLUMNS, REL_MIN, Habits
from analysis.models.landmarks import OpenBook
from analysis.models.paydays import month_places, open_days

# Weekdays on which less than this share of invoices is paid are days on which nobody pays.
_CLOSED_SHARE = 0.01
_MONTH_ENDS_SHOWN = 6
_TINY = 1e-4

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
    *("disputed", "disputed_days", "disputes", "dispute_closed_days", "contacts", "contact_days", "promises_broken"),
    *("segment", "channel", "entity"),
)
DAY_FEATURES = (
    *("rel", "ahead", "weekday", "closed", "to_month_end", "from_month_start", "month_place"),
    *(
        "own_hazard",
        "own_hazard_moved",
        "smooth_hazard",
        "pooled_hazard",
        "weekday_habit",
        "phase_habit",
        "month_place_habit",
    ),
    *(
        "after_first",
        "after_half",
        "after_most",
        "after_usual",
        "after_usual_scaled",
        "after_lately",
        "after_half_year",
    ),
    *("since_paid", "since_paid_in_gaps", "to_promise"),
)
FEATURES = (*DAY_FEATURES, *ROW_FEATURES)

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
    who = habits.customers.reindex(pd.MultiIndex.from_frame(items[["mark", "customer_id"]]))
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
        "disputed_days": np.minimum(_filled(mark - items["disputed_since"], 0.0), 120.0),
        "disputes": items["disputes"],
        "dispute_closed_days": np.minimum(_filled(mark - items["dispute_closed"], 60.0), 60.0),
        "contacts": items["contacts"],
        "contact_days": np.minimum(_filled(mark - items["last_contact"], 60.0), 60.0),
        "promises_broken": items["promises_broken"],
        **{name: items[name].map(book.history.codes(name)) for name in ("segment", "channel", "entity")},
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
        mark_row=mark_row,
        last_paid=_filled(who["last_paid"], np.nan),
        weekday_habit=_habit(own_phases[:, :7] + own_phases[:, 7:], weekdays[mark_row]),
        phase_habit=_habit(own_phases, phases[mark_row]),
        month_place_habit=_habit(who[MONTH_PLACE_COLUMNS].to_numpy(dtype=float), places[mark_row]),
        closed=closed & ~closed.all(axis=1, keepdims=True),
    )


def day_matrix(rows: Rows, row: NDArray[np.int64], ahead: NDArray[np.int64]) -> Matrix:
    """One line of :data:`FEATURES` for each pair of a row and a number of days after its own day."""
    items = rows.items
    rel = items["rel"].to_numpy()[row] + ahead
    day = items["mark"].to_numpy()[row] + ahead
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    place = np.clip(rel - REL_MIN, 0, N_REL - 1)
    curve, mark_row = rows.curve[row], rows.mark_row[row]
    closed = rows.closed[mark_row]
    to_end, from_start, month_place = _month_days(day, closed)
    quantiles = rows.habits.quantiles[curve]
    own = rows.habits.hazard[curve, place]
    fixed = rows.fixed[row]
    lately, half_year = (fixed[:, ROW_FEATURES.index(name)] for name in ("lately_delay", "half_year_delay"))
    usual, spread = fixed[:, ROW_FEATURES.index("usual_delay")], fixed[:, ROW_FEATURES.index("delay_spread")]
    gap = fixed[:, ROW_FEATURES.index("pay_gap")]
    since_paid = np.minimum(_filled(day - rows.last_paid[row], 365.0), 365.0)
    promised = items["promised"].to_numpy(dtype=float)[row]
    columns = {
        "rel": rel,
        "ahead": ahead,
        "weekday": weekday,
        "closed": np.take_along_axis(closed, weekday[:, None], axis=1)[:, 0],
        "to_month_end": to_end,
        "from_month_start": from_start,
        "month_place": month_place,
        "own_hazard": _log_odds(own),
        "own_hazard_moved": _log_odds(_moved(rows.habits.hazard, closed, curve, place, weekday, ahead)),
        "smooth_hazard": _log_odds(rows.habits.smooth[curve, place]),
        "pooled_hazard": _log_odds(rows.habits.pooled[mark_row, place]),
        "weekday_habit": rows.weekday_habit[row, weekday],
        "phase_habit": rows.phase_habit[row, (day + 3) % 14],
        "month_place_habit": rows.month_place_habit[row, month_place],
        "after_first": rel - quantiles[:, 0],
        "after_half": rel - quantiles[:, 1],
        "after_most": rel - quantiles[:, 2],
        "after_usual": rel - usual,
        "after_usual_scaled": (rel - usual) / spread,
        "after_lately": rel - usual - lately,
        "after_half_year": rel - usual - half_year,
        "since_paid": since_paid,
        "since_paid_in_gaps": np.minimum(since_paid / gap, 20.0),
        "to_promise": np.clip(_filled(day - promised, -30.0), -30.0, 30.0),
    }
    days = np.column_stack([np.asarray(columns[name], dtype=np.float32) for name in DAY_FEATURES])
    return np.hstack([days, fixed])


def _moved(
    hazard: Matrix, closed: NDArray[np.bool_], curve: NDArray, place: NDArray, weekday: NDArray, ahead: NDArray
) -> NDArray[np.float64]:
    """The customer's hazard with what falls on closed days moved to the next open one."""
    every = np.arange(len(place))
    staying = 1.0 - hazard[curve, place].astype(float)
    running = np.ones(len(place), dtype=bool)
    for back in range(1, 4):
        # a closed day before the row's own day is past: nothing of it can still come
        running = running & closed[every, (weekday - back) % 7] & (ahead > back)
        earlier = hazard[curve, np.maximum(place - back, 0)]
        staying = staying * np.where(running, 1.0 - earlier, 1.0)
    return np.where(closed[every, weekday], _TINY, 1.0 - staying)


def _month_days(day: NDArray, closed: NDArray[np.bool_]) -> tuple[NDArray, NDArray, NDArray]:
    """Open days until the end of the month and since its start (both at most six), and the place in the month."""
    low, high = int(day.min()) - 40, int(day.max()) + 40
    calendar = pd.date_range(pd.Timestamp("1970-01-01") + pd.Timedelta(days=low), periods=high - low + 1)
    months = (calendar.year * 12 + calendar.month).to_numpy()
    to_end, from_start = np.empty(len(day), dtype=np.int64), np.empty(len(day), dtype=np.int64)
    pattern = closed @ (1 << np.arange(7))
    for bits in np.unique(pattern):
        done, whole = open_days((bits >> calendar.dayofweek.to_numpy()) & 1 == 0, months)
        those = pattern == bits
        to_end[those] = (whole - done)[day[those] - low]
        from_start[those] = done[day[those] - low]
    return np.minimum(to_end, _MONTH_ENDS_SHOWN), np.minimum(from_start, _MONTH_ENDS_SHOWN), month_places(day)


def _by_mark(habits: Habits, columns: list[str]) -> NDArray[np.float64]:
    """Sums over all customers, a row per mark."""
    return habits.customers.groupby(level="mark")[columns].sum().reindex(habits.marks).to_numpy(dtype=float)


def _habit(own: NDArray[np.float64], of_all: NDArray[np.float64]) -> Matrix:
    """Log of how much more often than others the customer pays on such days, drawn to 0 by five payments."""
    share = np.maximum(_ratio(of_all, of_all.sum(axis=1, keepdims=True)), 0.005)
    mine = (own + 5.0 * share) / (own.sum(axis=1, keepdims=True) + 5.0)
    return np.log(mine / share).astype(np.float32)


def _log_odds(hazard: NDArray) -> NDArray[np.float64]:
    bounded = np.clip(hazard, _TINY, 1.0 - _TINY).astype(float)
    return np.log(bounded / (1.0 - bounded))


def _ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(a, b, out=np.zeros(np.broadcast(a, b).shape), where=b > 0)


def _filled(values: pd.Series | NDArray, stand_in: float) -> NDArray[np.float64]:
    """Values with a number in place of what is missing."""
    array = np.asarray(values, dtype=float)
    return np.where(np.isnan(array), stand_in, array)
