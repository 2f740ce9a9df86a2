"""The event: what of a customer's invoices was ninety-one days late in twelve months, by hand and by a loop."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from simulated_books import simulated_history
from small_books import Ledger

from analysis.ledger.company import Rate
from analysis.ledger.contract import Outcome
from analysis.ledger.simulate import simulate
from analysis.measures.history import day_number, history_of
from analysis.models.delinquency import is_severe, late_amounts, late_share

END = "2026-12-31"


def _window(ledger: Ledger, end: str = END, *, books: str = "2027-06-30") -> dict[str, tuple[float, ...]]:
    """Amount, late amount and their invoices by customer, of the window up to a day, from books of a later day."""
    found = late_amounts(history_of(ledger.as_of(books)), [date.fromisoformat(end)])
    return {customer: tuple(row) for (_, customer), row in zip(found.index, found.to_numpy(), strict=True)}


def _paid(due: str, paid: str, amount: str = "100.00", **more: str) -> Ledger:
    return Ledger().invoice("1", "A", "2026-01-01", due, amount).entry("payment", amount, paid, "1", **more)


@pytest.mark.parametrize(
    ("paid", "late"),
    [
        ("2026-05-01", 0.0),  # 90 days after the 31st of January
        ("2026-05-02", 100.0),  # 91 days
    ],
)
def test_late_is_paid_ninety_one_days_after_due(paid, late):
    assert _window(_paid("2026-01-31", paid)) == {"A": (100.0, late, 1.0, float(late > 0))}


def test_an_invoice_counts_from_the_day_on_which_it_could_have_been_late():
    # The 91st day after the 1st of October is the 31st of December, that of the 2nd the 1st of January.
    ledger = Ledger().invoice("1", "A", "2026-09-01", "2026-10-01", "100.00")
    ledger.invoice("2", "B", "2026-09-01", "2026-10-02", "100.00")
    assert _window(ledger) == {"A": (100.0, 100.0, 1.0, 1.0)}


def test_what_was_settled_before_the_window_is_past_and_what_is_open_in_it_counts_again():
    # The window of 2026 begins on the 1st of January; due in June 2025, so long late.
    ledger = Ledger().invoice("1", "A", "2025-05-01", "2025-06-01", "100.00")
    ledger.invoice("2", "B", "2025-05-01", "2025-06-01", "100.00")
    ledger.entry("payment", "100.00", "2025-12-31", "1").entry("payment", "100.00", "2026-01-01", "2")
    assert _window(ledger) == {"B": (100.0, 100.0, 1.0, 1.0)}
    assert _window(ledger, "2025-12-31") == {"A": (100.0, 100.0, 1.0, 1.0), "B": (100.0, 100.0, 1.0, 1.0)}


def test_a_write_off_counts_as_late_however_early_and_a_credit_note_not_at_all():
    ledger = (
        Ledger().invoice("1", "A", "2026-11-01", "2026-12-01", "40.00").entry("write_off", "40.00", "2026-12-20", "1")
    )
    ledger.invoice("2", "A", "2026-01-01", "2026-02-01", "60.00").entry("payment", "60.00", "2026-02-01", "2")
    ledger.invoice("3", "A", "2026-01-01", "2026-02-01", "500.00").entry("credit_note", "500.00", "2026-09-01", "3")
    assert _window(ledger) == {"A": (100.0, 40.0, 2.0, 1.0)}


def test_a_window_is_seen_as_the_books_showed_it_on_its_last_day():
    # Paid in time, which the books showed in January only: on the last day of the window it is open.
    late = _paid("2026-02-01", "2026-02-01", recorded_on="2027-01-10")
    assert _window(late) == {"A": (100.0, 100.0, 1.0, 1.0)}
    assert _window(_paid("2026-02-01", "2026-02-01", recorded_on="2026-12-31")) == {"A": (100.0, 0.0, 1.0, 0.0)}


def test_a_payment_that_bounced_counts_once_by_its_last_spell():
    ledger = _paid("2026-02-01", "2026-02-10").entry("reversal", "-100.00", "2026-02-15", "1")
    assert _window(ledger) == {"A": (100.0, 100.0, 1.0, 1.0)}
    assert _window(ledger.entry("payment", "100.00", "2026-03-01", "1")) == {"A": (100.0, 0.0, 1.0, 0.0)}


def test_amounts_of_two_currencies_are_put_together_at_the_rate_of_the_windows_end():
    rates = tuple(
        Rate(currency="USD", on=date.fromisoformat(on), rate=rate, source="made up")
        for on, rate in (("2026-01-01", 0.5), ("2026-12-01", 0.8), ("2027-01-01", 2.0))
    )
    ledger = Ledger(rates=rates).invoice("1", "A", "2026-01-01", "2026-02-01", "100.00", currency="USD")
    ledger.invoice("2", "A", "2026-01-01", "2026-02-01", "720.00").entry("payment", "720.00", "2026-02-01", "2")
    found = late_amounts(history_of(ledger.as_of("2027-06-30")), [date(2026, 12, 31)])
    assert found["amount"].tolist() == [pytest.approx(800.0)]
    # 80 of 800 are exactly a tenth
    assert is_severe(late_share(found)).tolist() == [1.0]


def test_a_tenth_is_severe_and_less_is_not():
    assert is_severe(pd.Series([0.1, 0.0999, 0.0, 1.0])).tolist() == [1.0, 0.0, 0.0, 1.0]
    assert np.isnan(is_severe(pd.Series([np.nan])).to_numpy()).all()


def test_windows_of_a_simulated_ledger_equal_a_loop_over_its_spells():
    history = simulated_history(simulate(n_invoices=900, seed=4, n_customers=20, months=30), date(2026, 10, 31))
    ends = [date(2025, 3, 31), date(2025, 12, 31), date(2026, 10, 31)]
    found = late_amounts(history, ends)
    spells = history.lives.execute().sort_values(["invoice_id", "nth"]).to_dict("records")
    expected: dict[tuple[int, str], list[float]] = {}
    for end in map(day_number, ends):
        last = {s["invoice_id"]: s for s in spells if s["begun_known"] <= end}
        for spell in last.values():
            is_over = spell["ended_known"] <= end  # false where there is no end
            cause = spell["cause"] if is_over else None
            left = spell["ended"] if is_over else end
            given_up = cause == Outcome.WRITTEN_OFF
            if (
                cause == Outcome.CREDITED
                or (is_over and left <= end - 365)
                or not (spell["due"] + 91 <= end or given_up)
            ):
                continue
            rate = history.snapshot.rate_on(spell["currency"], date.fromordinal(end + 719_163))
            amount = float(spell["amount"]) * rate
            is_late = given_up or left - spell["due"] >= 91
            line = expected.setdefault((end, spell["customer_id"]), [0.0, 0.0, 0.0, 0.0])
            for at, value in enumerate((amount, amount * is_late, 1, is_late)):
                line[at] += value
    assert len(expected) > 40
    assert list(found.index) == sorted(expected)
    np.testing.assert_allclose(found.to_numpy(), [expected[key] for key in found.index], rtol=1e-9, atol=1e-6)
