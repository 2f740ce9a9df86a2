"""The chance that an open invoice is paid on each coming day: a daily hazard with two heads, and their mean."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from analysis.models.followed import HORIZON_DAYS, PersonDays
from analysis.models.paydays import MONTH_PLACES
from analysis.models.person_days import FEATURES, day_matrix
from analysis.models.rounded_features import to_few_values
from analysis.models.row_features import Matrix, Rows

_AT = {name: k for k, name in enumerate(FEATURES)}
_CLOSED = _AT["closed"]
# Rows times days whose features fit into the cache of a processor: with more, trees take twice as long.
_ROWS_AT_ONCE, _THREADS = 100, 2

# Where a straight line is too simple for the regression: days, spreads and log-odds at which it may bend.
_BENDS: dict[str, tuple[float, ...]] = {
    "rel": (-45, -30, -20, -14, -10, -7, -4, -2, 0, 2, 4, 7, 10, 14, 20, 30, 45, 60, 90, 120),
    "after_usual": (-20, -10, -5, -2, 0, 2, 5, 10, 20, 40),
    "after_usual_scaled": (-2, -1, -0.5, 0, 0.5, 1, 2),
    **dict.fromkeys(("after_lately", "after_half", "after_chased"), (-15, -7, -3, -1, 0, 1, 3, 7, 15, 30)),
    **dict.fromkeys(("after_first", "after_most"), (-7, -3, 0, 3, 7)),
    "ahead": (3, 7, 14, 30, 60),
    "since_paid": (3, 7, 14, 30, 60),
    **dict.fromkeys(("own_hazard", "run_hazard"), (-5, -4, -3, -2, -1, 0)),
    "runs_since_due": (-3, -2, -1, 0, 1, 2, 3),
    "own_unpaid": (-4, -3, -2, -1, -0.5),
    "since_part_paid": (7, 14, 21, 30, 45),
    "to_promise": (-7, -3, 0, 3, 7),
}
_LEVELS = {
    **{"weekday": 7, "to_month_end": 7, "from_month_start": 7, "month_place": MONTH_PLACES},
    # the labels first seen; later ones are told apart by their curves alone
    **{"segment": 8, "channel": 8, "entity": 8},
}
# Small ledgers overfit with weak penalties and with deep trees.
_SMALL_INVOICES = 5_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regression:
    """Logistic regression of the daily hazard on features, their bends and levels; the head that explains."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    model: LogisticRegression
    on_closed_days: float

    def hazard(self, matrix: Matrix) -> NDArray[np.float64]:
        """Chance of payment on each open day, given that the invoice is open then.

        The sum over the columns of :func:`basis`, feature by feature: one that bends is a broken line, read off
        between its corners, and a level is one coefficient, so that the hundreds of columns need not be made.
        """
        coefficients = self.model.coef_[0] / self.scale
        straight, n = [_AT[name] for name in FEATURES if name not in _LEVELS], len(FEATURES) - len(_LEVELS)
        log_odds = (matrix[:, straight] @ coefficients[:n].astype(np.float32)).astype(np.float64)
        log_odds = log_odds + (self.model.intercept_[0] - self.mean @ coefficients)
        for name, bends in _BENDS.items():
            values = matrix[:, _AT[name]].astype(np.float64)
            corners = np.array([min(bends) - 1.0, *bends, max(max(bends) + 1.0, values.max(initial=0.0))])
            heights = np.maximum(corners[:, None] - np.array(bends), 0.0) @ coefficients[n : n + len(bends)]
            log_odds, n = log_odds + np.interp(values, corners, heights), n + len(bends)
        for name, size in _LEVELS.items():
            level = matrix[:, _AT[name]]
            # a level beyond the last has no column
            place = np.where((level >= 0) & (level < size), level, size).astype(np.int64)
            log_odds, n = log_odds + np.append(coefficients[n : n + size], 0.0)[place], n + size
        paid: NDArray[np.float64] = expit(log_odds)
        return paid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boosted:
    """Gradient-boosted trees of the daily hazard; the head that finds what the regression was not told."""

    model: HistGradientBoostingClassifier
    on_closed_days: float

    def hazard(self, matrix: Matrix) -> NDArray[np.float64]:
        """Chance of payment on each open day, given that the invoice is open then."""
        paid: NDArray[np.float64] = self.model.predict_proba(matrix)[:, 1]
        return paid


