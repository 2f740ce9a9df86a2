"""Who owes it: the worked quarter by customer, by group and by dimension."""

from __future__ import annotations

import math

import pytest
from small_books import Ledger
from worked_books import AS_OF, empty_snapshot, worked_snapshot

from analysis.measures.exposure import exposures

COLUMNS = ["open_balance", "overdue", "credit_balances", "unapplied", "invoices", "oldest_days", "share"]


def test_exposures_by_customer() -> None:
    table = exposures(worked_snapshot())
    assert list(table.columns) == ["name", *COLUMNS]
    assert table["name"].to_dict() == {"K1": "Adler Ltd", "K3": "K3", "K2": "Brook Ltd", "K4": "K4"}
    rows = {customer: row.tolist() for customer, row in table[COLUMNS].iterrows()}
    assert rows["K1"] == pytest.approx([500, 500, 0, 0, 1, 15, 500 / 700])
    assert rows["K3"] == pytest.approx([120, 120, 24, 0, 1, 30, 120 / 700])
    assert rows["K2"] == pytest.approx([80, 0, 0, 0, 1, 0, 80 / 700])  # without a due date nothing is overdue
    assert rows["K4"] == pytest.approx([0, 0, 0, 70, 0, 0, 0])


def test_exposures_by_group_bear_the_name_of_its_head() -> None:
    table = exposures(worked_snapshot(), by="parent_id")
    assert table[["name", "open_balance", "invoices"]].to_dict("index")["G"] == {
        "name": "The Group",
        "open_balance": 580.0,
        "invoices": 2,
    }


def test_exposures_by_currency() -> None:
    table = exposures(worked_snapshot(), by="currency")
    assert table["open_balance"].to_dict() == pytest.approx({"EUR": 580, "USD": 120})


def test_equal_balances_stand_in_order_of_their_key() -> None:
    ledger = Ledger()
    for customer in ("K3", "K1", "K2"):
        ledger.invoice(f"I{customer}", customer, "2024-01-01", None, "10")
    assert exposures(ledger.as_of(AS_OF)).index.tolist() == ["K1", "K2", "K3"]


def test_nobody_owes_anything() -> None:
    assert len(exposures(empty_snapshot())) == 0
    only_cash = exposures(Ledger().entry("payment", "5", "2024-01-01", customer_id="K").as_of(AS_OF))
    assert only_cash.loc["K", "unapplied"] == 5
    assert math.isnan(only_cash.loc["K", "share"])
