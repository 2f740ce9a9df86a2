"""What each forecaster got on one day of the past, on the same invoices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analysis.models.calibration import d_calibration_counts
from analysis.models.discrimination import Concordance, concordance, restricted_mean_days
from analysis.models.forecast_errors import weekly_paid, weekly_receipts
from analysis.models.ladder import DAYS
from analysis.models.landmarks import OpenBook, Outcomes
from analysis.models.scores import Matrix, day_paid_by, known_weights, median_error, squared_errors

# Days after the forecast at which single figures are shown.
HORIZONS = (7, 14, 30, 60, 90)
_WEEKS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OriginScores:
    """What one forecaster got on one origin.

    ``losses`` (invoices,) is the squared error of each invoice, mean over the days that are known; ``by_horizon``
    (days,) the Brier score of each day, NaN where unknown; ``paid_share`` (invoices, horizons) the forecast share
    paid; ``weekly`` the cash forecast for each of four weeks; ``within`` (invoices,) whether payment fell between the
    10% and the 90% day; ``d_counts`` (different customers in order, bins) the parts of
    :func:`~analysis.models.calibration.d_calibration_counts`.
    """

    losses: NDArray[np.float64]
    by_horizon: NDArray[np.float64]
    paid_share: Matrix
    pairs: Concordance
    median_error: float
    weekly: NDArray[np.float64]
    within: NDArray[np.bool_]
    d_counts: Matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """One day of the past: the invoices scored, what became of them, and what each forecaster got.

    ``is_paid`` and ``weights`` (invoices, horizons) say at each of :data:`HORIZONS` what was paid and how much that
    counts (NaN: unknown then); ``weekly`` is the cash that came in four weeks, NaN for weeks that are not over.
    """

    on: date
    customers: NDArray[np.object_]
    is_paid: NDArray[np.bool_]
    weights: Matrix
    weekly: NDArray[np.float64]
    scores: dict[str, OriginScores]


def score_origin(forecasts: Mapping[str, Matrix], book: OpenBook, outcomes: Outcomes) -> Origin:
    """Scores of forecasts of the open invoices of one day, by the id of the forecaster.

    Each forecast has a row per invoice of the book and a column per day, at least :data:`~analysis.models.ladder.DAYS`.
    """
    items, n = book.items, len(book)
    paid, left, seen = outcomes.paid_after, outcomes.left_after, outcomes.seen_days
    paid, left = np.where(paid <= seen, paid, np.inf), np.where(left <= seen, left, np.inf)
    weights = known_weights(left, seen, HORIZONS)
    balance = items["balance"].to_numpy(dtype=float)
    over = 7 * np.arange(1, _WEEKS + 1) <= seen.max(initial=0)

    code = np.unique(items["customer_id"].to_numpy(dtype=object), return_inverse=True)[1]

    def scored(whole: Matrix) -> OriginScores:
        unpaid = whole[:, :DAYS]
        errors = squared_errors(unpaid, paid, seen, left_after=left)
        known = ~np.isnan(errors).any(axis=0)
        early, late = (day_paid_by(unpaid, share) for share in (0.1, 0.9))
        return OriginScores(
            losses=errors[:, known].mean(axis=1) if known.any() else np.full(n, np.nan),
            by_horizon=errors.mean(axis=0),
            paid_share=1 - unpaid[:, np.array(HORIZONS) - 1],
            pairs=concordance(restricted_mean_days(unpaid, cap=DAYS), paid, seen, left_after=left),
            median_error=median_error(unpaid, paid, seen, left_after=left, cap=DAYS),
            weekly=np.where(over, weekly_receipts(unpaid, balance, weeks=_WEEKS).sum(axis=0), np.nan),
            within=(early <= paid) & (np.where(paid > DAYS, np.inf, paid) <= late),
            d_counts=summed(d_calibration_counts(unpaid, paid, seen, left_after=left), code),
        )

    return Origin(
        on=book.on,
        customers=items["customer_id"].to_numpy(dtype=object),
        is_paid=paid[:, None] <= np.array(HORIZONS),
        weights=weights,
        weekly=np.where(over, weekly_paid(paid, balance, weeks=_WEEKS).sum(axis=0), np.nan),
        scores={id: scored(np.asarray(unpaid, dtype=float)) for id, unpaid in forecasts.items()},
    )


def summed(values: Matrix, group: NDArray[np.int64]) -> Matrix:
    """Sums of rows by group number; shape (groups, columns)."""
    return np.column_stack([np.bincount(group, weights=column) for column in values.T])
