"""Whether stated probabilities hold: of invoices said to be paid with 70%, seven in ten should be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2
from scipy.stats import f as f_distribution

from analysis.models.scores import Matrix, checked_forecast, known_weights, seen_truth

# No forecast is taken to be surer than this: the logit of a certainty is infinite.
SUREST = 1e-3
_STEPS_MAX = 50
_CONVERGED = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationLine:
    """Observed payment against forecast on the scale of log odds, for one horizon.

    ``slope`` 1 and ``intercept`` 0 are perfect; a slope below 1 says that forecasts are too sure of themselves,
    above 1 that they are too timid. ``observed`` and ``expected`` are shares paid by the horizon. ``slope`` and
    ``intercept`` are NaN where all or none were paid, or all have the same forecast.
    """

    horizon: int
    invoices: int
    observed: float
    expected: float
    intercept: float
    slope: float


def calibration(
    unpaid: ArrayLike,
    paid_after: ArrayLike,
    seen_days: ArrayLike,
    horizons: Sequence[int],
    *,
    left_after: ArrayLike | None = None,
) -> tuple[CalibrationLine, ...]:
    """Calibration slope and intercept at each horizon, of invoices whose state is known then.

    Weighted logistic regression ``logit P(paid by h) = intercept + slope * logit(1 - unpaid(h))`` with the weights
    of :func:`~analysis.models.scores.known_weights`; forecasts are cut at 0.001 and 0.999. ``invoices`` are those
    with a weight.

    Source: Cox, Biometrika 45 (1958) 562-565; Van Calster et al., BMC Medicine 17 (2019) 230.
    """
    forecast, days = checked_forecast(unpaid, horizons)
    paid, seen, left = seen_truth(paid_after, seen_days, left_after, rows=len(forecast))
    weights = known_weights(left, seen, days)
    return tuple(
        calibration_line(1 - forecast[:, day - 1], paid <= day, weights[:, at], horizon=int(day))
        for at, day in enumerate(days)
    )


def calibration_line(paid_share: ArrayLike, is_paid: ArrayLike, weights: ArrayLike, *, horizon: int) -> CalibrationLine:
    """The line of one horizon from the forecast share paid by it, what happened, and weights (NaN: unknown)."""
    forecast, happened = np.asarray(paid_share, dtype=float), np.asarray(is_paid, dtype=float)
    weight = np.nan_to_num(np.asarray(weights, dtype=float))
    kept = weight > 0
    forecast, happened, weight = forecast[kept], happened[kept], weight[kept]
    total = weight.sum()
    intercept, slope = _logistic_line(np.clip(forecast, SUREST, 1 - SUREST), happened, weight)
    return CalibrationLine(
        horizon=horizon,
        invoices=int(kept.sum()),
        observed=float((weight * happened).sum() / total) if total else math.nan,
        expected=float((weight * forecast).sum() / total) if total else math.nan,
        intercept=intercept,
        slope=slope,
    )


def _logistic_line(
    forecast: NDArray[np.float64], happened: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Intercept and slope by Newton's method; NaN where the likelihood has no single maximum."""
    logit = np.log(forecast / (1 - forecast))
    if len(logit) == 0 or np.ptp(logit) == 0 or np.ptp(happened) == 0:
        return math.nan, math.nan
    centre, scale = logit.mean(), logit.std()
    design = np.column_stack([np.ones_like(logit), (logit - centre) / scale])
    weight = weight / weight.sum()
    line = np.zeros(2)
    for _ in range(_STEPS_MAX):
        chance = 1 / (1 + np.exp(-np.clip(design @ line, -700, 700)))
        information = (design * (weight * chance * (1 - chance))[:, None]).T @ design
        if np.linalg.det(information) < np.finfo(float).tiny ** 0.5:
            return math.nan, math.nan
        step = np.linalg.solve(information, design.T @ (weight * (happened - chance)))
        # a long step overshoots where payments are rare
        line = line + step * min(1.0, 4 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < _CONVERGED:
            return float(line[0] - line[1] * centre / scale), float(line[1] / scale)
    return math.nan, math.nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DistributionCalibration:
    """How evenly payments fall on the forecast probabilities: one tenth of invoices belongs to each of ten bins.

    ``counts`` has one row per bin of ``unpaid`` at the day of payment, from 0 up. A low ``p_value`` says that
    forecasts are systematically too early, too late, too narrow or too wide.
    """

    counts: pd.Series[float]
    statistic: float
    p_value: float


def d_calibration(
    unpaid: ArrayLike,
    paid_after: ArrayLike,
    seen_days: ArrayLike,
    *,
    left_after: ArrayLike | None = None,
    bins: int = 10,
) -> DistributionCalibration:
    """Distributional calibration over all horizons at once.

    Each invoice belongs to the bin in which its ``unpaid`` lies on the day of payment. Forecasts fall by days, so
    the invoice is spread evenly over ``unpaid`` of that day and of the day before; one not paid within the forecast
    or the time seen over all from 0 to its last known ``unpaid``. ``statistic = sum((n_bin - n / bins) ** 2 /
    (n / bins))``, chi-square with ``bins - 1`` degrees of freedom.

    The test takes invoices as independent. Those of one customer, and the same one on several dates, are not: then
    :func:`d_calibration_by_customer` is the test to use. Spreading makes the test lenient. NaN without invoices.

    Source: Haider, Hoehn, Davis and Greiner, JMLR 21 (2020) 85, section 3.4; spreading over a day: Czado, Gneiting
    and Held, Biometrics 65 (2009) 1254-1261.
    """
    counts = d_calibration_counts(unpaid, paid_after, seen_days, left_after=left_after, bins=bins)
    return d_calibration_test(counts.sum(axis=0))


def d_calibration_counts(
    unpaid: ArrayLike,
    paid_after: ArrayLike,
    seen_days: ArrayLike,
    *,
    left_after: ArrayLike | None = None,
    bins: int = 10,
) -> Matrix:
    """Part of each invoice in each bin, which add up over invoices and dates; see :func:`d_calibration`.

    Shape (invoices, bins).
    """
    forecast, days = checked_forecast(unpaid, None)
    paid, seen, left = seen_truth(paid_after, seen_days, left_after, rows=len(forecast))
    # credited or written off: never paid, so its time goes on without end
    last = np.floor(np.where(paid < np.inf, paid, np.where(left < np.inf, np.inf, seen))).astype(float)
    before: Matrix = np.column_stack([np.ones(len(forecast)), forecast])
    row = np.arange(len(forecast))
    is_paid = (paid < np.inf) & (last <= len(days))
    at = np.minimum(last, len(days)).astype(np.int64)
    high = np.where(is_paid, before[row, np.maximum(at - 1, 0)], before[row, at])
    low = np.where(is_paid, before[row, at], 0.0)
    edges = np.linspace(0, 1, bins + 1)
    width = np.maximum(high - low, 0)
    overlap = np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1])
    spread: Matrix = np.divide(
        np.maximum(overlap, 0), width[:, None], out=np.zeros_like(overlap), where=width[:, None] > 0
    )
    # a payment on a day said to be impossible has no width; it lies where the forecast stands
    point = np.minimum((high * bins).astype(np.int64), bins - 1)
    spread[width == 0, point[width == 0]] = 1
    return spread


