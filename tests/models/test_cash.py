"""Expected cash by hand, joint draws against known probabilities, and bands that cover what comes."""

from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from cash_world import cash_world, open_on
from scipy.stats import chi2, truncnorm

from analysis.measures.cash_received import CashShare
from analysis.models.cash import cash_forecast, coherence
from analysis.models.cash_bridge import forecast_bridge
from analysis.models.cash_draws import QUANTILES, draw_receipts
from analysis.models.cash_record import frozen, judged, monthly_origins, track_record
from analysis.models.cash_shocks import (
    STATED,
    JointMisses,
    Shocks,
    estimate_shocks,
    joint_misses,
    loadings,
    normal_scores,
)
from analysis.models.cash_stress import stress
from analysis.models.receipts import DAYS, OpenDebt, expected_receipts, where_it_goes

ON = date(2026, 10, 31)
ALONE = Shocks(common=0.0, persistence=0.0, week=0.0, customer=0.0, batch=0.0)


def debt_of(curves: list[list[tuple[int, float]]], balances: list[float], **columns: list[str]) -> OpenDebt:
    """Debt whose curves are steps: from a day on so much is unpaid."""
    n = len(curves)
    unpaid = np.ones((n, DAYS))
    for row, steps in enumerate(curves):
        for day, left in steps:
            unpaid[row, day - 1 :] = left
    named = {"customer_id": ["C1"] * n, "segment": ["s"] * n, "currency": ["EUR"] * n, "entity": ["e"] * n}
    items = pd.DataFrame({"invoice_id": [f"I{k}" for k in range(n)], **named, "balance": balances}).assign(**columns)
    return OpenDebt(on=ON, items=items, unpaid=unpaid, never=np.minimum(0.1, unpaid[:, -1]))


def test_one_invoice_by_hand():
    debt = debt_of([[(4, 0.4)]], [100.0])
    daily = expected_receipts(debt, CashShare())["all"]
    assert daily.loc[4] == pytest.approx(60.0)
    assert daily.drop(4).abs().max() == 0
    goes = where_it_goes(debt, CashShare()).iloc[0]
    assert goes[["week_1", "not_cash", "beyond", "never"]].tolist() == pytest.approx([60.0, 0.0, 30.0, 10.0])


def test_discounts_parts_and_credit_notes_by_hand():
    # Per 100 settled: 98 cash, 5 in part-payments, 1 credited; balances shrink by 106 and 103 of it is cash.
    share = CashShare(settled=0.98, in_parts=0.05, credited=0.01)
    goes = where_it_goes(debt_of([[(4, 0.4)]], [100.0]), share).iloc[0]
    left = 0.4**1.06
    assert goes["week_1"] == pytest.approx(100 * (1 - left) * 1.03 / 1.06)
    assert goes["not_cash"] == pytest.approx(100 * (1 - left) * 0.03 / 1.06)
    assert goes["never"] == pytest.approx(100 * 0.1**1.06)
    assert goes.iloc[:-1].sum() == pytest.approx(100.0, rel=1e-14)


def test_two_invoices_of_one_batch_miss_together_as_the_arcsine_law_says():
    # Sheppard (1899): both below their medians with probability 1/4 + arcsin(rho) / (2 pi).
    debt = debt_of([[(5, 0.5)], [(5, 0.5)]], [100.0, 100.0])
    shocks = Shocks(common=0.0, persistence=0.0, week=0.0, customer=0.4, batch=0.2)
    first = draw_receipts(debt, CashShare(), shocks, rng=np.random.default_rng(3), draws=40_000).weekly()[:, 0]
    both = 0.25 + math.asin(0.6) / (2 * math.pi)
    assert (first == 200).mean() == pytest.approx(both, abs=4 * math.sqrt(both * (1 - both) / 40_000))
    assert first.mean() == pytest.approx(100.0, abs=1.5)


