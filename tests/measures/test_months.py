"""The month table of the worked quarter, line by line."""

from __future__ import annotations

import pandas as pd
import pytest
from worked_books import AS_OF, empty_snapshot, worked, worked_snapshot

from analysis.measures.days import days_by_month
from analysis.measures.months import ageing_series, bucket_names, ledger_months, month_table

# by hand, from the table in worked_books
STOCKS = {
    "receivables": [1480.0, 1412.5, 606.0],
    "open_balance": [1480.0, 1542.5, 700.0],
    "not_due": [1480.0, 642.5, 0.0],
    "overdue": [0.0, 900.0, 620.0],
    "over_90": [0.0, 0.0, 0.0],
    "no_due_date": [0.0, 0.0, 80.0],
    "credit_balances": [0.0, 0.0, 24.0],
    "unapplied": [0.0, 130.0, 70.0],
}
FLOWS = {
    "invoiced": [1480.0, 580.0, 140.0],
    "payment": [0.0, 610.0, 704.0],
    "credit_note": [0.0, 47.5, 0.0],
    "write_off": [0.0, 0.0, 300.0],
    "discount": [0.0, 0.0, 0.0],
    "reversal": [0.0, 0.0, -80.0],
    "recovery": [0.0, 0.0, 120.0],
    "credit_sales": [1480.0, 580.0, 140.0],
    "days": [31, 29, 31],
}


def test_month_table_of_the_worked_quarter() -> None:
    table = month_table(ledger_months(worked_snapshot()))
    assert [str(end.date()) for end in table.index] == ["2024-01-31", "2024-02-29", "2024-03-31"]
    for column, expected in (STOCKS | FLOWS).items():
        assert table[column].tolist() == pytest.approx(expected, abs=1e-9), column
    assert list(table.columns) == [*STOCKS, *FLOWS]


def test_month_table_by_entity_and_by_channel() -> None:
    snapshot = worked_snapshot()
    march = month_table(ledger_months(snapshot, by=["entity"])).xs(pd.Timestamp(AS_OF), level="month_end")
    assert march.loc["N", ["open_balance", "unapplied", "receivables", "payment"]].tolist() == [500, 70, 430, 600]
    expected = [200, 24, 176, 104]
    assert march.loc["S", ["open_balance", "credit_balances", "receivables", "payment"]].tolist() == pytest.approx(
        expected
    )
    # payments carry the channel of the invoice they settle; the cash on account has none
    paid = month_table(ledger_months(snapshot, by=["channel"]))["payment"].groupby(level="channel").sum()
    assert paid.to_dict() == pytest.approx({"paper": 1060.0, "portal": 184.0, "(not stated)": 70.0})


def test_a_month_cut_short_has_its_days_so_far() -> None:
    table = month_table(ledger_months(worked().as_of("2024-03-12")), last=2)
    assert [str(end.date()) for end in table.index] == ["2024-02-29", "2024-03-12"]
    assert table["days"].tolist() == [29, 12]
    # B2 is issued, A1 is paid, B3 has bounced: 500 + 300 + 80 EUR and 250 USD at 0.95
    assert table["open_balance"].iloc[-1] == pytest.approx(880 + 250 * 0.95)


def test_ageing_series_by_both_clocks() -> None:
    months = ledger_months(worked_snapshot())
    due = ageing_series(months, last=3)
    assert list(due.columns) == ["not due", "1-30", "31-60", "61-90", "91-120", "over 120", "no due date"]
    assert due["not due"].tolist() == pytest.approx([1480, 642.5, 0])
    assert due["1-30"].tolist() == pytest.approx([0, 900, 620])
    assert due["no due date"].tolist() == pytest.approx([0, 0, 80])
    issue = ageing_series(months, clock="issue", last=None)
    assert list(issue.columns) == ["0-30", "31-60", "61-90", "91-120", "over 120"]
    assert issue["0-30"].tolist() == pytest.approx([1480, 642.5, 0])
    assert issue["31-60"].tolist() == pytest.approx([0, 900, 700])
    assert ageing_series(months).index.size == 13
    with pytest.raises(ValueError, match="clock must be one of due, issue, got 'invoice'"):
        ageing_series(months, clock="invoice")  # type: ignore[arg-type]


def test_the_month_table_is_what_days_by_month_reads() -> None:
    table = month_table(ledger_months(worked_snapshot()))
    days = days_by_month(table, k=3).iloc[-1]
    # open balance 700 on sales of 1480 + 580 + 140 = 2200 in 91 days
    assert days["dso_rolling_3"] == pytest.approx(700 / 2200 * 91)
    # counted back: 31 days for March's 140, then 560 of February's 580
    assert days["dso_countback"] == pytest.approx(31 + 560 / 580 * 29)


def test_empty_books_have_a_row_of_nothing() -> None:
    snapshot = empty_snapshot()
    table = month_table(ledger_months(snapshot))
    assert table.index.tolist() == [pd.Timestamp(AS_OF)]
    assert (table.drop(columns="days") == 0).all(axis=None)
    assert len(month_table(ledger_months(snapshot, by=["entity", "currency"]))) == 0
    assert ageing_series(ledger_months(snapshot)).shape == (13, 6)
    assert bucket_names(snapshot, clock="due")[-1] == "over 120"
