"""Intervals of the headline figures: the table they rest on, the redraws, and whether they hold the truth."""

from __future__ import annotations

import dataclasses
import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from drawn_books import ledgers
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_books import simulated_books
from small_books import Ledger
from threadpoolctl import threadpool_limits

from analysis.ledger.simulate import World, simulate
from analysis.ledger.snapshot import Snapshot, as_of
from analysis.measures import headline_intervals as module
from analysis.measures.count_back import count_back_days
from analysis.measures.headline_intervals import (
    COUNTED,
    TOO_FEW,
    HeadlineInterval,
    headline_figures,
    headline_intervals,
)
from analysis.measures.headline_sums import LOOKED_AT, STOCKS, HeadlineSums, headline_sums
from analysis.measures.months import ledger_months, month_table
from analysis.measures.redraws import Redrawn, interval, middle, redrawn_ratio, redraws, seed_of, units
from analysis.measures.scorecard import scorecard

END = date(2026, 10, 31)
COLUMNS = {
    "overdue_share": "overdue_share",
    "over_90_share": "over_90_share",
    "dso_countback": "dso_countback",
    "dso_simple": "dso_simple",
    "dso_rolling": "dso_rolling",
    "best_possible_dso": "best_possible_dso",
    "days_delinquent": "average_days_delinquent",
    "effectiveness": "collection_effectiveness",
    "bad_debt_to_sales": "bad_debt_to_sales",
}


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(n_invoices=30_000, n_customers=1_200, seed=11, months=27)


@pytest.fixture(scope="module")
def snapshot(world: World) -> Snapshot:
    return as_of(simulated_books(world), END)


@pytest.fixture(scope="module")
def population(snapshot: Snapshot) -> HeadlineSums:
    return headline_sums(snapshot)


# --- the table


@given(ledgers(), st.integers(40, 300))
@settings(max_examples=2)
def test_customers_add_up_to_the_month_table(ledger: Ledger, days: int) -> None:
    on = date(2024, 1, 1) + pd.Timedelta(days=days)
    snapshot = ledger.as_of(on)
    sums = headline_sums(snapshot)
    months = month_table(ledger_months(snapshot))
    for back in LOOKED_AT:
        for column, name in enumerate(STOCKS):
            owed = months[name].iloc[-1 - back] if back < len(months) else 0.0
            assert sums.stocks[back][:, column].sum() == pytest.approx(owed, abs=0.06), (back, name)
    lost = months["write_off"] - months["recovery"]
    for back in range(min(len(months), 37)):
        assert sums.sales[:, back].sum() == pytest.approx(months["credit_sales"].iloc[-1 - back], abs=0.06)
        assert sums.written_off[:, back].sum() == pytest.approx(lost.iloc[-1 - back], abs=0.06)
        assert sums.days[back] == months["days"].iloc[-1 - back]
    assert sums.n_months == len(months)


def test_the_figures_are_those_of_the_scorecard(snapshot: Snapshot, population: HeadlineSums) -> None:
    scores = scorecard(ledger_months(snapshot), last=13)
    found = headline_figures(population)
    for id, column in COLUMNS.items():
        expected = scores[column].iloc[[-1, -2, -13]].tolist()
        assert found[id] == pytest.approx(expected, rel=1e-6), id
    assert found["receivables"] == pytest.approx(scores["receivables"].iloc[[-1, -2, -13]].tolist(), rel=1e-6)


# --- the interval


def test_the_interval_is_that_of_a_slow_rewrite() -> None:
    rng = np.random.default_rng(5)
    above, below = rng.lognormal(0, 0.4, 40), rng.lognormal(1, 0.4, 40)
    times = redraws(40, draws=99, seed=3)
    far = []
    ratio = above.sum() / below.sum()

    def error(weights: np.ndarray, share: float) -> float:
        squares = 0.0
        for w, a, b in zip(weights, above, below, strict=True):
            squares += w * ((a - share * b) / (weights * below).sum()) ** 2
        return math.sqrt(squares)

    for weights in times[1:]:
        share = (weights * above).sum() / (weights * below).sum()
        far.append(abs(math.log(share / ratio)) / (error(weights, share) / share))
    reach = sorted(far)[94]  # the 95th of 99: 0.95 x (99 + 1)
    step = reach * error(np.ones(40), ratio) / ratio
    influences = (above - ratio * below) / below.sum()
    assert (influences**2).sum() ** 2 / (influences**4).sum() > 6  # else Student's t would have a say
    low, high = interval(times, redrawn_ratio(times, above, below), scale="log")
    assert (low, high) == pytest.approx((ratio * math.exp(-step), ratio * math.exp(step)))


