"""The additive model and the rates: closed forms, a search by another library, and a world whose chances are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize

from analysis.models.risk_model import RefusedFit, _fitted, fit_risk_model
from analysis.models.risk_rates import risk_rates
from analysis.models.risk_reasons import model_reasons, rate_reasons
from analysis.models.risk_terms import ALLOWED, TERMS, Term, fixed_terms, ramps

MARKS = range(20_000, 20_000 + 12 * 30, 30)


def _world(n: int, *, seed: int, marks: int = 12, evidence: float | None = None) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of ``n`` customers with the true chance of each: by days late and the oldest item, else by segment alone.

    Customers without evidence differ as those with it do, but show nothing of it; outcomes of the months of a customer
    come from one draw in the year, as overlapping windows do.
    """
    rng = np.random.default_rng(seed)
    segment = rng.integers(0, 2, n)
    late = np.clip(rng.normal(35, 35, n), -20, 120)
    oldest = np.where(rng.random(n) < 0.3, rng.integers(1, 180, n), 0)
    known = rng.integers(0, 60, n) if evidence is None else np.full(n, evidence)
    odds = np.where(segment == 1, -1.0, -2.2) + 0.045 * (late - 35) + 0.01 * np.minimum(oldest, 180)
    true = 1 / (1 + np.exp(-odds))
    severe = (rng.random(n) < true).astype(float)
    frames = []
    for mark in list(MARKS)[:marks]:
        row = {name: np.zeros(n) for name in ALLOWED} | {
            "segment": np.where(segment == 1, "trade", "retail"),
            "days_late": np.where(known > 0, late, np.nan),
            "oldest_days": np.where(known > 0, oldest, 0.0),
            "rating_score": np.full(n, np.nan),
            "recency_days": np.full(n, 30.0),
            "limit_use": np.full(n, np.nan),
            "evidence_invoices": known.astype(float),
            "own_years": np.zeros(n),
            "own_severe": np.zeros(n),
            "severe": severe,
        }
        index = pd.MultiIndex.from_product([[mark], [f"C{k:05}" for k in range(n)]], names=["mark", "customer_id"])
        frames.append(pd.DataFrame(row, index=index))
    return pd.concat(frames), np.tile(true, marks)


@pytest.fixture(scope="module")
def world():
    rows, true = _world(600, seed=1)
    return rows, true, fit_risk_model(rows)


def test_one_column_has_the_closed_form_of_its_prior():
    # log-F(2, 2) adds one success and one failure: log((s + 1) / (f + 1)), here of 7 and 21.
    severe = np.array([1.0] * 7 + [0.0] * 21)
    beta, covariance = _fitted(np.ones((28, 1)), severe, np.zeros(28), np.arange(28))
    assert beta[0] == pytest.approx(np.log(8 / 22), abs=1e-8)
    # information n p (1 - p) of 30, scores about p = 8/30, and the prior's two rows
    p = 8 / 30
    information, prior = 30 * p * (1 - p), 2 * p * (1 - p)
    assert covariance[0, 0] == pytest.approx((7 * (1 - p) ** 2 + 21 * p**2 + prior) / information**2, rel=1e-6)


def test_a_column_that_parts_the_outcomes_stays_finite():
    # All ten with the fact became severe: log((10 + 1) / (0 + 1)) and no more.
    x = np.concatenate([np.ones(10), np.zeros(10)])[:, None]
    beta, _ = _fitted(x, x[:, 0], np.zeros(20), np.arange(20))
    assert beta[0] == pytest.approx(np.log(11), abs=1e-8)


def test_coefficients_maximise_the_penalised_likelihood_by_another_search():
    rng = np.random.default_rng(3)
    x, offset = rng.normal(size=(80, 3)), rng.normal(size=80)
    severe, customer = (rng.random(80) < 0.4).astype(float), np.repeat(np.arange(20), 4)

    def loss(beta: np.ndarray) -> float:
        odds = offset + x @ beta
        # four rows of a customer weigh a quarter each; log-F(2, 2): beta - 2 log(1 + exp(beta))
        of_rows = (severe * odds - np.logaddexp(0, odds)).sum() / 4
        return -float(of_rows + (beta - 2 * np.logaddexp(0, beta)).sum())

    searched = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-9}).x
    np.testing.assert_allclose(_fitted(x, severe, offset, customer)[0], searched, atol=1e-5)


