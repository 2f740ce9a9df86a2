"""The log-rank test against R, published figures, other libraries and a rewrite person by person."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from lifelines.statistics import multivariate_logrank_test
from statsmodels.duration.survfunc import survdiff

from analysis.models.counts import count_table
from analysis.models.logrank import log_rank


def _grouped(days, settled, group, entered=None):
    frame = pd.DataFrame({"day": days, "settled": settled, "group": group})
    frame["entered"] = 0 if entered is None else entered
    return pd.concat(
        count_table(rows["day"], rows["settled"], entered=rows["entered"]).assign(group=name)
        for name, rows in frame.groupby("group")
    )


def _near(wanted):
    return pytest.approx(wanted, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("key", "column", "rho"),
    [("lung_logrank_rho0", "sex", 0), ("lung_logrank_rho1", "sex", 1), ("lung_logrank_ecog", "ph.ecog", 0)],
)
def test_survdiff_of_r(shared, key, column, rho):
    # R 4.2.2, survival 3.5-3
    wanted = json.loads((shared / "oracles" / "reference_R_public.json").read_text())[key]
    lung = pd.read_csv(shared / "oracles" / "survival-data" / "lung.csv").dropna(subset=[column])
    found = log_rank(_grouped(lung["time"], lung["status"] == 2, lung[column]), by="group", rho=rho)
    assert found.statistic == _near(wanted["chisq"])
    assert found.p_value == _near(wanted["p"])
    assert list(found.observed) == _near(wanted["obs"])
    assert list(found.expected) == _near(wanted["exp"])
    assert found.degrees_of_freedom == wanted.get("df", 1)


def test_stratified_survdiff_of_r(shared):
    # R 4.2.2, survival 3.5-3: survdiff(Surv(time, status) ~ sex + strata(ph.ecog), lung), chisq 10.795059633496
    lung = pd.read_csv(shared / "oracles" / "survival-data" / "lung.csv").dropna(subset=["ph.ecog"])
    counts = pd.concat(
        _grouped(rows["time"], rows["status"] == 2, rows["sex"]).assign(ecog=ecog)
        for ecog, rows in lung.groupby("ph.ecog")
    )
    found = log_rank(counts, by="group", stratify_by="ecog")
    assert found.statistic == _near(10.795059633496)
    assert found.degrees_of_freedom == 1
    # observed are all deaths of each sex, in whichever stratum
    assert found.observed.sum() == (lung["status"] == 2).sum()


def test_strata_take_out_what_their_mix_makes():
    # a and b pay alike: on days 1 and 2 with short terms, on days 10 and 11 with long ones; b has more long ones
    days = [1, 2] * 4 + [10, 11] + [1, 2] + [10, 11] * 4
    groups, terms = ["a"] * 10 + ["b"] * 10, ["short"] * 8 + ["long"] * 2 + ["short"] * 2 + ["long"] * 8
    rows = pd.DataFrame({"day": days, "events": 1, "censored": 0, "group": groups, "terms": terms})
    assert log_rank(rows, by="group").p_value < 0.05
    found = log_rank(rows, by="group", stratify_by="terms")
    assert found.statistic == pytest.approx(0, abs=1e-12)
    assert found.expected.to_dict() == pytest.approx({"a": 10, "b": 10})


def test_freireich():
    # Kleinbaum and Klein, Survival Analysis (3rd ed., 2012), ch. 2: log-rank 16.793, expected 19.25 and 10.75.
    treated = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    counts = _grouped(treated + placebo, [True] * 9 + [False] * 12 + [True] * 21, ["6-MP"] * 21 + ["placebo"] * 21)
    found = log_rank(counts, by="group")
    assert round(found.statistic, 3) == 16.793
    assert found.observed.to_dict() == {"6-MP": 9, "placebo": 21}
    assert found.expected.round(2).to_dict() == {"6-MP": 19.25, "placebo": 10.75}


def test_aml():
    # survdiff(Surv(time, status) ~ x, data = aml) as R prints it: expected 10.69 and 7.31, chi-square 3.4.
    maintained = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161]
    other = [5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    relapsed = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    found = log_rank(_grouped(maintained + other, relapsed, ["M"] * 11 + ["N"] * 12), by="group")
    assert round(found.statistic, 1) == 3.4
    assert found.expected.round(2).to_dict() == {"M": 10.69, "N": 7.31}


@pytest.mark.parametrize("rho", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_statsmodels_on_tied_data(seed, rho):
    rng = np.random.default_rng(seed)
    days, settled, group = rng.integers(1, 30, 240), rng.random(240) < 0.7, rng.integers(0, 3, 240)
    found = log_rank(_grouped(days, settled, group), by="group", rho=rho)
    options = {"weight_type": "fh", "fh_p": rho} if rho else {}
    statistic, p_value = survdiff(days, settled.astype(int), group, **options)
    assert (found.statistic, found.p_value) == _near((statistic, p_value))


def test_lifelines_on_tied_data():
    rng = np.random.default_rng(7)
    days, settled, group = rng.integers(1, 30, 240), rng.random(240) < 0.7, rng.integers(0, 4, 240)
    found = log_rank(_grouped(days, settled, group), by="group")
    other = multivariate_logrank_test(days, group, settled)
    assert (found.statistic, found.p_value) == _near((other.test_statistic, other.p_value))


def test_late_entry_against_a_rewrite_person_by_person():
    rng = np.random.default_rng(3)
    entered = np.where(rng.random(120) < 0.5, 0, rng.integers(1, 15, 120))
    days, settled, group = entered + rng.integers(1, 25, 120), rng.random(120) < 0.8, rng.integers(0, 2, 120)
    observed, expected, variance = 0.0, 0.0, 0.0
    for day in sorted(set(days[settled])):
        there = ((entered == 0) | (entered < day)) & (days >= day)
        paying = there & settled & (days == day)
        n, d, n_first = there.sum(), paying.sum(), (there & (group == 0)).sum()
        observed += (paying & (group == 0)).sum()
        expected += d * n_first / n
        variance += d * n_first / n * (1 - n_first / n) * (n - d) / (n - 1) if n > 1 else 0
    found = log_rank(_grouped(days, settled, group, entered), by="group")
    assert found.observed.iloc[0] == observed
    assert found.expected.iloc[0] == _near(expected)
    assert found.statistic == _near((observed - expected) ** 2 / variance)


def test_two_invoices_by_hand():
    # Day 1: two at risk, one paid: 1/2 expected, variance 1/4. Day 2: one at risk, nothing left to chance.
    found = log_rank(_grouped([1, 2], [True, True], ["a", "b"]), by="group")
    assert found.expected.to_dict() == {"a": 0.5, "b": 1.5}
    assert found.statistic == 1


def test_nothing_to_compare_is_not_defined():
    one_group = log_rank(_grouped([10, 20], [True, False], ["a", "a"]), by="group")
    nothing_paid = log_rank(_grouped([10, 20], [False, False], ["a", "b"]), by="group")
    # b has left before a pays, so no day tells them apart
    apart = log_rank(_grouped([5, 30, 40], [False, True, True], ["b", "a", "a"]), by="group")
    for test in (one_group, nothing_paid, apart):
        assert math.isnan(test.statistic)
        assert math.isnan(test.p_value)
    assert apart.degrees_of_freedom == 0


def test_a_level_under_the_null_is_kept():
    """Equal groups are told apart in about one of twenty samples."""
    rng = np.random.default_rng(11)
    rejected = 0
    for _ in range(400):
        paid, seen = rng.geometric(0.03, 120), rng.integers(10, 200, 120)
        # one row per invoice is a count table, too
        rows = pd.DataFrame({"day": np.minimum(paid, seen), "events": paid <= seen, "censored": paid > seen})
        rejected += log_rank(rows.assign(group=np.arange(120) % 3), by="group").p_value < 0.05
    assert 0.02 <= rejected / 400 <= 0.085
