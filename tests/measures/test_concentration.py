"""Concentration: hand calculation, independent formulas, laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.concentration import (
    concentration,
    effective_number,
    gini,
    herfindahl,
    lorenz_points,
    top_share,
)

debts = st.lists(st.integers(1, 10_000_000).map(lambda c: c / 100), min_size=1, max_size=60)


def test_five_debtors_by_hand():
    # Shares 0.4, 0.3, 0.15, 0.1, 0.05; squares 0.16 + 0.09 + 0.0225 + 0.01 + 0.0025 = 0.285.
    book = [100, 400, 50, 300, 150]
    assert top_share(book, 2) == pytest.approx(0.7)
    assert herfindahl(book) == pytest.approx(0.285)
    assert effective_number(book) == pytest.approx(3.508772, abs=1e-6)
    # Lorenz ordinates 0.05, 0.15, 0.3, 0.6, 1: area 0.2 x (0.05 + 0.15 + 0.3 + 0.6 + 0.5) = 0.32, Gini 1 - 0.64.
    assert gini(book) == pytest.approx(0.36)
    points = lorenz_points(book)
    assert list(points["share_of_exposure"]) == pytest.approx([0, 0.05, 0.15, 0.3, 0.6, 1])
    assert list(points["share_of_debtors"]) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


def test_credits_are_left_out_and_counted():
    found = concentration([100, 0, -30, 400, 50, -0.5, 300, 150, 0], n=2)
    assert (found.n_debtors, found.n_credit_balances, found.n_without_balance) == (5, 2, 2)
    assert (found.exposure, found.credit_balances) == (1_000, -30.5)
    # as without them
    assert (found.top_share, found.herfindahl, found.gini) == pytest.approx((0.7, 0.285, 0.36))
    assert found.effective_number == pytest.approx(1 / 0.285)


@given(debts)
def test_gini_is_twice_the_area_above_the_lorenz_curve(book):
    points = lorenz_points(book)
    area = np.trapezoid(points["share_of_exposure"], points["share_of_debtors"])
    assert gini(book) == pytest.approx(1 - 2 * area, abs=1e-9)
    # and the mean absolute difference over twice the mean
    pairs = np.abs(np.subtract.outer(book, book)).mean()
    assert gini(book) == pytest.approx(pairs / 2 / np.mean(book), abs=1e-9)


@given(debts, st.integers(1, 8))
def test_bounds_and_the_size_of_money(book, n):
    h = herfindahl(book)
    assert 1 / len(book) - 1e-12 <= h <= 1 + 1e-12
    assert 1 - 1e-9 <= effective_number(book) <= len(book) + 1e-9
    # the largest share alone bounds the index from both sides
    assert top_share(book, 1) ** 2 - 1e-12 <= h <= top_share(book, 1) + 1e-12
    assert top_share(book, n) <= top_share(book, n + 1)
    tenfold = [debt * 10 for debt in book]
    assert (herfindahl(tenfold), gini(tenfold), top_share(tenfold, n)) == pytest.approx(
        (h, gini(book), top_share(book, n))
    )


@given(debts, st.integers(2, 5))
def test_copies_of_the_book_spread_it(book, times):
    assert gini(book * times) == pytest.approx(gini(book), abs=1e-9)
    assert effective_number(book * times) == pytest.approx(times * effective_number(book))


@given(debts, st.randoms(use_true_random=False))
def test_order_changes_no_bit(book, random):
    shuffled = random.sample(book, len(book))
    for measure in (herfindahl, gini, effective_number):
        assert measure(shuffled) == measure(book)


def test_one_debtor_and_none():
    assert (herfindahl([7]), gini([7]), top_share([7], 10), effective_number([7])) == (1, 0, 1, 1)
    for empty in ([], [-3, 0]):
        found = concentration(empty)
        assert found.n_debtors == 0
        assert all(math.isnan(v) for v in (found.top_share, found.herfindahl, found.effective_number, found.gini))
        assert lorenz_points(empty).to_numpy().tolist() == [[0, 0]]


def test_broken_input_is_named():
    with pytest.raises(ValueError, match=r"exposures: 1 of 3 values .* nan at position 1"):
        gini([1, math.nan, 2])
    with pytest.raises(ValueError, match="n must be at least 1"):
        top_share([1, 2], 0)
