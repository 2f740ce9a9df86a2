"""How good chances of severe delinquency were at month ends of the past, each made of what was known then."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.measures.history import day_number, day_of
from analysis.models.calibration import SUREST, calibration_line
from analysis.models.delinquency import WINDOW_DAYS
from analysis.models.risk_model import RefusedFit, fit_risk_model, log_odds, logistic
from analysis.models.risk_rates import RUNGS, risk_rates
from analysis.models.risk_rows import learned_from
from analysis.models.risk_terms import RATING
from analysis.models.survival import Estimate

Floats = NDArray[np.float64]

MODEL, UNRATED = "model", "model_without_rating"
NAMES: Mapping[str, str] = {
    **{str(id): name for id, name in RUNGS.items()},
    MODEL: "the additive model",
    UNRATED: "the additive model without ratings",
}

ORIGINS_MOST = 6
ORIGIN_STEP_MONTHS = 2
# Month ends that are learned from at least; one alone tells a season and not a customer.
MARKS_MIN = 3
DRAWS = 400
# Equal forecasts may differ in their last digits; nothing is told to more than this.
_DIGITS = 12
# Draws whose outcomes are all alike, or that a line parts wholly, have no slope; Newton's steps stay within this.
_STEPS, _SLOPE_MAX, _CONVERGED = 25, 20.0, 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskRecord:
    """Chances of past origins and what came of them.

    ``forecasts``: one row per ``origin`` (day number) and ``customer_id``, columns ``severe`` and the chance by each of
    :data:`NAMES` that had one on every origin. ``times`` (draws, customers in order): how often each customer was
    drawn; all figures are taken over the same draws.
    """

    forecasts: pd.DataFrame
    times: Floats

    @property
    def origins(self) -> tuple[date, ...]:
        """Days of the past that are judged, in order."""
        return tuple(day_of(mark) for mark in sorted(self.forecasts.index.get_level_values("origin").unique()))

    @property
    def ids(self) -> tuple[str, ...]:
        """Forecasters with a chance on every origin."""
        return tuple(id for id in NAMES if id in self.forecasts)

    @property
    def customers(self) -> int:
        """Different customers judged."""
        return int(self.forecasts.index.get_level_values("customer_id").nunique())

    def brier(self, id: str, *, origin: date | None = None) -> float:
        """Mean squared error of the chances; NaN without any."""
        rows = self._of(origin)
        return float(((rows[id] - rows["severe"]) ** 2).mean()) if len(rows) else math.nan

    def skill(self, id: str, *, against: str, origin: date | None = None) -> Estimate:
        """``1 - Brier score / Brier score of the other`` on the same customers, over customers drawn anew."""
        losses = [self._sums(lambda rows, who=who: (rows[who] - rows["severe"]) ** 2, origin) for who in (id, against)]
        ones = np.ones((1, len(losses[0])))
        whole, other = (float((ones @ loss)[0]) for loss in losses)
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = 1 - (self.times @ losses[0]) / (self.times @ losses[1])
        value = 1 - whole / other if other > 0 else math.nan
        return _estimate(value, drawn)

    def observed_over_expected(self, id: str, *, origin: date | None = None) -> Estimate:
        """Customers that became severely delinquent over the sum of their chances."""
        happened = self._sums(lambda rows: rows["severe"], origin)
        expected = self._sums(lambda rows: rows[id], origin)
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = (self.times @ happened) / (self.times @ expected)
        total = expected.sum()
        return _estimate(float(happened.sum() / total) if total > 0 else math.nan, drawn)

    def calibration(self, id: str, *, origin: date | None = None) -> tuple[Estimate, Estimate]:
        """Intercept and slope of the outcomes on the log odds of the chances; 0 and 1 are right.

        See :func:`analysis.models.calibration.calibration_line`; chances are cut at 0.001 and 0.999. NaN where all or
        none became severe.
        """
        rows = self._of(origin)
        chance, severe = rows[id].to_numpy(dtype=float), rows["severe"].to_numpy(dtype=float)
        line = calibration_line(chance, severe, np.ones(len(rows)), horizon=WINDOW_DAYS)
        if math.isnan(line.slope):
            nothing = Estimate(value=math.nan, low=math.nan, high=math.nan)
            return nothing, nothing
        place = self._customers.get_indexer(rows.index.get_level_values("customer_id"))
        drawn = _drawn_lines(log_odds(np.clip(chance, SUREST, 1 - SUREST)), severe, self.times[:, place])
        return _estimate(line.intercept, drawn[:, 0]), _estimate(line.slope, drawn[:, 1])

    def share(self, values: pd.Series[float]) -> Estimate:
        """Mean of a figure of some of the forecasts (indexed like them), over customers drawn anew."""
        of_customer = values.groupby(level="customer_id").agg(["sum", "count"]).reindex(self._customers, fill_value=0)
        sums, counts = (of_customer[c].to_numpy(dtype=float) for c in ("sum", "count"))
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = (self.times @ sums) / (self.times @ counts)
        return _estimate(float(sums.sum() / counts.sum()) if counts.sum() else math.nan, drawn)

    def by_origin(self, id: str) -> pd.DataFrame:
        """Figures of each origin and of all together (the last row, ``origin`` "all"), each with its limits."""
        found = []
        for origin in (*self.origins, None):
            rows = self._of(origin)
            intercept, slope = self.calibration(id, origin=origin)
            figures = {
                "slope": slope,
                "intercept": intercept,
                "over_expected": self.observed_over_expected(id, origin=origin),
                "skill_base": self.skill(id, against="base", origin=origin),
                "skill_own_rate": self.skill(id, against="own_rate", origin=origin),
            }
            line: dict[str, object] = {
                "origin": "all" if origin is None else origin.isoformat(),
                "customers": len(rows),
                "severe": int(rows["severe"].sum()),
                "brier": self.brier(id, origin=origin),
            }
            for name, figure in figures.items():
                line |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
            found.append(line)
        return pd.DataFrame(found)

    @property
    def _customers(self) -> pd.Index:
        return pd.Index(sorted(self.forecasts.index.get_level_values("customer_id").unique()))

    def _of(self, origin: date | None) -> pd.DataFrame:
        at = self.forecasts.index.get_level_values("origin")
        return self.forecasts if origin is None else self.forecasts[at == day_number(origin)]

    def _sums(self, value: object, origin: date | None) -> Floats:
        """A figure of each row summed by customer, in the order of ``times``."""
        rows = self._of(origin)
        assert callable(value)
        summed = value(rows).groupby(level="customer_id").sum()
        return np.asarray(summed.reindex(self._customers, fill_value=0.0), dtype=float)


def risk_origins(last: date, marks: Sequence[date]) -> tuple[date, ...]:
    """Marks to look back on: up to six, two months apart, the latest a year or more before the last day."""
    over = [mark for mark in marks if day_number(mark) <= day_number(last) - WINDOW_DAYS]
    return tuple(reversed(over[::-ORIGIN_STEP_MONTHS][:ORIGINS_MOST]))


def risk_record(rows: pd.DataFrame, origins: Sequence[date], *, seed: int = 0) -> RiskRecord | None:
    """Chances of each origin, fitted on what was over and known by then, with what came of them.

    ``rows`` as :func:`~analysis.models.risk_rows.risk_rows` gives them. Judged are customers with business on the
    origin of whose invoices anything could have been 91 days late in the year after. Origins with fewer than three
    month ends to learn from are left out. Where the model could be fitted on three origins or more, those on which it
    could not are left out too, else the model is. None where no origin is left.
    """
    found: dict[date, pd.DataFrame] = {}
    for origin in origins:
        mark = day_number(origin)
        learned = learned_from(rows, mark)
        asked = rows[(rows.index.get_level_values("mark") == mark) & rows["severe"].notna().to_numpy()]
        if learned.index.get_level_values("mark").nunique() >= MARKS_MIN and len(asked):
            found[origin] = _forecasts(learned, asked)
    whole = {origin: frame for origin, frame in found.items() if MODEL in frame}
    if len(whole) >= min(3, max(len(found), 1)):
        found = whole
    if not found:
        return None
    together = [set(frame.columns) for frame in found.values()]
    kept = ["severe", *(id for id in NAMES if all(id in columns for columns in together))]
    forecasts = pd.concat([frame[kept] for frame in found.values()]).rename_axis(index={"mark": "origin"}).sort_index()
    n = forecasts.index.get_level_values("customer_id").nunique()
    rng = np.random.default_rng(seed)
    times = np.array([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(DRAWS)], dtype=float)
    return RiskRecord(forecasts=forecasts, times=times)


def _forecasts(learned: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Chances by every rung and model that can be learned from the rows."""
    rates = risk_rates(learned)
    chances: dict[str, Floats] = {rung: rates.chances(asked, rung) for rung in RUNGS}
    for id, without in ((MODEL, ()), (UNRATED, (RATING,))):
        try:
            chances[id] = fit_risk_model(learned, without=without).chances(asked)
        except RefusedFit:
            continue
    return pd.DataFrame({"severe": asked["severe"], **{id: c.round(_DIGITS) for id, c in chances.items()}})


