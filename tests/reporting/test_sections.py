"""Every sentence follows its numbers: expectations are written by hand, laws hold for any numbers."""

from __future__ import annotations

import dataclasses
import math
import re
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_books import Ledger, day

from analysis.ledger.opening import opened
from analysis.measures.concentration import concentration
from analysis.measures.roll_forward import Reconciliation
from analysis.models.differences import against_the_rest
from analysis.models.logrank import log_rank
from analysis.models.payment_times import PaymentTimes
from analysis.models.survival import count_table, payment_curve
from analysis.reporting.sections import (
    ageing,
    checks,
    debtors,
    headline_words,
    ledger,
    payment_words,
    receivables,
)

NAN, INF = math.nan, math.inf
AS_OF = date(2026, 10, 31)


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def well_said(text: str, *, stop: bool = True) -> None:
    """What holds for every sentence: no gap, no code for nothing, one full stop last, a capital or figure first."""
    text = spaced(text)
    assert not re.search(r"\b(nan|inf|None|NaN|NaT|not defined|not available|not reached)\b", text), text
    assert text == text.strip()
    assert "  " not in text
    assert not re.search(r"\s[,.;:]|[,;:]{2}|\(\)|\b(\w+) \1\b", text), text
    assert text.endswith(".") == stop
    assert not text.endswith("..")
    assert text[0].isupper() or text[0].isdigit()
    assert not re.search(r"(?<![\d.,])1 \w+s\b", text), text


# --- page 1: the headline


def numbers(
    owed: float = 0.0,
    before: float | None = None,
    year: float | None = None,
    *,
    share: float | None = None,
    share_before: float | None = None,
    overdue: float = 0.0,
    currency: str = "EUR",
    moved: tuple[float, float] | None = None,
    moved_year: tuple[float, float] | None = None,
    share_moved: tuple[float, float] | None = None,
) -> dict[str, dict[str, Any]]:
    balance = {"value": owed, "last_month": before, "last_year": year, "unit": currency}
    return {
        "receivables": {**balance, "month_change": moved, "year_change": moved_year},
        "overdue_share": {"value": share, "last_month": share_before, "unit": "share", "month_change": share_moved},
        "overdue": {"value": overdue, "unit": currency},
    }


HEADLINES = {
    ("up", "up"): "Receivables rose to EUR 6.15 m and the overdue share by 1.2 pp to 12.4%",
    ("up", "down"): "Receivables rose to EUR 6.15 m, while the overdue share fell by 1.2 pp to 12.4%",
    ("up", "flat"): "Receivables rose to EUR 6.15 m; the overdue share stayed at 12.4%",
    ("down", "up"): "Receivables fell to EUR 6.15 m, while the overdue share rose by 1.2 pp to 12.4%",
    ("down", "down"): "Receivables fell to EUR 6.15 m and the overdue share by 1.2 pp to 12.4%",
    ("down", "flat"): "Receivables fell to EUR 6.15 m; the overdue share stayed at 12.4%",
    ("flat", "up"): "Receivables stayed at EUR 6.15 m, while the overdue share rose by 1.2 pp to 12.4%",
    ("flat", "down"): "Receivables stayed at EUR 6.15 m, while the overdue share fell by 1.2 pp to 12.4%",
    ("flat", "flat"): "Receivables stayed at EUR 6.15 m and the overdue share at 12.4%",
}


@pytest.mark.parametrize(("moves", "said"), HEADLINES.items())
def test_the_headline_says_where_balance_and_overdue_share_went(moves, said):
    before = {"up": 6_000_000.0, "down": 6_300_000.0, "flat": 6_149_900.0}[moves[0]]
    share = {"up": 0.112, "down": 0.136, "flat": 0.1239}[moves[1]]
    assert spaced(headline_words.headline(numbers(6_150_000.0, before, share=0.124, share_before=share))) == said


VAGUE = {
    ("up", "up"): "No clear change in receivables of EUR 6.15 m; the overdue share rose by 1.2 pp to 12.4%",
    ("down", "up"): "No clear change in receivables of EUR 6.15 m; the overdue share rose by 1.2 pp to 12.4%",
    ("up", "down"): "No clear change in receivables of EUR 6.15 m; the overdue share fell by 1.2 pp to 12.4%",
    ("up", "flat"): "No clear change in receivables of EUR 6.15 m; the overdue share stayed at 12.4%",
    ("flat", "up"): "Receivables stayed at EUR 6.15 m, while the overdue share rose by 1.2 pp to 12.4%",
}