def test_doubling_the_months_of_a_customer_teaches_nothing_new():
    # Six windows that overlap say what twelve say, so neither the line nor its error changes.
    six, _ = _world(200, seed=5, marks=6)
    twelve, _ = _world(200, seed=5, marks=12)
    one, other = fit_risk_model(six), fit_risk_model(twelve)
    np.testing.assert_allclose(one.coefficients, other.coefficients, atol=1e-6)
    np.testing.assert_allclose(one.covariance, other.covariance, atol=1e-6)


def test_true_chances_of_a_known_world_are_found(world):
    rows, _, model = world
    fresh, true = _world(3_000, seed=2, marks=1)
    found = model.chances(fresh)
    known = fresh["evidence_invoices"].to_numpy() >= 20
    # from 600 customers: of how far customers truly differ, seven eighths are found
    assert np.mean((found - true)[known] ** 2) < 0.125 * np.var(true[known])
    assert abs(found[known].mean() - true[known].mean()) < 0.03
    assert len(rows) == 7_200


@pytest.mark.parametrize("evidence", [0.0, 3.0, 30.0])
def test_intervals_hold_the_true_chance_whatever_is_known(world, evidence):
    _, _, model = world
    fresh, true = _world(2_000, seed=9, marks=1, evidence=evidence)
    low, high = model.limits(fresh)
    assert np.mean((low <= true) & (true <= high)) >= 0.90


def test_a_customer_without_history_has_its_segments_rate_and_the_interval_narrows(world):
    rows, _, model = world
    of_one = rows.iloc[[0] * 6].copy()
    of_one["evidence_invoices"] = [0.0, 1.0, 3.0, 10.0, 30.0, 100.0]
    low, high = model.limits(of_one)
    odds = np.log(high / (1 - high)) - np.log(low / (1 - low))
    assert (np.diff(odds) < 0).all()
    segment = of_one["segment"].iloc[0]
    assert model.chances(of_one)[0] == pytest.approx(model.rates.segments.loc[segment, "rate"], abs=1e-12)
    # by hand: the customers of the segment that became severe, drawn to the rate of all
    own = rows[rows["segment"] == segment].groupby("customer_id")["severe"].mean()
    base = (rows["severe"].mean() * 600 + 0.5) / 601
    drawn = (own.sum() + model.rates.strength * base) / (len(own) + model.rates.strength)
    assert model.rates.segments.loc[segment, "rate"] == pytest.approx(drawn, abs=1e-12)


def test_reasons_add_up_to_the_chance_for_the_model_and_for_every_rate(world):
    rows, _, model = world
    some = rows.iloc[:50].assign(own_years=1.5, own_severe=0.5, late_share_91=np.linspace(0, 0.4, 50))
    told = {"model": (model_reasons(model, some), model.chances(some))}
    for rung in ("base", "segment", "own_rate", "own_share"):
        told[rung] = (rate_reasons(model.rates, rung, some), model.rates.chances(some, rung))
    for reasons, chances in told.values():
        odds = reasons.groupby("customer_id")["log_odds"].sum()
        names = some.index.get_level_values("customer_id")
        np.testing.assert_allclose(1 / (1 + np.exp(-odds[names].to_numpy())), chances, rtol=1e-12)
    first = told["model"][0].groupby("customer_id").first()
    assert set(first["reason"]) == {"start"}


def test_order_of_rows_names_and_countries_change_no_coefficient(world):
    rows, _, model = world
    rng = np.random.default_rng(0)
    shuffled = rows.iloc[rng.permutation(len(rows))].assign(name="x", country="y", industry="z", size="w")
    again = fit_risk_model(shuffled)
    assert again.coefficients.tolist() == model.coefficients.tolist()
    assert again.covariance.tolist() == model.covariance.tolist()


def test_the_allow_list_names_conduct_and_standing_only():
    # Who the customer is, where it is, what it is called and what it does are not on it.
    refused = {"name", "country", "industry", "entity", "parent_id", "size", "segment", "tenure_days", "customer_id"}
    assert not refused & set(ALLOWED)
    assert len(set(ALLOWED)) == len(TERMS) == 13


def test_a_stretch_on_which_few_differ_has_no_coefficient():
    rows, _ = _world(200, seed=6)
    names = rows.index.get_level_values("customer_id")
    few = rows.assign(dispute_share=np.where(names < "C00003", 0.2, 0.0))
    model = fit_risk_model(few)
    assert "dispute_share 0 to 0.2" in model.left_out
    assert model.coefficients["dispute_share 0 to 0.2"] == 0.0
    assert "days_late 20 to 40" not in model.left_out


