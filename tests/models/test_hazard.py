"""The two heads: the regression read off feature by feature against scikit-learn on all its columns."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.models.followed import PersonDays
from analysis.models.hazard import basis, fit_boosted, fit_regression
from analysis.models.person_days import FEATURES


@pytest.fixture(scope="module")
def days():
    rng = np.random.default_rng(3)
    n = 4_000
    matrix = rng.normal(0, 20, (n, len(FEATURES))).astype(np.float32)
    for name, levels in (("weekday", 7), ("month_place", 23), ("segment", 10), ("channel", 3), ("entity", 2)):
        matrix[:, FEATURES.index(name)] = rng.integers(0, levels, n)
    matrix[:, FEATURES.index("closed")] = matrix[:, FEATURES.index("weekday")] >= 5
    paid = rng.random(n) < 1 / (1 + np.exp(2 - matrix[:, FEATURES.index("rel")] / 20))
    weight = rng.uniform(0.5, 2.0, n)
    return PersonDays(matrix=matrix, paid=paid, weight=weight, n_invoices=6_000, n_paid_invoices=600)


def test_the_regression_is_the_logistic_one_of_all_its_columns(days):
    fitted = fit_regression(days)
    # far beyond what was fitted: the outer pieces of the broken lines go on
    far = np.vstack([days.matrix[:500], days.matrix[:500] * 4])
    columns = (basis(far) - fitted.mean) / fitted.scale
    expected = fitted.model.predict_proba(columns)[:, 1]
    np.testing.assert_allclose(fitted.hazard(far), expected, rtol=0, atol=2e-5)
    assert expected.std() > 0.05


def test_nothing_to_learn_from_is_refused(days):
    never = PersonDays(
        matrix=days.matrix,
        paid=np.zeros(len(days.paid), dtype=bool),
        weight=days.weight,
        n_invoices=6_000,
        n_paid_invoices=0,
    )
    for fit in (fit_regression, fit_boosted):
        with pytest.raises(ValueError, match="nothing to learn from"):
            fit(never)
