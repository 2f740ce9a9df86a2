"""Each open invoice day by day: what is known of it and of its customer, and what the calendar says of the day."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.models.known_spells import N_REL, REL_MIN
from analysis.models.paydays import month_places, open_days
from analysis.models.payment_runs import run_days, runs_until
from analysis.models.row_features import ROW_FEATURES, Matrix, Rows, filled
from analysis.models.run_clock import RUNS_MAX

_MONTH_ENDS_SHOWN = 6
_TINY = 1e-4
_LONG_AGO = 60.0
# Log-odds of payment on a day of somebody who pays once in a month.
_IN_DISPUTE = -3.5

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
    *("since_paid", "since_paid_in_gaps", "to_promise", "since_part_paid"),
    *("is_run", "runs_since_due", "run_hazard", "own_unpaid", "after_chased"),
)
FEATURES = (*DAY_FEATURES, *ROW_FEATURES)


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
    chased = fixed[:, ROW_FEATURES.index("chased_delay")]
    gap = fixed[:, ROW_FEATURES.index("pay_gap")]
    since_paid = np.minimum(filled(day - rows.last_paid[row], 365.0), 365.0)
    promised, part_paid = (items[name].to_numpy(dtype=float)[row] for name in ("promised", "part_paid_on"))
    moved = _moved(rows.habits.hazard, closed, curve, place, weekday, ahead)
    is_run, run, run_hazard = _in_runs(rows, row, day, day - rel)
    columns = {
        "rel": rel,
        "ahead": ahead,
        "weekday": weekday,
        "closed": np.take_along_axis(closed, weekday[:, None], axis=1)[:, 0],
        "to_month_end": to_end,
        "from_month_start": from_start,
        "month_place": month_place,
        "own_hazard": _log_odds(own),
        "own_hazard_moved": _log_odds(moved),
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
        "to_promise": np.clip(filled(day - promised, -30.0), -30.0, 30.0),
        "since_part_paid": np.minimum(filled(day - part_paid, _LONG_AGO), _LONG_AGO),
        "own_unpaid": np.maximum(rows.habits.unpaid[curve, place], -8.0),
        "after_chased": rel - usual - chased,
        "is_run": is_run,
        "runs_since_due": run,
        "run_hazard": _log_odds(np.where(np.isnan(run_hazard), moved, np.where(is_run, run_hazard, _TINY))),
    }
    disputed = fixed[:, ROW_FEATURES.index("disputed")] > 0
    for name in ("own_hazard", "own_hazard_moved", "smooth_hazard", "run_hazard"):
        # Who disputes an invoice does not pay it by habit, but some weeks later, once that is settled.
        columns[name] = np.where(disputed, _IN_DISPUTE, columns[name])
    days = np.column_stack([np.asarray(columns[name], dtype=np.float32) for name in DAY_FEATURES])
    return np.hstack([days, fixed])


def _in_runs(rows: Rows, row: NDArray, day: NDArray, due: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Whether each day is one of the customer's run days, runs since due (NaN: none known), hazard at that run."""
    low, high = int(min(day.min(), due.min())), int(max(day.max(), due.max()))
    days = np.arange(low, high + 1)
    until, runs = runs_until(days), run_days(days)
    who = rows.who[row]
    calendar = rows.habits.runs.calendar[who]
    number = until[day - low, calendar] - until[due - low, calendar]
    hazard = rows.habits.runs.hazard[who, np.clip(number, -RUNS_MAX, RUNS_MAX) + RUNS_MAX]
    return runs[day - low, calendar], np.clip(number, -RUNS_MAX, RUNS_MAX), hazard


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


def _log_odds(hazard: NDArray) -> NDArray[np.float64]:
    bounded = np.clip(hazard, _TINY, 1.0 - _TINY).astype(float)
    return np.log(bounded / (1.0 - bounded))