@pytest.mark.parametrize(("moves", "said"), VAGUE.items())
def test_the_headline_calls_no_change_of_the_balance_that_may_be_none(moves, said):
    before = {"up": 6_000_000.0, "down": 6_300_000.0, "flat": 6_149_900.0}[moves[0]]
    share = {"up": 0.112, "down": 0.136, "flat": 0.1239}[moves[1]]
    found = numbers(6_150_000.0, before, share=0.124, share_before=share, moved=(-1e5, 3e5), share_moved=(0.001, 0.02))
    assert spaced(headline_words.headline(found)) == said


@pytest.mark.parametrize(
    ("before", "moved", "said"),
    [
        (6_000_000.0, (1e5, 2e5), "Receivables rose to EUR 6.15 m; no clear change in the overdue share of 12.4%"),
        (6_300_000.0, (-2e5, -1e5), "Receivables fell to EUR 6.15 m; no clear change in the overdue share of 12.4%"),
        (6_149_900.0, (-2e5, 1e5), "Receivables stayed at EUR 6.15 m; no clear change in the overdue share of 12.4%"),
        (6_000_000.0, (-2e5, 1e5), "No clear change in receivables of EUR 6.15 m or in the overdue share of 12.4%"),
        (6_300_000.0, (0.0, 1e5), "No clear change in receivables of EUR 6.15 m or in the overdue share of 12.4%"),
    ],
)
@pytest.mark.parametrize("share_before", [0.112, 0.136])
def test_the_headline_calls_no_change_of_the_share_that_may_be_none(before, moved, said, share_before):
    found = numbers(6_150_000.0, before, share=0.124, share_before=share_before, moved=moved, share_moved=(-0.02, 0.02))
    assert spaced(headline_words.headline(found)) == said


@pytest.mark.parametrize(
    ("given_numbers", "said"),
    [
        (numbers(0.0), "Receivables stand at EUR 0"),
        (numbers(5119.85, share=0.4), "Receivables stand at EUR 5.12 k, with 40.0% of open invoices past due"),
        (numbers(5119.85, 5000.0, share=0.4), "Receivables stand at EUR 5.12 k, with 40.0% of open invoices past due"),
        (numbers(-1200.0, 50.0), "Customers' credits exceed open invoices by EUR 1.20 k"),
        (
            numbers(-1200.0, 50.0, share=0.4, share_before=0.2),
            "Customers' credits exceed open invoices by EUR 1.20 k; 40.0% of open invoices is past due",
        ),
        # the same figure with the other sign is a move
        (
            numbers(50.0, -50.0, share=0.4, share_before=0.4),
            "Receivables rose to USD 50.00; the overdue share stayed at 40.0%",
        ),
    ],
)
def test_the_headline_with_little_to_go_on(given_numbers, said):
    currency = "USD" if "USD" in said else "EUR"
    for number in ("receivables", "overdue"):
        given_numbers[number]["unit"] = currency
    assert spaced(headline_words.headline(given_numbers)) == said


limits = st.none() | st.tuples(st.floats(-1e9, 1e9), st.floats(0, 1e9)).map(lambda pair: (pair[0], pair[0] + pair[1]))
amounts = st.floats(-1e9, 1e9) | st.sampled_from([0.0, 0.004, -0.004, 99.995, 999_999.6])
shares = st.none() | st.floats(0, 1) | st.sampled_from([0.0, 1.0, 0.00001])


@given(amounts, st.none() | amounts, st.none() | amounts, shares, shares, limits, limits)
def test_any_headline_is_well_said_and_true(owed, before, year, share, share_before, moved, share_moved):
    found = numbers(
        *(owed, before, year),
        share=share,
        share_before=share_before,
        overdue=abs(owed) / 3,
        moved=moved,
        share_moved=share_moved,
    )
    text = spaced(headline_words.headline(found))
    well_said(text, stop=False)
    well_said(headline_words.owed_sentence(found, as_of=AS_OF))
    if "Receivables rose" in text:
        assert owed > before
    if "Receivables fell" in text:
        assert owed < before
    if re.search("Receivables (rose|fell)", text):
        assert moved is None or moved[0] > 0 or moved[1] < 0
    if re.search(r"share (rose|by .* rose)", text):
        assert share > share_before


