"""How each customer was known to pay on past days: delays, rhythm, what it owed, and its own hazard curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.measures.history import History, day_number, day_of
from analysis.models.customer_sums import MONTH_PLACE_COLUMNS, PHASE_COLUMNS, customer_sums
from analysis.models.known_spells import N_REL, REL_MIN, known_spells
from analysis.models.payment_runs import calendar_chances
from analysis.models.run_clock import RunClock, run_clock

# Pseudo-invoices by which a customer's curve is drawn to its segment's, and a segment's to that of all (modelling.md).
CUSTOMER_PRIOR, SEGMENT_PRIOR = 5.0, 50.0
CURVES_PER_DAY = 40
# Shares of the invoices of a customer that are paid by the days told of it, and the weight of the prior there.
_QUANTILES, _QUANTILE_PRIOR = (0.1, 0.5, 0.9), 1.0
_TAIL_DAYS = 60

Grid = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Habits:
    """What was known of customers on each of several days (marks).

    - ``customers``: one row per ``mark`` and ``customer_id`` with open invoices then: invoices ``paid``, sums of
      their days late and squares (``late``, ``late_squared``), how many were late (``paid_late``), the same of the
      last 60 days (``recent_*``), payments ``expected`` by the hazard of all (``recent_expected``), ``last_paid``,
      ``pay_days`` (different days of payment in 180 days), open and overdue invoices and amounts (document
      currency), ``first_issued``, sums by weekday of two weeks and place in the month, the same ``late`` of half a
      year, and ``curve``: its row in ``hazard``.
    - ``hazard``: chance of payment on each day since due (``REL_MIN`` to ``REL_MAX``) given that it is open, drawn to
      the segment's with :data:`CUSTOMER_PRIOR` pseudo-invoices; ``smooth``: the same from counts of seven days.
    - ``quantiles``: days since due by which a tenth, a half and nine tenths of a customer's invoices are paid, open
      ones taken into account; a row per curve.
    - ``unpaid``: log of the share that its ``hazard`` leaves unpaid before each day since due.
    - ``runs``: payment runs, and hazards by the number of runs since due; its rows are those of ``customers``.
    - ``pooled``: hazard of payment of all invoices by mark; ``leaving``: hazard of leaving otherwise, by mark;
      both over the same days since due. ``marks``: the day numbers of their rows.
    """

    marks: NDArray[np.int64]
    customers: pd.DataFrame
    hazard: Grid
    smooth: Grid
    quantiles: Grid
    pooled: Grid
    leaving: Grid
    runs: RunClock
    unpaid: Grid


def habits(history: History, rows: pd.DataFrame, *, curves_anew: bool = False) -> Habits:
    """Habits as of each day of ``rows`` (columns ``mark``, ``customer_id``, ``segment``) of the customers named there.

    Four passes over the ledger whatever the number of days. Where a day has many customers, its curves serve the
    days after it too, so that a day of calendar adds at most :data:`CURVES_PER_DAY` of them. A customer with rows of
    several segments belongs on each day to the one with most of them, the first by name where several have as many.
    """
    marks = np.array(sorted(rows["mark"].unique()), dtype=np.int64)
    days = [day_of(int(mark)) for mark in marks]
    at_mark, labels = _segment_counts(history, days)
    paid, others, risk = (at_mark[name] for name in ("paid", "other", "at_risk"))
    pooled = _shrunk(paid.sum(axis=1), risk.sum(axis=1), prior=np.zeros((len(marks), N_REL)), weight=1.0)
    leaving = _shrunk(others.sum(axis=1), risk.sum(axis=1), prior=np.zeros((len(marks), N_REL)), weight=5.0)
    by_segment = _shrunk(paid, risk, prior=pooled[:, None, :], weight=SEGMENT_PRIOR)
    whose = _main_segments(rows)
    fresh = np.ones(len(marks), dtype=bool) if curves_anew else _with_fresh_curves(marks, whose["mark"].to_numpy())
    known = customer_sums(history, whose, marks, np.cumsum(-np.log1p(-np.minimum(pooled, 0.999)), axis=1))
    curves, hazard, smooth, quantiles = _curves(history, whose, marks[fresh], by_segment[fresh], labels)
    latest = marks[fresh][np.searchsorted(marks[fresh], whose["mark"].to_numpy(), side="right") - 1]
    row = curves.reindex(pd.MultiIndex.from_arrays([latest, whose["customer_id"]]))
    # A customer that had nothing open on the earlier day has no curve of that day: its segment's stands in.
    place = {label: k for k, label in enumerate(labels)}
    segment = whose["segment"].map(place).fillna(0).to_numpy(dtype=int)
    missing = row.isna().to_numpy()
    extra, which = np.unique(
        np.stack([np.searchsorted(marks, latest)[missing], segment[missing]]), axis=1, return_inverse=True
    )
    stand_in = by_segment[extra[0], extra[1]]
    curve = row.to_numpy(dtype=float)
    curve[missing] = len(hazard) + which
    hazard = np.concatenate([hazard, stand_in]).astype(np.float32)
    staying = np.log1p(-np.minimum(hazard, 0.9999))
    return Habits(
        marks=marks,
        customers=known.assign(curve=curve.astype(int)),
        hazard=hazard,
        unpaid=np.cumsum(staying, axis=1) - staying,
        smooth=np.concatenate([smooth, stand_in]).astype(np.float32),
        quantiles=np.concatenate([quantiles, _quantiles(stand_in)]).astype(np.float32),
        pooled=pooled.astype(np.float32),
        leaving=leaving.astype(np.float32),
        runs=run_clock(history, whose, _chances(known)),
    )


def _main_segments(rows: pd.DataFrame) -> pd.DataFrame:
    """Each mark and customer once, in order, with the segment of most of its rows; of equals the first by name."""
    counted = rows.groupby(["mark", "customer_id", "segment"], observed=True).size().rename("n").reset_index()
    counted = counted.sort_values(["mark", "customer_id", "n", "segment"], ascending=[True, True, False, True])
    return counted.drop_duplicates(["mark", "customer_id"])[["mark", "customer_id", "segment"]].reset_index(drop=True)


def _chances(known: pd.DataFrame) -> NDArray[np.float64]:
    phases, places = (known[columns].to_numpy(dtype=float) for columns in (PHASE_COLUMNS, MONTH_PLACE_COLUMNS))
    return calendar_chances(phases, places)


def _with_fresh_curves(marks: NDArray[np.int64], of_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Days on which curves are taken anew: enough days after the last for their number. Later days decide nothing."""
    fresh, last = np.zeros(len(marks), dtype=bool), -np.inf
    for place, mark in enumerate(marks):
        fresh[place] = mark - last >= (of_rows == mark).sum() / CURVES_PER_DAY
        last = mark if fresh[place] else last
    return fresh


