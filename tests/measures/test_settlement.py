"""Days to payment and counts for curves: the worked quarter, and the public ledger of ibm-ar."""

from __future__ import annotations

from datetime import date

import pytest
from small_books import Ledger
from worked_books import AS_OF, empty_snapshot, worked_snapshot

from analysis.measures.settlement import payment_days, settlement_counts

COUNTS = ["day", "events", "censored", "paid", "credited", "written_off"]


def test_payment_days_of_the_worked_quarter() -> None:
    table = payment_days(worked_snapshot(), months=3)
    assert table["invoices"].tolist() == [0, 0, 3]  # A1, A4, B2; B3 bounced
    march = table.iloc[-1]
    assert march["amount"] == pytest.approx(1000 + 60 + 80)
    assert march["amount_days"] == pytest.approx(1000 * 55 + 60 * 0 + 80 * 5)
    assert march["amount_days_late"] == pytest.approx(1000 * 25 - 60 * 30 - 80 * 25)
    assert march["amount_dated"] == pytest.approx(1140)


def test_an_invoice_without_a_due_date_has_days_to_pay_and_none_late() -> None:
    ledger = Ledger().invoice("A", "K", "2024-03-01", None, "10").entry("payment", "10", "2024-03-11", "A")
    row = payment_days(ledger.as_of(AS_OF)).iloc[-1]
    assert row.tolist() == [1, 10, 100, 0, 0]


def test_counts_since_issue() -> None:
    table = settlement_counts(worked_snapshot())
    assert table[COUNTS].to_numpy().tolist() == [
        [0, 1, 0, 1, 0, 0],  # A4, paid beforehand
        [5, 1, 0, 1, 0, 0],  # B2
        [45, 0, 1, 0, 0, 0],  # A2
        [55, 1, 1, 1, 0, 0],  # A1 paid, B3 open
        [60, 1, 1, 0, 0, 1],  # A3 written off, B1 open
    ]
    assert settlement_counts(worked_snapshot(), issued_from=date(2024, 2, 15))["day"].tolist() == [0, 5, 45]


def test_counts_since_the_due_date_are_of_what_was_late() -> None:
    table = settlement_counts(worked_snapshot(), clock="due")
    assert table[COUNTS].to_numpy().tolist() == [
        [15, 0, 1, 0, 0, 0],  # A2
        [25, 1, 0, 1, 0, 0],  # A1
        [30, 1, 1, 0, 0, 1],  # A3 written off, B1 open
    ]
    # paid on the due date is not late; open on it is at risk from the next day on
    ledger = Ledger().invoice("A", "K", "2024-03-01", AS_OF, "10").entry("payment", "10", AS_OF, "A")
    ledger.invoice("B", "K", "2024-03-01", AS_OF, "10")
    assert settlement_counts(ledger.as_of(AS_OF), clock="due")[COUNTS].to_numpy().tolist() == [[0, 0, 1, 0, 0, 0]]


def test_counts_by_a_dimension_add_up_to_the_whole() -> None:
    snapshot = worked_snapshot()
    table = settlement_counts(snapshot, by="entity")
    assert table.groupby("group")["events"].sum().to_dict() == {"N": 3, "S": 1}
    assert table.drop(columns="group").groupby("day", as_index=False).sum().equals(settlement_counts(snapshot))


def test_counts_by_month_of_issue() -> None:
    table = settlement_counts(worked_snapshot(), by_month=True)
    found = {(str(r.issue_month.date()), r.day): (r.events, r.censored) for r in table.itertuples()}
    assert found == {
        ("2024-01-31", 55): (1, 0),  # A1
        ("2024-01-31", 60): (1, 1),  # A3 and B1
        ("2024-02-29", 45): (0, 1),  # A2
        ("2024-02-29", 55): (0, 1),  # B3
        ("2024-03-31", 0): (1, 0),  # A4
        ("2024-03-31", 5): (1, 0),  # B2
    }


def test_empty_books() -> None:
    snapshot = empty_snapshot()
    assert len(settlement_counts(snapshot)) == 0
    assert payment_days(snapshot, months=2).to_numpy().tolist() == [[0] * 5] * 2
