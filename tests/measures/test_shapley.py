"""Shares of a change: published games, the mean over all orders written out, and the laws that name the value."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.shapley import shapley_effects, shapley_weights

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=16, max_size=16)


def over_all_orders(values: list[float], n: int) -> list[float]:
    """The slow way: every order, every step."""
    effects = [0.0] * n
    for order in permutations(range(n)):
        state = 0
        for factor in order:
            effects[factor] += (values[state | 1 << factor] - values[state]) / factorial(n)
            state |= 1 << factor
    return effects


def test_the_glove_game():
    # One owns a left glove, two a right one each, a pair is worth 1: 2/3, 1/6, 1/6 (Osborne and Rubinstein, A Course
    # in Game Theory, 1994, exercise 295.1 with these numbers).
    values = [1.0 if state & 1 and state & 6 else 0.0 for state in range(8)]
    assert shapley_effects(values, n_factors=3) == pytest.approx([2 / 3, 1 / 6, 1 / 6], abs=1e-15)


def test_the_airport_game():
    # A runway for planes that need 1, 3 and 6 units: each stretch is shared by those who use it
    # (Littlechild and Owen, Management Science 20, 1973): 1/3; 1/3 + 2/2; 1/3 + 2/2 + 3.
    values = [float(max([(1, 3, 6)[i] for i in range(3) if state >> i & 1], default=0)) for state in range(8)]
    assert shapley_effects(values, n_factors=3) == pytest.approx([1 / 3, 4 / 3, 13 / 3], abs=1e-14)


@given(VALUES)
def test_it_is_the_mean_over_all_orders_and_adds_up(values: list[float]):
    effects = shapley_effects(values, n_factors=4)
    assert effects == pytest.approx(over_all_orders(values, 4), abs=1e-8)
    assert sum(effects) == pytest.approx(values[-1] - values[0], abs=1e-9)


@given(VALUES, st.permutations(range(4)))
def test_the_order_in_which_factors_are_named_is_of_no_consequence(values: list[float], order: list[int]):
    renamed = [values[sum((state >> place & 1) << factor for place, factor in enumerate(order))] for state in range(16)]
    effects = shapley_effects(values, n_factors=4)
    assert shapley_effects(renamed, n_factors=4) == [effects[factor] for factor in order]


@given(st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=8))
def test_what_makes_no_difference_has_no_effect(values: list[float]):
    without = [values[state & 3 | state >> 1 & 4] for state in range(16)]  # bit 2 is of no consequence
    assert shapley_effects(without, n_factors=4)[2] == 0.0


def test_weights_of_all_orders_add_up_to_one():
    weights = shapley_weights(5)
    assert sum(weight * count for weight, count in zip(weights, (1, 4, 6, 4, 1), strict=True)) == 1


def test_a_wrong_number_of_values_is_refused():
    with pytest.raises(ValueError, match="3 factors have 8 values, got 4"):
        shapley_effects([0.0] * 4, n_factors=3)
    with pytest.raises(ValueError, match="NaN"):
        shapley_effects([0.0, float("nan")], n_factors=1)