def test_few_who_carry_the_error_are_given_students_reach() -> None:
    above = np.zeros(40)
    above[:4] = 1.0, 1.1, 0.9, 1.0
    times = redraws(40, draws=199, seed=1)
    found = redrawn_ratio(times, above, np.ones(40))
    squares = found.influences[0] ** 2
    k = squares.sum() ** 2 / (squares**2).sum()
    assert 4 < k < 5
    low, high = interval(times, found)
    # Student's t at 97.5%: 3.182 with three and 2.776 with four degrees of freedom
    assert 2.776 < (high - low) / 2 / math.sqrt(squares.sum()) < 3.182
    # one customer alone says next to nothing of others: 12.706 with one degree of freedom
    alone = redrawn_ratio(times, np.eye(40)[0] * 7 + np.linspace(0, 0.01, 40), np.ones(40))
    low, high = interval(times, alone)
    assert (high - low) / 2 >= 12.706 * math.sqrt((alone.influences[0] ** 2).sum())


def test_redraws_that_often_lack_who_made_a_change_bound_nothing() -> None:
    # two of forty: none of the two is in 0.95 ** 40 = 13% of the redraws
    times = redraws(40, draws=199, seed=1)
    few = redrawn_ratio(times, np.eye(40)[0] + np.eye(40)[1], np.ones(40))
    assert interval(times, few) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("above", "below"),
    [(np.zeros(20), np.ones(20)), (np.ones(20), np.ones(20)), (np.ones(20), np.zeros(20))],
)
def test_there_is_no_interval_without_ground(above: np.ndarray, below: np.ndarray) -> None:
    times = redraws(20, draws=49, seed=1)
    assert interval(times, redrawn_ratio(times, above, below), scale="logit") is None


def test_influences_are_what_one_customer_moves(population: HeadlineSums) -> None:
    # the influence of a customer is the slope of the figure in that customer's weight; count_back_days is the oracle
    sums = population.of(np.arange(40))
    owed, times = module._receivables(sums, back=0), np.ones((1, 40))
    found = module._counted_back(times, owed, sums.sales, sums.days)
    assert found is not None

    def days(weights: np.ndarray) -> float:
        return count_back_days(float(weights @ owed), weights @ sums.sales, sums.days).days

    assert found.drawn[0] == pytest.approx(days(np.ones(40)))
    for place in range(40):
        bent = np.ones(40)
        bent[place] += 1e-6
        slope = (days(bent) - days(np.ones(40))) / 1e-6
        assert found.influences[0, place] == pytest.approx(slope, rel=1e-3, abs=1e-4)
    drawn = redraws(40, draws=30, seed=2)
    again = module._counted_back(drawn, owed, sums.sales, sums.days)
    assert again is not None
    assert again.drawn == pytest.approx([days(weights) for weights in drawn])
    # whoever moves it up, somebody moves down: a figure of days does not know how many customers there are
    assert (drawn * again.influences).sum(axis=1) == pytest.approx(np.zeros(31), abs=1e-9)


def test_a_change_takes_the_same_customers_on_both_days() -> None:
    times = redraws(30, draws=99, seed=4)
    below = np.linspace(1, 3, 30)
    then = redrawn_ratio(times, below**2, below)
    # a tenth more of everybody: the share moves by a tenth of itself in every redraw
    now = redrawn_ratio(times, 1.1 * below**2, below)
    assert (now - then).drawn == pytest.approx(0.1 * then.drawn)
    level, change = interval(times, now), interval(times, now - then)
    assert level is not None
    assert change is not None
    assert change[1] - change[0] < 0.2 * (level[1] - level[0])


def test_days_on_a_limit_count_half() -> None:
    # shares up to the middle of each day: 3 at 1%, 4 at 4%, 5 at 28%, 6 at 72%, 7 at 97%, 8 at 99.5%
    drawn = np.repeat([3.0, 4, 5, 6, 7, 8], [20, 40, 440, 440, 50, 10])
    assert middle(np.append(5.0, drawn)) == (4.0, 7.0)
    assert middle(np.append(9.0, drawn)) == (4.0, 9.0)
    assert middle(np.append(math.inf, drawn)) is None
    assert middle(np.append(5.0, np.append(drawn, [math.inf] * 200))) is None


# --- headline figures


