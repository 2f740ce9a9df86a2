"""Parametric curves against R, lifelines, closed forms and known truth."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from lifelines import LogLogisticFitter, LogNormalFitter, WeibullFitter

from analysis.models.counts import count_table
from analysis.models.parametric import FAMILIES, parametric_curve, shapes_compared

# R 4.2.2, survival 3.5-3, survreg(Surv(time, status) ~ age + sex, lung), as in reference_R_public.json of the shared
# oracles: coefficients (intercept, age, sex), scale, log-likelihood.
SURVREG = {
    "exponential": ([6.359671541803, -0.01561871104035, 0.4809349239603], 1, -1156.09903713804),
    "weibull": ([6.274853058419, -0.01225702558895, 0.3820851396589], 0.7540509476408, -1147.05443143195),
    "log-normal": ([6.40798854853, -0.02335645755425, 0.5192536746431], 1.052675890069, -1158.75014259399),
    "log-logistic": ([5.922315372744, -0.0140050850097, 0.4775092249038], 0.5655785947458, -1152.89722532433),
}


@pytest.fixture(scope="module")
def lung(shared):
    frame = pd.read_csv(shared / "oracles" / "survival-data" / "lung.csv")
    return frame.assign(days=frame["time"], paid=frame["status"] == 2)


def _drawn(family, seed, *, n=2000, location=3.5, scale=0.5):
    """Whole-day lives of a known shape, a fifth of them censored."""
    rng = np.random.default_rng(seed)
    u = rng.uniform(size=n)
    error = {
        "exponential": np.log(-np.log(u)),
        "weibull": np.log(-np.log(u)),
        "log-normal": rng.normal(size=n),
        "log-logistic": np.log(u / (1 - u)),
    }[family]
    days = np.exp(location + (1.0 if family == "exponential" else scale) * error)
    seen = rng.uniform(20, 150, size=n)
    return pd.DataFrame({"days": np.minimum(days, seen), "paid": days <= seen})


@pytest.mark.parametrize("family", FAMILIES)
def test_survreg_of_r(lung, family):
    fitted = parametric_curve(lung, family=family, covariates=["age", "sex"])
    beta, scale, log_likelihood = SURVREG[family]
    assert list(fitted.beta) == pytest.approx(beta, rel=1e-8)
    assert (fitted.scale, fitted.log_likelihood) == pytest.approx((scale, log_likelihood), rel=1e-9)
    assert fitted.aic == pytest.approx(2 * (3 + (family != "exponential")) - 2 * log_likelihood)


def test_figures_are_those_of_the_shared_oracles(shared):
    stored = json.loads((shared / "oracles" / "reference_R_public.json").read_text())
    for family, (beta, scale, log_likelihood) in SURVREG.items():
        figures = stored[f"lung_aft_{family.replace('-', '')}"]
        assert list(figures["coef"].values()) == beta
        assert (figures["scale"], figures["loglik"]) == (scale, log_likelihood)


def test_exponential_in_closed_form():
    # rate = payments / days watched; variance of its logarithm 1 / payments
    rows = pd.DataFrame({"days": [10, 20, 30, 40] * 4, "paid": [True, True, True, False] * 4})
    fitted = parametric_curve(rows, family="exponential")
    assert fitted.beta[0] == pytest.approx(math.log(400 / 12))
    assert fitted.covariance[0, 0] == pytest.approx(1 / 12)
    assert fitted.quantile(0.5) == pytest.approx(400 / 12 * math.log(2))
    assert list(fitted.unpaid([0, 50])) == pytest.approx([math.exp(-0.5 * 12 / 400), math.exp(-50 * 12 / 400)])


@pytest.mark.parametrize(
    ("family", "fitter"),
    [("weibull", WeibullFitter), ("log-normal", LogNormalFitter), ("log-logistic", LogLogisticFitter)],
)
def test_lifelines_with_late_entry_and_weights(family, fitter):
    rows = _drawn(family, 1).assign(entered=0.0, n=1.0)
    rows.loc[::3, "entered"] = 8.0
    rows.loc[::5, "n"] = 2.0
    rows = rows[rows["days"] > rows["entered"]]
    fitted = parametric_curve(rows, family=family, entered="entered", weight="n")
    other = fitter().fit(rows["days"], rows["paid"], entry=rows["entered"], weights=rows["n"])
    assert fitted.log_likelihood == pytest.approx(other.log_likelihood_, rel=1e-6)
    days = [5, 20, 60, 120]
    assert list(fitted.unpaid(days)) == pytest.approx(list(other.survival_function_at_times(days)), abs=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_true_parameters_are_covered_and_the_true_shape_wins(family):
    hits = []
    for seed in range(10):
        fitted = parametric_curve(_drawn(family, seed), family=family)
        error = math.sqrt(fitted.covariance[0, 0])
        hits.append(abs(fitted.beta[0] - 3.5) < 1.96 * error)
        if family != "exponential":
            hits.append(abs(math.log(fitted.scale / 0.5)) < 1.96 * math.sqrt(fitted.covariance[1, 1]))
    # of 20 (10) intervals of 95% fewer than 16 (7) hit with a chance below one in 400
    assert sum(hits) >= (16 if family != "exponential" else 7)
    rows = _drawn(family, 77)
    best = shapes_compared(count_table(np.ceil(rows["days"]), rows["paid"]), families=["log-normal", "log-logistic"])
    if family in best.index:
        assert best.index[0] == family
        assert best["line"].iloc[0] > 0.99


def test_every_curve_matches_its_own_quantiles(lung):
    for family in FAMILIES:
        fitted = parametric_curve(lung, family=family, covariates=["age", "sex"])
        for p in (0.1, 0.5, 0.9):
            assert fitted.unpaid([fitted.quantile(p, [60, 1])], [60, 1])[0] == pytest.approx(1 - p)


def test_counts_and_rows_give_the_same_curve():
    rows = _drawn("weibull", 3)
    rows["days"] = np.ceil(rows["days"])
    counts = rows.groupby(["days", "paid"]).size().rename("n").reset_index()
    one, other = parametric_curve(rows, family="weibull"), parametric_curve(counts, family="weibull", weight="n")
    assert (*one.beta, one.scale) == pytest.approx((*other.beta, other.scale), rel=1e-9)


def test_paid_on_the_day_of_issue_counts_half_a_day():
    rows = pd.DataFrame({"days": [0, 0, 3, 5, 8, 8, 13, 21, 30, 40, 55], "paid": True})
    moved = rows.assign(days=rows["days"].clip(lower=0.5))
    for family in FAMILIES:
        one, other = parametric_curve(rows, family=family), parametric_curve(moved, family=family)
        assert one.beta[0] == other.beta[0]
        assert math.isfinite(one.log_likelihood)


def test_what_no_shape_describes_is_refused():
    alike = pd.DataFrame({"days": [30.0] * 40, "paid": True})
    with pytest.raises(ValueError, match="all 40 payments took equally long"):
        parametric_curve(alike, family="weibull")
    with pytest.raises(ValueError, match="needs 10 payments and there are 0"):
        parametric_curve(alike.assign(paid=False), family="log-normal")
    with pytest.raises(ValueError, match="family must be one of"):
        parametric_curve(alike, family="gamma")


def test_the_gap_to_kaplan_meier_by_hand():
    # twenty invoices paid on days 1 to 20: Kaplan-Meier's middle of step k is 1 - (k - 1/2) / 20; the exponential curve
    # has the rate 20 / 210, so its gap at day k is exp(-k / 10.5) - 1 + (k - 1/2) / 20
    counts = pd.DataFrame({"day": range(1, 21), "events": 1, "censored": 0})
    gaps = [abs(math.exp(-k / 10.5) - 1 + (k - 0.5) / 20) for k in range(1, 21)]
    found = shapes_compared(counts, families=["exponential"]).loc["exponential"]
    assert found["largest_gap"] == pytest.approx(max(gaps))
    assert (found["median_kaplan_meier"], found["median_days"]) == (10, pytest.approx(10.5 * math.log(2)))
    assert found["aic"] == pytest.approx(2 + 2 * 20 * (math.log(10.5) + 1))