def basis(matrix: Matrix) -> NDArray[np.float64]:
    """Columns of the regression: every feature as it is, bent where a line is too simple, and levels one by one."""
    parts = [matrix[:, [k for name, k in _AT.items() if name not in _LEVELS]]]
    for name, bends in _BENDS.items():
        parts.append(np.maximum(matrix[:, _AT[name], None] - np.array(bends, dtype=np.float32), 0))
    for name, n in _LEVELS.items():
        parts.append(matrix[:, _AT[name], None] == np.arange(n))
    return np.hstack(parts).astype(np.float64)


def fit_regression(days: PersonDays) -> Regression:
    """Fit the regression; ValueError where no day of payment, or no other day, is among ``days``."""
    opens = _opens(days)
    columns = basis(days.matrix[opens])
    mean, scale = columns.mean(axis=0), columns.std(axis=0)
    scale[scale < 1e-6] = 1.0
    # ridge on standardised columns: the smaller C, the stronger
    model = LogisticRegression(
        C=0.001 if days.n_invoices < _SMALL_INVOICES else 1.0, solver="newton-cholesky", max_iter=50
    )
    model.fit((columns - mean) / scale, days.paid[opens], sample_weight=days.weight[opens])
    return Regression(mean=mean, scale=scale, model=model, on_closed_days=_closed_rate(days))


def fit_boosted(days: PersonDays) -> Boosted:
    """Fit the trees: shallow and few where the invoices are; ValueError as for :func:`fit_regression`."""
    opens = _opens(days)
    is_small = days.n_invoices < _SMALL_INVOICES
    bins, weight = 64 if is_small else 128, days.weight[opens]
    model = HistGradientBoostingClassifier(
        max_iter=150 if is_small else 120,
        learning_rate=0.05 if is_small else 0.12,
        max_leaf_nodes=4 if is_small else 24,
        min_samples_leaf=500 if is_small else 100,
        l2_regularization=50.0 if is_small else 10.0,
        max_bins=bins,
        early_stopping=False,
        random_state=0,
    )
    model.fit(to_few_values(days.matrix[opens], weight, most=bins), days.paid[opens], sample_weight=weight)
    return Boosted(model=model, on_closed_days=_closed_rate(days))


def hazards(
    heads: Mapping[str, Regression | Boosted], rows: Rows, *, horizon: int = HORIZON_DAYS
) -> dict[str, NDArray[np.float64]]:
    """Chance of payment on each of the coming days, given that the invoice is open then: rows by days, by head."""
    found = {name: np.empty((len(rows), horizon)) for name in heads}

    def fill(low: int) -> None:
        n = min(_ROWS_AT_ONCE, len(rows) - low)
        matrix = day_matrix(rows, np.repeat(np.arange(low, low + n), horizon), np.tile(np.arange(1, horizon + 1), n))
        opens = matrix[:, _CLOSED] == 0
        asked = matrix[opens]
        for name, head in heads.items():
            chance = np.full(len(matrix), head.on_closed_days)
            chance[opens] = head.hazard(asked)
            found[name][low : low + n] = chance.reshape(n, horizon)

    # Rows do not touch each other, so that the number of threads changes no digit.
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        list(pool.map(fill, range(0, len(rows), _ROWS_AT_ONCE)))
    return found


def _opens(days: PersonDays) -> NDArray[np.bool_]:
    """Days on which somebody pays; the others need no model."""
    opens = days.matrix[:, _CLOSED] == 0
    if not days.paid[opens].any() or days.paid[opens].all():
        raise ValueError("nothing to learn from: no day of payment, or no other day")
    return opens


def _closed_rate(days: PersonDays) -> float:
    closed = days.matrix[:, _CLOSED] > 0
    weight = days.weight[closed].sum()
    return float(days.weight[closed & days.paid].sum() / weight) if weight > 0 else 0.0
