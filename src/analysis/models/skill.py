"""How much better one forecaster is than another, and whether that could be luck of the customers at hand."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.models.backtest import Backtest
from analysis.models.scores import Matrix

DRAWS = 1_000
# Twenty draws at a time of a hundred thousand customers take 16 megabytes.
_DRAWS_AT_ONCE = 20
# Equal forecasts may differ in their last digits, by the order of a sum; no score is told to more than this.
_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Integrated Brier score of a forecaster against that of another, on the same invoices.

    ``difference`` is ``score - other's score`` (below zero is better); ``skill`` is ``1 - score / other's score``:
    the share of the other's error that it avoids. Each with its interval. NaN where nothing is scored; skill is
    NaN against a score of zero.
    """

    id: str
    against: str
    difference: float
    difference_low: float
    difference_high: float
    skill: float
    skill_low: float
    skill_high: float

    @property
    def surely_better(self) -> bool:
        """Whether the whole interval of the difference lies below zero."""
        return self.difference_high < 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnScores:
    """Integrated Brier scores of all forecasters as they are, and as other draws of the customers would have had them.

    ``scores`` (draws, forecasters) and ``whole`` (forecasters,) are in the order of ``ids``.
    """

    ids: tuple[str, ...]
    whole: NDArray[np.float64]
    scores: Matrix

    def compare(self, id: str, *, against: str, confidence: float = 0.95) -> Comparison:
        """One forecaster against another, with percentile intervals."""
        one, other = self.ids.index(id), self.ids.index(against)
        limits = ((1 - confidence) / 2, (1 + confidence) / 2)
        difference = self.scores[:, one] - self.scores[:, other]
        low, high = (float(value) for value in np.quantile(difference, limits))
        skills = _skill(self.scores[:, one], self.scores[:, other])
        # a draw without any error of the other says nothing of the share avoided
        known = skills[~np.isnan(skills)]
        skill_low, skill_high = (float(v) for v in np.quantile(known, limits)) if len(known) else (math.nan, math.nan)
        return Comparison(
            id=id,
            against=against,
            difference=float(self.whole[one] - self.whole[other]),
            difference_low=low,
            difference_high=high,
            skill=float(_skill(self.whole[one : one + 1], self.whole[other : other + 1])[0]),
            skill_low=skill_low,
            skill_high=skill_high,
        )


def drawn_scores(tested: Backtest, *, draws: int = DRAWS, seed: int = 0) -> DrawnScores:
    """Scores over customers drawn anew, each with all its invoices of all origins (cluster bootstrap).

    Invoices of one customer are paid alike, and the same invoice is open on several origins, so the customer is
    what chance draws. All forecasters are scored on the same draws. With few customers the intervals are too
    narrow, with one they have no width.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), sections 8.3 and 13.3; clusters: Field and
    Welsh, Journal of the Royal Statistical Society B 69 (2007) 369-390.
    """
    ids = tuple(tested.names)
    customers = np.concatenate([np.empty(0, dtype=object), *(origin.customers for origin in tested.origins)])
    losses = np.column_stack(
        [np.concatenate([np.empty(0), *(origin.scores[id].losses for origin in tested.origins)]) for id in ids]
    )
    known = ~np.isnan(losses).any(axis=1)
    names, code = np.unique(customers[known], return_inverse=True)
    if not len(names):
        return DrawnScores(ids=ids, whole=np.full(len(ids), math.nan), scores=np.full((1, len(ids)), math.nan))
    sums = np.column_stack([np.bincount(code, weights=losses[known, at]) for at in range(len(ids))])
    sizes = np.bincount(code).astype(float)
    rng = np.random.default_rng(seed)
    scores = np.empty((draws, len(ids)))
    for start in range(0, draws, _DRAWS_AT_ONCE):
        n = min(_DRAWS_AT_ONCE, draws - start)
        drawn = rng.integers(0, len(names), (n, len(names)))
        times = np.array([np.bincount(row, minlength=len(names)) for row in drawn], dtype=float)
        scores[start : start + n] = (times @ sums) / (times @ sizes)[:, None]
    whole = np.round(sums.sum(axis=0) / sizes.sum(), _DIGITS)
    return DrawnScores(ids=ids, whole=whole, scores=np.round(scores, _DIGITS))


def skill_table(tested: Backtest, drawn: DrawnScores) -> pd.DataFrame:
    """Every model against every rung: one row per pair, with the columns of :class:`Comparison`."""
    pairs = [drawn.compare(model, against=rung) for model in tested.models for rung in tested.rungs]
    return pd.DataFrame([asdict(pair) for pair in pairs], columns=[field.name for field in fields(Comparison)])


def _skill(score: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 - np.divide(score, other, out=np.full(len(score), math.nan), where=other > 0)