def test_all_amounts_doubled_move_no_share_and_no_day(population: HeadlineSums) -> None:
    sums = population.of(np.arange(60))
    twice = dataclasses.replace(
        sums,
        stocks={back: 2 * rows for back, rows in sums.stocks.items()},
        sales=2 * sums.sales,
        written_off=2 * sums.written_off,
    )
    once, doubled = headline_intervals(sums, draws=99), headline_intervals(twice, draws=99)
    for id, found in once.items():
        factor = 2.0 if id == "receivables" else 1.0
        for limits, others in zip(dataclasses.astuple(found)[:3], dataclasses.astuple(doubled[id])[:3], strict=True):
            assert (limits is None) == (others is None)
            if limits is not None:
                assert np.array(others) == pytest.approx(factor * np.array(limits), rel=1e-9)


def test_the_balance_is_counted_and_its_change_is_not(population: HeadlineSums) -> None:
    found = headline_intervals(population.of(np.arange(100)), draws=99)["receivables"]
    assert (found.level, found.reason) == (None, COUNTED)
    assert found.month_change is not None
    assert found.month_change[0] < found.month_change[1]


def test_a_handful_of_customers_has_no_interval(population: HeadlineSums) -> None:
    for found in headline_intervals(population.of(np.arange(9))).values():
        assert (found.level, found.month_change, found.year_change) == (None, None, None)
        assert found.reason in (COUNTED, TOO_FEW)


def test_books_that_are_too_short_have_no_change(population: HeadlineSums) -> None:
    found = headline_intervals(dataclasses.replace(population.of(np.arange(500)), n_months=3), draws=99)
    assert found["overdue_share"].month_change is not None
    assert found["overdue_share"].year_change is None
    assert found["dso_rolling"].level is not None
    assert found["dso_rolling"].month_change is None
    assert found["bad_debt_to_sales"] == HeadlineInterval(
        level=None, month_change=None, year_change=None, reason=TOO_FEW
    )


def test_nothing_owed_and_nothing_sold_have_no_interval() -> None:
    sums = headline_sums(Ledger().as_of("2026-10-31"))
    assert sums.customers == ()
    assert all(found.level is None for found in headline_intervals(sums).values())


def test_the_order_of_rows_and_the_number_of_threads_are_irrelevant() -> None:
    world = simulate(n_invoices=1_500, n_customers=40, seed=2, months=14)
    tables = {name: frame.sample(frac=1, random_state=3) for name, frame in world.tables.items()}
    shuffled = dataclasses.replace(world, **tables)
    with threadpool_limits(limits=2):
        first = headline_intervals(headline_sums(as_of(simulated_books(world), END)), draws=49)
    with threadpool_limits(limits=1):
        second = headline_intervals(headline_sums(as_of(simulated_books(shuffled), END)), draws=49)
    assert first == second


def test_the_ledger_sets_the_seed() -> None:
    assert seed_of(["a", "b"]) == seed_of(["b", "a"]) != seed_of(["a", "c"])
    assert np.array_equal(redraws(7, draws=5, seed=9), redraws(7, draws=5, seed=9))
    assert (redraws(7, draws=5, seed=9).sum(axis=1) == 7).all()
    assert (redraws(7, draws=5, seed=9)[0] == 1).all()


def test_many_customers_are_redrawn_in_groups_of_one_size() -> None:
    assert units(5).tolist() == [0, 1, 2, 3, 4]
    assert np.bincount(units(2_500)).tolist() == [3] * 500 + [2] * 500


def test_intervals_hold_the_truth(population: HeadlineSums) -> None:
    """Ledgers of 200 customers of a world of 1,200: the world's figures lie in the intervals as often as they say.

    ``benchmarks/headline_intervals.py`` is the long form. Figures of one ledger go together, so 60 ledgers leave a
    standard error of some 2%; the plain middle of the redraws holds 85 to 90%.
    """
    rng, truth = np.random.default_rng(8), headline_figures(population)
    level, change = [], []
    for number in range(60):
        small = population.of(np.sort(rng.choice(len(population.customers), 200, replace=False)))
        found = headline_intervals(small, draws=199, seed=number)
        for id in ("overdue_share", "dso_countback", "days_delinquent", "effectiveness", "bad_debt_to_sales"):
            now, month, _ = truth[id]
            for limits, true, held in ((found[id].level, now, level), (found[id].month_change, now - month, change)):
                held += [limits[0] <= true <= limits[1]] if limits else []
    assert min(len(level), len(change)) >= 295
    assert 0.92 <= np.mean(level) <= 0.99
    assert 0.92 <= np.mean(change) <= 0.995


def test_redrawn_figures_can_be_subtracted_only_in_step() -> None:
    found = Redrawn(drawn=np.array([3.0, 4.0]), influences=np.array([[1.0, -1.0], [2.0, -2.0]]))
    assert (found - found).drawn.tolist() == [0.0, 0.0]
    assert (found - found).influences.tolist() == [[0.0, 0.0], [0.0, 0.0]]
