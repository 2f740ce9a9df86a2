"""How far forecasts of payment were from what happened: Brier score and error of the median.

A forecast is a matrix ``unpaid`` of shape (invoices, days): column ``j`` is the probability that an invoice,
open on a date, has not been paid in cash ``j + 1`` days later. What happened is told by three arrays in days
after the same date: ``paid_after`` (infinite where it was not paid), ``left_after`` (paid, credited or written
off; infinite while open) and ``seen_days`` (the last day known). An invoice that was credited or written off is
never paid, so its truth is "unpaid" for ever; one that is open when the books end is censored there, and those
seen longer stand in for it by weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "BrierScore",
    "Matrix",
    "brier",
    "checked_forecast",
    "day_paid_by",
    "known_weights",
    "median_error",
    "seen_truth",
    "squared_errors",
]

Matrix = NDArray[np.float64]
# A probability summed up from some hundred factors is 1 to within this.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BrierScore:
    """Mean squared distance between forecast and truth: 0 is perfect, 0.25 is what always saying one half gets.

    ``by_horizon`` is indexed by day; NaN where no invoice was seen that long. ``integrated`` is the mean over
    the days that are known, NaN where there is none.
    """

    by_horizon: pd.Series[float]
    integrated: float


def brier(
    unpaid: ArrayLike,
    paid_after: ArrayLike,
    seen_days: ArrayLike,
    horizons: Sequence[int] | None = None,
    *,
    left_after: ArrayLike | None = None,
) -> BrierScore:
    """Brier score of payment forecasts by day after the forecast, and its mean over the days.

    ``BS(h) = mean over invoices of w(h) * (1{not paid by h} - unpaid(h)) ** 2`` with the weights of
    :func:`known_weights`, which are 1 where every invoice was followed to its end or to ``h``. ``horizons`` are
    the days scored, all columns of ``unpaid`` where not stated. Without ``left_after`` payment is the only exit.

    NaN without invoices. ValueError where shapes differ, a probability lies outside 0 and 1, or a horizon is
    not a column.

    Source: Graf, Schmoor, Sauerbrei and Schumacher, Statistics in Medicine 18 (1999) 2529-2545; with other exits
    Schoop, Beyersmann, Schumacher and Binder, Biometrical Journal 53 (2011) 88-112.

    >>> brier([[0.8, 0.4], [0.9, 0.7]], paid_after=[2, 5], seen_days=[9, 9]).by_horizon.round(3).tolist()
    [0.025, 0.125]
    """
    forecast, days = checked_forecast(unpaid, horizons)
    errors = squared_errors(forecast, paid_after, seen_days, days, left_after=left_after)
    by_horizon = errors.mean(axis=0) if len(errors) else np.full(len(days), math.nan)
    known = by_horizon[~np.isnan(by_horizon)]
    return BrierScore(
        by_horizon=pd.Series(by_horizon, index=pd.Index(days, name="horizon"), name="brier"),
        integrated=float(known.mean()) if len(known) else math.nan,
    )


def squared_errors(
    unpaid: ArrayLike,
    paid_after: ArrayLike,
    seen_days: ArrayLike,
    horizons: Sequence[int] | NDArray[np.int64] | None = None,
    *,
    left_after: ArrayLike | None = None,
) -> Matrix:
    """What each invoice and horizon adds to the Brier score, weighted; shape (invoices, horizons).

    The mean of a column is ``BS(h)`` of :func:`brier`. A column is NaN where no invoice was seen that long.
    """
    forecast, days = checked_forecast(unpaid, horizons)
    paid, seen, left = seen_truth(paid_after, seen_days, left_after, rows=len(forecast))
    not_paid = (paid[:, None] > days).astype(float)
    return known_weights(left, seen, days) * (not_paid - forecast[:, days - 1]) ** 2


def known_weights(left_after: ArrayLike, seen_days: ArrayLike, horizons: ArrayLike) -> Matrix:
    """Weight with which each invoice counts at each horizon; shape (invoices, horizons).

    Zero where the books end before the invoice left and before the horizon: nobody knows then. Otherwise
    ``1 / G``, with ``G(t)`` the share of invoices that would have been followed to day ``t``, at the day on which
    the invoice left or at the horizon, whichever comes first (product-limit estimate of the time to the end of
    the books; leaving on the last day known comes before that end). All weights are 1 where all is known. A
    column is NaN where no invoice is followed that long while open.

    Source: Robins and Rotnitzky in AIDS Epidemiology (1992) 297-331; Graf et al. (1999), section 3.
    """
    left, seen = np.asarray(left_after, dtype=float), np.asarray(seen_days, dtype=float)
    days = np.asarray(horizons, dtype=float)
    has_left = left <= seen
    followed = np.minimum(left, seen)
    ends, ended = np.unique(followed[~has_left], return_counts=True)
    leaving, staying = np.sort(followed[has_left]), np.sort(followed)
    at_risk = len(staying) - np.searchsorted(staying, ends, side="left")
    at_risk -= np.searchsorted(leaving, ends, side="right") - np.searchsorted(leaving, ends, side="left")
    # share still followed on the day itself: only ends before it count
    share = np.append(1.0, np.cumprod(1 - ended / at_risk))
    at_exit, at_horizon = (share[np.searchsorted(ends, day, side="left")] for day in (followed, days))
    with np.errstate(divide="ignore"):
        exit_weight, horizon_weight = 1 / at_exit, 1 / at_horizon
    weights = np.where((has_left & (left < np.inf))[:, None] & (left[:, None] <= days), exit_weight[:, None], 0.0)
    weights = np.where((np.minimum(left, seen)[:, None] >= days) & (left[:, None] > days), horizon_weight, weights)
    return np.where(at_horizon > 0, weights, math.nan)


def day_paid_by(unpaid: ArrayLike, share: float = 0.5) -> NDArray[np.float64]:
    """First day by which each invoice is paid with probability ``share``; infinite where the forecast ends before.

    With one half the median day of payment. Shape (invoices,).

    >>> day_paid_by([[0.9, 0.5, 0.2], [0.9, 0.8, 0.7]]).tolist()
    [2.0, inf]
    """
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    reached = np.asarray(unpaid, dtype=float) <= 1 - share + _ROUNDING
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, math.inf)


def median_error(
    unpaid: ArrayLike,
    paid_after: ArrayLike,
    seen_days: ArrayLike,
    *,
    left_after: ArrayLike | None = None,
    cap: int = 90,
) -> float:
    """Mean distance in days between the median day of the forecast and the day of payment, both cut at ``cap``.

    ``mean of w * |min(median, cap) - min(paid_after, cap)|`` with the weights of :func:`known_weights` at ``cap``.
    NaN without invoices, or where none was seen up to ``cap``.
    """
    forecast, _ = checked_forecast(unpaid, None)
    paid, seen, left = seen_truth(paid_after, seen_days, left_after, rows=len(forecast))
    if not len(forecast):
        return math.nan
    distance = np.abs(np.minimum(day_paid_by(forecast), cap) - np.minimum(paid, cap))
    return float((known_weights(left, seen, [cap])[:, 0] * distance).mean())


def checked_forecast(
    unpaid: ArrayLike, horizons: Sequence[int] | NDArray[np.int64] | None
) -> tuple[Matrix, NDArray[np.int64]]:
    """The matrix and the days to look at, checked."""
    forecast = np.asarray(unpaid, dtype=float)
    if forecast.ndim != 2:
        raise ValueError(f"unpaid must have one row per invoice and one column per day, got shape {forecast.shape}")
    wrong = ~((forecast >= -_ROUNDING) & (forecast <= 1 + _ROUNDING))
    if wrong.any():
        at = tuple(int(place[0]) for place in np.nonzero(wrong))
        raise ValueError(
            f"unpaid: {int(wrong.sum())} value(s) are no probability, for example {forecast[at]:g} in row {at[0]}, "
            f"day {at[1] + 1}"
        )
    days = np.arange(1, forecast.shape[1] + 1) if horizons is None else np.asarray(horizons, dtype=np.int64)
    outside = days[(days < 1) | (days > forecast.shape[1])]
    if len(outside):
        raise ValueError(f"horizons: {len(outside)} lie outside 1 to {forecast.shape[1]}, for example {outside[0]}")
    return forecast, days


def seen_truth(
    paid_after: ArrayLike, seen_days: ArrayLike, left_after: ArrayLike | None, *, rows: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Days to payment, days seen and days to any exit, checked; an exit that nobody saw is none."""
    paid, seen = np.asarray(paid_after, dtype=float), np.asarray(seen_days, dtype=float)
    left = paid if left_after is None else np.asarray(left_after, dtype=float)
    if not rows == len(paid) == len(seen) == len(left):
        raise ValueError(
            f"lengths differ: unpaid {rows}, paid_after {len(paid)}, seen_days {len(seen)}, left_after {len(left)}"
        )
    for name, values in (("paid_after", paid), ("seen_days", seen), ("left_after", left)):
        wrong = ~(values >= 0) if name == "seen_days" else ~(values > 0)
        if wrong.any():
            raise ValueError(f"{name}: {int(wrong.sum())} value(s) are missing or not after the date")
    later = int((left > paid).sum())
    if later:
        raise ValueError(f"left_after: {later} invoice(s) left after they were paid")
    seen_paid = np.where(paid <= seen, paid, math.inf)
    return seen_paid, seen, np.where(left <= seen, left, math.inf)