def test_the_common_share_of_draws_varies_around_its_own():
    # Two customers, one period: the same law averaged over common shares 0.3 * 3 / chi-square(5), at most 0.98.
    debt = debt_of([[(5, 0.5)], [(5, 0.5)]], [100.0, 100.0], customer_id=["A", "B"])
    shocks = Shocks(common=0.3, persistence=0.0, week=0.0, customer=0.0, batch=0.0, origins=4)
    first = draw_receipts(debt, CashShare(), shocks, rng=np.random.default_rng(3), draws=60_000).weekly()[:, 0]
    of_draw = chi2(5).expect(lambda x: np.arcsin(np.minimum(0.9 / x, 0.98)), lb=0.0)
    both = 0.25 + of_draw / (2 * math.pi)
    assert (first == 200).mean() == pytest.approx(both, abs=4 * math.sqrt(both * (1 - both) / 60_000))


def test_a_common_delay_moves_an_invoice_by_its_share_of_the_spread():
    # Even chances over k days have the deviation sqrt((k^2 - 1) / 12): 0 for one day, 7.2 for 25, 14.4 for 50.
    even = [[(day, 1 - day / k) for day in range(1, k + 1)] for k in (1, 25, 50)]
    assert loadings(debt_of(even, [1.0] * 3)) == pytest.approx([1.0, 7 / math.sqrt(52), 7 / math.sqrt(208.25)])


def test_independent_invoices_have_the_binomial_variance():
    debt = debt_of([[(3, 0.3)]] * 40, [10.0] * 40, customer_id=[f"C{k}" for k in range(40)])
    first = draw_receipts(debt, CashShare(), ALONE, rng=np.random.default_rng(1), draws=20_000).weekly()[:, 0]
    # the variance of a sample variance of a near-normal sum is 2 / n of its square
    assert first.var() == pytest.approx(40 * 100 * 0.3 * 0.7, rel=4 * math.sqrt(2 / 20_000))


def test_scores_are_means_of_a_truncated_normal():
    # Against scipy's truncated normal: paid with 20% by day 1, 50% by day 2, seen three days.
    unpaid = np.array([[0.8, 0.5, 0.5]])
    scores = [normal_scores(unpaid, np.array([after]), seen_days=3)[0][0] for after in (1.0, 2.0, np.inf)]
    cut = [-np.inf, -0.8416212335729143, 0.0, np.inf]
    expected = [truncnorm(low, high).mean() for low, high in pairwise(cut)]
    assert scores == pytest.approx(expected, abs=1e-9)
    spread = normal_scores(unpaid, np.array([1.0]), seen_days=3)[1][0]
    assert spread == pytest.approx(0.2 * expected[0] ** 2 + 0.3 * expected[1] ** 2 + 0.5 * expected[2] ** 2)


def test_common_misses_are_found_again():
    # Invoices that share 30% with their customer and nothing else, each in a week and period of its own curve.
    rng = np.random.default_rng(5)
    days = np.arange(1, DAYS + 1)
    misses = []
    for _ in range(40):
        customer = np.repeat(np.arange(50), 8)
        middle = rng.integers(10, 60, len(customer))
        unpaid = np.clip(1 - (days - middle[:, None] + 10) / 20, 0, 1)
        score = math.sqrt(0.3) * rng.standard_normal(50)[customer] + math.sqrt(0.7) * rng.standard_normal(len(customer))
        chance = 0.5 * (1 + np.vectorize(math.erf)(score / math.sqrt(2)))
        paid_after = (unpaid > 1 - chance[:, None]).sum(axis=1) + 1.0
        items = pd.DataFrame({"invoice_id": [str(k) for k in range(400)], "balance": 1.0})
        items = items.assign(customer_id=[f"C{who:02d}" for who in customer], segment="s", currency="EUR", entity="e")
        debt = OpenDebt(on=ON, items=items, unpaid=unpaid, never=np.zeros(400))
        misses.append(joint_misses(debt, paid_after, seen_days=DAYS))
    found = estimate_shocks(misses)
    assert found.customer == pytest.approx((40 * 0.3 + 3 * STATED.customer) / 43, abs=0.04)
    assert found.batch == pytest.approx(3 * STATED.batch / 43, abs=0.05)
    assert found.common == pytest.approx(3 * STATED.common / 43, abs=0.02)
    assert estimate_shocks([]) == STATED
    assert not STATED.is_estimated


