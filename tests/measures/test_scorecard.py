"""The scorecard of the worked quarter, and of fifteen months that a pencil can follow."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from small_books import Ledger
from worked_books import AS_OF, empty_snapshot, worked_snapshot

from analysis.measures.months import ledger_months
from analysis.measures.scorecard import scorecard


def test_scorecard_of_the_worked_quarter() -> None:
    table = scorecard(ledger_months(worked_snapshot()))
    march = table.iloc[-1]
    # receivables 606, sales of the month 140, of three months 2200 in 91 days
    expected = {
        "overdue_share": 620 / 700,
        "over_90_share": 0.0,
        "dso_simple": 606 / 140 * 31,
        "dso_rolling": 606 / 2200 * 91,
        "dso_countback": 31 + 466 / 580 * 29,
        "best_possible_dso": 0.0,
        "average_days_delinquent": 620 / 2200 * 91,
        "opening": 1412.5,
        "collection_effectiveness": (1412.5 + 140 - 606) / (1412.5 + 140 - 0),
        "write_offs_net": 180.0,
        "credit_sales_rolling": 2200.0,
        "days_rolling": 91.0,
    }
    for column, value in expected.items():
        assert march[column] == pytest.approx(value, rel=1e-12), column
    assert not march["dso_countback_exhausted"]
    # three months know nothing of twelve
    assert march[["turnover", "bad_debt_to_sales", "credit_sales_12", "mean_balance_12"]].isna().all()
    assert math.isnan(table["collection_effectiveness"].iloc[0])
    assert table["dso_rolling"].isna().tolist() == [True, True, False]


def constant_months(entity: str, ledger: Ledger, *, amount: str, waits: int) -> None:
    """An invoice on the first of each of fifteen months, paid on the first ``waits`` months later."""
    firsts = [str(day.date()) for day in pd.date_range("2023-01-01", periods=20, freq="MS")]
    for place in range(15):
        number = f"{entity}{place:02}"
        ledger.invoice(number, f"K{entity}", firsts[place], firsts[place + 1], amount, entity=entity)
        if place + waits < 15:
            ledger.entry("payment", amount, firsts[place + waits], number)


def test_twelve_month_measures_by_group() -> None:
    ledger = Ledger()
    constant_months("N", ledger, amount="100", waits=1)  # 100 open at each month end
    constant_months("S", ledger, amount="10", waits=3)  # 30 open at each month end from the third on
    ledger.entry("write_off", "4", "2024-03-15", "S13").entry("recovery", "1", "2024-03-20", "S13")
    table = scorecard(ledger_months(ledger.as_of(AS_OF), by=["entity"]), last=2)
    assert len(table) == 4
    north, south = (table.loc[entity].iloc[-1] for entity in ("N", "S"))
    assert north["turnover"] == pytest.approx(1200 / 100)
    assert (north["bad_debt_to_sales"], north["dso_simple"]) == (0.0, 31.0)
    # thirteen month ends from March 2023 to March 2024, the last less 4
    assert south["mean_balance_12"] == pytest.approx((30 * 13 - 4) / 13)
    assert south["turnover"] == pytest.approx(120 / ((30 * 13 - 4) / 13))
    assert south["bad_debt_to_sales"] == pytest.approx((4 - 1) / 120)
    # 26 owed: March's and February's 10, and 6 of January's
    assert south["dso_countback"] == pytest.approx(31 + 29 + 6 / 10 * 31)
    # due on the first of the next month: 10 of March not due, of the 16 before 6 since 1 March and 10 since 1 February
    assert south["overdue_share"] == pytest.approx(16 / 26)
    assert south["collection_effectiveness"] == pytest.approx((30 + 10 - 26) / (30 + 10 - 10))
    # January's figures are the group's own and not carried over from the group above
    assert table.loc["S"].iloc[0]["opening"] == pytest.approx(30)


def test_without_sales_nothing_is_defined() -> None:
    ledger = Ledger().invoice("A", "K", "2023-10-05", "2023-11-05", "100")
    march = scorecard(ledger_months(ledger.as_of(AS_OF)), last=1).iloc[0]
    assert march[["dso_simple", "dso_rolling", "best_possible_dso", "average_days_delinquent"]].isna().all()
    assert march["over_90_share"] == 1.0
    assert march["dso_countback"] == pytest.approx(31 + 29 + 31 + 31 + 30 + 31)  # back to October, month after month
    assert march["dso_countback_skipped"] == 5
    assert march["collection_effectiveness"] == 0.0


def test_empty_books() -> None:
    snapshot = empty_snapshot()
    whole = scorecard(ledger_months(snapshot))
    assert whole["receivables"].tolist() == [0.0]
    assert whole[["overdue_share", "dso_simple", "dso_rolling", "turnover"]].isna().all(axis=None)
    by_entity = scorecard(ledger_months(snapshot, by=["entity"]))
    assert len(by_entity) == 0
    assert set(by_entity.columns) == set(whole.columns)