def d_calibration_test(counts: ArrayLike) -> DistributionCalibration:
    """Chi-square test of even counts per bin."""
    observed = np.asarray(counts, dtype=float)
    even = observed.sum() / len(observed)
    statistic = float(((observed - even) ** 2).sum() / even) if even else math.nan
    edges = np.linspace(0, 1, len(observed) + 1)[:-1]
    return DistributionCalibration(
        counts=pd.Series(observed, index=pd.Index(edges.round(6), name="from"), name="invoices"),
        statistic=statistic,
        p_value=float(chi2.sf(statistic, len(observed) - 1)) if even else math.nan,
    )


def d_calibration_by_customer(counts: Matrix) -> float:
    """P-value of even counts per bin where the invoices of a customer go together; NaN with too few customers.

    ``counts`` has one row per customer and one column per bin, all invoices of all dates together. With ``d`` the
    mean over the ``K`` customers of ``counts - mean of its counts`` (one of the ``B`` bins left out as redundant) and
    ``V`` their covariance, ``K * d' V^-1 d * (K - B + 1) / ((K - 1) * (B - 1))`` is compared with the F distribution
    of ``B - 1`` and ``K - B + 1`` degrees of freedom: Hotelling's test of a mean of zero. NaN below twice as many
    customers as bins, and where bins do not vary freely, as with forecasts that name one day for sure.

    Source: Hotelling, Annals of Mathematical Statistics 2 (1931) 360-378; clusters as units of a test of counts:
    Rao and Scott, Journal of the American Statistical Association 76 (1981) 221-230.
    """
    n, bins = counts.shape
    if n < 2 * bins:
        return math.nan
    # the bins of a customer add up to its invoices, so one is redundant
    off = (counts - counts.mean(axis=1, keepdims=True))[:, 1:]
    mean = off.mean(axis=0)
    spread = np.cov(off, rowvar=False)
    if np.linalg.matrix_rank(spread) < bins - 1:
        return math.nan
    squared = n * float(mean @ np.linalg.solve(spread, mean))
    freedom = n - bins + 1
    return float(f_distribution.sf(squared * freedom / ((n - 1) * (bins - 1)), bins - 1, freedom))