@pytest.mark.parametrize(
    ("given_numbers", "said"),
    [
        (
            numbers(6.15e6, 6.0e6, 6.5e6, overdue=7.6e5),
            "customers owed EUR 6.15 m, EUR 150 k more than a month before and EUR 350 k less than a year before; "
            "EUR 760 k was past due.",
        ),
        (
            numbers(6.15e6, 6.0e6, 6.5e6, overdue=7.6e5, moved=(-1e5, 4e5), moved_year=(-5e5, -2e5)),
            "customers owed EUR 6.15 m, EUR 150 k more than a month before (no clear change) and EUR 350 k less than a "
            "year before; EUR 760 k was past due.",
        ),
        (
            numbers(500.0, 500.0, 480.0, moved=(-1.0, 1.0), moved_year=(-9.0, 60.0)),
            "customers owed EUR 500, as much as a month before and EUR 20.00 more than a year before (no clear "
            "change); nothing was past due.",
        ),
        (numbers(6.15e6, 6.3e6, overdue=7.6e5), "customers owed EUR 6.15 m, EUR 150 k less than a month before; "
         "EUR 760 k was past due."),
        (
            numbers(500.0, 500.0, 500.0),
            "customers owed EUR 500, as much as a month before and as much as a year before; nothing was past due.",
        ),
        (numbers(500.0, None, 480.0), "customers owed EUR 500, EUR 20.00 more than a year before; "
         "nothing was past due."),
        (numbers(500.0), "customers owed EUR 500; nothing was past due."),
        (numbers(0.0, 700.0), "customers owed nothing, EUR 700 less than a month before; nothing was past due."),
        (numbers(-80.0, 50.0, overdue=12.5), "customers' credits exceeded open invoices by EUR 80.00; "
         "EUR 12.50 was past due."),
        (numbers(10.0, -5.0), "customers owed EUR 10.00, EUR 15.00 more than a month before; nothing was past due."),
    ],
)  # fmt: skip
def test_what_is_owed(given_numbers, said):
    text = headline_words.owed_sentence(given_numbers, as_of=AS_OF)
    assert spaced(text) == f"On 31 October 2026 {said}"


# --- page 1: age of the data


def books(ledger: Ledger, *, as_of: str = "2026-10-31", known_by: str | None = None):
    return opened(ledger.books(), day(as_of), known_by=day(known_by or as_of))


@pytest.mark.parametrize(
    ("last", "known_by", "said"),
    [
        ("2026-10-31", "2026-11-03", "1 invoice known by 3 November 2026; the last booking is of 31 October 2026, "
         "the day of the report."),
        ("2026-10-30", "2026-10-31", "1 invoice known by 31 October 2026; the last booking is of 30 October 2026, "
         "1 day before the day of the report."),
        ("2026-09-01", "2026-10-31", "1 invoice known by 31 October 2026; the last booking is of 1 September 2026, "
         "60 days before the day of the report."),
    ],
)  # fmt: skip
def test_the_age_of_the_data(last, known_by, said):
    ledger = Ledger().invoice("1", "A", "2026-08-01", "2026-09-01", "10").entry("payment", "1", last, "1")
    text = headline_words.age_sentence(books(ledger, known_by=known_by))
    assert spaced(text) == f"The figures rest on {said}"


def test_the_age_of_nothing_and_of_cash_alone():
    assert headline_words.age_sentence(books(Ledger())) == "The books hold nothing up to this date."
    cash = Ledger().entry("payment", "10", "2026-10-30", customer_id="A")
    assert spaced(headline_words.age_sentence(books(cash))).startswith(
        "The figures rest on 0 invoices known by 31 October"
    )


# --- page 2: the books


