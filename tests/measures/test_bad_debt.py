"""Three ratios that share a name elsewhere."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from analysis.measures.bad_debt import allowance_ratio, bad_debt_to_sales, write_offs_to_receivables


def test_one_year_by_hand():
    # Sales 2,000,000; written off 30,000, recovered 4,000; receivables 250,000, allowance 10,000.
    assert bad_debt_to_sales(30_000, 4_000, 2_000_000) == pytest.approx(0.013)
    assert write_offs_to_receivables(30_000, 250_000) == pytest.approx(0.12)
    assert allowance_ratio(10_000, 250_000) == pytest.approx(0.04)


def test_more_recovered_than_written_off_is_negative():
    assert bad_debt_to_sales(1_000, 3_000, 100_000) == pytest.approx(-0.02)


def test_without_a_denominator_nothing_is_defined():
    for undefined in (bad_debt_to_sales(5, 0, 0), write_offs_to_receivables(5, 0), allowance_ratio(5, -10)):
        assert math.isnan(undefined)


def test_series_by_segment():
    found = bad_debt_to_sales(pd.Series([30.0, 5.0]), pd.Series([10.0, 0.0]), pd.Series([1_000.0, 0.0]))
    assert found.iloc[0] == pytest.approx(0.02)
    assert math.isnan(found.iloc[1])
