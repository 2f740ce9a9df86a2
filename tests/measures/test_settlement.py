"""Days to payment and counts for curves: the worked quarter, and the public ledger of ibm-ar."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from small_books import Ledger
from worked_books import AS_OF, empty_snapshot, worked_snapshot

from analysis.measures.settlement import payment_days, settlement_counts
from analysis.models.survival import payment_curve

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


def test_books_that_begin_with_open_items_by_hand() -> None:
    """As of the end of March 2024, of books that hold what was open at the end of January and all since."""
    ledger = Ledger()
    for number, (issued, kind, on) in enumerate(
        [
            ("2024-01-01", "payment", "2024-01-20"),  # settled before anybody looked: in no such export, and left out
            ("2024-01-01", "payment", "2024-02-15"),  # enters at 30 days, paid at 45
            ("2024-01-11", "payment", "2024-02-10"),  # enters at 20, paid at 30
            ("2024-01-31", "credit_note", "2024-02-05"),  # issued on the day: from its start, credited at 5
            ("2024-03-01", None, None),  # open at 30
        ]
    ):
        ledger.invoice(f"{number}", "K", issued, "2024-02-10", "10")
        if kind is not None:
            ledger.entry(kind, "10", on, f"{number}")
    snapshot = ledger.as_of("2024-03-31")
    table = settlement_counts(snapshot, observed_from=date(2024, 1, 31))
    assert table[["day", "events", "censored", "credited", "entered"]].to_numpy().tolist() == [
        [5, 1, 0, 1, 0],
        [20, 0, 0, 0, 1],
        [30, 1, 1, 0, 1],
        [45, 1, 0, 0, 0],
    ]
    # At 5 days one of two leaves; at 30 one of the two that are there then (the third enters), at 45 the last.
    assert payment_curve(table).table["unpaid"].to_dict() == pytest.approx({0: 1, 5: 0.5, 20: 0.5, 30: 0.25, 45: 0})
    # late by 5 days, and open 50 days after; all entered before their due date, so none enters late
    late = settlement_counts(snapshot, observed_from=date(2024, 1, 31), clock="due")
    assert late[["day", "events", "censored", "entered"]].to_numpy().tolist() == [[5, 1, 0, 0], [50, 0, 1, 0]]
    with pytest.raises(ValueError, match="observed_from must be before the as-of date 2024-03-31, got 2024-03-31"):
        settlement_counts(snapshot, observed_from=date(2024, 3, 31))


def test_the_slow_ones_of_an_opening_balance_do_not_make_the_curve_slow() -> None:
    # Days to pay are geometric with a mean of 50, so half are paid by the first day d with 1 - 0.98^d >= 1/2: day 35.
    rng, ledger, begun = np.random.default_rng(6), Ledger(), date(2024, 1, 31)
    for number in range(1500):
        issued = date(2023, 8, 1) + timedelta(days=number % 240)
        paid = issued + timedelta(days=int(rng.geometric(0.02)))
        if paid > begun:
            ledger.invoice(f"{number}", "K", str(issued), str(issued + timedelta(days=30)), "10")
            if paid <= date(2024, 3, 31):
                ledger.entry("payment", "10", str(paid), f"{number}")
    snapshot = ledger.as_of("2024-03-31")
    found = payment_curve(settlement_counts(snapshot, observed_from=begun))
    low, high = found.median_interval
    assert low <= 35 <= high
    assert abs(found.unpaid_after(60) - 0.98**60) < 3 * found.unpaid_estimate(60).std_err
    # taken as seen from their start, they would say much later
    assert payment_curve(settlement_counts(snapshot)).median_interval[0] > 45


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
