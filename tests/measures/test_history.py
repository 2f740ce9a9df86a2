"""Histories: what was known of invoices on earlier days, counted by hand and by a loop over rows."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from small_books import Ledger

from analysis.measures.history import day_number, day_of, history_of


@pytest.fixture
def history():
    """Three invoices of thirty days: one paid ten days late, one that bounced and was paid again, one credited."""
    ledger = (
        Ledger()
        .invoice("1", "A", "2026-01-01", "2026-01-31", "100.00")
        .entry("payment", "100.00", "2026-02-10", "1", recorded_on="2026-02-14")
        .invoice("2", "A", "2026-01-05", "2026-02-04", "50.00")
        .entry("payment", "50.00", "2026-02-01", "2")
        .entry("reversal", "-50.00", "2026-02-06", "2")
        .entry("payment", "50.00", "2026-03-06", "2")
        .invoice("3", "B", "2026-01-10", "2026-02-09", "80.00")
        .entry("credit_note", "80.00", "2026-01-20", "3")
        .invoice("4", "B", "2026-03-01", None, "10.00")
    )
    return history_of(ledger.as_of("2026-03-31"))


def _lines(counts: pd.DataFrame) -> set[tuple[int, ...]]:
    return set(counts[["day", "entered", "paid", "other", "censored"]].itertuples(index=False, name=None))


def test_counts_since_due_on_the_last_day_by_hand(history):
    # 4 has no due date: thirty days stand in, so that it enters at -30 and is watched until the 31 March, its due date
    assert _lines(history.known(date(2026, 3, 31)).counts()) == {
        (-30, 4, 0, 0, 0),
        (-20, 0, 0, 1, 0),
        (-3, 0, 1, 0, 0),
        (2, 1, 0, 0, 0),
        (10, 0, 1, 0, 0),
        (30, 0, 1, 0, 0),
        (0, 0, 0, 0, 1),
    }


def test_a_payment_recorded_later_is_not_known_before(history):
    early = history.known(date(2026, 2, 13)).counts()
    # 1 was paid on the 10th, but the books show it on the 14th: thirteen days late and open
    assert (13, 0, 0, 0, 1) in _lines(early)
    assert (10, 0, 1, 0, 0) not in _lines(early)
    assert (10, 0, 1, 0, 0) in _lines(history.known(date(2026, 2, 15)).counts())


def test_counts_since_issue_by_customer(history):
    counts = history.known(date(2026, 3, 31)).counts(clock="issue", by="customer_id").set_index(["group", "day"])
    assert counts.loc[("B", 30), "censored"] == 1
    assert counts.loc[("A", 40), "paid"] == 1
    assert counts.loc[("A", 32), "entered"] == 1


def test_delays_count_paid_invoices_only(history):
    delays = history.known(date(2026, 3, 31)).delays()
    # 10 late, 3 early and 30 late of A; nothing of B was paid
    assert delays.to_dict("records") == [{"customer_id": "A", "n": 3, "delay_sum": 37}]


def test_every_day_counts_each_invoice_once_as_open_or_left(history):
    for number in range(day_number(date(2026, 1, 1)), day_number(date(2026, 3, 31))):
        counts = history.known(day_of(number)).counts()
        assert counts["entered"].sum() == counts[["paid", "other", "censored"]].to_numpy().sum()


def test_a_day_after_the_snapshot_is_refused(history):
    with pytest.raises(ValueError, match="after the snapshot"):
        history.known(date(2026, 4, 1))


def test_codes_follow_the_order_of_first_showing(history):
    assert history.codes("customer_id") == {"A": 0, "B": 1}


def test_a_snapshot_that_knows_later_recordings_counts_them_on_its_last_day():
    ledger = (
        Ledger()
        .invoice("1", "A", "2026-01-01", "2026-01-31", "100.00")
        .entry("payment", "100.00", "2026-02-10", "1", recorded_on="2026-02-14")
    )
    restated = history_of(ledger.as_of("2026-02-12", known_by="2026-02-20")).known(date(2026, 2, 12))
    assert restated.delays()["n"].tolist() == [1]
    assert history_of(ledger.as_of("2026-02-12")).known(date(2026, 2, 12)).delays()["n"].tolist() == []
