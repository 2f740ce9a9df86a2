"""Count tables: how many invoices were settled or left open on each day of their life.

Every curve of the project is a function of such counts, so its cost depends on the number of days
and not on the number of invoices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

UNKNOWN = "(unknown)"


def count_table(days: ArrayLike, settled: ArrayLike, *, entered: ArrayLike | None = None) -> pd.DataFrame:
    """Counts per day from one value per invoice, for small data that never saw the engine.

    ``days`` is the age at settlement, or at the as-of date where the invoice is still open;
    ``settled`` says which of the two it is. ``entered`` is the age at which an invoice came under
    observation where that was not from its start (left truncation); 0 stands for "from the start".

    ValueError where lengths differ, an age is missing or negative, or an invoice leaves no later
    than it entered.

    >>> count_table([14, 14, 30], [True, True, False])
       day  events  censored  entered
    0   14       2         0        0
    1   30       0         1        0
    """
    is_settled = np.asarray(settled, dtype=bool)
    return cause_table(days, np.where(is_settled, "events", ""), causes=["events"], entered=entered)


def cause_table(
    days: ArrayLike, ended_by: ArrayLike, *, causes: Sequence[str], entered: ArrayLike | None = None
) -> pd.DataFrame:
    """``count_table`` for invoices that end in several ways: one column of counts for each of ``causes``.

    ``ended_by`` names the cause by which each invoice ended, and is empty where it is still open.
    ValueError as ``count_table``, and for a cause that is not one of ``causes``.

    >>> cause_table([14, 14, 30], ["paid", "credited", ""], causes=["paid", "credited"])
       day  paid  credited  censored  entered
    0   14     1         1         0        0
    1   30     0         0         1        0
    """
    ages = np.asarray(days, dtype=float)
    ended = np.asarray(ended_by, dtype=object)
    entries = np.zeros_like(ages) if entered is None else np.asarray(entered, dtype=float)
    if not len(ages) == len(ended) == len(entries):
        raise ValueError(f"days, settled and entered differ in length: {len(ages)}, {len(ended)}, {len(entries)}")
    if strange := sorted(set(ended) - {*causes, ""}):
        raise ValueError(f"ended_by: {strange[0]!r} is none of {', '.join(causes)}")
    _refuse(ages, "days", ~np.isfinite(ages), "are missing or not finite")
    _refuse(entries, "entered", ~np.isfinite(entries), "are missing or not finite")
    _refuse(entries, "entered", (entries > 0) & (entries >= ages), "are not before the day of leaving")
    n, late = len(ages), entries != 0
    kept = np.append(ended, np.full(late.sum(), None, dtype=object))
    columns = {"censored": kept == "", "entered": np.arange(n + late.sum()) >= n}
    rows = pd.DataFrame({"day": np.append(ages, entries[late]), **{c: kept == c for c in causes}, **columns})
    counted = at_risk_table(rows, causes=causes)[[*causes, "censored", "entered"]]
    return counted[counted.any(axis=1)].reset_index()


def at_risk_table(counts: pd.DataFrame, *, causes: Sequence[str] = ("events",)) -> pd.DataFrame:
    """One row per day with the number of invoices that could still be settled on it.

    ``counts`` has the columns ``day``, ``events``, ``censored`` and, for left truncation,
    ``entered``: the invoices that came under observation on that day and are at risk from the next
    day on. An invoice observed from its start is not counted in ``entered``. Rows of the same day
    add up, their order is irrelevant, other columns are ignored.

    ``at_risk(next) = at_risk - events - censored + entered``, starting from all invoices that did
    not enter late. The result is indexed by ``day``, begins with day 0 and has the columns
    ``at_risk``, ``events``, ``censored``, ``entered``.

    ValueError, naming column, count and one example, where a column is absent, a day or count is
    missing or negative, a count is not whole, or more invoices leave than are there.
    """
    day = _numbers(counts, "day")
    late = _whole(counts, "entered") if "entered" in counts else np.zeros(len(day), dtype=np.int64)
    rows = np.stack([_whole(counts, "censored"), late, *(_whole(counts, cause) for cause in causes)])
    something = rows.any(axis=0)
    days, place = np.unique(np.append(0.0, day[something]), return_inverse=True)
    censored, entered, *by_cause = (
        np.bincount(place[1:], weights=row[something], minlength=len(days)).astype(np.int64) for row in rows
    )
    events = np.sum(by_cause, axis=0)
    leaving = events + censored
    change = entered - leaving
    at_risk = np.cumsum(change) - change - change.sum()
    wrong = (leaving > at_risk) | (at_risk < 0)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"entered: on {int(wrong.sum())} day(s) more invoices leave than are at risk, for example on day "
            f"{days[at]:g} {leaving[at]} leave and {max(at_risk[at], 0)} are there; an invoice that enters on a day "
            "is at risk from the next, and one observed from its start is not counted as entered"
        )
    whole = (days % 1 == 0).all()
    named = dict(zip(causes, by_cause, strict=True))
    return pd.DataFrame(
        {"at_risk": at_risk, "events": events, "censored": censored, "entered": entered, **named},
        index=pd.Index(days.astype(np.int64) if whole else days, name="day"),
    )


def at_risk_on(table: pd.DataFrame, days: ArrayLike) -> NDArray[np.int64]:
    """Invoices at risk at the start of each of ``days``; ``table`` is a result of ``at_risk_table``."""
    # the number changes only after a listed day, so the next listed one tells; past the last nobody is left
    waiting = np.append(table["at_risk"].to_numpy(dtype=np.int64), 0)
    return waiting[np.searchsorted(table.index.to_numpy(dtype=float), np.asarray(days, dtype=float), side="left")]


def strata(counts: pd.DataFrame, *, by: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each value of the column ``by`` as text with its rows, in order; a missing value is "(unknown)"."""
    if by not in counts:
        raise ValueError(f"counts has no column {by!r}; it has {', '.join(map(str, counts.columns))}")
    for value, rows in counts.groupby(by, dropna=False, observed=True):
        yield (UNKNOWN if pd.isna(value) else str(value)), rows


def _numbers(counts: pd.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in counts:
        raise ValueError(f"counts has no column {column!r}; it has {', '.join(map(str, counts.columns))}")
    values = counts[column].to_numpy(dtype=float, na_value=np.nan)
    _refuse(values, column, ~np.isfinite(values), "are missing or not finite")
    _refuse(values, column, values < 0, "are negative")
    return values


def _whole(counts: pd.DataFrame, column: str) -> NDArray[np.int64]:
    values = _numbers(counts, column)
    _refuse(values, column, values % 1 != 0, "are not whole numbers")
    return values.astype(np.int64)


def _refuse(values: NDArray[np.float64], column: str, wrong: NDArray[np.bool_], fault: str) -> None:
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{column}: {int(wrong.sum())} of {len(values)} values {fault}, for example {values[at]:g} at row {at}"
        )