def roll(opening: float, closing: float, *, on: str = "2026-10-31", **lines: float) -> pd.DataFrame:
    moved = dict.fromkeys(("invoiced", "paid", "discounts", "credited", "written_off", "fx"), 0.0) | lines
    return pd.DataFrame([{"opening": opening, **moved, "closing": closing}], index=[pd.Timestamp(on)])


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (roll(6.0e6, 6.15e6, invoiced=2.0e6, paid=-1.85e6),
         "The balance rose by EUR 150 k to EUR 6.15 m: EUR 2.00 m was invoiced and EUR 1.85 m was paid."),
        (roll(6.3e6, 6.15e6, invoiced=1.7e6, paid=-1.85e6),
         "The balance fell by EUR 150 k to EUR 6.15 m: EUR 1.70 m was invoiced and EUR 1.85 m was paid."),
        (roll(1000.0, 1000.0),
         "The balance stayed at EUR 1.00 k: nothing was invoiced and nothing was paid."),
        (roll(1000.0, 1000.0, invoiced=500.0, paid=-500.0),
         "The balance stayed at EUR 1.00 k: EUR 500 was invoiced and EUR 500 was paid."),
        (roll(6.0e6, 5.0e6, invoiced=2.0e6, paid=-2.1e6, written_off=-9.0e5),
         "The balance fell by EUR 1.00 m to EUR 5.00 m: EUR 2.00 m was invoiced, EUR 2.10 m was paid and EUR 900 k was "
         "written off."),
        (roll(6.0e6, 5.9e6, invoiced=2.0e6, paid=-2.0e6, credited=-1.0e5),
         "The balance fell by EUR 100 k to EUR 5.90 m: EUR 2.00 m was invoiced, EUR 2.00 m was paid and EUR 100 k was "
         "credited."),
        (roll(6.0e6, 6.3e6, invoiced=2.0e6, paid=-2.0e6, fx=3.0e5),
         "The balance rose by EUR 300 k to EUR 6.30 m: EUR 2.00 m was invoiced, EUR 2.00 m was paid and EUR 300 k was "
         "added by exchange rates."),
        (roll(6.0e6, 5.7e6, invoiced=2.0e6, paid=-2.0e6, fx=-3.0e5),
         "The balance fell by EUR 300 k to EUR 5.70 m: EUR 2.00 m was invoiced, EUR 2.00 m was paid and EUR 300 k was "
         "taken off by exchange rates."),
        (roll(0.0, 250.0, paid=250.0),
         "The balance rose by EUR 250 to EUR 250: nothing was invoiced and EUR 250 was paid back."),
        (roll(100.0, -600.0, paid=-700.0),
         "The balance fell by EUR 700 to EUR -600: nothing was invoiced and EUR 700 was paid."),
        (roll(100.0, 160.0, paid=-40.0, written_off=100.0),
         "The balance rose by EUR 60.00 to EUR 160: nothing was invoiced, EUR 40.00 was paid and EUR 100 came back of "
         "debts written off."),
        (roll(100.0, 90.0, discounts=-10.0),
         "The balance fell by EUR 10.00 to EUR 90.00: nothing was invoiced, nothing was paid and EUR 10.00 was given "
         "as discounts."),
        (roll(0.0, 0.0).iloc[:0], "The books hold no invoice up to this date."),
    ],
)  # fmt: skip
def test_what_the_month_did_to_the_balance(frame, said):
    assert spaced(ledger.roll_forward_sentence(frame, currency="EUR")) == said


def test_an_extract_of_open_items_has_no_movements():
    text = ledger.roll_forward_sentence(roll(0.0, 5119.85), currency="GBP", open_items_only=True)
    assert spaced(text) == ("GBP 5.12 k is owed; the books hold open items only, so they say nothing about the past.")


@given(amounts, st.lists(amounts, min_size=6, max_size=6))
def test_any_roll_forward_is_well_said(opening, moves):
    lines = dict(zip(("invoiced", "paid", "discounts", "credited", "written_off", "fx"), moves, strict=True))
    frame = roll(opening, opening + sum(moves), **lines)
    well_said(ledger.roll_forward_sentence(frame, currency="EUR"))
    steps = ledger.waterfall_steps(frame)
    signed = np.where(steps["kind"] == "fall", -steps["amount"], steps["amount"])
    # what is not seen by itself is in "Other", so the steps lead from the opening to the closing balance
    assert signed[:-1].sum() == pytest.approx(opening + sum(moves), abs=0.03)
    assert (steps["amount"].iloc[1:-1] > 0).all()


def test_steps_too_small_to_be_seen_are_one():
    steps = ledger.waterfall_steps(
        roll(100_000.0, 100_700.0, invoiced=50_000.0, paid=-49_000.0, discounts=-200.0, fx=-100.0)
    )
    said = [(spaced(label), amount, kind) for label, amount, kind in steps.itertuples(index=False)]
    assert said == [
        ("Opening 30 Sep 2026", 100_000.0, "total"),
        ("Invoiced", 50_000.0, "rise"),
        ("Paid", 49_000.0, "fall"),
        ("Other", 300.0, "fall"),
        ("Closing 31 Oct 2026", 100_700.0, "total"),
    ]