def test_a_forecast_of_half_a_year_before_counts_half():
    # Scores of one customer's invoices went together by 0.6 then, and by -0.3 in the last forecast; all else by 0.
    def misses(on: date, rho: float) -> JointMisses:
        sums = pd.DataFrame({"together": 0.0, "possible": 1.0, "loaded": 0.0}, index=["batch", "customer", *_OTHERS])
        sums.loc["customer", "together"] = rho
        return JointMisses(on=on, sums=sums, shift=0.0)

    found = estimate_shocks([misses(ON - timedelta(days=182), 0.6), misses(ON, -0.3)])
    # (0.5 * 0.6 - 1 * 0.3) / 1.5 = 0, by (1.5)^2 / (0.25 + 1) = 1.8 forecasts beside the three of the stated 0.12
    assert found.customer == pytest.approx(3 * STATED.customer / 4.8)
    assert found.origins == 2
    # what is measured weighs 1.8 of 4.8: what customers of one period share, and of one week beyond it, is stated
    assert (found.common, found.week) == pytest.approx((3 * STATED.common / 4.8, 3 * STATED.week / 4.8))
    assert found.persistence == pytest.approx(STATED.persistence)


_OTHERS = ("week", "period", "apart")


@pytest.fixture(scope="module")
def covered() -> pd.DataFrame:
    """Per world and week whether the bands held, for worlds with exact chances, market months and payment runs."""
    rows = []
    for seed in range(20):
        world = cash_world(seed)
        for on in (30 * 24, 30 * 27 - 5):
            misses = []
            for back in range(1, 13):
                debt, after = open_on(world, on - 30 * back)
                misses.append(joint_misses(debt, after, seen_days=30 * back))
            debt, after = open_on(world, on)
            made = cash_forecast(debt, CashShare(), estimate_shocks(misses), seed=seed, draws=1_000)
            week = np.ceil(np.minimum(after, 1e6) / 7).astype(int)
            came = np.bincount(np.minimum(week, 14), weights=debt.balance, minlength=15)[1:14]
            for number, actual in enumerate(came, start=1):
                line = made.weeks.loc[number]
                # a week in which hardly anything can come is covered by nothing and everything
                if line["expected"] > 0.01 * debt.total:
                    held = {level: line[low] <= actual <= line[high] for level, low, high in LIMITS}
                    rows.append({"seed": seed, "week": number, **held})
    return pd.DataFrame(rows)


LIMITS = ((0.5, 0.25, 0.75), (0.8, 0.1, 0.9), (0.95, 0.025, 0.975))


def test_bands_cover_what_they_say_over_20_worlds(covered: pd.DataFrame):
    assert 0.76 <= covered[0.8].mean() <= 0.84
    assert 0.92 <= covered[0.95].mean() <= 0.98


def test_the_sums_agree_and_order_and_seed_decide_nothing_else():
    debt, _ = open_on(cash_world(1), 700)
    made = cash_forecast(debt, CashShare(settled=0.99, in_parts=0.02), STATED, seed=4, draws=500)
    for formula, left, right in coherence(made):
        assert left == pytest.approx(right, rel=1e-12), formula
    of_segments = sum(made.draws.weekly(segment=name) for name in ("direct", "reseller"))
    assert np.allclose(of_segments, made.draws.weekly(), rtol=1e-12)
    assert (made.weeks.drop(columns="ends_on").to_numpy() >= 0).all()
    assert (np.diff(made.weeks[list(QUANTILES)].to_numpy(), axis=1) >= 0).all()
    turned = np.random.default_rng(0).permutation(len(debt.items))
    other = OpenDebt(
        on=debt.on,
        items=debt.items.iloc[turned].reset_index(drop=True),
        unpaid=debt.unpaid[turned],
        never=debt.never[turned],
    )
    again = cash_forecast(other, made.share, STATED, seed=4, draws=500)
    pd.testing.assert_frame_equal(again.weeks, made.weeks)