def test_too_few_of_either_kind_refuse_the_fit():
    rows, _ = _world(200, seed=7)
    names = rows.index.get_level_values("customer_id")
    with pytest.raises(RefusedFit, match="9 customers"):
        fit_risk_model(rows.assign(severe=(names < "C00009").astype(float)))
    with pytest.raises(RefusedFit, match="too few"):
        fit_risk_model(rows.assign(severe=1.0))


def test_coefficients_stay_within_the_gates_where_a_fact_tells_all():
    rows, _ = _world(400, seed=8)
    model = fit_risk_model(rows.assign(severe=(rows["days_late"].fillna(0) > 40).astype(float)))
    # the usual prior would let a coefficient past ten
    assert model.prior > 2
    assert np.abs(model.coefficients).max() < 10
    assert np.sqrt(np.diag(model.covariance)).max() < 10


def test_ramps_are_straight_between_knots_and_zero_where_nothing_is_known():
    term = Term(id="t", unit="days", knots=(-30.0, 0.0, 30.0), usual=0.0)
    # at -15 half of the first ramp is missing; at 60 the second is climbed
    assert ramps(np.array([-15.0, 0.0, 60.0, np.nan]), term).tolist() == [[-0.5, 0], [0, 0], [0, 1], [0, 0]]


def test_a_rating_bends_at_its_own_quantiles_and_needs_two_values():
    rows, _ = _world(100, seed=1, marks=1)
    assert "rating_score" not in {term.id for term in fixed_terms(rows)}
    assert "rating_score" not in {term.id for term in fixed_terms(rows.assign(rating_score=50.0))}
    rated = rows.assign(rating_score=np.arange(1.0, 101.0))
    found = next(term for term in fixed_terms(rated) if term.id == "rating_score")
    # linear quantiles of 1 to 100: 1 + 99 q
    assert found.knots == pytest.approx((5.95, 25.75, 50.5, 75.25, 95.05))
    assert "rating_score" not in {term.id for term in fixed_terms(rated, without=("rating_score",))}


def test_rates_by_hand():
    # Two segments of which one never and one always: 20 customers, one row each.
    index = pd.MultiIndex.from_product([[1], [f"C{k:02}" for k in range(20)]], names=["mark", "customer_id"])
    rows = pd.DataFrame({"segment": ["a"] * 10 + ["b"] * 10, "severe": [0.0] * 10 + [1.0] * 10}, index=index)
    rows = rows.assign(late_share_91=[0.0] * 10 + [0.3] * 10, own_years=1.0, own_severe=rows["severe"])
    rates = risk_rates(rows)
    assert rates.base == pytest.approx(10.5 / 21)
    # segments that differ as far as they can are drawn to the mean as little as the grid allows, by one customer
    assert rates.strength == 1.0
    assert rates.segments["rate"].tolist() == pytest.approx([0.5 / 11, 10.5 / 11])
    # the own record foretold everything, so the segment weighs a tenth of a year
    assert rates.own_strength == 0.1
    assert rates.chances(rows, "own_rate")[0] == pytest.approx(0.1 * 0.5 / 11 / 1.1)
    # five customers' worth of the base: 2.5 of 15, and 12.5 of 15
    assert rates.chances(rows, "own_share")[[0, 19]] == pytest.approx([2.5 / 15, 12.5 / 15])
    alike = risk_rates(rows.assign(severe=[0.0, 1.0] * 10, own_severe=[0.0, 1.0] * 10))
    # segments that do not differ are one
    assert alike.strength == 500.0


def test_limits_of_a_rate_hold_as_much_of_its_distribution_as_they_say():
    index = pd.MultiIndex.from_product([[1], [f"C{k:02}" for k in range(20)]], names=["mark", "customer_id"])
    rows = pd.DataFrame({"segment": "a", "severe": [1.0] * 6 + [0.0] * 14, "late_share_91": np.nan}, index=index)
    rows = rows.assign(own_years=0.0, own_severe=0.0)
    rates = risk_rates(rows)
    low, high = rates.limits(rows, "base")
    a, b = rates.base * 20, (1 - rates.base) * 20
    whole = quad(lambda p: p ** (a - 1) * (1 - p) ** (b - 1), 0, 1)[0]
    assert quad(lambda p: p ** (a - 1) * (1 - p) ** (b - 1), 0, low[0])[0] / whole == pytest.approx(0.025, abs=1e-6)
    assert quad(lambda p: p ** (a - 1) * (1 - p) ** (b - 1), high[0], 1)[0] / whole == pytest.approx(0.025, abs=1e-6)