def tied(*pairs: tuple[str, str, str]) -> list[Reconciliation]:
    return [
        Reconciliation(entity=entity, on="2026-10-31", ledger=Decimal(left), control=Decimal(right))
        for entity, left, right in pairs
    ]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "No balance of the control account was given for this date, so the ledger could not be tied to it."),
        (tied(("", "5119.85", "5119.85")), "The ledger ties exactly to the control account (EUR 5.12 k)."),
        (tied(("DE", "0.00", "0")), "The ledger ties exactly to the control account (EUR 0)."),
        (tied(("DE", "10", "10"), ("FR", "20", "20")),
         "The ledger ties exactly to the control accounts of 2 entities (together EUR 30.00)."),
        (tied(("", "100.00", "105.00")),
         "The ledger does not tie to the control account: it is EUR 5.00 lower."),
        (tied(("DE", "100.00", "105.00"), ("FR", "100.00", "97.00"), ("IT", "1", "1")),
         "The ledger does not tie to the control account: it is EUR 5.00 lower for DE and EUR 3.00 higher for FR."),
        (tied(("A", "1", "0"), ("B", "0", "4"), ("C", "2", "0"), ("D", "0", "3")),
         "The ledger does not tie to the control account: it is EUR 4.00 lower for B, EUR 3.00 lower for D, EUR 2.00 "
         "higher for C and off for 1 other entity."),
        (tied(("A", "1", "0"), ("B", "0", "4"), ("C", "2", "0"), ("D", "0", "3"), ("E", "0", "0.01")),
         "The ledger does not tie to the control account: it is EUR 4.00 lower for B, EUR 3.00 lower for D, EUR 2.00 "
         "higher for C and off for 2 other entities."),
    ],
)  # fmt: skip
def test_whether_the_ledger_ties(found, said):
    assert spaced(ledger.tie_sentence(found, currency="EUR")) == said


def test_an_entity_without_control_balance_is_named():
    found = [Reconciliation(entity="A", on="2026-10-31", ledger=Decimal("10.00"), control=Decimal("10.00"))]
    said = ledger.tie_sentence(found, currency="EUR", missing={"C": Decimal("5.00"), "B": Decimal("2.00")})
    assert spaced(said) == (
        "The ledger ties exactly to the control account (EUR 10.00). "
        "No control balance was given for B and C (EUR 7.00)."
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({}, "The books hold no rows."),
        ({"accepted": 1}, "The only row was used."),
        ({"accepted": 24310}, "All 24,310 rows of the books were used."),
        ({"accepted": 9, "quarantined": 1}, "Of 10 rows of the books 9 were used; left out: 1 row with a fault."),
        ({"accepted": 8, "identical_copy": 2}, "Of 10 rows of the books 8 were used; left out: 2 identical copies."),
        ({"accepted": 9, "totals_row": 1}, "Of 10 rows of the books 9 were used; left out: 1 totals row."),
        ({"accepted": 1990, "quarantined": 7, "identical_copy": 1, "totals_row": 2},
         "Of 2,000 rows of the books 1,990 were used; left out: 7 rows with a fault, 1 identical copy and 2 totals "
         "rows."),
        ({"quarantined": 1}, "Of 1 row of the books 0 were used; left out: 1 row with a fault."),
    ],
)  # fmt: skip
def test_what_was_read_and_used(rows, said):
    control = pd.DataFrame(
        [{"table": "invoices", "fate": fate, "currency": "EUR", "rows": n, "amount": 0} for fate, n in rows.items()],
        columns=["table", "fate", "currency", "rows", "amount"],
    )
    assert spaced(checks.checks_sentence(SimpleNamespace(control=control))) == said


# --- page 3: receivables


def scores(*pairs: tuple[float, float], no_due_date: float = 0.0, **more: Any) -> pd.DataFrame:
    """Months of (overdue, open balance)."""
    rows = [
        {"overdue": overdue, "open_balance": owed, "overdue_share": overdue / owed if owed else NAN}
        for overdue, owed in pairs
    ]
    return pd.DataFrame(rows).assign(no_due_date=no_due_date, **more)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (scores((112.0, 1000.0), (124.0, 1000.0)),
         "The overdue share rose by 1.2 pp: EUR 124 is past due, 12.4% of open invoices."),
        (scores((136.0, 1000.0), (124.0, 1000.0)),
         "The overdue share fell by 1.2 pp: EUR 124 is past due, 12.4% of open invoices."),
        (scores((124.0, 1000.0), (124.0, 1000.0)),
         "The overdue share did not move: EUR 124 is past due, 12.4% of open invoices."),
        (scores((124.0, 1000.0)), "EUR 124 is past due, 12.4% of open invoices."),
        (scores((0.0, 0.0), (124.0, 1000.0)), "EUR 124 is past due, 12.4% of open invoices."),
        (scores((124.0, 1000.0), (0.0, 1000.0)), "The overdue share fell by 12.4 pp: nothing is past due."),
        (scores((0.0, 1000.0)), "Nothing is past due."),
        (scores((124.0, 1000.0), (0.0, 0.0)), "Nothing is owed, so nothing is past due."),
        (scores((0.0, 1000.0), no_due_date=1000.0), "No open invoice has a due date, so none can be called past due."),
        (scores((100.0, 1000.0), (200.0, 1000.0), no_due_date=300.0),
         "The overdue share rose by 10.0 pp: EUR 200 is past due, 20.0% of open invoices; EUR 300 has no due date."),
    ],
)  # fmt: skip
def test_what_is_past_due(table, said):
    assert spaced(ageing.ageing_sentence(table, currency="EUR")) == said


