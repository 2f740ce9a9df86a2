"""Decisions wanted: what the findings of a month ask for, of whom, by when, and in which order."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from analysis.reporting.gathering import Collected
from analysis.reporting.sections.decisions import COLUMNS, MOST, decisions, due_on

AS_OF = date(2026, 10, 31)  # a Saturday


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def late(name: str, amount: float) -> list[Any]:
    return ["K1", name, amount * 2, amount]


def collected(**parts: Any) -> Collected:
    """Findings with the tables and numbers named; a number is a value, or a dictionary of what is known of it."""
    columns = {
        "top_overdue": ["number", "name", "open", "overdue"],
        "watch_all": ["name", "status", "since", "open"],
        "cash_doubt": ["debt", "invoices", "open balance"],
        "reconciliation": ["entity", "difference"],
        "record_light": ["condition", "met"],
    }
    plain = {"value": None, "last_month": None, "inputs": {}}
    numbers = {
        id: {**plain, **(part if isinstance(part, dict) else {"value": part})}
        for id, part in parts.items()
        if id not in columns
    }
    tables = {id: {"columns": columns[id], "rows": part} for id, part in parts.items() if id in columns}
    empty: dict[str, Any] = {part: {} for part in ("sentences", "figures", "unavailable", "invariants")}
    return Collected(run_id="r", notebooks=(), numbers=numbers, tables=tables, **empty)


def told(found: Collected, *, currency: str = "EUR", naming: bool = True) -> list[dict[str, Any]]:
    frame = decisions(found, currency=currency, as_of=AS_OF, naming=naming)
    assert tuple(frame.columns) == COLUMNS
    rows: list[dict[str, Any]] = frame.to_dict("records")
    return [{name: spaced(cell) if isinstance(cell, str) else cell for name, cell in row.items()} for row in rows]


EVERYTHING = {
    "top_overdue": [late("Adler Ltd", 1000.0), late("Brook\u202e & Co", 500.0), late("C" * 60, 250.0), late("D", 1e6)],
    "overdue": 7000.0,
    "over_90_share": {"value": 0.05, "inputs": {"over_90": 1234.5}},
    "limit_excess": {"value": 900.0, "last_month": 1000.0},
    "over_limit": 2.0,
    "watch_all": [["A", "in", "2026-10-31", 800.0], ["B", "stayed", "", 9e6], ["C", "in", "2026-10-31", 50.0]],
    "watch_listed": 3.0,
    "cash_doubt": [["forecastable", 9, 9e6], ["in dispute", 1, 700.0]],
    "expected_loss": {"value": 5000.0, "last_month": 5600.0},
    "unapplied": 99.0,
    "quarantined_rows": 2,
    "reconciliation": [["N", -3.0], ["U", 4.0]],
    "record_light": [["a", "yes"], ["b", "no"], ["c", "not judged"]],
}
# wanted, why, amount, owner, due: five, ten and fifteen working days from Friday 30 October
ALL_SAID = [
    (
        f"Call Adler Ltd, Brook & Co and {'C' * 39}…",
        "25.0% of all that is past due",
        1750.0,
        "Credit manager",
        "2026-11-06",
    ),
    ("Collect, provide for or write off what is over 90 days late", "5.00% of all open", 1234.5, "Finance director",
     "2026-11-06"),
    ("Decide on 2 customers above their limits", "down EUR 100", 900.0, "Credit manager", "2026-11-13"),
    ("Review 2 customers new on the watch list", "3 are on it", 850.0, "Credit manager", "2026-11-13"),
    ("Settle 1 disputed invoice", "no habit tells when they will be paid", 700.0, "Head of sales", "2026-11-20"),
    ("Lower the allowance to EUR 5.00 k", "EUR 5.60 k a month ago", 600.0, "Finance director", "2026-11-06"),
    ("Match cash and credits that name no invoice", "until then invoices look unpaid that are not", 99.0,
     "Accounts receivable", "2026-11-06"),
]  # fmt: skip


def test_the_most_money_comes_first_and_seven_are_enough() -> None:
    found = told(collected(**EVERYTHING))
    assert [(row["wanted"], row["why"], row["amount"], row["owner"], row["due"]) for row in found] == ALL_SAID
    assert len(found) == MOST == 7
    rests = ["top_overdue", "over_90_share", "limit_excess", "watch_all", "cash_doubt", "expected_loss", "unapplied"]
    assert [row["rests_on"] for row in found] == rests


def test_what_has_no_amount_comes_last() -> None:
    few = {id: EVERYTHING[id] for id in ("quarantined_rows", "record_light", "reconciliation", "unapplied")}
    found = told(collected(**few))
    assert [(row["wanted"], row["amount"]) for row in found] == [
        ("Match cash and credits that name no invoice", 99.0),
        ("Clear the difference between the ledger and the control account", 7.0),
        ("Accept the payment forecasts with reserve", None),
        ("Mend 2 rows kept out of the figures", None),
    ]
    assert found[2]["why"] == "1 of 2 checks missed"


def test_customers_are_counted_where_they_are_not_named() -> None:
    assert told(collected(**EVERYTHING), naming=False)[0]["wanted"] == "Call the 3 most overdue customers"
    one = collected(top_overdue=[late("Adler Ltd", 1000.0)])
    assert told(one, naming=False)[0]["wanted"] == "Call the most overdue customer"
    (only,) = told(one)
    assert (only["wanted"], only["why"]) == ("Call Adler Ltd", "the largest amounts past due")


@pytest.mark.parametrize(
    ("number", "wanted", "why", "amount"),
    [
        ({"value": 500.0, "last_month": 400.0}, "Raise the allowance to EUR 500", "EUR 400 a month ago", 100.0),
        ({"value": 400.0, "last_month": 500.0}, "Lower the allowance to EUR 400", "EUR 500 a month ago", 100.0),
        ({"value": 400.0, "last_month": None}, "Set the allowance at EUR 400", "expected credit loss", 400.0),
    ],
)
def test_the_allowance_follows_the_sign_of_its_change(number: Any, wanted: str, why: str, amount: float) -> None:
    (row,) = told(collected(expected_loss=number))
    assert (row["wanted"], row["why"], row["amount"]) == (wanted, why, amount)


@pytest.mark.parametrize(("ratio", "asked"), [(1.3, True), (0.8, True), (1.04, False)])
def test_forecasts_that_missed_are_not_to_be_relied_on(ratio: float, asked: bool) -> None:
    number = {"value": ratio, "inputs": {"low": 0.95, "high": 1.05}}
    found = told(collected(waited_over_expected=number))
    assert bool(found) == asked
    if asked:
        assert found[0]["wanted"] == "Keep to the plain rules for cash until the forecasts hold again"
        assert found[0]["why"] == f"invoices waited {ratio:.2f} times as long as forecast"


NOTHING: list[dict[str, Any]] = [
    {},
    {"top_overdue": [], "watch_all": [], "cash_doubt": [], "reconciliation": [], "record_light": []},
    {"over_90_share": {"inputs": {"over_90": 0.0}}, "unapplied": 0.0, "quarantined_rows": 0, "limit_excess": 0.0},
    {"expected_loss": {"value": 5.0, "last_month": 5.0}, "reconciliation": [["N", 0.0]], "overdue": None},
    {"record_light": [["a", "yes"]], "watch_all": [["A", "out", "2026-09-30", 4.0]]},
]


@pytest.mark.parametrize("parts", NOTHING)
def test_where_nothing_is_wrong_no_decision_is_wanted(parts: dict[str, Any]) -> None:
    assert told(collected(**parts)) == []


@pytest.mark.parametrize(
    ("as_of", "days", "due"),
    [
        (date(2026, 10, 30), 5, date(2026, 11, 6)),
        (date(2026, 10, 31), 5, date(2026, 11, 6)),
        (date(2026, 11, 1), 5, date(2026, 11, 6)),
        (date(2026, 11, 2), 5, date(2026, 11, 9)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),
    ],
)
def test_days_are_working_days(as_of: date, days: int, due: date) -> None:
    assert due_on(as_of, working_days=days) == due
