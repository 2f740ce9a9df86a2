"""Scores of payment forecasts against hand calculations, other libraries and truth that only a simulation knows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from lifelines import KaplanMeierFitter
from lifelines.utils import concordance_index
from scipy.stats import chisquare
from sklearn.metrics import brier_score_loss, mean_pinball_loss
from statsmodels.stats.multivariate import test_mvmean as hotelling

from analysis.models.calibration import (
    calibration,
    calibration_line,
    d_calibration,
    d_calibration_by_customer,
    d_calibration_counts,
)
from analysis.models.discrimination import concordance, pooled, restricted_mean_days
from analysis.models.forecast_errors import coverage, pinball_loss, weekly_paid, weekly_receipts, weighted_error
from analysis.models.scores import brier, day_paid_by, known_weights, median_error, squared_errors

INF = math.inf
# Four invoices: paid on day 2; open when the books end on day 3; paid on day 5; credited on day 4.
PAID, LEFT, SEEN = [2, INF, 5, INF], [2, INF, 5, 4], [9, 3, 9, 9]
UNPAID = [
    [0.9, 0.7, 0.5, 0.4, 0.2],
    [0.9, 0.8, 0.7, 0.6, 0.5],
    [0.9, 0.8, 0.7, 0.6, 0.4],
    [0.95, 0.92, 0.9, 0.8, 0.7],
]


def _world(seed: int, n: int = 6_000):
    """Invoices with their true daily hazards of payment and of credit notes, and books that end at random."""
    rng = np.random.default_rng(seed)
    speed = np.exp(rng.normal(-3.2, 0.7, n))
    days = np.arange(1, 91)
    payment = np.clip(speed[:, None] * (0.5 + (days % 7 == 3)), 0, 0.5)
    credit = 0.002
    leave = rng.random((n, 90))
    left = np.where((leave < payment + credit).any(axis=1), (leave < payment + credit).argmax(axis=1) + 1.0, INF)
    at = np.minimum(left, 90).astype(int) - 1
    is_paid = (left < INF) & (leave[np.arange(n), at] < payment[np.arange(n), at])
    still_open = np.cumprod(1 - payment - credit, axis=1)
    before = np.column_stack([np.ones(n), still_open[:, :-1]])
    unpaid = 1 - np.cumsum(before * payment, axis=1)
    # the books end later for slow payers than for quick ones only by chance: independent of payment
    seen = rng.integers(5, 160, n).astype(float)
    return unpaid, np.where(is_paid, left, INF), left, seen


def test_brier_by_hand():
    # Day 3: all four are known, squares .25 + .09 + .09 + .01. Day 5: three are at risk when the second is lost on
    # day 3, so what comes later weighs 3/2: .04 + 0 + 1.5 * .16 + 1.5 * .09.
    found = brier(UNPAID, PAID, SEEN, [3, 5], left_after=LEFT)
    assert found.by_horizon.to_dict() == pytest.approx({3: 0.44 / 4, 5: 0.415 / 4})
    assert found.integrated == pytest.approx((0.11 + 0.10375) / 2)


def test_brier_takes_one_lost_and_one_credited_apart():
    # Were the fourth lost on day 4 instead of credited, the third would stand for all three: .04 + 3 * .16.
    assert brier(UNPAID, PAID, [9, 3, 9, 4], [5]).integrated == pytest.approx(0.52 / 4)


def test_brier_without_censoring_is_that_of_scikit_learn():
    unpaid, paid, left, _ = _world(3, 500)
    found = brier(unpaid, paid, np.full(500, INF), [1, 14, 60, 90], left_after=left)
    for day, score in found.by_horizon.items():
        assert score == pytest.approx(brier_score_loss(paid > day, unpaid[:, day - 1]), rel=1e-12)


def test_weights_are_those_of_lifelines():
    _, _, left, seen = _world(5, 800)
    censored = seen < left
    followed = np.minimum(left, seen)
    # leaving comes before the end of the books on the same day
    curve = KaplanMeierFitter().fit(followed + 0.5 * censored, censored).survival_function_at_times
    days = [7, 30, 60, 90]
    found = known_weights(left, seen, days)
    for column, day in enumerate(days):
        exits = left <= np.minimum(seen, day)
        stays = ~exits & (seen >= day)
        assert found[exits, column] == pytest.approx(1 / curve(left[exits]).to_numpy(), rel=1e-9)
        assert found[stays, column] == pytest.approx(1 / curve(day).iloc[0], rel=1e-9)
        assert not found[~exits & ~stays, column].any()


@pytest.mark.parametrize("seed", range(5))
def test_weights_add_up_to_the_invoices(seed):
    # Those followed stand in for those lost, one for one: an identity of the product-limit estimate.
    _, _, left, seen = _world(seed, 300)
    assert known_weights(left, seen, [1, 10, 45, 90]).sum(axis=0) == pytest.approx([300.0] * 4)


def test_censored_scores_estimate_those_of_the_whole_truth():
    unpaid, paid, left, seen = _world(7, 20_000)
    days = [7, 30, 60, 90]
    true = squared_errors(unpaid, paid, np.full(len(paid), INF), days, left_after=left)
    found = squared_errors(unpaid, paid, seen, days, left_after=left)
    bound = 3.5 * (found - true).std(axis=0) / math.sqrt(len(paid))
    assert (np.abs(found.mean(axis=0) - true.mean(axis=0)) < bound).all()
    # leaving the censored out without weights is far outside of that at 90 days
    naive = true[(left <= seen) | (seen >= 90), 3].mean()
    assert abs(naive - true[:, 3].mean()) > bound[3]


def test_horizons_that_nobody_saw_are_unknown():
    found = brier(UNPAID, [2, INF, INF, INF], [4, 4, 4, 4], [2, 4, 5])
    assert found.by_horizon.isna().tolist() == [False, False, True]
    assert found.integrated == pytest.approx(found.by_horizon.loc[[2, 4]].mean())
    assert math.isnan(brier(np.empty((0, 3)), [], []).integrated)


def test_median_error_by_hand():
    # Medians 3, 5, 5 and none within five days, so the cap; paid on 2, unknown, 5, never.
    # Cap 4: |3-2|, lost, |4-4| * 1.5, |4-4| * 1.5.
    assert day_paid_by(UNPAID).tolist() == [3, 5, 5, INF]
    assert day_paid_by(UNPAID, 0.1).tolist() == [1, 1, 1, 3]
    assert median_error(UNPAID, PAID, SEEN, left_after=LEFT, cap=4) == pytest.approx(1 / 4)
    assert median_error(UNPAID, [9, 1, 5, 5], [9] * 4, cap=90) == pytest.approx((6 + 4 + 0 + 85) / 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: brier([[0.5, 1.5]], [2], [9]), "row 0, day 2"),
        (lambda: brier([[0.5, math.nan]], [2], [9]), "no probability"),
        (lambda: brier([[0.5, 0.5]], [0], [9]), "paid_after"),
        (lambda: brier([[0.5, 0.5]], [1, 2], [9]), "lengths differ"),
        (lambda: brier([[0.5, 0.5]], [1], [9], [3]), "outside 1 to 2"),
        (lambda: brier([[0.5, 0.5]], [1], [9], left_after=[2]), "after they were paid"),
        (lambda: brier([0.5], [1], [9]), "one row per invoice"),
    ],
)
def test_faults_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_concordance_is_that_of_lifelines():
    rng = np.random.default_rng(11)
    paid = rng.integers(1, 30, 200).astype(float)
    seen = rng.integers(5, 40, 200).astype(float)
    forecast = np.round(paid + rng.normal(0, 8, 200))  # with ties
    event = paid <= seen
    wanted = concordance_index(np.minimum(paid, seen), forecast, event)
    assert concordance(forecast, np.where(event, paid, INF), seen).value == pytest.approx(wanted, rel=1e-12)


def test_concordance_with_credit_notes_is_the_count_of_pairs():
    unpaid, paid, left, seen = _world(13, 150)
    days = np.round(restricted_mean_days(unpaid), 1)
    right = pairs = 0.0
    for i in range(150):
        for j in range(150):
            if not paid[i] <= seen[i]:
                continue
            never = left[j] <= seen[j] and not paid[j] < INF
            later = left[j] <= seen[j] and paid[i] < paid[j] < INF
            open_then = left[j] > seen[j] and seen[j] >= paid[i]
            if i != j and (never or later or open_then):
                pairs += 1
                right += 1.0 if days[j] > days[i] else 0.5 if days[j] == days[i] else 0.0
    found = concordance(days, paid, seen, left_after=left)
    assert found.comparable == pairs
    assert found.value == pytest.approx(right / pairs, rel=1e-12)
    twice = pooled([found, found])
    assert twice.comparable == 2 * pairs
    assert twice.value == pytest.approx(found.value)
    assert math.isnan(pooled([]).value)


def test_restricted_mean_by_hand():
    # unpaid on days 0, 1, 2: 1 + .9 + .7
    assert restricted_mean_days(UNPAID[:1], cap=3).tolist() == pytest.approx([2.6])
    with pytest.raises(ValueError, match="5 days, 89 are needed"):
        restricted_mean_days(UNPAID)


def test_calibration_is_the_logistic_regression_of_statsmodels():
    unpaid, paid, left, seen = _world(17)
    for line in calibration(unpaid, paid, seen, [7, 30], left_after=left):
        weights = known_weights(left, seen, [line.horizon])[:, 0]
        share = np.clip(1 - unpaid[:, line.horizon - 1], 0.001, 0.999)
        logit = np.log(share / (1 - share))
        kept = weights > 0
        model = sm.GLM(
            (paid <= np.minimum(line.horizon, seen))[kept].astype(float),
            sm.add_constant(logit[kept]),
            family=sm.families.Binomial(),
            freq_weights=weights[kept],
        )
        assert [line.intercept, line.slope] == pytest.approx(model.fit(tol=1e-12).params.tolist(), abs=1e-7)
        assert line.observed == pytest.approx(np.average(paid[kept] <= line.horizon, weights=weights[kept]))
        assert line.expected == pytest.approx(np.average(1 - unpaid[kept, line.horizon - 1], weights=weights[kept]))
        # the truth is calibrated; the standard error of a slope over 6,000 invoices is about 0.04
        assert line.slope == pytest.approx(1, abs=0.16)
        assert line.intercept == pytest.approx(0, abs=0.16)


def test_forecasts_twice_as_sure_have_half_the_slope():
    rng = np.random.default_rng(19)
    logit = rng.normal(0, 1, 3_000)
    is_paid = rng.random(3_000) < 1 / (1 + np.exp(-logit))
    plain, sure, shifted = (
        calibration_line(1 / (1 + np.exp(-(a * logit + b))), is_paid, np.ones(3_000), horizon=7)
        for a, b in ((1, 0), (1.5, 0), (1, 0.5))
    )
    assert sure.slope == pytest.approx(plain.slope / 1.5, rel=1e-3)
    assert shifted.intercept == pytest.approx(plain.intercept - 0.5 * plain.slope, abs=1e-6)


@pytest.mark.parametrize(("share", "is_paid"), [([0.2, 0.4], [1, 1]), ([0.3, 0.3], [0, 1]), ([], [])])
def test_lines_without_a_slope(share, is_paid):
    line = calibration_line(share, is_paid, np.ones(len(share)), horizon=7)
    assert math.isnan(line.slope)
    assert math.isnan(line.intercept)


def test_separated_forecasts_have_no_slope():
    assert math.isnan(calibration_line([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], np.ones(4), horizon=7).slope)


def test_d_calibration_by_hand():
    # Paid on day 1, between 1 and .9: the highest bin. Paid on day 2, from .9 to .8: the second highest. Open on
    # day 2 with .5 left: a fifth in each of the five lowest. Credited: never paid, spread from 0 to the last .4.
    unpaid = [[0.9, 0.5], [0.9, 0.8], [0.7, 0.5], [0.6, 0.4]]
    parts = d_calibration_counts(unpaid, [1, 2, INF, INF], [9, 9, 2, 9], left_after=[1, 2, INF, 1])
    assert parts.sum(axis=1) == pytest.approx([1.0] * 4)
    counts = parts.sum(axis=0)
    assert counts == pytest.approx([0.45, 0.45, 0.45, 0.45, 0.2, 0, 0, 0, 1, 1])
    found = d_calibration(unpaid, [1, 2, INF, INF], [9, 9, 2, 9], left_after=[1, 2, INF, 1])
    assert found.statistic == pytest.approx(chisquare(counts).statistic)
    assert found.p_value == pytest.approx(chisquare(counts).pvalue)


def test_d_calibration_tells_truth_from_bias():
    unpaid, paid, left, seen = _world(23)
    assert d_calibration(unpaid, paid, seen, left_after=left).p_value > 0.01
    assert d_calibration(unpaid**1.5, paid, seen, left_after=left).p_value < 1e-6
    assert d_calibration_counts(unpaid, paid, seen, left_after=left).sum() == pytest.approx(len(paid))


def test_d_calibration_by_customer_allows_for_batches():
    # The forecast is right over all customers, but each has a few bins in which it pays most of its invoices.
    rng = np.random.default_rng(37)
    batched, single = [], []
    for _ in range(300):
        sizes = np.ceil(np.exp(rng.normal(1.5, 1, 60))).astype(int)
        counts = np.array([rng.multinomial(n, rng.dirichlet(np.full(10, 0.5))) for n in sizes], dtype=float)
        batched.append(d_calibration_by_customer(counts))
        single.append(chisquare(counts.sum(axis=0)).pvalue)
    # 5% of 300 are 15, standard deviation 3.8; invoices taken as independent condemn most
    assert 4 <= sum(p < 0.05 for p in batched) <= 27
    assert sum(p < 0.05 for p in single) > 150
    # a forecast that is wrong is found out, and too few customers are not judged
    counts[:, 0] += 5
    assert d_calibration_by_customer(counts) < 1e-6
    assert math.isnan(d_calibration_by_customer(counts[:19]))


def test_d_calibration_by_customer_is_hotellings_test():
    # statsmodels, test_mvmean: Hotelling's T2 that a mean vector is zero
    rng = np.random.default_rng(39)
    counts = rng.poisson(3, (80, 10)).astype(float)
    off = (counts - counts.mean(axis=1, keepdims=True))[:, 1:]
    assert d_calibration_by_customer(counts) == pytest.approx(hotelling(off).pvalue, rel=1e-9)


def test_d_calibration_of_a_day_said_to_be_impossible():
    # paid on day 2 where the forecast stood at 0.55 all the time
    assert d_calibration_counts([[0.55, 0.55]], [2], [9]).tolist() == [[0, 0, 0, 0, 0, 1, 0, 0, 0, 0]]


def test_weekly_receipts_and_their_error_by_hand():
    unpaid = np.ones((2, 14))
    unpaid[0, 6:] = 0.5
    unpaid[1, 7:] = 0.2
    assert weekly_receipts(unpaid, [100, 50], weeks=2).tolist() == [[50, 0], [0, 40]]
    came = weekly_paid([7, 8], [100, 50], weeks=2)
    assert came.tolist() == [[100, 0], [0, 50]]
    # weeks 50 against 100, 40 against 50
    predicted = weekly_receipts(unpaid, [100, 50], weeks=2).sum(axis=0)
    assert weighted_error(predicted, came.sum(axis=0)) == pytest.approx(60 / 150)
    assert math.isnan(weighted_error([1], [0]))
    assert weekly_paid([INF], [5], weeks=2).tolist() == [[0, 0]]


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_pinball_is_that_of_scikit_learn(level):
    rng = np.random.default_rng(29)
    forecast, came = rng.normal(size=50), rng.normal(size=50)
    assert pinball_loss(forecast, came, level=level) == pytest.approx(mean_pinball_loss(came, forecast, alpha=level))


def test_coverage_weighs_what_is_known():
    # the third is lost and the fourth stands in for it
    assert coverage([1, 1, 1, 5], [2, 2, 2, 9], [2, 3, 1, 5], weights=[1, 1, 0, 2]) == pytest.approx(3 / 4)
    assert math.isnan(coverage([], [], []))


def test_intervals_of_the_truth_cover():
    # Days are whole, so an interval from the 10% to the 90% day covers at least 80%.
    unpaid, paid, left, seen = _world(31)
    weights = known_weights(left, seen, [90])[:, 0]
    found = coverage(day_paid_by(unpaid, 0.1), day_paid_by(unpaid, 0.9), np.minimum(paid, 91), weights=weights)
    assert 0.79 < found < 0.9