@pytest.mark.parametrize(
    ("countback", "exhausted", "best", "late_days", "said"),
    [
        (45.21, False, 32.0, 12.04,
         "By count-back, 45.2 days of sales are outstanding; by recent sales, 32.0 days are not due yet and 12.0 days "
         "are overdue."),
        (61.0, True, 32.0, 12.0,
         "By count-back, at least 61.0 days of sales are outstanding; by recent sales, 32.0 days are not due yet and "
         "12.0 days are overdue."),
        (61.0, True, NAN, NAN, "By count-back, at least 61.0 days of sales are outstanding."),
        (0.0, False, 0.0, 0.0,
         "By count-back, 0 days of sales are outstanding; by recent sales, 0 days are not due yet and 0 days are "
         "overdue."),
        (NAN, False, 10.0, 5.0, "DSO is not defined: customers' credits exceed open invoices."),
    ],
)  # fmt: skip
def test_days_of_sales(countback, exhausted, best, late_days, said):
    table = pd.DataFrame(
        {
            "dso_countback": [countback],
            "dso_countback_exhausted": [exhausted],
            "best_possible_dso": [best],
            "average_days_delinquent": [late_days],
        }
    )
    assert spaced(receivables.days_sentence(table)) == said
    assert receivables.days_sentence(table, open_items_only=True) == (
        "Days of sales and collection cannot be measured: the books hold open items only, so they say nothing about "
        "the past."
    )


@pytest.mark.parametrize("edges", [("1-30", "31-60", "over 60"), ("1-15", "over 15")])
def test_how_debt_ages_whatever_the_buckets(edges):
    buckets = ["not due", *edges]
    rows = pd.DataFrame(0.0, index=buckets, columns=["amount", *buckets, "paid", "credited", "written_off"])
    rows.loc["not due", ["amount", "not due", edges[0], edges[1], "paid", "credited"]] = [
        9.0,
        0.3,
        0.06,
        0.011,
        0.6,
        0.029,
    ]
    assert spaced(ageing.rolls_sentence(rows)) == (
        "Of what is not due at a month end, 7.10% is past due a month later and 60.0% has been paid."
    )
    rows.loc["not due"] = [0.0] + [NAN] * (len(buckets) + 3)
    assert ageing.rolls_sentence(rows) == "There is not enough history to say how debt ages."


def owing(*amounts_owed: float, overdue: float = 0.0) -> pd.DataFrame:
    frame = pd.DataFrame({"open_balance": sorted(amounts_owed, reverse=True)})
    return frame.assign(name="X", overdue=[overdue] + [0.0] * (len(frame) - 1) if len(frame) else 0.0, share=0.1)


@pytest.mark.parametrize(
    ("owed", "overdue", "said"),
    [
        ([], 0.0, "Nobody owes anything."),
        ([-5.0], 0.0, "Nobody owes anything."),
        ([100.0], 100.0, "1 customer owes the whole book."),
        ([100.0, 50.0, -10.0], 0.0, "2 customers owe the whole book."),
        ([100.0] * 20, 30.0, "The 10 largest of 20 debtors owe 50.0% of the book, EUR 30.00 of it past due; the book "
         "is as concentrated as one of 20.0 equal debtors."),
        ([100.0] * 20, 0.0, "The 10 largest of 20 debtors owe 50.0% of the book, none of it past due; the book is as "
         "concentrated as one of 20.0 equal debtors."),
    ],
)  # fmt: skip
def test_who_owes(owed, overdue, said):
    frame = owing(*owed, overdue=overdue)
    assert spaced(debtors.debtors_sentence(concentration(owed), frame, currency="EUR")) == said


# --- page 4: time to payment


def curve(days: list[float], paid: list[bool] | None = None, *, label: str = "x"):
    return payment_curve(count_table(days, paid or [True] * len(days)), label=label)


def times(whole, before=None, segments=(), *, dimension: str | None = None, p: float | None = None) -> PaymentTimes:
    differ = None
    if segments:
        two = pd.DataFrame({"group": ["a", "b"], "day": [1, 2], "events": [1, 1], "censored": [0, 0]})
        differ = dataclasses.replace(log_rank(two, by="group"), p_value=p)
    return PaymentTimes(
        dimension=dimension,
        whole=whole,
        whole_before=before,
        segments=tuple(segments),
        segments_before=(),
        differ=differ,
        paid_differ=None,
        against_rest=against_the_rest(pd.DataFrame({"group": []}), by="group", groups=[]),
        medians=pd.Series(dtype=float),
    )


