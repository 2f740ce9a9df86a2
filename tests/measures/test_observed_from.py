"""Books that begin with open items: told by the checks, and read rightly by every curve once the company says so."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest
from small_books import Ledger, day

from analysis.ledger.acceptance import opening_items
from analysis.ledger.books import Books
from analysis.ledger.company import About, Company
from analysis.ledger.opening import opened
from analysis.measures.history import history_of
from analysis.measures.outcomes import outcome_counts
from analysis.measures.settlement import settlement_counts
from analysis.models.cohorts import paid_only_by_month
from analysis.models.payment_times import payment_times
from analysis.models.regression_rows import regression_rows
from analysis.models.survival import payment_curve

BEGUN, AS_OF = date(2024, 1, 31), "2024-06-30"


class Stated(Ledger):
    """A ledger whose company states the day with whose open items its books begin."""

    @property
    def company(self) -> Company:
        plain = super().company
        about = About(name=plain.name, currency=plain.currency, observed_from=BEGUN)
        return plain.model_copy(update={"company": about})


def filled(ledger: Ledger, *, whole: bool) -> Ledger:
    """Invoices of a year, paid after geometric days with mean 50; without ``whole`` only what was open on BEGUN.

    Half of such are paid by the first day d with 1 - 0.98 ** d >= 1/2: day 35.
    """
    rng = np.random.default_rng(6)
    for number in range(1_800):
        issued = date(2023, 7, 1) + timedelta(days=number % 360)
        paid = issued + timedelta(days=int(rng.geometric(0.02)))
        if paid > BEGUN or whole:
            ledger.invoice(f"{number:04}", f"K{number % 30}", str(issued), str(issued + timedelta(days=30)), "10")
            if paid <= day(AS_OF):
                ledger.entry("payment", "10", str(paid), f"{number:04}")
    return ledger


@cache
def taken_over() -> tuple[Books, Books]:
    """The same books of open items: of a company that states it, and of one that does not."""
    return filled(Stated(), whole=False).books(), filled(Ledger(), whole=False).books()


def test_books_that_look_as_if_they_began_with_open_items_are_told() -> None:
    stated, silent = taken_over()
    found = opening_items(silent, day(AS_OF))
    assert found is not None
    assert found.rule == "opening_items"
    # the first booking is of 1 February, the day after
    assert "company.observed_from = 2024-01-31" in found.remedy
    assert opening_items(stated, day(AS_OF)) is None
    assert "opening_items" in set(opened(silent, day(AS_OF), known_by=day(AS_OF)).facts["rule"])


def test_whole_books_are_not_told() -> None:
    assert opening_items(filled(Ledger(), whole=True).books(), day(AS_OF)) is None
    slow = Ledger()  # all pay after three months: nothing is booked at first, and invoices are as many as later
    for number in range(300):
        issued = date(2023, 7, 1) + timedelta(days=number)
        slow.invoice(f"{number}", "K", str(issued), str(issued + timedelta(days=60)), "10")
        slow.entry("payment", "10", str(issued + timedelta(days=90)), f"{number}")
    assert opening_items(slow.books(), day(AS_OF)) is None
    assert opening_items(Ledger().books(), day(AS_OF)) is None
    few = Ledger().invoice("old", "K", "2020-01-01", None, "5").invoice("new", "K", "2024-01-01", None, "5")
    assert opening_items(few.entry("payment", "5", "2024-02-01", "new").books(), day(AS_OF)) is None


def test_curves_of_the_run_find_the_truth_once_the_company_says_so() -> None:
    stated, silent = (opened(books, day(AS_OF), known_by=day(AS_OF)).snapshot for books in taken_over())
    curve = payment_times(stated).whole
    low, high = curve.median_interval
    assert low <= 35 <= high
    assert abs(curve.unpaid_after(60) - 0.98**60) < 3 * curve.unpaid_estimate(60).std_err
    # taken as seen from their issue, the same invoices say much later
    assert payment_times(silent).whole.median_interval[0] > 38
    assert payment_times(stated).paid_differ is None
    # the same by name and by the company's word
    named = settlement_counts(silent, observed_from=BEGUN)
    assert settlement_counts(stated).equals(named)
    by_month = paid_only_by_month(outcome_counts(stated), last=13)
    assert by_month["invoices"].sum() == payment_curve(named).n_invoices


def test_models_learn_from_the_day_on() -> None:
    stated, silent = (opened(books, day(AS_OF), known_by=day(AS_OF)).snapshot for books in taken_over())
    history = history_of(stated)
    counts = history.known(day(AS_OF)).counts(clock="issue")
    at_risk = counts["entered"].cumsum() - (counts["paid"] + counts["other"] + counts["censored"]).cumsum().shift(
        fill_value=0
    )
    # daily hazard of 0.02 at any age, known to a few parts in a thousand
    young = counts["day"].between(1, 60)
    pace = counts["paid"][young].sum() / at_risk[young].sum()
    assert abs(pace - 0.02) < 3 * np.sqrt(0.02 * 0.98 / at_risk[young].sum())
    naive = history_of(silent).known(day(AS_OF)).counts(clock="issue")
    seen = naive["entered"].cumsum() - (naive["paid"] + naive["other"] + naive["censored"]).cumsum().shift(fill_value=0)
    young = naive["day"].between(1, 60)
    assert naive["paid"][young].sum() / seen[young].sum() < 0.018
    rows = regression_rows(history.known(day(AS_OF)), issued_from=date(2023, 7, 1))
    issued = rows["issued"].to_numpy()
    assert (rows["entered"] == np.clip((BEGUN - date(1970, 1, 1)).days - issued, 0, None)).all()


def test_a_first_day_that_is_to_come_is_as_none() -> None:
    stated = filled(Stated(), whole=False).as_of("2024-01-31")
    assert "entered" not in settlement_counts(stated)


def test_an_empty_ledger_that_states_its_first_day() -> None:
    snapshot = Stated().as_of(AS_OF)
    assert settlement_counts(snapshot).empty
    assert outcome_counts(snapshot).empty
    assert payment_times(snapshot).whole.n_invoices == 0


@pytest.mark.parametrize("by", [None, "customer_id"])
def test_entries_and_exits_agree(by: str | None) -> None:
    stated, _ = taken_over()
    snapshot = opened(stated, day(AS_OF), known_by=day(AS_OF)).snapshot
    counts = outcome_counts(snapshot, by=by)
    leave = counts[["paid", "credited", "written_off", "open"]].sum().sum()
    old = snapshot.items.filter(snapshot.items["issued_on"] < BEGUN).count().execute()
    assert leave == snapshot.items.count().execute()
    assert counts["entered"].sum() == old
