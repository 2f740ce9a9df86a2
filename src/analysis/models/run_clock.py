"""The clock of a payer with runs: how many of its payment runs have passed since the due date, not how many days."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.measures.history import History, day_of
from analysis.models.known_spells import WINDOW_DAYS, known_spells
from analysis.models.payment_runs import ANY_DAY, RUN_CALENDARS, run_days, runs_until

# Runs before and after the due date for which hazards are kept; what lies beyond counts with the last.
RUNS_MAX = 20
N_RUNS = 2 * RUNS_MAX + 1
# A calendar is taken for a customer's own from this chance on.
_SURE = 0.8
# Pseudo-invoices by which a customer's hazard at a run is drawn to that of all payers with runs.
_PRIOR = 2.0
# Due dates may lie this far outside the days on which anything was paid.
_DUE_DAYS = 800


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunClock:
    """Payment runs of customers on past days, a row for each mark and customer.

    ``chance``: that the customer pays in runs at all. ``calendar``: place of its calendar in
    :data:`analysis.models.payment_runs.RUN_CALENDARS`, or ``ANY_DAY``. ``hazard``: chance that an invoice still open is
    paid in the k-th run after its due date, k from ``-RUNS_MAX`` to ``RUNS_MAX`` (0 is the last run up to that date);
    NaN for customers without runs.
    """

    chance: NDArray[np.float32]
    calendar: NDArray[np.int64]
    hazard: NDArray[np.float32]


def run_clock(history: History, whose: pd.DataFrame, chances: NDArray[np.float64]) -> RunClock:
    """The clock of each row of ``whose`` (``mark``, ``customer_id``), given its :func:`calendar_chances`."""
    best = chances.argmax(axis=1)
    calendar = np.where(chances.max(axis=1) >= _SURE, best, ANY_DAY).astype(np.int64)
    hazard = np.full((len(whose), N_RUNS), np.nan, dtype=np.float32)
    in_runs = np.flatnonzero(calendar != ANY_DAY)
    if len(in_runs):
        mark = whose["mark"].to_numpy()[in_runs]
        paid, at_risk = _counts(
            history, whose.iloc[in_runs].assign(row=np.arange(len(in_runs)), calendar=calendar[in_runs])
        )
        marks, place = np.unique(mark, return_inverse=True)
        of_all = np.zeros((2, len(marks), N_RUNS))
        np.add.at(of_all[0], place, paid)
        np.add.at(of_all[1], place, at_risk)
        prior = (of_all[0] + 0.5) / (of_all[1] + 5.0)
        hazard[in_runs] = (paid + _PRIOR * prior[place]) / (at_risk + _PRIOR)
    return RunClock(chance=(1.0 - chances[:, ANY_DAY]).astype(np.float32), calendar=calendar, hazard=hazard)


def _counts(history: History, pairs: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Invoices paid in each run, and those open when it came, by row of ``pairs`` and run."""
    marks = sorted(pairs["mark"].unique())
    shown = known_spells(history, [day_of(int(mark)) for mark in marks])
    kept = ibis.memtable(pairs[["mark", "customer_id", "row", "calendar"]].astype({"mark": "int32", "row": "int32"}))
    shown = shown.inner_join(kept, ["mark", "customer_id"])
    runs = _numbered(int(marks[0]) - WINDOW_DAYS - _DUE_DAYS, int(marks[-1]) + _DUE_DAYS)
    for day in ("due", "begun", "left"):
        numbered = ibis.memtable(runs.rename(columns={"number": f"run_{day}", "is_run": f"is_run_{day}"}))
        joined = shown.inner_join(
            numbered, [shown["calendar"] == numbered["_calendar"], shown[day] == numbered["_day"]]
        )
        shown = joined.select(*shown.columns, f"run_{day}", f"is_run_{day}")
    entry, exit = (_run(shown[f"run_{day}"] - shown["run_due"]) for day in ("begun", "left"))
    none, one = ibis.literal(0, "int32"), ibis.literal(1, "int32")
    enters = shown.select("row", run=entry, entered=one, left=none, paid=none)
    in_run = (shown["is_paid"] & shown["is_run_left"]).cast("int32")
    leaves = shown.select("row", run=exit, entered=none, left=one, paid=in_run)
    moves = ibis.union(enters, leaves)
    counted = moves.group_by("row", "run").aggregate(
        **{name: moves[name].sum().cast("int32") for name in ("entered", "left", "paid")}
    )
    frame = counted.execute()
    grids = np.zeros((3, len(pairs), N_RUNS))
    for grid, name in zip(grids, ("entered", "left", "paid"), strict=True):
        grid[frame["row"].to_numpy(), frame["run"].to_numpy() + RUNS_MAX] = frame[name].to_numpy(dtype=float)
    entered, left = (np.cumsum(grid, axis=1) - grid for grid in grids[:2])
    return grids[2], entered - left


def _run(number: ibis.Value) -> ibis.Value:
    return ibis.greatest(ibis.least(number, RUNS_MAX), -RUNS_MAX).cast("int32")


def _numbered(first: int, last: int) -> pd.DataFrame:
    """Number of the latest run on each day, by calendar, and whether the day is one of its run days."""
    days = np.arange(first, last + 1)
    until, runs = runs_until(days)[:, :-1], run_days(days)[:, :-1]
    n = len(RUN_CALENDARS)
    return pd.DataFrame(
        {
            "_calendar": np.tile(np.arange(n), len(days)),
            "_day": np.repeat(days, n).astype("int32"),
            "number": until.ravel().astype("int32"),
            "is_run": runs.ravel(),
        }
    )
