"""Features rounded to few values: the quantiles by hand, and trees that cannot tell them from the values themselves."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from analysis.models.rounded_features import to_few_values


def _column(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def test_each_value_becomes_the_nearest_quantile() -> None:
    # ten of equal weight in two parts: the quantiles of shares 1/4 and 3/4 are the third value, 2, and the eighth, 7;
    # half way is 4.5
    values = _column([7, 0, 9, 1, 5, 3, 8, 2, 6, 4])
    found = to_few_values(values, np.ones(10), most=2)[:, 0]
    assert found.tolist() == [7, 2, 7, 2, 7, 2, 7, 2, 7, 2]


def test_weights_move_the_quantiles() -> None:
    # 0 weighs nine of twelve: the share 1/4 is reached at 0, the share 3/4 (nine of twelve) at 0 as well
    values, weight = _column([0, 1, 2, 3]), np.array([9.0, 1.0, 1.0, 1.0])
    assert to_few_values(values, weight, most=2)[:, 0].tolist() == [0, 0, 0, 0]
    # shares 1/6, 1/2 and 5/6 of twelve are 2, 6 and 10: 0, 0 and 1; half way from 0 to 1 is 0.5
    assert to_few_values(values, weight, most=3)[:, 0].tolist() == [0, 1, 1, 1]


def test_equally_near_goes_down_and_few_values_stay() -> None:
    values = _column([0, 1, 2, 3, 4])
    # shares 1/4 and 3/4 of five are 1.25 and 3.75: the values 1 and 3; 2 lies half way
    assert to_few_values(values, np.ones(5), most=2)[:, 0].tolist() == [1, 1, 1, 3, 3]
    assert to_few_values(values, np.ones(5), most=5)[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_trees_fitted_to_rounded_values_read_the_values_themselves_alike() -> None:
    rng = np.random.default_rng(3)
    matrix = np.column_stack([rng.normal(size=4_000), rng.exponential(size=4_000), rng.integers(0, 9, size=4_000)])
    matrix = matrix.astype(np.float32)
    weight = rng.uniform(0.5, 2.0, size=4_000)
    paid = rng.random(4_000) < 1 / (1 + np.exp(-matrix[:, 0] - matrix[:, 1] + 1))
    rounded = to_few_values(matrix, weight, most=32)
    assert all(len(np.unique(column)) <= 32 for column in rounded.T)
    with threadpool_limits(limits=1):
        model = HistGradientBoostingClassifier(max_iter=40, max_bins=32, early_stopping=False, random_state=0)
        model.fit(rounded, paid, sample_weight=weight)
        assert np.array_equal(model.predict_proba(matrix), model.predict_proba(rounded))
