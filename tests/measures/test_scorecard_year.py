"""The scorecard over a whole year: turnover against DSO, and what is very old whatever the buckets are."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from small_books import Ledger

from analysis.ledger.company import Policy
from analysis.measures.months import ledger_months
from analysis.measures.scorecard import scorecard

AS_OF = "2024-03-31"


def uneven_year() -> Ledger:
    """Fourteen months of sales of 100, 110, 120 ...; each invoice is paid in full on the tenth, two months later."""
    ledger = Ledger()
    for place, first in enumerate(pd.date_range("2023-02-01", periods=14, freq="MS")):
        number, amount = f"{place:02}", str(100 + 10 * place)
        ledger.invoice(number, "K", str(first.date()), str((first + pd.Timedelta(days=30)).date()), amount)
        paid = first + pd.DateOffset(months=2, days=9)
        if paid <= pd.Timestamp(AS_OF):
            ledger.entry("payment", amount, str(paid.date()), number)
    return ledger


def test_turnover_times_dso_on_the_mean_balance_is_the_days_of_the_year():
    last = scorecard(ledger_months(uneven_year().as_of(AS_OF)), last=1).iloc[0]
    sales = [100 + 10 * place for place in range(14)]
    # at each month end the sales of that month and of the one before are open; thirteen ends bound twelve months
    ends = [sales[0], *[a + b for a, b in pairwise(sales)]]
    mean = sum(ends[-13:]) / 13
    assert last["credit_sales_12"] == sum(sales[-12:])
    assert last["mean_balance_12"] == pytest.approx(mean)
    dso_on_the_mean = mean / sum(sales[-12:]) * 366  # April 2023 to March 2024 has 29 February in it
    assert last["turnover"] * dso_on_the_mean == pytest.approx(366)


def aged() -> Ledger:
    """One debt on each side of each edge; 90 days past due on 31 March 2024 is due on 1 January."""
    ledger = Ledger()
    dues = {"10": "2024-03-01", "20": "2024-02-15", "40": "2024-01-02", "80": "2024-01-01", "160": "2023-12-31"}
    for amount, due in (dues | {"320": "2023-10-01", "640": "2024-04-01"}).items():
        ledger.invoice(amount, "K", "2023-09-01", due, amount)
    return ledger.invoice("none", "K", "2023-09-01", None, "1280")


@pytest.mark.parametrize(
    "edges", [(30, 60, 90, 120), (30, 60, 90), (15, 30, 45), (30, 60), (30, 60, 100), (120,), (7, 91)]
)
def test_what_is_over_90_days_is_so_whatever_the_buckets(edges):
    ledger = aged()
    ledger.policy = Policy(ageing_days=edges)
    last = scorecard(ledger_months(ledger.as_of(AS_OF)), last=1).iloc[0]
    assert last["over_90"] == 160 + 320
    # of all that is open, with and without a due date: 10 + 20 + ... + 1280
    assert last["over_90_share"] == pytest.approx(480 / 2550)