def test_expectation_and_mean_of_the_draws_are_the_same():
    debt, _ = open_on(cash_world(2), 700)
    made = cash_forecast(debt, CashShare(), STATED, seed=1, draws=2_000)
    weekly = made.draws.weekly()
    error = weekly.std(axis=0) / math.sqrt(len(weekly))
    assert (np.abs(weekly.mean(axis=0) - made.weeks["expected"]) <= 4 * error + 1e-6).all()


def test_the_bridge_adds_up_and_names_what_left():
    before = debt_of([[(40, 0.2)], [(50, 0.5)]], [100.0, 200.0])
    now = OpenDebt(
        on=date(2026, 11, 30),
        items=before.items.iloc[[1]].assign(balance=150.0).reset_index(drop=True),
        unpaid=before.unpaid[[1]],
        never=before.never[[1]],
    )
    steps = forecast_bridge(before, CashShare(), now, CashShare()).set_index("label")
    signed = steps["amount"].where(steps["kind"] != "fall", -steps["amount"])
    # 80 of the first and 100 of the second were to come after day 30; the first has left
    assert signed["expected then"] == pytest.approx(180.0)
    assert signed["left the book"] == pytest.approx(-80.0)
    assert signed["part-payments and rates"] == pytest.approx(-25.0)
    between = signed.loc["left the book":"new invoices"].sum()
    assert signed["expected then"] + between == pytest.approx(signed["expected now"])
    assert signed["expected now"] + signed["days new in view"] == pytest.approx(signed["thirteen weeks"])


def test_stress_by_hand():
    debt = debt_of([[(7, 0.0)], [(7, 0.0)]], [100.0, 300.0], customer_id=["A", "B"])
    found = stress(debt, CashShare(), [])
    assert found.largest == "B"
    assert found.lost("largest later", weeks=4) == pytest.approx(300.0)
    # paid on day 67, in week 10, instead of day 7
    assert found.weeks["largest later"].loc[10] == pytest.approx(300.0)
    assert math.isnan(found.lost("shock again"))


def test_a_record_by_hand():
    weekly = np.tile(np.arange(13.0), (3, 1)) * 0 + np.array([[90.0], [100.0], [110.0]])
    kept = frozen(ON, np.full(13, 100.0), weekly, weekly[:, :4].sum(axis=1), expected_30=400.0)
    came = pd.Series([100 / 7] * 7 + [130 / 7] * 7 + [1.0] * 6, index=pd.RangeIndex(1, 21))
    record = track_record([judged(kept, came)])
    assert record.weeks["actual"].tolist() == pytest.approx([100.0, 130.0])
    assert len(record.months) == 0
    assert record.gross_error() == pytest.approx(30 / 230)
    assert record.net_error() == pytest.approx(30 / 230)
    assert record.bias() == pytest.approx(-30 / 230)
    assert record.coverage(0.95) == pytest.approx(0.5)


def test_origins_end_their_months_as_the_day_does():
    found = monthly_origins(date(2026, 10, 31), first=date(2026, 6, 1), months=12)
    assert found == [date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30)]


def test_curves_that_contradict_themselves_are_refused():
    good = debt_of([[(4, 0.4)]], [100.0])
    with pytest.raises(ValueError, match="curves rise"):
        OpenDebt(on=ON, items=good.items, unpaid=good.unpaid[:, ::-1], never=good.never)
    with pytest.raises(ValueError, match="balances are not positive"):
        OpenDebt(on=ON, items=good.items.assign(balance=0.0), unpaid=good.unpaid, never=good.never)