def _shrunk(events: NDArray, at_risk: NDArray, *, prior: NDArray, weight: float) -> NDArray[np.float64]:
    """Hazard drawn to a prior that counts as ``weight`` invoices at risk: ``(d + w p) / (n + w)``."""
    return (events + weight * prior) / (at_risk + weight)


def _counted(shown: ibis.Table, keys: list[str]) -> pd.DataFrame:
    """Entries, payments, other exits and all exits by keys and day since due."""
    none, one = ibis.literal(0, "int32"), ibis.literal(1, "int32")
    enters = shown.select(*keys, rel="entry", entered=one, paid=none, other=none, left=none)
    leaves = shown.select(
        *keys,
        rel="exit",
        entered=none,
        paid=shown["is_paid"].cast("int32"),
        other=shown["is_other"].cast("int32"),
        left=one,
    )
    moves = ibis.union(enters, leaves)
    columns = ["entered", "paid", "other", "left"]
    counted = moves.group_by(*keys, "rel").aggregate(**{c: moves[c].sum().cast("int32") for c in columns})
    return counted.execute().sort_values([*keys, "rel"], ignore_index=True)


def _on_grid(
    counted: pd.DataFrame, index: tuple[NDArray, ...], shape: tuple[int, ...]
) -> dict[str, NDArray[np.float64]]:
    """Counts as arrays whose last axis is the day since due; ``at_risk`` = entered by the day less left before it."""
    place = (*index, counted["rel"].to_numpy(dtype=int) - REL_MIN)
    grids = {}
    for column in ("entered", "paid", "other", "left"):
        grids[column] = np.zeros((*shape, N_REL))
        grids[column][place] = counted[column].to_numpy(dtype=float)
    entered, left = np.cumsum(grids.pop("entered"), axis=-1), grids.pop("left")
    grids["at_risk"] = entered - (np.cumsum(left, axis=-1) - left)
    for counts in grids.values():
        # The last day stands for all that follow, where single days are too thin: the rate of the sixty before it.
        counts[..., -1] = counts[..., -_TAIL_DAYS - 1 : -1].sum(axis=-1)
    return grids


