"""Features rounded to a few of their own values, so that trees need no percentiles of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.models.row_features import Matrix


def to_few_values(matrix: Matrix, weight: NDArray[np.float64], *, most: int) -> Matrix:
    """Each column with at most ``most`` different values: the nearest of its weighted quantiles.

    The quantiles are the middles of ``most`` parts of equal weight, shares ``(k + 1/2) / most``, and are values that
    occur; a column with no more than ``most`` different values stays as it is. The lower of two equally near is taken.

    scikit-learn's histogram trees split half way between neighbouring values where a feature has no more of them than
    bins (``max_bins``); so values as they were fall on the side of a split that their rounded ones fell on in the fit,
    and a forecast needs no rounding. Above that number they take percentiles one by one, each with a sort of its own
    where rows have weights, which costs as much as the trees.
    """
    result = np.empty(matrix.shape, dtype=np.float32, order="F")
    for place in range(matrix.shape[1]):
        result[:, place] = _rounded(matrix[:, place], weight, most=most)
    return result


def _rounded(column: NDArray[np.float32], weight: NDArray[np.float64], *, most: int) -> NDArray[np.float32]:
    order = np.argsort(column, kind="stable")
    ordered = column[order]
    if 1 + np.count_nonzero(ordered[1:] != ordered[:-1]) <= most:
        return column
    below = np.cumsum(weight[order])
    shares = (np.arange(most) + 0.5) / most
    kept = np.unique(ordered[np.minimum(np.searchsorted(below, shares * below[-1]), len(ordered) - 1)])
    halves = (kept[1:].astype(np.float64) + kept[:-1]) / 2.0
    # the first place in order above each half way: one search a border instead of one a row
    sizes = np.diff(np.concatenate([[0], np.searchsorted(ordered, halves, side="right"), [len(ordered)]]))
    rounded = np.empty_like(column)
    rounded[order] = np.repeat(kept, sizes)
    return rounded
