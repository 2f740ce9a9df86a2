"""Payers with runs: whose calendar it is, and the clock that counts runs, not days; by hand and by known truth."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from small_books import Ledger

from analysis.ledger.simulate import simulate
from analysis.ledger.snapshot import as_of
from analysis.ledger.world.business_days import EVERY_DAY, FORTNIGHTLY, MONTH_END, RUN_NAMES, TWICE_A_MONTH, WEEKLY
from analysis.measures.history import day_number, history_of
from analysis.models.customer_sums import MONTH_PLACE_COLUMNS, PHASE_COLUMNS
from analysis.models.habits import habits
from analysis.models.landmarks import open_book
from analysis.models.payment_runs import ANY_DAY, RUN_CALENDARS, calendar_chances, run_days, runs_until
from analysis.models.run_clock import RUNS_MAX

from simulated_books import simulated_books  # isort: skip

LAST = date(2026, 10, 31)
CALENDAR_OF_RUN = {
    **{run: k for k, run in enumerate(WEEKLY)},
    **{run: 7 + (k if k < 5 else k + 2) for k, run in enumerate(FORTNIGHTLY)},
    MONTH_END: 21,
    TWICE_A_MONTH: 24,
}
"""Place in RUN_CALENDARS of each payment run of the simulated world."""


def counts(*, phases: dict[int, int], places: dict[int, int]) -> tuple[np.ndarray, np.ndarray]:
    by_phase, by_place = np.zeros((1, 14)), np.zeros((1, 13))
    for k, n in phases.items():
        by_phase[0, k] = n
    for k, n in places.items():
        by_place[0, k] = n
    return by_phase, by_place


def test_bayes_by_hand_for_three_payments_on_a_thursday():
    # of both weeks, on days of no special place in the month
    chances = calendar_chances(*counts(phases={3: 2, 10: 1}, places={8: 3}))[0]
    weight = {3: 0.10 / 7 * (0.9 / 0.2) ** 3}
    weight |= {k: 0.10 / 7 * (0.1 / 0.8) ** 3 for k in range(7) if k != 3}
    weight[7 + 3] = 0.06 / 14 * (0.9 / 0.1) ** 2 * (0.1 / 0.9)
    weight[7 + 10] = 0.06 / 14 * (0.9 / 0.1) * (0.1 / 0.9) ** 2
    weight |= {7 + k: 0.06 / 14 * (0.1 / 0.9) ** 3 for k in range(14) if k not in (3, 10)}
    weight |= {k: prior * (0.1 / (1 - 1 / 21)) ** 3 for k, prior in ((21, 0.02), (22, 0.01), (23, 0.01))}
    weight[24] = 0.02 * (0.1 / (1 - 2 / 21)) ** 3
    weight[25] = 1 - 0.10 - 0.06 - 0.06
    total = sum(weight.values())
    assert chances == pytest.approx([weight[k] / total for k in range(26)])


def test_nobody_is_said_to_pay_in_runs_without_evidence():
    nothing = calendar_chances(*counts(phases={}, places={}))[0]
    assert nothing[ANY_DAY] == pytest.approx(0.78)
    spread_out = calendar_chances(*counts(phases=dict.fromkeys((0, 1, 2, 3, 4, 7, 8, 9, 10, 11), 3), places={8: 30}))[0]
    assert spread_out[ANY_DAY] > 0.999


def test_many_payments_still_tell_a_fortnight_from_a_week():
    chances = calendar_chances(*counts(phases={10: 400}, places={8: 400}))[0]
    assert RUN_CALENDARS[chances.argmax()].words == "on every other Thursday"
    assert chances.sum() == pytest.approx(1.0)


def test_run_days_of_october_2026_by_the_calendar_on_the_wall():
    days = np.arange(day_number(date(2026, 10, 1)), day_number(date(2026, 10, 31)) + 1)
    runs, until = run_days(days), runs_until(days)

    def numbers(words: str) -> list[int]:
        place = next(k for k, one in enumerate(RUN_CALENDARS) if one.words == words)
        assert until[-1, place] == runs[:, place].sum()
        return [int(k) + 1 for k in np.flatnonzero(runs[:, place])]

    assert numbers("on Thursdays") == [1, 8, 15, 22, 29]
    assert numbers("on the last working day of the month") == [30]
    assert numbers("on the 15th and the last working day of the month") == [15, 30]
    assert numbers("on the first working day of the month") == [1]
    assert runs[:, ANY_DAY].sum() == 22


def test_the_clock_counts_runs_since_due_by_hand():
    # A pays on Thursdays, in the second run after the due date: 24 invoices due on Mondays, paid ten days later.
    ledger, monday = Ledger(), date(2026, 1, 5)
    for k in range(24):
        due = monday + timedelta(days=7 * k)
        ledger = ledger.invoice(f"{k}", "A", (due - timedelta(days=14)).isoformat(), due.isoformat(), "100.00")
        ledger = ledger.entry("payment", "100.00", (due + timedelta(days=10)).isoformat(), f"{k}")
    ledger = ledger.invoice("open", "A", "2026-06-15", "2026-06-29", "100.00")
    ledger = ledger.invoice("other", "B", "2026-06-15", "2026-06-29", "100.00")
    on = date(2026, 7, 1)
    history = history_of(as_of(ledger.books(), on))
    found = habits(history, open_book(history, on).items)
    who = list(found.customers.index.get_level_values("customer_id"))
    clock, place = found.runs, who.index("A")
    assert clock.calendar[place] == 3
    assert clock.chance[place] > 0.99
    assert clock.calendar[who.index("B")] == ANY_DAY
    assert np.isnan(clock.hazard[who.index("B")]).all()
    # An invoice of fourteen days sees two runs before it is due, one that nobody uses, and the one that pays all.
    # All payers with runs are A alone, so that the prior at each run is (paid + 0.5) / (at risk + 5).
    for run, paid, at_risk in ((-1, 0, 25), (0, 0, 25), (1, 0, 24), (2, 24, 24), (3, 0, 0)):
        prior = (paid + 0.5) / (at_risk + 5.0)
        assert clock.hazard[place, run + RUNS_MAX] == pytest.approx((paid + 2 * prior) / (at_risk + 2), rel=1e-5), run


@pytest.fixture(scope="module")
def world():
    return simulate(n_invoices=3_000, seed=11)


def test_runs_of_a_simulated_world_are_recognised(world):
    history = history_of(as_of(simulated_books(world), LAST))
    found = habits(history, open_book(history, LAST).items)
    told = pd.DataFrame(
        {
            "customer_id": found.customers.index.get_level_values("customer_id"),
            "paid": found.customers[PHASE_COLUMNS].to_numpy().sum(axis=1),
            "placed": found.customers[MONTH_PLACE_COLUMNS].to_numpy().sum(axis=1),
            "calendar": found.runs.calendar,
        }
    ).merge(world.truth_customers, on="customer_id")
    assert (told["paid"] == told["placed"]).all()
    runs = told["run"].map({name: k for k, name in enumerate(RUN_NAMES)})
    known = told[(runs != EVERY_DAY) & (told["paid"] >= 12)]
    right = known["calendar"] == runs[known.index].map(CALENDAR_OF_RUN)
    assert len(known) >= 5
    assert right.mean() >= 0.9
    any_day = told[(runs == EVERY_DAY) & (told["paid"] >= 12)]
    assert (any_day["calendar"] == ANY_DAY).mean() >= 0.9


def test_how_far_an_invoice_was_chased_by_hand():
    ledger = (
        Ledger()
        .invoice("1", "A", "2026-01-01", "2026-01-31", "100.00")
        .invoice("2", "A", "2026-01-01", "2026-01-31", "100.00")
        .invoice("3", "A", "2026-01-01", "2026-01-31", "100.00")
        .row("contacts", contact_id="K1", customer_id="A", invoice_id="1", made_on="2026-02-05", kind="reminder")
        .row("contacts", contact_id="K2", customer_id="A", invoice_id="1", made_on="2026-02-10", kind="letter")
        .row("contacts", contact_id="K3", customer_id="A", invoice_id="1", made_on="2026-02-12", kind="letter")
        .row(
            "contacts",
            contact_id="K4",
            customer_id="A",
            invoice_id="2",
            made_on="2026-02-10",
            kind="call",
            reached=False,
        )
        .row(
            "contacts",
            contact_id="K5",
            customer_id="A",
            invoice_id="2",
            made_on="2026-02-12",
            kind="promise",
            reached=True,
            promised_on="2026-02-20",
        )
    )
    books = ledger.books()
    for on, expected in (
        # letters (at most two) + 3 for a talk, 6 for a promise
        (date(2026, 2, 8), {"1": (1, 0), "2": (0, 0), "3": (0, 0)}),
        (date(2026, 2, 11), {"1": (2, 0), "2": (0, 1), "3": (0, 0)}),
        (date(2026, 2, 14), {"1": (2, 0), "2": (6, 1), "3": (0, 0)}),
    ):
        items = open_book(history_of(as_of(books, on)), on).items.set_index("invoice_id")
        found = {id: (int(items.loc[id, "chased"]), int(items.loc[id, "unanswered"])) for id in expected}
        assert found == expected, on