QUICK, SLOW = [20.0] * 60 + [50.0] * 40, [30.0] * 60 + [50.0] * 40
YEAR = "Of the invoices of the last twelve months, "


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (times(curve(QUICK)), YEAR + "half are settled by day 20 and nine in ten by day 50."),
        (times(curve(QUICK), curve(QUICK)),
         YEAR + "half are settled by day 20 and nine in ten by day 50; no clear change from the year before."),
        (times(curve(SLOW), curve(QUICK)),
         "Customers pay 10 days later than a year before: half are settled by day 30 and nine in ten by day 50."),
        (times(curve(QUICK), curve([21.0] * 60 + [50.0] * 40)),
         "Customers pay 1 day sooner than a year before: half are settled by day 20 and nine in ten by day 50."),
        # three invoices of wide intervals
        (times(curve([10.0, 20.0, 30.0]), curve([15.0, 25.0, 35.0])),
         YEAR + "half are settled by day 20 and nine in ten by day 30; no clear change from the year before."),
        (times(curve([0.0] * 12)), YEAR + "nine in ten are settled by day 0."),
        (times(curve([30.0] * 12, [False] * 12)), YEAR + "fewer than half have been settled so far."),
        (times(curve([30.0] * 12, [False] * 12), curve(QUICK)), YEAR + "fewer than half have been settled so far."),
        (times(curve([30.0] * 7 + [40.0] * 5, [True] * 7 + [False] * 5)), YEAR + "half are settled by day 30."),
        # exactly nine in ten from day 40 to day 51: the quantile is the middle of the stretch, by day 46 they are
        (times(curve([20.0] * 6 + [40.0] * 3 + [51.0])),
         YEAR + "half are settled by day 20 and nine in ten by day 46."),
        (times(curve([])), "No invoice was issued in the last twelve months."),
        (times(curve([]), curve(QUICK)), "No invoice was issued in the last twelve months."),
    ],
)  # fmt: skip
def test_when_customers_pay(found, said):
    assert spaced(payment_words.median_sentence(found)) == said


A, B = curve([10.0] * 30, label="large"), curve([25.0] * 30, label="small")
OPEN = curve([60.0] * 30, [False] * 30, label="public")


@pytest.mark.parametrize(
    ("segments", "p", "said"),
    [
        ((A, B), 0.00001, "By segment, half are settled soonest in large (day 10) and last in small (day 25); the "
         "curves differ more than chance would (log-rank, p below 0.001)."),
        ((B, A), 0.3117, "By segment, half are settled soonest in large (day 10) and last in small (day 25); the "
         "curves differ by no more than chance may (log-rank, p = 0.312)."),
        ((A, B), 0.0496, "By segment, half are settled soonest in large (day 10) and last in small (day 25); the "
         "curves differ more than chance would (log-rank, p = 0.0496)."),
        ((A, B), NAN, "By segment, half are settled soonest in large (day 10) and last in small (day 25)."),
        ((A, B, OPEN), 0.01, "By segment, half are settled soonest in large (day 10); in public, fewer than half have "
         "been settled so far; the curves differ more than chance would (log-rank, p = 0.0100)."),
        ((OPEN, OPEN), NAN, "By segment, fewer than half of the invoices of each have been settled so far."),
        ((A, A), 0.9, "By segment, half are settled by day 10 in each; the curves differ by no more than chance may "
         "(log-rank, p = 0.900)."),
        ((A, curve([25.0] * 30, label="all others")), 0.2, "By segment, half are settled soonest in large (day 10) "
         "and last in the other groups (day 25); the curves differ by no more than chance may (log-rank, p = 0.200)."),
        ((), None, "The books do not tell enough customers apart to compare segments."),
    ],
)  # fmt: skip
def test_segments(segments, p, said):
    found = times(curve(QUICK), segments=segments, dimension="segment", p=p)
    assert spaced(payment_words.segments_sentence(found)) == said


def test_one_segment_is_no_comparison():
    alone = dataclasses.replace(times(curve(QUICK), segments=(A,), dimension="segment", p=0.5), differ=None)
    assert payment_words.segments_sentence(alone).startswith("The books do not tell enough customers apart")


HALF_OPEN = curve([20.0] * 50 + [130.0] * 50, [True] * 50 + [False] * 50)  # mean within 120 days: (20 + 120) / 2 = 70


