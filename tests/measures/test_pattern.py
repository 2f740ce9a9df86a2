"""Payment pattern and roll rates of the worked quarter, and of invoices that leave in more than one way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from small_books import Ledger
from worked_books import empty_snapshot, worked, worked_snapshot

from analysis.measures.months import ledger_months
from analysis.measures.pattern import payment_pattern, roll_rates


def test_payment_pattern_of_the_worked_quarter() -> None:
    table = payment_pattern(ledger_months(worked_snapshot()), last=4, later=3)
    # dollars at the rate of the as-of date, 0.80, in every month
    january, february, march = 1300 + 160, 580, 60 + 80
    nan = math.nan
    expected = [
        [nan, nan, nan, nan],  # December: nothing was sold
        [1.0, (900 + 120) / january, 120 / january, nan],
        [500 / february, (500 + 80) / february, nan, nan],  # B3 bounced, so the share rises
        [-24 / march, nan, nan, nan],  # B2 is overpaid
    ]
    np.testing.assert_allclose(table.to_numpy(), expected, rtol=1e-12)
    assert [str(end.date()) for end in table.index] == ["2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31"]


def test_a_month_cut_short_is_left_out_of_the_pattern() -> None:
    table = payment_pattern(ledger_months(worked().as_of("2024-03-30")), last=2, later=2)
    assert [str(end.date()) for end in table.index] == ["2024-01-31", "2024-02-29"]
    # at 0.95, the rate of that date
    january = 1300 + 190
    expected = [[1.0, (900 + 142.5) / january, np.nan], [500 / 580, np.nan, np.nan]]
    np.testing.assert_allclose(table.to_numpy(), expected, rtol=1e-12)


def test_roll_rates_of_the_worked_quarter() -> None:
    table = roll_rates(worked_snapshot())
    # not due in January: A1 1000, A3 300, B1 160; in February: A2 500, B1 120
    not_due = table.loc["not due"]
    assert not_due["amount"] == pytest.approx(2080)
    expected = {"not due": 120, "1-30": 600 + 300 + 500 + 120, "paid": 400, "credited": 40, "written_off": 0}
    for column, amount in expected.items():
        assert not_due[column] == pytest.approx(amount / 2080), column
    late = table.loc["1-30"]
    assert late[["amount", "paid", "written_off"]].tolist() == pytest.approx([900, 600 / 900, 300 / 900])
    assert table.loc["31-60"].drop("amount").isna().all()
    assert table.loc["31-60", "amount"] == 0


def test_what_leaves_in_several_ways_is_divided_as_it_was_booked() -> None:
    ledger = Ledger().invoice("A", "K", "2024-01-10", "2024-03-31", "100")
    ledger.entry("payment", "30", "2024-02-05", "A").entry("credit_note", "50", "2024-02-06", "A")
    # raised again: what came back is not debt that stood there a month before
    ledger.invoice("B", "K", "2024-01-10", "2024-03-31", "100").entry("payment", "60", "2024-01-20", "B")
    ledger.entry("reversal", "-60", "2024-02-06", "B")
    # overpaid, partly by a credit note: nothing is left, and what left is divided 80 to 40
    ledger.invoice("C", "K", "2024-01-10", "2024-03-31", "60")
    ledger.entry("payment", "80", "2024-02-05", "C").entry("credit_note", "40", "2024-02-06", "C")
    row = roll_rates(ledger.as_of("2024-02-29"), over=1).loc["not due"]
    # 100 + 40 + 60 stood there; 20 + 40 stay
    assert row[["amount", "not due", "paid", "credited"]].tolist() == pytest.approx(
        [200, 60 / 200, (30 + 40) / 200, (50 + 20) / 200]
    )


def test_a_rest_within_the_tolerance_has_left() -> None:
    ledger = Ledger().invoice("A", "K", "2024-01-10", "2024-03-31", "100").entry("payment", "99.96", "2024-02-05", "A")
    table = roll_rates(ledger.as_of("2024-03-31"))
    assert table.loc["not due", ["amount", "paid"]].tolist() == [100, 1]  # and February's 0.04 is nobody's debt


def test_only_whole_months_are_steps() -> None:
    ledger = Ledger().invoice("A", "K", "2024-01-10", "2024-03-31", "100").entry("payment", "100", "2024-03-05", "A")
    row = roll_rates(ledger.as_of("2024-03-20")).loc["not due"]
    assert row[["amount", "not due", "paid"]].tolist() == [100, 1, 0]  # January to February only


def test_empty_books() -> None:
    snapshot = empty_snapshot()
    assert payment_pattern(ledger_months(snapshot)).isna().all(axis=None)
    table = roll_rates(snapshot)
    assert (table["amount"] == 0).all()
    assert table.drop(columns="amount").isna().all(axis=None)
