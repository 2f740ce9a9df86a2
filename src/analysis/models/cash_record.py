"""The record of earlier cash forecasts: made again as of past days, or frozen then, and held against what came."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from analysis.models.cash_draws import LEVELS, QUANTILES, bands, limits_of
from analysis.models.forecast_errors import coverage, pinball_loss, weighted_error
from analysis.models.receipts import WEEKS, Floats

NEAR_WEEKS = 4
_FACTS = ["on", "week", "expected", *QUANTILES]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrackRecord:
    """Forecasts of weekly cash beside what came; one row per forecast and week that has ended.

    ``weeks``: ``on`` (day of the forecast), ``week`` (1 is the first after it), ``expected``, the quantiles of the
    forecast as columns named by their share, ``actual``; perhaps further columns of rivals' expectations.
    ``months``: one row per forecast whose 30 days have passed, with the same columns but ``week``.
    """

    weeks: pd.DataFrame
    months: pd.DataFrame

    @property
    def forecasts(self) -> int:
        """Number of forecasts judged."""
        return int(self.weeks["on"].nunique())

    def gross_error(self, column: str = "expected", *, weeks: int = NEAR_WEEKS) -> float:
        """Sum of absolute weekly errors over what came in the first ``weeks`` weeks (WAPE); NaN where nothing came."""
        near = self._near(weeks)
        return weighted_error(near[column], near["actual"])

    def net_error(self, column: str = "expected", *, weeks: int = NEAR_WEEKS) -> float:
        """The same with the weeks of a forecast added up first, so that a week's delay is no error."""
        summed = self._near(weeks).groupby("on")[[column, "actual"]].sum()
        return weighted_error(summed[column], summed["actual"])

    def bias(self, column: str = "expected", *, weeks: int = NEAR_WEEKS) -> float:
        """Expected less actual over what came, all forecasts together: above zero where too much was promised."""
        near = self._near(weeks)
        came = float(near["actual"].sum())
        return float(near[column].sum() - came) / came if came else math.nan

    def coverage(self, level: float, *, of: str = "weeks") -> float:
        """Share of weeks (``of`` "weeks") or 30-day sums ("months") within the band of ``level``; NaN without any."""
        low, high = limits_of(level)
        rows = self.weeks if of == "weeks" else self.months
        return coverage(rows[low], rows[high], rows["actual"])

    def pinball(self) -> float:
        """Mean pinball loss of all quantiles of the weeks, as a share of the mean week; NaN where nothing came."""
        came = float(self.weeks["actual"].mean()) if len(self.weeks) else 0.0
        losses = [pinball_loss(self.weeks[q], self.weeks["actual"], level=q) for q in QUANTILES]
        return float(np.mean(losses)) / came if came else math.nan

    def _near(self, weeks: int) -> pd.DataFrame:
        return self.weeks[self.weeks["week"] <= weeks]


def frozen(on: date, expected: Floats, weekly: Floats, within_30_days: Floats, *, expected_30: float) -> pd.DataFrame:
    """A forecast as it is kept for later judgement: thirteen weeks and, as week 0, the first 30 days together.

    ``expected`` has 13 values; ``weekly`` (draws, 13) and ``within_30_days`` (draws) are simulated. Columns ``on``,
    ``week``, ``expected`` and one for each quantile.
    """
    rows = bands(np.column_stack([within_30_days, weekly])).set_axis(range(WEEKS + 1)).rename_axis("week").reset_index()
    rows.insert(0, "on", pd.Timestamp(on))
    rows.insert(2, "expected", [expected_30, *expected])
    return rows


def judged(kept: pd.DataFrame, came: pd.Series[float]) -> pd.DataFrame:
    """One frozen forecast with what came: its rows whose days have all been seen, with ``actual`` added.

    ``kept`` as :func:`frozen` gives it (other columns are carried along); ``came`` is cash by day after it, as
    :func:`analysis.measures.cash_received.received` gives it. ValueError where ``kept`` lacks a column.
    """
    if missing := [column for column in _FACTS if column not in kept]:
        raise ValueError(f"the forecast has no column {missing[0]!r}; it has {', '.join(map(str, kept.columns))}")
    first, last = _days_of(kept["week"])
    so_far = np.append(0.0, np.cumsum(came.to_numpy(dtype=float)))
    seen = (last <= len(came)).to_numpy()
    actual = so_far[last[seen]] - so_far[first[seen] - 1]
    return kept[seen].assign(actual=actual)


def track_record(judged_forecasts: Sequence[pd.DataFrame]) -> TrackRecord:
    """Several judged forecasts as one record; without any, a record of nothing."""
    rows = [frame for frame in judged_forecasts if len(frame)]
    whole = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=[*_FACTS, "actual"], dtype=float)
    whole = whole.sort_values(["on", "week"], ignore_index=True)
    return TrackRecord(
        weeks=whole[whole["week"] > 0].reset_index(drop=True),
        months=whole[whole["week"] == 0].drop(columns="week").reset_index(drop=True),
    )


def hit_table(record: TrackRecord) -> pd.DataFrame:
    """How often the bands held: index the level; columns the share of weeks and of 30-day sums that lay within."""
    rows = [(level, record.coverage(level), record.coverage(level, of="months")) for level in LEVELS]
    return pd.DataFrame(rows, columns=["band", "weeks", "30 days"]).set_index("band")


def monthly_origins(on: date, *, first: date, months: int) -> list[date]:
    """Up to ``months`` days before ``on``, a calendar month apart, not before ``first``; oldest first.

    Where ``on`` ends its month, so do they.
    """
    return sorted(day for day in _months_back(on, months) if day >= first)


def _months_back(on: date, months: int) -> Iterator[date]:
    stamp = pd.Timestamp(on)
    for back in range(1, months + 1):
        day = stamp - pd.DateOffset(months=back)
        yield (day + pd.offsets.MonthEnd(0) if stamp.is_month_end else day).date()


def week_ends(on: date) -> list[date]:
    """Last days of the thirteen weeks after ``on``."""
    return [on + timedelta(days=7 * week) for week in range(1, WEEKS + 1)]


def _days_of(week: pd.Series[int]) -> tuple[pd.Series[int], pd.Series[int]]:
    """First and last day after the forecast of each week; week 0 stands for the first 30 days."""
    whole = week == 0
    return (7 * week - 6).where(~whole, 1), (7 * week).where(~whole, 30)