def _estimate(value: float, drawn: Floats) -> Estimate:
    """A figure with the percentiles of its draws, as far as they are defined."""
    known = drawn[np.isfinite(drawn)]
    if math.isnan(value) or not len(known):
        return Estimate(value=value, low=math.nan, high=math.nan)
    low, high = np.quantile(known, (0.025, 0.975))
    return Estimate(value=round(value, _DIGITS), low=float(low.round(_DIGITS)), high=float(high.round(_DIGITS)))


def _drawn_lines(logit: Floats, severe: Floats, times: Floats) -> Floats:
    """Intercept and slope of a logistic line for each draw (rows of ``times``, weights of the rows); shape (draws, 2).

    Newton's method for all draws at once; NaN where a draw has no line.
    """
    centre, scale = logit.mean(), logit.std()
    z = (logit - centre) / scale
    lines = np.zeros((len(times), 2))
    for _ in range(_STEPS):
        chance = logistic(lines[:, :1] + lines[:, 1:] * z)
        weight = times * chance * (1 - chance)
        rest = times * (severe - chance)
        a, b, c = weight.sum(axis=1), weight @ z, weight @ (z * z)
        determinant = a * c - b * b
        with np.errstate(divide="ignore", invalid="ignore"):
            up = (c * rest.sum(axis=1) - b * (rest @ z)) / determinant
            along = (a * (rest @ z) - b * rest.sum(axis=1)) / determinant
        step = np.clip(np.column_stack([up, along]), -2.0, 2.0)
        lines = lines + step
        if not (np.abs(step) > _CONVERGED).any():
            break
    lines[~(np.abs(lines) < _SLOPE_MAX).all(axis=1)] = np.nan
    return np.column_stack([lines[:, 0] - lines[:, 1] * centre / scale, lines[:, 1] / scale])
