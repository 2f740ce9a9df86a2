"""Cash from a ledger: what came by hand, invoices to come, and nothing later than the day in any number."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from small_books import Ledger

from analysis.measures.cash_received import cash_by_week, cash_share, received
from analysis.measures.history import history_of
from analysis.models.cash_forecasters import rung_forecaster
from analysis.models.cash_outlook import CashOutlook, cash_outlook
from analysis.models.coming_invoices import run_rate, sales_error
from analysis.models.forecast import forecaster

AS_OF = date(2024, 12, 31)


def test_what_settled_invoices_brought_by_hand():
    ledger = Ledger()
    ledger.invoice("A", "K", "2024-03-01", "2024-03-31", "100").entry("payment", "98", "2024-04-02", "A")
    ledger.entry("discount", "2", "2024-04-02", "A")
    # forty in part, ten credited, then the rest
    ledger.invoice("B", "K", "2024-03-01", "2024-03-31", "300").entry("payment", "40", "2024-04-10", "B")
    ledger.entry("credit_note", "10", "2024-04-20", "B").entry("payment", "250", "2024-05-02", "B")
    # credited as a whole: another end, no part of this
    ledger.invoice("C", "K", "2024-03-01", "2024-03-31", "70").entry("credit_note", "70", "2024-04-10", "C")
    share = cash_share(ledger.as_of(AS_OF))
    assert share.settled == pytest.approx((98 + 250) / (100 + 250))
    assert share.in_parts == pytest.approx(40 / 350)
    assert share.credited == pytest.approx(10 / 350)
    # as of the middle of April, of the 350 only A was settled and the 40 had come
    early = cash_share(ledger.as_of(AS_OF), on=date(2024, 4, 15))
    assert (early.settled, early.in_parts, early.credited) == pytest.approx((0.98, 0.4, 0.0))


def test_what_open_invoices_brought_after_a_day_by_hand():
    ledger = Ledger()
    ledger.invoice("A", "K", "2024-03-01", "2024-03-31", "100").entry("payment", "60", "2024-04-02", "A")
    ledger.entry("payment", "40", "2024-04-09", "A").entry("reversal", "-40", "2024-04-12", "A")
    ledger.invoice("B", "K", "2024-04-01", "2024-04-30", "50").entry("payment", "50", "2024-04-03", "B")
    came = received(
        ledger.as_of("2024-04-30"), pd.DataFrame({"invoice_id": ["A"], "currency": ["EUR"]}), on=date(2024, 3, 31)
    )
    # thirty days are seen; B was not open on the day
    assert len(came) == 30
    assert came[came != 0].to_dict() == {2: 60.0, 9: 40.0, 12: -40.0}
    weeks = cash_by_week(ledger.as_of("2024-04-15"), weeks=3)
    # the week to 8 April holds 60 and 50, the week to 15 April 40 that bounced
    assert weeks.tolist() == [110.0, 0.0]


def test_run_rate_and_error_of_sales_by_hand():
    ends = pd.date_range("2023-01-31", periods=24, freq="ME")
    sold = pd.Series(100.0, index=ends).where(ends.month != 12, 210.0)
    level = (11 * 100 + 210) / 12
    # two years say 210 over the level, two more are taken to say 1
    assert run_rate(sold, month=12) == pytest.approx(level * (2 * 210 / level + 2) / 4)
    assert run_rate(sold, month=3) == pytest.approx(level * (2 * 100 / level + 2) / 4)
    assert sales_error(pd.Series(100.0, index=ends)) == 0.0


def yearly(*, months: int = 20, later: bool = False) -> Ledger:
    """Ten customers with an invoice a week each, paid two to nine days late; perhaps with things of later."""
    rng = np.random.default_rng(1)
    ledger, start = Ledger(), AS_OF - timedelta(days=30 * months)
    for number in range(30 * months // 7 * 10):
        issued = start + timedelta(days=7 * (number // 10))
        paid = issued + timedelta(days=30 + int(rng.integers(2, 10)))
        amount = str(100 + 10 * (number % 10))
        ledger.invoice(f"I{number:05d}", f"C{number % 10}", str(issued), str(issued + timedelta(days=30)), amount)
        if paid <= AS_OF or later:
            ledger.entry("payment", amount, str(paid), f"I{number:05d}")
    if later:
        ledger.invoice("later", "C1", str(AS_OF + timedelta(days=3)), str(AS_OF + timedelta(days=9)), "99999")
    return ledger


def outlook_of(ledger: Ledger) -> CashOutlook:
    history = history_of(ledger.as_of(AS_OF))
    rivals = {"due date": rung_forecaster("due_date")}
    return cash_outlook(history, rung_forecaster("customer_curve"), rivals=rivals, draws=500, judged_months=4)


@pytest.fixture(scope="module")
def outlook() -> CashOutlook:
    return outlook_of(yearly())


def test_nothing_later_than_the_day_moves_a_number(outlook: CashOutlook):
    again = outlook_of(yearly(later=True))
    pd.testing.assert_frame_equal(again.forecast.weeks, outlook.forecast.weeks)
    pd.testing.assert_frame_equal(again.record.weeks, outlook.record.weeks)
    assert again.forecast.with_coming is not None
    pd.testing.assert_frame_equal(again.forecast.with_coming, outlook.forecast.with_coming)


def test_a_steady_ledger_is_forecast_to_the_week(outlook: CashOutlook):
    # 1,450 are invoiced every week and paid within 41 days, the last of them 12 days before: full weeks up to the third
    assert outlook.forecast.debt.total == pytest.approx(outlook.forecast.expected, rel=1e-3)
    assert outlook.forecast.weeks["expected"].iloc[1:3].tolist() == pytest.approx([1450] * 2, rel=0.1)
    assert outlook.forecast.with_coming is not None
    assert outlook.forecast.with_coming["expected"].iloc[5:].mean() == pytest.approx(1450, rel=0.1)
    assert outlook.rivals.loc["model", "gross_error"] < outlook.rivals.loc["due date", "gross_error"]
    assert outlook.record.forecasts == 4


def test_books_with_nothing_open_or_one_customer_are_forecast():
    ledger = Ledger()
    ledger.invoice("A", "K", "2024-10-01", "2024-10-31", "100").entry("payment", "100", "2024-11-05", "A")
    history = history_of(ledger.as_of(AS_OF))
    empty = cash_outlook(history, forecaster(history), draws=500)
    assert empty.forecast.expected == 0
    assert empty.forecast.debt.total == 0
    ledger.invoice("B", "K", "2024-12-01", "2024-12-31", "100")
    history = history_of(ledger.as_of(AS_OF))
    one = cash_outlook(history, forecaster(history), draws=500)
    assert one.forecast.debt.total == 100
    assert 0 <= one.forecast.expected <= 100
