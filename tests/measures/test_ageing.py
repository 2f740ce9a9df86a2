"""Ageing on the as-of date: the edges of the buckets, and the worked quarter."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from small_books import Ledger
from worked_books import AS_OF, empty_snapshot, worked_snapshot

from analysis.measures.ageing import ageing
from analysis.measures.months import ageing_series, ledger_months

# days past due on the as-of date -> bucket, as metrics and reliability of the project state them
EDGES = {
    -1: "not due",
    0: "not due",
    1: "1-30",
    30: "1-30",
    31: "31-60",
    60: "31-60",
    61: "61-90",
    90: "61-90",
    91: "91-120",
    120: "91-120",
    121: "over 120",
}


def test_each_edge_is_in_its_bucket_alone() -> None:
    ledger = Ledger()
    for place, late in enumerate(EDGES):
        due = date.fromisoformat(AS_OF) - timedelta(days=late)
        # amounts are powers of two, so that each sum tells which invoices are in it
        ledger.invoice(f"L{late}", "K", str(due - timedelta(days=5)), str(due), str(2**place))
    ledger.invoice("none", "K", "2024-01-01", None, "4096")
    snapshot = ledger.as_of(AS_OF)
    expected = dict.fromkeys([*EDGES.values(), "no due date"], 0.0)
    for place, bucket in enumerate(EDGES.values()):
        expected[bucket] += 2**place
    expected["no due date"] = 4096.0
    row = ageing(snapshot).loc["total"]
    assert {bucket: row[bucket] for bucket in expected} == expected
    assert (row["total"], row["overdue"], row["invoices"]) == (sum(expected.values()), 2**11 - 4, 12)
    assert ageing_series(ledger_months(snapshot), last=1).iloc[0].to_dict() == expected


def test_days_since_the_invoice() -> None:
    ledger = Ledger()
    for place, age in enumerate((0, 30, 31, 60, 61, 90, 91, 120, 121)):
        issued = date.fromisoformat(AS_OF) - timedelta(days=age)
        ledger.invoice(f"A{age}", "K", str(issued), None, str(2**place))
    row = ageing(ledger.as_of(AS_OF), clock="issue").loc["total"]
    assert row[["0-30", "31-60", "61-90", "91-120", "over 120"]].tolist() == [1 + 2, 4 + 8, 16 + 32, 64 + 128, 256]


def test_ageing_of_the_worked_quarter_by_entity() -> None:
    table = ageing(worked_snapshot(), by="entity")
    assert table.index.tolist() == ["N", "S"]  # the larger first
    assert table.loc["N", ["not due", "1-30", "no due date", "total", "overdue", "invoices"]].tolist() == [
        0,
        500,
        0,
        500,
        500,
        1,
    ]
    assert table.loc["S", ["1-30", "no due date", "total", "overdue", "invoices"]].tolist() == pytest.approx(
        [120, 80, 200, 120, 2]
    )


def test_empty_books() -> None:
    snapshot = empty_snapshot()
    assert ageing(snapshot).loc["total"].sum() == 0
    assert len(ageing(snapshot, by="entity")) == 0
    with pytest.raises(ValueError, match="clock must be one of due, issue"):
        ageing(snapshot, clock="delivery")  # type: ignore[arg-type]
