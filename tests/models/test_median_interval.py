"""The interval of the median days to settle: redraws of whole customers, against curves made one by one."""

from __future__ import annotations

import dataclasses
import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from small_books import Ledger

from analysis.ledger.snapshot import Snapshot
from analysis.measures.headline_intervals import TOO_FEW
from analysis.measures.redraws import middle, redraws, seed_of
from analysis.models.median_interval import NOT_REACHED, median_interval, settled_by_customer
from analysis.models.payment_times import payment_times
from analysis.models.survival import count_table, payment_curve

END = date(2026, 10, 31)
CUSTOMERS = 14


def books() -> tuple[Ledger, pd.DataFrame]:
    """Fourteen customers over two years, each with a pace of its own; and their invoices as plain rows."""
    rng, ledger, rows = np.random.default_rng(4), Ledger(), []
    for number in range(280):
        who, issued = number % CUSTOMERS, END - timedelta(days=int(rng.integers(1, 730)))
        days = int(8 + 4 * who + rng.integers(0, 9))
        ledger.invoice(f"{number:03}", f"K{who:02}", str(issued), str(issued + timedelta(days=30)), "100")
        paid = issued + timedelta(days=days)
        if paid <= END:
            ledger.entry("payment", "100", str(paid), f"{number:03}")
        rows.append((f"K{who:02}", issued, min(days, (END - issued).days), paid <= END))
    return ledger, pd.DataFrame(rows, columns=["customer", "issued", "days", "paid"])


@pytest.fixture(scope="module")
def known() -> tuple[Snapshot, pd.DataFrame]:
    ledger, rows = books()
    return ledger.as_of(END), rows


def one_by_one(rows: pd.DataFrame, times: np.ndarray, *, after: date, until: date) -> list[float]:
    """Medians of curves for which each customer's invoices are written down as often as it was drawn."""
    some = rows[(rows["issued"] > after) & (rows["issued"] <= until)]
    medians = []
    for weights in times:
        often = some["customer"].map({f"K{place:02}": int(times) for place, times in enumerate(weights)})
        drawn = some.loc[some.index.repeat(often)]
        medians.append(payment_curve(count_table(drawn["days"], drawn["paid"])).median_days)
    return medians


def test_redrawn_medians_are_those_of_curves_made_one_by_one(known: tuple[Snapshot, pd.DataFrame]) -> None:
    snapshot, rows = known
    settled = settled_by_customer(snapshot)
    assert settled.customers == tuple(f"K{who:02}" for who in range(CUSTOMERS))
    times = redraws(CUSTOMERS, draws=25, seed=6)
    now, month, year = settled.medians(times)
    assert now.tolist() == one_by_one(rows, times, after=date(2025, 10, 31), until=END)
    assert month.tolist() == one_by_one(rows, times, after=date(2025, 9, 30), until=date(2026, 9, 30))
    assert year.tolist() == one_by_one(rows, times, after=date(2024, 10, 31), until=date(2025, 10, 31))


def test_the_limits_are_those_of_the_redraws_and_hold_the_median(known: tuple[Snapshot, pd.DataFrame]) -> None:
    snapshot, _ = known
    settled, times = settled_by_customer(snapshot), payment_times(snapshot)
    found = median_interval(settled, draws=199)
    now, _, year = settled.medians(redraws(CUSTOMERS, draws=199, seed=seed_of(settled.customers)))
    assert found.level == middle(now)
    assert found.year_change == middle(now - year)
    assert found.level is not None
    assert found.level[0] <= times.whole.median_days <= found.level[1]
    # fourteen customers of fourteen paces: far wider than if their invoices were independent
    low, high = times.whole.median_interval
    assert found.level[1] - found.level[0] > 1.5 * (high - low)


def test_invoices_that_entered_late_are_at_risk_from_then_on(known: tuple[Snapshot, pd.DataFrame]) -> None:
    company = known[0].company
    about = company.company.model_copy(update={"observed_from": date(2026, 9, 15)})
    late = dataclasses.replace(known[0], company=company.model_copy(update={"company": about}))
    now, _, _ = settled_by_customer(late).medians(np.ones((1, CUSTOMERS)))
    # most invoices were settled by mid September; those that entered late are the slow ones
    assert now[0] == payment_times(late).whole.median_days
    assert now[0] != payment_times(known[0]).whole.median_days


@pytest.mark.parametrize(("customers", "reason"), [(5, TOO_FEW), (12, NOT_REACHED)])
def test_where_there_is_no_interval_the_reason_is_told(customers: int, reason: str) -> None:
    ledger = Ledger()
    for who in range(customers):
        ledger.invoice(f"{who}", f"K{who}", "2026-09-01", "2026-10-01", "10")
    found = median_interval(settled_by_customer(ledger.as_of(END)), draws=19)
    assert (found.level, found.month_change, found.year_change, found.reason) == (None, None, None, reason)


def test_medians_that_some_redraws_do_not_reach_leave_the_change_open() -> None:
    ledger = Ledger()
    for who in range(12):
        for year in ("2025", "2026"):
            ledger.invoice(f"{who}-{year}", f"K{who:02}", f"{year}-03-01", f"{year}-04-01", "10")
            if who < 7 or year == "2025":
                ledger.entry("payment", "10", f"{year}-04-{1 + who:02}", f"{who}-{year}")
    found = median_interval(settled_by_customer(ledger.as_of(END)), draws=99)
    # seven of twelve have paid this year: where fewer than six of those drawn have, half are not settled
    assert found.level is None
    assert found.year_change == (-math.inf, math.inf)
    # as known today, the invoices of the twelve months to September are the same
    assert found.month_change == (-math.inf, math.inf)


def test_books_of_nothing_have_no_interval() -> None:
    settled = settled_by_customer(Ledger().as_of(END))
    assert median_interval(settled).reason == TOO_FEW
    assert math.isinf(settled.medians(np.ones((1, 0)))[0][0])