@pytest.mark.parametrize(
    ("paid_only", "whole", "said"),
    [
        (20.0, HALF_OPEN, "Paid invoices alone would say 20.0 days; with the open ones counted it is 70.0 days (within "
         "120 days), so the usual figure is 50.0 days too short."),
        (32.0, curve(QUICK), "Counting open invoices changes little: 32.0 days on average within 120 days."),
        (25.0, curve([25.0] * 20), "Counting open invoices changes little: 25.0 days on average within 120 days."),
        (90.0, HALF_OPEN, "Paid invoices alone say no less than the truth: 90.0 days, against 70.0 days of all "
         "invoices within 120 days."),
        (NAN, HALF_OPEN, "There is too little history to compare paid invoices with all."),
        (20.0, curve([20.0, 60.0], [True, False]), "There is too little history to compare paid invoices with all."),
        (NAN, curve([]), "There is too little history to compare paid invoices with all."),
    ],
)  # fmt: skip
def test_what_paid_invoices_alone_would_hide(paid_only, whole, said):
    assert spaced(payment_words.hidden_sentence(paid_only, whole, horizon=120)) == said


@given(st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=40), st.floats(0, 200) | st.just(NAN))
def test_any_curve_is_well_said(lives, paid_only):
    whole = curve([float(d) for d, _ in lives], [p for _, p in lives])
    well_said(payment_words.median_sentence(times(whole, curve(QUICK))))
    well_said(payment_words.hidden_sentence(paid_only, whole, horizon=120))


@given(st.lists(st.tuples(st.floats(0, 1e7), st.floats(0, 1e7)), min_size=1, max_size=3))
def test_any_ageing_is_well_said(pairs):
    well_said(ageing.ageing_sentence(scores(*[(late, late + rest) for late, rest in pairs]), currency="CHF"))


# --- comparisons


@pytest.mark.parametrize(
    ("length", "month", "year"), [(1, None, None), (2, 0.0, None), (12, 10.0, None), (13, 11.0, 0.0), (20, 18.0, 7.0)]
)
def test_a_series_is_compared_as_far_as_it_reaches(length, month, year):
    found = ledger.compared(pd.Series(range(length), dtype=float))
    assert (found["last_month"], found["last_year"]) == (month, year)
    assert found["history"] == [float(value) for value in range(length)][-13:]


def _paid(*, invoices: int, amount: float, amount_days: float, amount_dated: float, amount_days_late: float):
    row = {"invoices": invoices, "amount": amount, "amount_days": amount_days}
    return pd.DataFrame([row | {"amount_dated": amount_dated, "amount_days_late": amount_days_late}])


@pytest.mark.parametrize(
    ("paid", "said"),
    [
        # 1000 for 15 days, 3000 for 30, 2000 for 45: 195,000 / 6,000 = 32.5 days; all due after 30 days, so
        # (-15 * 1000 + 0 * 3000 + 15 * 2000) / 6000 = 2.5 days late
        (
            {"invoices": 3, "amount": 6e3, "amount_days": 195e3, "amount_dated": 6e3, "amount_days_late": 15e3},
            "Weighted by amount, invoices paid in the last twelve months took 32.5 days and came on average 2.5 days "
            "after their due date.",
        ),
        (
            {"invoices": 1, "amount": 100.0, "amount_days": 1e3, "amount_dated": 100.0, "amount_days_late": -400.0},
            "Weighted by amount, invoices paid in the last twelve months took 10 days and came on average 4 days "
            "before their due date.",
        ),
        (
            {"invoices": 1, "amount": 100.0, "amount_days": 1e3, "amount_dated": 0.0, "amount_days_late": 0.0},
            "Weighted by amount, invoices paid in the last twelve months took 10 days.",
        ),
        (
            {"invoices": 0, "amount": 0.0, "amount_days": 0.0, "amount_dated": 0.0, "amount_days_late": 0.0},
            "Nothing was paid in the last twelve months.",
        ),
    ],
)
def test_days_of_paid_invoices_in_words(paid, said):
    assert spaced(payment_words.paid_sentence(_paid(**paid))).replace(".0 days", " days") == said


def test_bookings_of_unknown_invoices_are_named_beside_the_balance():
    facts = pd.DataFrame([{"table": "entries", "rule": "unknown_invoice", "rows": 2, "amount": 150.5}])
    control = pd.DataFrame([{"table": "entries", "currency": "EUR"}])
    said = checks.kept_cash_sentence(SimpleNamespace(facts=facts, control=control))
    assert spaced(said) == ("Not in the balance: 2 bookings (EUR 151) that name an invoice which is not in the books.")
    assert checks.kept_cash_sentence(SimpleNamespace(facts=facts[:0], control=control)) == ""
