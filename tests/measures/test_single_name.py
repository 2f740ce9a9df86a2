"""What hangs on one name: by hand, by trying out, and at the edges."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.concentration import effective_number
from analysis.measures.exposure import concentrations
from analysis.measures.single_name import average_debtors_needed, high_risk, what_if


def owed() -> pd.DataFrame:
    return pd.DataFrame(
        {"name": ["Alpha", "Beta", "Gamma"], "open_balance": [300.0, 600.0, 0.0], "unapplied": [0.0, 50.0, 20.0]},
        index=["A", "B", "C"],
    )


def test_a_name_fails_or_pays_sixty_days_later() -> None:
    # Beta: 10 a day for 40 days, then 2 a day to day 91; Alpha pays 90 on day 91
    receipts = pd.DataFrame({"B": [10.0] * 40 + [2.0] * 51, "A": [0.0] * 90 + [90.0]}, index=range(1, 92))
    table = what_if(owed(), receipts, recovered=0.1)
    assert table.index.tolist() == ["B", "A"]
    assert table.loc["B", "share"] == pytest.approx(2 / 3)
    assert table.loc["B", "loss_if_failed"] == pytest.approx((600 - 50) * 0.9)
    assert table.loc["B", "missing_if_failed"] == 502
    # of days 32 to 91: nine days of 10 and 51 of 2
    assert table.loc["B", "missing_if_late"] == 192
    assert table.loc["A", ["loss_if_failed", "missing_if_failed", "missing_if_late"]].tolist() == [270, 90, 90]
    # moved by hand: what comes 60 days later and still within the 91 is what came by day 31
    assert table.loc["B", "expected_cash"] - table.loc["B", "missing_if_late"] == receipts["B"].loc[:31].sum()
    assert len(what_if(owed(), receipts, most=1)) == 1


def test_a_name_without_a_forecast_is_expected_to_pay_nothing() -> None:
    table = what_if(owed(), pd.DataFrame(index=range(1, 92)))
    assert table["expected_cash"].tolist() == [0, 0]
    assert what_if(owed().iloc[2:], pd.DataFrame(index=range(1, 92))).empty
    with pytest.raises(ValueError, match="recovered must be from 0 to 1"):
        what_if(owed(), pd.DataFrame(index=range(1, 92)), recovered=1.5)
    with pytest.raises(ValueError, match="beyond 60 days"):
        what_if(owed(), pd.DataFrame(index=range(1, 61)))


@given(
    st.lists(st.floats(0.01, 1e7), min_size=1, max_size=30),
    st.floats(1, 200),
)
def test_debtors_needed_are_the_fewest_that_reach_the_target(exposures: list[float], target: float) -> None:
    needed = average_debtors_needed(exposures, target=target)
    assert needed is not None
    average = sum(exposures) / len(exposures)
    assert effective_number([*exposures, *[average] * needed]) >= target * (1 - 1e-9)
    if needed:
        assert effective_number([*exposures, *[average] * (needed - 1)]) < target * (1 + 1e-9)


def test_debtors_needed_at_the_edges() -> None:
    # equal debtors: a target of 20 takes ten more
    assert average_debtors_needed([7.0] * 10, target=20) == 10
    assert average_debtors_needed([7.0] * 10, target=10) == 0
    assert average_debtors_needed([], target=5) is None
    with pytest.raises(ValueError, match="at least 1"):
        average_debtors_needed([1.0], target=0.5)


def test_high_risk_by_class_and_by_expectation() -> None:
    balances = pd.Series({"A": 500.0, "B": 300.0, "C": 200.0, "D": 50.0, "E": -10.0})
    classes = pd.Series({"A": 1, "B": 4, "C": 5, "E": 5})
    chances = pd.Series({"A": 0.01, "B": 0.2, "C": 0.5})
    found = high_risk(balances, risk_class=classes, probability=chances)
    assert (found.share, found.exposure, found.customers) == (0.5, 500.0, 2)
    assert (found.assessed, found.not_assessed) == (1000.0, 50.0)
    assert found.expected_share == pytest.approx((5 + 60 + 100) / 1000)
    by_chance = high_risk(balances, probability=chances, threshold=0.5)
    assert (by_chance.share, by_chance.customers) == (0.2, 1)
    assert math.isnan(high_risk(balances, risk_class=classes).expected_share)
    assert math.isnan(high_risk(balances.iloc[:0], risk_class=classes).share)
    with pytest.raises(ValueError, match="needs risk_class or probability"):
        high_risk(balances)
    with pytest.raises(ValueError, match=r"one is 1\.2"):
        high_risk(balances, probability=chances.replace(0.5, 1.2))


def test_concentration_over_customers_groups_industries_and_countries() -> None:
    amounts = pd.Series({"A": 400.0, "B": 300.0, "C": 200.0, "D": 100.0, "E": 0.0})
    customers = pd.DataFrame(
        {
            "parent_id": ["A", "A", "C", np.nan, "E"],
            "industry": ["food", "paper", "paper", None, "food"],
            "country": ["DE"] * 5,
        },
        index=list("ABCDE"),
    )
    table = concentrations(amounts, customers)
    # one country only: nothing to be concentrated in
    assert table.index.tolist() == ["customer_id", "parent_id", "industry"]
    assert table["number"].tolist() == [4, 3, 3]
    assert table["herfindahl"].tolist() == pytest.approx([0.30, 0.49 + 0.04 + 0.01, 0.16 + 0.25 + 0.01])
    assert table["effective_number"].tolist() == pytest.approx([1 / 0.30, 1 / 0.54, 1 / 0.42])
    assert table["top_1"].tolist() == pytest.approx([0.4, 0.7, 0.5])
    assert table["largest"].tolist() == ["A", "A", "paper"]
    alone = concentrations(amounts, customers.assign(parent_id=list("ABCDE")))
    assert alone.index.tolist() == ["customer_id", "industry"]
    assert concentrations(amounts.iloc[4:], customers)["number"].tolist() == [0]
