"""Collection effectiveness: published worked examples and what the bounds mean."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.effectiveness import collection_effectiveness

whole = st.integers(0, 1_000_000).map(float)


def test_of_gaviti():
    # gaviti.com, glossary, collection effectiveness index: 980,000 of 1,000,000.
    assert collection_effectiveness(100_000, 1_000_000, 120_000, 100_000) == pytest.approx(0.98)


def test_of_creditguru_in_both_variants():
    # creditguru.com, collection effectiveness index: January to March, sales of 10,890 over three months.
    quarter = (6_200, 10_890, 6_340, 3_590)
    assert round(collection_effectiveness(*quarter, months=3) * 100, 1) == 55.9
    # With the quarter's sales as they are: 10,750 / 13,500.
    assert collection_effectiveness(*quarter) == pytest.approx(10_750 / 13_500)
    assert round(collection_effectiveness(*quarter) * 100, 4) == 79.6296


@given(whole, whole, whole, whole)
def test_one_means_that_nothing_overdue_is_left(opening, sales, not_due, overdue):
    found = collection_effectiveness(opening, sales, not_due + overdue, not_due)
    if opening + sales <= not_due:
        assert math.isnan(found)
    else:
        assert (found == 1) == (overdue == 0)
        assert found <= 1


def test_credits_beyond_what_is_overdue_exceed_one():
    # 40 not due and a credit of 10 make a closing balance of 30: 170 collected of 160 collectable.
    assert collection_effectiveness(100.0, 100.0, 30.0, 40.0) == 170 / 160


def test_nothing_collectable_is_not_defined():
    assert math.isnan(collection_effectiveness(0.0, 50.0, 50.0, 50.0))
    with pytest.raises(ValueError, match="months must be at least 1, got 0"):
        collection_effectiveness(1.0, 1.0, 1.0, 1.0, months=0)


def test_series_by_month():
    found = collection_effectiveness(
        pd.Series([100.0, 0.0]), pd.Series([300.0, 50.0]), pd.Series([150.0, 50.0]), pd.Series([100.0, 50.0])
    )
    assert found.iloc[0] == pytest.approx(250 / 300)
    assert math.isnan(found.iloc[1])
