"""Balances at month ends of the worked quarter, and the edges of the ageing buckets."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from small_books import Ledger
from worked_books import AS_OF, empty_snapshot, worked_snapshot

from analysis.ledger.company import Policy
from analysis.measures.positions import (
    complete_months,
    due_buckets,
    flows,
    issue_buckets,
    month_ends,
    positions,
    unapplied_positions,
)

D = Decimal


def test_bucket_names_leave_no_day_out() -> None:
    assert due_buckets((30, 60)) == ["not due", "1-30", "31-60", "over 60", "no due date"]
    assert issue_buckets((30, 60)) == ["0-30", "31-60", "over 60"]


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2024-03-31", ["2024-01-31", "2024-02-29", "2024-03-31"]),
        ("2024-03-30", ["2024-01-31", "2024-02-29", "2024-03-30"]),
        ("2024-01-01", ["2023-11-30", "2023-12-31", "2024-01-01"]),
    ],
)
def test_month_ends(as_of: str, expected: list[str]) -> None:
    assert [str(end.date()) for end in month_ends(date.fromisoformat(as_of), 3)] == expected


def test_a_month_that_is_cut_short_is_not_complete() -> None:
    for as_of, last in (("2024-03-31", "2024-03-31"), ("2024-03-30", "2024-02-29"), ("2024-02-29", "2024-02-29")):
        assert str(complete_months(date.fromisoformat(as_of), 2)[-1].date()) == last


def test_positions_of_the_worked_quarter() -> None:
    frame = positions(worked_snapshot())
    rows = {
        (str(r.month_end.date()), str(r.issue_month.date()), r.due_bucket, r.issue_bucket, r.is_credit, r.currency): (
            r.invoices,
            r.balance,
            round(r.value, 6),
        )
        for r in frame.itertuples()
    }
    jan, feb, mar = "2024-01-31", "2024-02-29", "2024-03-31"
    assert rows == {
        (jan, jan, "not due", "0-30", False, "EUR"): (2, D(1300), 1300.0),
        (jan, jan, "not due", "0-30", False, "USD"): (1, D(200), 180.0),
        (feb, jan, "1-30", "31-60", False, "EUR"): (2, D(900), 900.0),
        (feb, jan, "not due", "0-30", False, "USD"): (1, D(150), 142.5),
        (feb, feb, "not due", "0-30", False, "EUR"): (1, D(500), 500.0),
        (mar, feb, "1-30", "31-60", False, "EUR"): (1, D(500), 500.0),
        (mar, feb, "no due date", "31-60", False, "EUR"): (1, D(80), 80.0),
        (mar, jan, "1-30", "31-60", False, "USD"): (1, D(150), 120.0),
        (mar, mar, "not due", "0-30", True, "USD"): (1, D(-30), -24.0),
    }
    assert not frame["over_90"].any()


def test_cash_on_account_at_month_ends() -> None:
    frame = unapplied_positions(worked_snapshot(), by=["customer_id"])
    rows = {(r.customer_id, str(r.month_end.date())): r.balance for r in frame.itertuples()}
    # K2 paid A4 before it was issued on 25 March
    assert rows == {("K2", "2024-02-29"): D(60), ("K4", "2024-02-29"): D(70), ("K4", "2024-03-31"): D(70)}


def test_flows_of_the_worked_quarter() -> None:
    frame = flows(worked_snapshot())
    rows = {(r.month_end.month, r.kind, r.currency): (r.bookings, r.balance) for r in frame.itertuples()}
    assert rows == {
        (1, "invoiced", "EUR"): (2, D(1300)),
        (1, "invoiced", "USD"): (1, D(200)),
        (2, "invoiced", "EUR"): (2, D(580)),
        (2, "payment", "EUR"): (4, D(610)),
        (2, "credit_note", "USD"): (1, D(50)),
        (3, "invoiced", "EUR"): (1, D(60)),
        (3, "invoiced", "USD"): (1, D(100)),
        (3, "payment", "EUR"): (1, D(600)),
        (3, "payment", "USD"): (1, D(130)),
        (3, "reversal", "EUR"): (1, D(-80)),
        (3, "write_off", "EUR"): (1, D(300)),
        (3, "recovery", "EUR"): (1, D(120)),
    }
    assert frame.set_index(["month_end", "kind", "currency"])["value"].loc[
        (pd.Timestamp("2024-03-31"), "payment", "USD")
    ] == pytest.approx(130 * 0.80)


def test_cash_that_pays_three_invoices_is_one_booking() -> None:
    ledger = Ledger()
    for number in "ABC":
        ledger.invoice(number, "K", "2024-01-01", None, "10")
    frame = flows(ledger.entry("payment", "30", "2024-01-05", customer_id="K").as_of(AS_OF))
    paid = frame[frame["kind"] == "payment"].iloc[0]
    assert (paid["bookings"], paid["balance"]) == (1, D(30))


def test_over_90_days_is_told_wherever_the_buckets_end() -> None:
    ledger = Ledger(policy=Policy(ageing_days=(45, 100)))
    for late in (90, 91, 100, 101):
        due = date.fromisoformat(AS_OF) - timedelta(days=late)
        ledger.invoice(f"L{late}", "K", str(due), str(due), str(late))
    frame = positions(ledger.as_of(AS_OF))
    now = frame[frame["month_end"] == pd.Timestamp(AS_OF)]
    assert now.groupby("over_90")["balance"].sum().to_dict() == {False: D(90), True: D(292)}
    assert now.groupby("due_bucket")["balance"].sum().to_dict() == {"46-100": D(281), "over 100": D(101)}


def test_empty_books_have_no_positions() -> None:
    snapshot = empty_snapshot()
    for table in (positions(snapshot), unapplied_positions(snapshot), flows(snapshot, by=["entity"])):
        assert len(table) == 0
        assert {"month_end", "currency", "balance", "value"} <= set(table.columns)
