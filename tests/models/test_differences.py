"""Differences between groups: by hand, against R's errors, and how often their intervals hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.models.differences import (
    against_the_rest,
    difference,
    mean_difference,
    median_difference,
    unpaid_difference,
)
from analysis.models.survival import Estimate, count_table, payment_curve


def test_limits_by_hand():
    # 40 (37 to 44) less 30 (25 to 32): below 10 by sqrt(3^2 + 2^2), above it by sqrt(4^2 + 5^2)
    found = difference(Estimate(value=40, low=37, high=44), Estimate(value=30, low=25, high=32))
    assert (found.value, found.low, found.high) == pytest.approx((10, 10 - math.sqrt(13), 10 + math.sqrt(41)))
    turned = difference(Estimate(value=30, low=25, high=32), Estimate(value=40, low=37, high=44))
    assert (turned.value, turned.low, turned.high) == pytest.approx((-10, -found.high, -found.low))


def test_errors_of_r_by_sex(shared):
    # R 4.2.2, survival 3.5-3, lung by sex, reference_R_public.json: restricted means to day 365 and shares at day 365
    lung = pd.read_csv(shared / "oracles" / "survival-data" / "lung.csv")
    men, women = (payment_curve(count_table(r["time"], r["status"] == 2)) for _, r in lung.groupby("sex"))
    mean = mean_difference(men, women, horizon=365)
    (m, m_error), (w, w_error) = (241.495085192057, 10.358226491097), (297.465409532037, 10.7913239788)
    assert mean.value == pytest.approx(m - w, rel=1e-9)
    assert mean.std_err == pytest.approx(math.sqrt(m_error**2 + w_error**2), rel=1e-9)
    # of two symmetric intervals it is the symmetric one
    assert mean.low == pytest.approx(mean.value - 1.959963984540 * mean.std_err)
    assert mean.high == pytest.approx(mean.value + 1.959963984540 * mean.std_err)
    share = unpaid_difference(men, women, day=365)
    assert share.value == pytest.approx(0.3360878346394 - 0.5264630301859, rel=1e-9)
    assert share.std_err == pytest.approx(math.hypot(0.0434235888418, 0.05973685399044), rel=1e-9)
    assert median_difference(men, women).value == 270 - 426


def test_a_median_that_was_not_reached_gives_no_difference():
    quick = payment_curve(count_table([10] * 20, [True] * 20))
    slow = payment_curve(count_table([10] * 4 + [40] * 16, [True] * 4 + [False] * 16))
    found = median_difference(slow, quick)
    assert all(math.isnan(figure) for figure in (found.value, found.low, found.high))
    # a limit that was not reached leaves one side open
    above = difference(Estimate(value=40, low=37, high=math.inf), Estimate(value=30, low=25, high=32))
    assert (above.low, above.high) == (pytest.approx(10 - math.sqrt(13)), math.inf)


def test_each_group_stands_against_all_others_together():
    # a: ten paid on day 10, ten on day 30; b: twenty on day 30; c: twenty on day 50
    days = [10] * 10 + [30] * 10 + [30] * 20 + [50] * 20
    rows = pd.DataFrame({"day": days, "events": 1, "censored": 0, "group": list("a" * 20 + "b" * 20 + "c" * 20)})
    found = against_the_rest(rows, by="group", groups=["a", "c"], day=30, horizon=60).set_index("group")
    # a: median day 10 against 30 of b and c; none open after day 30 against a half; mean 20 against 40
    assert found.loc["a", ["invoices", "median", "unpaid", "mean"]].tolist() == pytest.approx([20, -20, -0.5, -20])
    # c: 50 against 30; all open against none; 50 against (10 * 10 + 30 * 30) / 40 = 25
    assert found.loc["c", ["invoices", "median", "unpaid", "mean"]].tolist() == pytest.approx([20, 20, 1.0, 25])
    alone = against_the_rest(rows[rows["group"] == "a"], by="group", groups=["a"])
    assert alone[["median", "unpaid", "mean"]].isna().all(axis=None)


@pytest.mark.parametrize("n", [30, 120])
def test_intervals_hold_the_truth_as_often_as_they_say(n):
    # Days to pay are log-normal with medians 40 and 50, rounded up; a quarter is still open on the last day seen.
    grid = np.arange(121)
    true = {}
    for median in (40, 50):
        paid = np.append(0, 0.5 * (1 + np.vectorize(math.erf)(np.log(grid[1:] / median) / 0.5 / math.sqrt(2))))
        true[median] = (int(np.argmax(paid >= 0.5)), 1 - paid[45], float((1 - paid[:90]).sum()))
    wanted = [late - early for early, late in zip(true[40], true[50], strict=True)]
    rng = np.random.default_rng(n)
    held, runs = np.zeros(3), 400
    for _ in range(runs):
        curves = []
        for median in (40, 50):
            # seen as long as an open invoice of the last half year, or to the end of a horizon of ninety days
            days, seen = np.ceil(rng.lognormal(math.log(median), 0.5, n)), rng.integers(15, 200, n)
            seen[0], days[0] = 200, max(days[0], 1)
            curves.append(payment_curve(count_table(np.minimum(days, seen), days <= seen)))
        found = (
            median_difference(curves[1], curves[0]),
            unpaid_difference(curves[1], curves[0], day=45),
            mean_difference(curves[1], curves[0], horizon=90),
        )
        held += [not (f.low > t or f.high < t) for f, t in zip(found, wanted, strict=True)]
    # nominal 95%: four standard deviations of a binomial draw below it, and no more than what thirty invoices cost
    assert (held / runs > 0.95 - 4 * math.sqrt(0.95 * 0.05 / runs)).all(), held / runs
    assert (held / runs < 0.999).all(), held / runs
