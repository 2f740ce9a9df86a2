"""Forecasts from regressions at issue: their formula, their fallbacks, and that they know nothing of the future."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from small_books import Ledger

from analysis.measures.history import history_of
from analysis.models.ladder import curve_since_issue
from analysis.models.landmarks import open_book
from analysis.models.model_comparison import (
    compared_models,
    comparison,
    comparison_sentence,
    comparison_table,
    single_invoices,
)
from analysis.models.regression_forecasts import cox_forecast, parametric_forecast

ON = date(2026, 4, 30)


def _books(*, later=False):
    """Invoices paid after an exponential wait, of 20 days by e-mail and 60 by paper; some never."""
    rng = np.random.default_rng(4)
    book = Ledger()
    for i in range(600):
        channel = ("e-mail", "paper")[i % 2]
        issued = date(2025, 11, 3) + timedelta(days=int(rng.integers(0, 170)))
        paid = issued + timedelta(days=math.ceil(rng.exponential((20, 60)[i % 2])))
        number = f"{i:04}"
        book.invoice(number, f"c{i % 30:02}", issued.isoformat(), f"{issued + timedelta(30)}", "100", channel=channel)
        if paid <= ON or later:
            book.entry("payment", "100", paid.isoformat(), number)
    return book


@pytest.fixture(scope="module")
def history():
    return history_of(_books().as_of(ON))


@pytest.mark.parametrize("forecast", [cox_forecast, parametric_forecast])
def test_exponential_waits_are_forecast(history, forecast):
    known, book = history.known(ON), open_book(history, ON)
    unpaid = forecast(known, book, days=90)
    assert unpaid.shape == (len(book), 90)
    assert (np.diff(unpaid, axis=1) <= 1e-12).all()
    # whatever its age, an exponential wait of mean 20 or 60 days leaves exp(-15 / mean) unpaid 15 days on
    for channel, mean in (("e-mail", 20), ("paper", 60)):
        young = (book.items["channel"] == channel) & (book.items["age"] < 30)
        assert young.sum() > 5
        assert unpaid[young.to_numpy(), 14].mean() == pytest.approx(math.exp(-15 / mean), abs=0.1)


@pytest.mark.parametrize("forecast", [cox_forecast, parametric_forecast])
def test_what_comes_later_changes_nothing(history, forecast):
    whole = history_of(_books(later=True).as_of("2026-12-31"))
    one = forecast(history.known(ON), open_book(history, ON), days=90)
    other = forecast(whole.known(ON), open_book(whole, ON), days=90)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("forecast", [cox_forecast, parametric_forecast])
def test_books_too_small_for_a_regression_get_the_curve_of_all(forecast):
    book = Ledger()
    for i in range(12):
        book.invoice(f"i{i}", "a", "2026-03-01", "2026-03-31", "100")
    for i in range(6):
        book.entry("payment", "100", f"2026-03-{10 + i}", f"i{i}")
    small = history_of(book.as_of(ON))
    known, opened = small.known(ON), open_book(small, ON)
    assert forecast(known, opened).tolist() == curve_since_issue(known, opened).tolist()


def test_all_forecasters_side_by_side():
    whole = history_of(_books(later=True).as_of("2026-09-30"))
    compared = comparison(whole, origins=2)
    tested = compared_models(compared)
    table = comparison_table(tested)
    assert len(table) == len(tested.names) >= 10
    assert table["integrated_brier"].is_monotonic_increasing
    assert comparison_sentence(tested).startswith(("The smallest error has", "Nothing beats"))


def test_single_invoices_are_the_largest_of_those_who_owe_most(history):
    shown = single_invoices(comparison(history, origins=1), most=3)
    assert len(shown) == 3
    for one in shown:
        assert one.unpaid.iloc[0].tolist() == [1.0] * one.unpaid.shape[1]
        assert one.unpaid.index[-1] == 90
    owed = open_book(history, ON).items.groupby("customer_id")["balance"].sum()
    assert owed[shown[0].customer] == owed.max()
