"""Days of payment: by hand, and whether the rhythm named is the payment run that the simulator gave the customer."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from simulated_books import simulated_books
from small_books import Ledger

from analysis.ledger.simulate import simulate
from analysis.ledger.snapshot import as_of
from analysis.measures.history import history_of
from analysis.measures.payment_days import days_of_payment, regularity, rhythm
from analysis.measures.promises import contacts_made

LAST = date(2026, 10, 31)


@pytest.fixture(scope="module")
def world():
    return simulate(n_invoices=12_000, seed=2)


@pytest.fixture(scope="module")
def history(world):
    return history_of(as_of(simulated_books(world), LAST))


def test_month_ends_are_the_last_three_business_days() -> None:
    ledger = Ledger().invoice("1", "K", "2026-01-01", "2026-01-31", "1000")
    # May 2026 ends on a Sunday: its last business days are Wednesday 27, Thursday 28 and Friday 29
    for on in ("2026-05-26", "2026-05-27", "2026-05-28", "2026-05-29", "2026-05-30", "2026-06-01", "2026-06-01"):
        ledger.entry("payment", "10", on, "1")
    found = days_of_payment(history_of(ledger.as_of("2026-06-10")), [date(2026, 5, 28), date(2026, 6, 10)])
    assert found["at_month_end"].tolist() == [2, 4]
    assert found["pay_days"].tolist() == [3, 6]
    assert found["on_mondays"].tolist() == [0, 1]
    assert regularity(found)["month_end_share"].tolist() == [pytest.approx(2 / 3), pytest.approx(4 / 6)]
    assert rhythm(found).unique().tolist() == ["too few payments to say"]


def test_the_rhythm_named_is_the_run_of_the_simulator(world, history) -> None:
    words = rhythm(days_of_payment(history, [LAST])).droplevel("mark")
    run = world.truth_customers.set_index("customer_id")["run"].reindex(words.index)
    named = words[~words.isin(["on any day", "too few payments to say"])]
    weekly = run[run.str.startswith("weekly, ") & (words != "too few payments to say")]
    assert len(weekly) >= 5
    day = "on " + weekly.str.removeprefix("weekly, ") + "s"
    assert (words[weekly.index] == day).mean() >= 0.9
    # of those said to have a rhythm at most a quarter pay in no run: chance alone names 3% of irregular payers
    free = (run == "every business day").sum()
    assert (run[named.index] == "every business day").sum() <= 0.12 * free


def test_promises_said_to_be_broken_are_those_that_the_simulator_broke(world, history) -> None:
    found = contacts_made(history, [LAST]).droplevel("mark")
    contacts = world.tables["contacts"].dropna(subset=["promised_on"])
    promised = pd.to_datetime(contacts["promised_on"])
    end = pd.Timestamp(LAST)
    due = contacts[(promised < end - pd.Timedelta(days=2)) & (promised >= end - pd.Timedelta(days=367))]
    # the simulated truth: the day from which the invoice stayed settled, bounces and parts behind it
    truth = world.truth_invoices.set_index("invoice_id").reindex(due["invoice_id"])
    settled = pd.to_datetime(truth["settled_on"].where(truth["outcome"] != "written_off").to_numpy())
    after = (settled - pd.to_datetime(due["promised_on"]).to_numpy()).days
    broken = (after > 2) | pd.isna(after)
    expected = due.loc[broken].groupby("customer_id").size().reindex(found.index, fill_value=0)
    assert expected.sum() > 20
    assert found["promises_broken_12m"].sum() == pytest.approx(expected.sum(), rel=0.1)
    assert (found["promises_broken_12m"] == expected).mean() >= 0.95


def test_promises_by_hand() -> None:
    ledger = (
        Ledger()
        .invoice("1", "K", "2026-01-01", "2026-01-31", "100")
        .entry("payment", "30", "2026-02-10", "1", recorded_on="2026-02-20")
        .entry("payment", "70", "2026-03-12", "1")
    )

    def promise(number: str, made: str, by: str, **more: object) -> None:
        ledger.row("contacts", contact_id=number, customer_id="K", made_on=made, promised_on=by, **more)

    promise("a", "2026-02-01", "2026-02-09", invoice_id="1", promised_amount=30)  # kept in part, within the grace
    promise("b", "2026-02-01", "2026-02-09", invoice_id="1")  # the whole by then: broken
    promise("c", "2026-03-01", "2026-03-10", invoice_id="1")  # two days later: kept
    promise("d", "2026-03-01", "2026-03-09")  # any payment of the customer: three days later is broken
    promise("e", "2026-03-01", "2026-03-31")  # kept before its day
    marks = [date(2026, 2, 11), date(2026, 2, 12), date(2026, 2, 20), date(2026, 4, 30)]
    found = contacts_made(history_of(ledger.as_of("2026-04-30")), marks)
    # on the 12 February the books did not show the payment of the 10th yet
    assert found["promises_broken_12m"].tolist() == [0, 2, 1, 2]
    assert found["promises_12m"].tolist() == [2, 2, 2, 5]
