"""How far forecast amounts were from those that came, and how often stated intervals held."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from analysis.models.scores import Matrix, checked_forecast


def weekly_receipts(unpaid: ArrayLike, balance: ArrayLike, *, weeks: int = 4) -> Matrix:
    """Cash expected from each open invoice in each of the next weeks; shape (invoices, weeks).

    ``balance * (unpaid at the start of the week - unpaid at its end)``; week 1 is days 1 to 7.

    >>> weekly_receipts([[1, 1, 1, 1, 1, 1, 0.25]], [200.0], weeks=1).tolist()
    [[150.0]]
    """
    forecast, _ = checked_forecast(unpaid, [7 * week for week in range(1, weeks + 1)])
    at_ends = np.column_stack([np.ones(len(forecast)), forecast[:, 6 : 7 * weeks : 7]])
    return np.asarray(balance, dtype=float)[:, None] * -np.diff(at_ends, axis=1)


def weekly_paid(paid_after: ArrayLike, balance: ArrayLike, *, weeks: int = 4) -> Matrix:
    """Balance of each open invoice in the week in which it was paid; shape (invoices, weeks)."""
    week = np.ceil(np.asarray(paid_after, dtype=float)[:, None] / 7)
    return np.where(week == np.arange(1, weeks + 1), np.asarray(balance, dtype=float)[:, None], 0.0)


def weighted_error(predicted: ArrayLike, actual: ArrayLike) -> float:
    """Absolute errors as a share of what came (WAPE): ``sum |predicted - actual| / sum |actual|``.

    Over all cells given, such as weeks after several dates. NaN where nothing came.

    >>> weighted_error([90, 120], [100, 100])
    0.15
    """
    forecast, came = _paired(predicted, actual)
    total = float(np.abs(came).sum())
    return float(np.abs(forecast - came).sum() / total) if total else math.nan


def pinball_loss(predicted: ArrayLike, actual: ArrayLike, *, level: float) -> float:
    """Mean loss of a forecast quantile: what came above it costs ``level`` a unit, below it ``1 - level``.

    Smallest in expectation for the true quantile of that level; at 0.5 half the mean absolute error. NaN
    without values.

    Source: Koenker and Bassett, Econometrica 46 (1978) 33-50.

    >>> round(pinball_loss([100, 100], [110, 90], level=0.9), 6)
    5.0
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    forecast, came = _paired(predicted, actual)
    above = came - forecast
    return float(np.maximum(level * above, (level - 1) * above).mean()) if above.size else math.nan


def coverage(low: ArrayLike, high: ArrayLike, actual: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Share of what came that lies within its interval, limits included; weighted where not all is known.

    ``weights`` are those of :func:`~analysis.models.scores.known_weights` at the horizon up to which intervals are
    judged; NaN without a positive weight.

    >>> coverage([1, 1, 1], [2, 2, 2], [2, 3, 1])
    0.6666666666666666
    """
    came = np.asarray(actual, dtype=float)
    within = (np.asarray(low, dtype=float) <= came) & (came <= np.asarray(high, dtype=float))
    counted = np.ones(came.shape) if weights is None else np.nan_to_num(np.asarray(weights, dtype=float))
    total = float(counted.sum())
    return float((counted * within).sum() / total) if total else math.nan


def _paired(predicted: ArrayLike, actual: ArrayLike) -> tuple[Matrix, Matrix]:
    forecast, came = np.asarray(predicted, dtype=float), np.asarray(actual, dtype=float)
    if forecast.shape != came.shape:
        raise ValueError(f"predicted and actual differ in shape: {forecast.shape} and {came.shape}")
    return forecast, came
