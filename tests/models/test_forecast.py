"""The forecast as a whole: it sees nothing of later, is the same twice, and makes do with what books can carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from simulated_books import simulated_books
from small_books import Ledger

from analysis.ledger.simulate import simulate
from analysis.ledger.snapshot import as_of
from analysis.measures.history import history_of
from analysis.models.champion import standing
from analysis.models.forecast import FORECAST_DAYS, PaymentForecast, forecaster, payment_forecast
from analysis.models.ladder import RUNGS
from analysis.models.landmarks import open_book
from analysis.models.payment_model import HEADS, mean_hazard, payment_model

ON, LATER = date(2026, 4, 15), date(2026, 10, 31)


@pytest.fixture(scope="module")
def world():
    return simulate(n_invoices=1_800, seed=11)


def _forecast(books) -> PaymentForecast:
    history = history_of(as_of(books, ON))
    return payment_forecast(history, forecaster(history, record_months=3))


def _frame(books) -> pd.DataFrame:
    return _forecast(books).frame()


@pytest.fixture(scope="module")
def forecast(world):
    return _forecast(simulated_books(world))


@pytest.fixture(scope="module")
def made(forecast):
    return forecast.frame()


def test_a_row_per_open_invoice_with_falling_chances_and_days_in_order(made):
    unpaid = made[[f"unpaid_{day}" for day in range(1, FORECAST_DAYS + 1)]].to_numpy()
    assert made["invoice_id"].is_unique
    assert ((unpaid >= 0) & (unpaid <= 1)).all()
    assert (np.diff(unpaid, axis=1) <= 1e-9).all()
    assert (made["never"] <= unpaid[:, -1] + 1e-6).all()
    known = made[["low_day", "median_day", "high_day"]].dropna().astype(int)
    assert len(known) > 40
    assert (known["low_day"] <= known["median_day"]).all()
    assert (known["median_day"] <= known["high_day"]).all()
    within = known[known["median_day"] <= FORECAST_DAYS]
    at_median = unpaid[within.index, within["median_day"] - 1]
    before = np.where(within["median_day"] > 1, unpaid[within.index, np.maximum(within["median_day"] - 2, 0)], 1.0)
    assert (at_median <= 0.5 + 1e-6).all()
    assert (before > 0.5 - 1e-6).all()


def test_the_same_books_give_the_same_bytes_and_the_order_of_rows_means_nothing(world, made):
    shuffled = replace(world, **{name: frame.sample(frac=1.0, random_state=3) for name, frame in world.tables.items()})
    pd.testing.assert_frame_equal(_frame(simulated_books(shuffled)), made, check_exact=True)


def test_whatever_is_booked_later_changes_no_forecast(world, made):
    """Later payments for every open invoice, later invoices and later customers: none of it was known on the day."""
    later = pd.Timestamp(ON) + pd.Timedelta(days=1)
    entries, invoices = world.entries, world.invoices
    poisoned = entries.assign(amount=entries["amount"].where(entries["booked_on"] < later, entries["amount"] * 2))
    poisoned["kind"] = poisoned["kind"].where(poisoned["booked_on"] < later, "write_off")
    cut = invoices[invoices["issued_on"] < later]
    shown = replace(world, entries=poisoned[poisoned["kind"] != "recovery"], invoices=cut)
    whole = replace(world, entries=entries[entries["kind"] != "recovery"])
    pd.testing.assert_frame_equal(_frame(simulated_books(shown)), _frame(simulated_books(whole)), check_exact=True)


def test_a_past_day_is_forecast_from_the_whole_history_as_from_the_books_of_that_day(world):
    """The record inside one run: what it says of a past day is what a run on that day would have said."""
    books = simulated_books(world)
    then, now = (history_of(as_of(books, day)) for day in (ON, LATER))
    told = {}
    for name, history in (("then", then), ("now", now)):
        model = payment_model(history, first_asked=ON)
        told[name] = model.outlooks(history.known(ON), open_book(history, ON))
    assert set(told["then"]) == set(HEADS)
    for head in HEADS:
        np.testing.assert_array_equal(told["then"][head].unpaid, told["now"][head].unpaid)
        np.testing.assert_array_equal(told["then"][head].never, told["now"][head].never)


def test_a_demoted_model_forecasts_no_invoice_and_its_rule_forecasts_all(forecast):
    chosen, book = forecast.forecaster, forecast.book
    known = book.history.known(ON)
    # the record is followed to the last whole month, though its last scored day is ninety days back
    assert chosen.held.months.index[-1] == pd.Timestamp("2026-03-31")
    assert max(origin.on for origin in chosen.tested.origins) == date(2025, 12, 31)
    months = pd.DataFrame(
        {"ratio": [1.4, 1.4], "low": 0.9, "high": 1.1, "is_outside": True, "is_demoted": [False, True]},
        index=pd.to_datetime(["2026-02-28", "2026-03-31"]),
    )
    held = replace(chosen.held, name=HEADS["mean"], baseline=RUNGS["segment_curve"].name, months=months)
    used = replace(chosen.chosen, id="mean", name=HEADS["mean"], rung="segment_curve", reason="promoted")
    promoted, demoted = (replace(chosen, chosen=each) for each in (used, standing(used, held)))
    assert (demoted.chosen.id, demoted.chosen.reason, demoted.chosen.demoted) == ("segment_curve", "demoted", "mean")
    rule = RUNGS["segment_curve"].forecast(known, book, days=90)
    outlook = demoted.outlook(known, book)
    # no curve falls below the chance of never
    np.testing.assert_allclose(outlook.unpaid[:, :90], np.maximum(rule, outlook.never[:, None]), atol=1e-9)
    assert np.abs(promoted.outlook(known, book).unpaid[:, :90] - rule).max() > 0.05
    table = replace(forecast, outlook=outlook, forecaster=demoted).frame()
    assert set(table["forecaster"]) == {"segment_curve"}


def _monthly(customers: int, *, late: int, months: int = 20, last_open: bool = True) -> Ledger:
    """An invoice a month of each customer, all paid so many days after the due date, the last one still open."""
    ledger = Ledger()
    for month in range(months):
        issued = pd.Timestamp("2024-01-10") + pd.DateOffset(months=month)
        due = issued + pd.Timedelta(days=30)
        for customer in range(customers):
            name = f"{month:02d}-{customer}"
            ledger.invoice(name, f"C{customer}", f"{issued:%Y-%m-%d}", f"{due:%Y-%m-%d}", "100.00")
            paid = due + pd.Timedelta(days=late)
            if month < months - 1 or not last_open:
                ledger.entry("payment", "100.00", f"{paid:%Y-%m-%d}", name)
    return ledger


@pytest.mark.parametrize(
    ("ledger", "on", "reason", "n_open"),
    [
        pytest.param(_monthly(1, late=4), "2025-08-20", "no record", 1, id="one customer"),
        pytest.param(_monthly(10, late=-3), "2025-08-20", "no model", 10, id="nobody late"),
        pytest.param(_monthly(10, late=4, last_open=False), "2025-12-20", "no model", 0, id="all paid"),
        pytest.param(_monthly(3, late=4, months=2), "2024-02-20", "no record", 3, id="too young"),
        pytest.param(
            Ledger().invoice("1", "A", "2026-01-01", "2026-01-31", "9.00"), "2026-01-15", "no record", 1, id="one"
        ),
    ],
)
def test_books_too_small_for_a_model_get_a_rule_that_they_can_carry(ledger, on, reason, n_open):
    made = payment_forecast(history_of(ledger.as_of(on)))
    assert (made.forecaster.model, made.forecaster.chosen.reason, len(made.book)) == (None, reason, n_open)
    assert made.forecaster.chosen.verdict.endswith(".")
    assert len(made.frame()) == n_open
    assert made.frame()["forecaster"].tolist() == [made.forecaster.chosen.id] * n_open


def test_customers_who_always_pay_on_the_same_day_are_expected_on_it():
    made = payment_forecast(history_of(_monthly(6, late=4).as_of("2025-08-20"))).frame()
    # issued on 10 August, due on 9 September, paid on the 13th: 24 days after the 20th
    assert made["median_day"].tolist() == [24] * 6


def test_the_mean_of_two_forecasts_is_the_mean_of_their_chances_to_be_open():
    a, b = np.array([[0.5, 0.5]]), np.array([[0.1, 0.2]])
    # open after two days: 0.25 and 0.72, in the mean 0.485; after one 0.5 and 0.9, in the mean 0.7
    np.testing.assert_allclose(np.cumprod(1 - mean_hazard(a, b), axis=1), [[0.7, 0.485]])