def _segment_counts(history: History, days: Sequence[date]) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Counts by mark, segment and day since due, and the labels of the segments."""
    counted = _counted(known_spells(history, days), ["mark", "segment"])
    labels = sorted(counted["segment"].unique())
    marks = np.array(sorted({day_number(day) for day in days}))
    mark = np.searchsorted(marks, counted["mark"].to_numpy())
    segment = np.searchsorted(np.array(labels, dtype=object), counted["segment"].to_numpy(dtype=object))
    return _on_grid(counted, (mark, segment), (len(marks), len(labels))), labels


def _curves(
    history: History, whose: pd.DataFrame, marks: NDArray[np.int64], by_segment: NDArray[np.float64], labels: list[str]
) -> tuple[pd.Series, Grid, Grid, Grid]:
    """Row of the curve of each mark and customer, the hazards, the same smoothed over seven days, and quantiles."""
    wanted = whose[whose["mark"].isin(marks)].reset_index(drop=True)
    shown = known_spells(history, [day_of(int(mark)) for mark in marks])
    pairs = ibis.memtable(wanted[["mark", "customer_id"]].astype({"mark": "int32"}))
    counted = _counted(shown.semi_join(pairs, ["mark", "customer_id"]), ["mark", "customer_id"])
    index = pd.MultiIndex.from_frame(wanted[["mark", "customer_id"]])
    row = index.get_indexer(pd.MultiIndex.from_frame(counted[["mark", "customer_id"]]))
    grids = _on_grid(counted, (row,), (len(wanted),))
    segment = wanted["segment"].map({label: k for k, label in enumerate(labels)}).to_numpy(dtype=int)
    prior = by_segment[np.searchsorted(marks, wanted["mark"].to_numpy()), segment]
    hazard = _shrunk(grids["paid"], grids["at_risk"], prior=prior, weight=CUSTOMER_PRIOR)
    smooth = _shrunk(_seven_days(grids["paid"]), _seven_days(grids["at_risk"]), prior=prior, weight=CUSTOMER_PRIOR)
    light = _shrunk(grids["paid"], grids["at_risk"], prior=prior, weight=_QUANTILE_PRIOR)
    rows = pd.Series(np.arange(len(index)), index=index)
    return rows, hazard.astype(np.float32), smooth.astype(np.float32), _quantiles(light)


def _quantiles(hazard: NDArray[np.float64]) -> Grid:
    """First days since due by which the shares of :data:`_QUANTILES` are paid; the last day where none is."""
    unpaid = np.cumprod(1.0 - hazard, axis=1)
    reached = [(unpaid <= 1.0 - share).argmax(axis=1) for share in _QUANTILES]
    never = [unpaid[:, -1] > 1.0 - share for share in _QUANTILES]
    days = [np.where(n, N_REL - 1, r) + REL_MIN for r, n in zip(reached, never, strict=True)]
    return np.stack(days, axis=1).astype(np.float32)


def _seven_days(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each day and the three before and after it."""
    padded = np.pad(counts, [(0, 0), (3, 3)], mode="edge")
    so_far = np.cumsum(np.pad(padded, [(0, 0), (1, 0)]), axis=1)
    return (so_far[:, 7:] - so_far[:, :-7]) / 7
