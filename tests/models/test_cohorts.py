"""Curves by month of issue, and what paid invoices alone would say: by hand on small books, and against the truth."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from small_books import Ledger

from analysis.measures.outcomes import outcome_counts
from analysis.models.cohorts import cohort_curves, cohort_table, paid_only_by_month
from analysis.models.endings import endings, endings_table, gap_days

END = pd.Timestamp("2026-10-31")


def _outcomes(**months: list[tuple[int, str, int]]) -> pd.DataFrame:
    """Counts of outcomes from (day, outcome, invoices) by month, named like ``aug26``."""
    rows = [
        {"group": "all", "issue_month": pd.to_datetime(month, format="%b%y") + pd.offsets.MonthEnd(0), "day": day}
        | dict.fromkeys(("paid", "credited", "written_off", "open"), 0)
        | {outcome: number}
        for month, seen in months.items()
        for day, outcome, number in seen
    ]
    return pd.DataFrame(rows)


def test_months_by_hand():
    found = paid_only_by_month(
        _outcomes(
            # all settled: of ten, six paid by day 30; both figures say so
            jul26=[(20, "paid", 3), (30, "paid", 3), (60, "paid", 3), (40, "credited", 1)],
            # ten, of which four are paid on day 20 and six are open at days 25 to 40, but for one paid on day 35
            aug26=[(20, "paid", 4), (25, "open", 3), (35, "paid", 1), (40, "open", 2)],
            sep26=[(10, "paid", 2), (25, "open", 8)],
            oct26=[(10, "paid", 4), (12, "open", 5)],
        )
    )
    assert list(found.index) == [pd.Timestamp(end) for end in ("2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31")]
    assert found["invoices"].tolist() == [10, 10, 10, 9]
    assert found["paid"].tolist() == [9, 5, 2, 4]
    # five of the nine paid by day 30; three of five by day 20; two of two by day 10; nine invoices are too few
    assert found["paid_only"].tolist()[:3] == [30, 20, 10]
    # August: 40% on day 20, then one of the three at risk: 60% * 1/3 = 20% more on day 35
    assert found["half_paid"].tolist()[:3] == [30, 35, math.inf]
    assert found.loc["2026-10-31", ["paid_only", "half_paid", "low", "high"]].isna().all()
    assert found["seen"].tolist() == [60, 40, 25, 12]
    assert gap_days(found).tolist()[:2] == [0, 15]
    assert gap_days(found)[2:].isna().all()
    assert list(paid_only_by_month(_outcomes(jul26=[(1, "paid", 1)], aug26=[(1, "paid", 1)]), last=1)["paid"]) == [1]


def test_cohorts_by_quarter_and_month():
    outcomes = _outcomes(
        jun26=[(10, "paid", 2)], jul26=[(10, "paid", 1), (30, "credited", 1)], sep26=[(20, "paid", 1), (40, "open", 1)]
    )
    assert [curve.label for curve in cohort_curves(outcomes)] == ["2026-06", "2026-07", "2026-09"]
    table = cohort_table(outcomes, days=(15, 35)).set_index("issued")
    assert table["invoices"].to_dict() == {"2026Q2": 2, "2026Q3": 4}
    # of the four of the third quarter three are open after day 15; 10, 20 and 30 end one each
    assert table["median"].to_dict() == {"2026Q2": 10, "2026Q3": 20}
    assert table.loc["2026Q3", ["open at 15", "open at 35"]].tolist() == pytest.approx([0.75, 0.25])
    assert list(cohort_table(outcomes, every="month", last=1)["issued"]) == ["2026-09"]
    with pytest.raises(ValueError, match="every must be one of month, quarter, got 'week'"):
        cohort_curves(outcomes, every="week")  # type: ignore[arg-type]


def test_no_books_no_cohorts():
    snapshot = Ledger().as_of("2026-10-31")
    outcomes = outcome_counts(snapshot)
    assert cohort_curves(outcomes) == ()
    assert cohort_table(outcomes).empty
    found = endings(snapshot, outcomes, issued_after=pd.Timestamp("2025-10-31"))
    assert found.by_month.empty
    assert (found.since_issue.n_invoices, found.since_due.n_invoices) == (0, 0)
    assert endings_table(found.since_issue)["outcome"].tolist() == ["paid", "credited", "written off", "open"]


def test_recent_months_look_quicker_than_they_are_and_the_curve_does_not():
    # Days to pay are geometric, so half are paid by the first day d with 1 - (1 - p)^d >= 1/2, in every month.
    p, rng, rows = 0.02, np.random.default_rng(4), []
    true = math.ceil(math.log(0.5) / math.log(1 - p))  # day 35
    for number in range(6000):
        issued = date(2025, 10, 1) + timedelta(days=number % 396)
        age, takes = (date(2026, 10, 31) - issued).days, int(rng.geometric(p))
        month = pd.Timestamp(issued) + pd.offsets.MonthEnd(0)
        rows.append((month, min(age, takes), takes <= age))
    frame = pd.DataFrame(rows, columns=["issue_month", "day", "paid"]).assign(group="all", credited=0, written_off=0)
    outcomes = frame.assign(paid=frame["paid"].astype(int), open=1 - frame["paid"].astype(int))
    found = paid_only_by_month(outcomes)
    assert len(found) == 13
    # months old enough that half are paid: the interval holds the truth in nearly all
    known = found[np.isfinite(found["high"])]
    assert len(known) >= 11
    assert ((known["low"] <= true) & (true <= known["high"])).mean() >= 0.8
    # paid invoices of September and October cannot have taken more than two months and one
    assert found["paid_only"].iloc[-2] < true - 10
    assert found["paid_only"].iloc[-1] < true - 18
    assert found["half_paid"].iloc[-1] == math.inf


def test_endings_since_issue_and_since_due():
    ledger = Ledger()
    ends = [("payment", 10), ("payment", 40), ("credit_note", 35), ("write_off", 60), (None, 0), ("payment", 30)]
    for number, (kind, after) in enumerate(ends):
        ledger.invoice(f"{number}", "K", "2026-06-01", "2026-07-01", "100")
        if kind is not None:
            ledger.entry(kind, "100", str(date(2026, 6, 1) + timedelta(days=after)), f"{number}")
    # issued before the year: not counted
    ledger.invoice("old", "K", "2025-06-01", "2025-07-01", "100")
    snapshot = ledger.as_of("2026-10-31")
    found = endings(snapshot, outcome_counts(snapshot), issued_after=pd.Timestamp("2025-10-31"))
    assert found.since_issue.table.loc[40].to_dict() == pytest.approx(
        {"paid": 3 / 6, "credited": 1 / 6, "written_off": 0, "open": 2 / 6}
    )
    # due on day 30: two are paid by its end; of four, one is credited 5 days late, paid 10 and written off 30 days late
    assert found.since_due.n_invoices == 4
    assert found.since_due.table.loc[30].to_dict() == pytest.approx(dict.fromkeys(found.since_due.table, 0.25))
    table = endings_table(found.since_issue, days=(40, 60)).set_index("outcome")
    assert table["by day 60"].to_dict() == pytest.approx(
        {"paid": 3 / 6, "credited": 1 / 6, "written off": 1 / 6, "open": 1 / 6}
    )
    assert table.loc["paid", "from 60"] < 0.5 < table.loc["paid", "to 60"]
