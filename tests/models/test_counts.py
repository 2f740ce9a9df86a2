"""Count tables: nothing is lost on the way, and broken input is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.models.counts import at_risk_on, at_risk_table, count_table, strata

lives = st.lists(st.tuples(st.integers(0, 120), st.booleans()), min_size=1, max_size=60)
late_lives = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 60), st.booleans()), min_size=1, max_size=60
)  # entered, days observed after it, settled


def _counts(days: list[int], events: list[int], censored: list[int], **more: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"day": days, "events": events, "censored": censored, **more})


@given(late_lives)
def test_at_risk_are_those_who_entered_before_and_have_not_left(seen):
    entered = np.array([start for start, _, _ in seen])
    left = np.array([start + length for start, length, _ in seen])
    settled = np.array([paid for _, _, paid in seen])
    table = at_risk_table(count_table(left, settled, entered=entered))
    # written out per day and invoice; age 0 is "from the start"
    for day in range(0, 125):
        there = int((((entered < day) | (entered == 0)) & (left >= day)).sum())
        assert at_risk_on(table, [day])[0] == there
    assert table["events"].sum() == settled.sum()
    assert table["censored"].sum() == (~settled).sum()


@given(late_lives)
def test_at_risk_moves_only_by_what_leaves_and_enters(seen):
    # INV6 of the reliability rules: at-risk(next) = at-risk - events - censored + entered
    left = [start + length for start, length, _ in seen]
    counts = count_table(left, [paid for _, _, paid in seen], entered=[start for start, _, _ in seen])
    table = at_risk_table(counts)
    after = table["at_risk"] - table["events"] - table["censored"] + table["entered"]
    assert list(after) == [*table["at_risk"].iloc[1:], 0]
    assert table.index[0] == 0
    assert table["at_risk"].iloc[0] == sum(start == 0 for start, _, _ in seen)


@given(lives, st.randoms(use_true_random=False))
def test_order_of_rows_and_split_days_are_irrelevant(seen, random):
    whole = count_table([day for day, _ in seen], [paid for _, paid in seen])
    rows = [(day, paid, not paid) for day, paid in seen]
    random.shuffle(rows)
    single = pd.DataFrame(rows, columns=["day", "events", "censored"])
    pd.testing.assert_frame_equal(at_risk_table(single), at_risk_table(whole))


def test_input_is_left_as_it_was():
    counts = _counts([30, 0, 30], [1, 2, 1], [0, 1, 0])
    before = counts.copy()
    at_risk_table(counts)
    pd.testing.assert_frame_equal(counts, before)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (pd.DataFrame({"day": [1], "events": [1]}), r"no column 'censored'; it has day, events"),
        (_counts([-3, 2, -1], [1, 1, 1], [0, 0, 0]), r"day: 2 of 3 values are negative, for example -3 at row 0"),
        (_counts([1, 2], [1, -4], [0, 0]), r"events: 1 of 2 values are negative, for example -4 at row 1"),
        (pd.DataFrame({"day": [1.0, None], "events": 1, "censored": 0}), r"day: 1 of 2 values are missing"),
        (pd.DataFrame({"day": [1], "events": [0.5], "censored": [0]}), r"events: 1 of 1 values are not whole"),
        (_counts([5, 9], [2, 0], [0, 1], entered=[0, 3]), r"on day 5 2 leave and 0 are there"),
    ],
)
def test_broken_counts_are_named(counts, message):
    with pytest.raises(ValueError, match=message):
        at_risk_table(counts)


@pytest.mark.parametrize(
    ("days", "settled", "entered", "message"),
    [
        ([3, -1], [True, True], None, r"day: 1 of 2 values are negative, for example -1 at row 1"),
        ([3, float("nan")], [True, True], None, r"days: 1 of 2 values are missing"),
        ([3, 4], [True], None, r"differ in length: 2, 1, 2"),
        ([3, 4], [True, True], [0, 4], r"entered: 1 of 2 values are not before the day of leaving, for example 4"),
    ],
)
def test_broken_values_are_named(days, settled, entered, message):
    with pytest.raises(ValueError, match=message):
        count_table(days, settled, entered=entered)


def test_decimal_counts_of_an_engine_are_read():
    from decimal import Decimal

    counts = pd.DataFrame({"day": [3, 5], "events": [Decimal(2), Decimal(0)], "censored": [Decimal(0), Decimal(1)]})
    assert at_risk_table(counts)["at_risk"].to_dict() == {0: 3, 3: 3, 5: 1}


def test_rows_without_a_stratum_are_kept_as_unknown():
    # reliability case I29: a missing key drops out of a plain groupby
    counts = _counts([1, 2, 3], [1, 1, 1], [0, 0, 0]).assign(segment=["B", None, "A"])
    assert [label for label, _ in strata(counts, by="segment")] == ["A", "B", "(unknown)"]
    with pytest.raises(ValueError, match="no column 'country'"):
        next(strata(counts, by="country"))
