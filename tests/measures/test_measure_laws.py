"""Measures against the slow rewrite, and laws that hold for any ledger."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from drawn_books import dates, ledgers
from hypothesis import given, settings
from slow_books import SlowBooks
from small_books import Ledger

from analysis.ledger.company import Policy
from analysis.ledger.dimensions import DIMENSIONS
from analysis.ledger.snapshot import Snapshot
from analysis.measures.ageing import ageing
from analysis.measures.exposure import exposures
from analysis.measures.months import FLOWS, STOCKS, LedgerMonths, ageing_series, ledger_months, month_table
from analysis.measures.pattern import payment_pattern, roll_rates
from analysis.measures.roll_forward import LINES, exact_roll_forward, roll_forward
from analysis.measures.scorecard import scorecard
from analysis.measures.settlement import payment_days, settlement_counts

CENT = 0.005


@settings(max_examples=10)
@given(ledgers(), dates())
def test_what_is_owed_equals_the_slow_rewrite_and_adds_up(ledger: Ledger, when: tuple[date, date]) -> None:
    on, known_by = when
    snapshot, slow = ledger.as_of(on, known_by=known_by), SlowBooks(ledger, on, known_by)
    months = ledger_months(snapshot)
    table = month_table(months)
    check_month_table(table, slow)
    check_roll_forward(months, table, slow)
    check_sums(snapshot, months, table)
    check_shares(snapshot, months, slow)


def rate(currency: str, today: date) -> float:
    """The rates of drawn_books: 0.90, from 15 March on 0.95."""
    return 1.0 if currency == "EUR" else 0.90 if today < date(2024, 3, 15) else 0.95


def check_month_table(table: pd.DataFrame, slow: SlowBooks) -> None:
    for today in slow.month_ends():
        row, owed, ages = table.loc[pd.Timestamp(today)], defaultdict(float), defaultdict(float)
        for number, balance in slow.balances.get(today, {}).items():
            value = float(balance) * rate(slow.bills[number].row["currency"], today)
            owed["credit_balances" if balance < 0 else "open_balance"] += abs(value)
            if balance > 0:
                bucket = slow.bucket(number, today)
                ages[bucket] += value
                due = slow.bills[number].row["due_on"]
                owed["over_90"] += value if due and (today - due).days > 90 else 0
        for entry, amount in slow.on_account.get(today, {}).items():
            owed["unapplied"] += float(amount) * rate(slow.entries[entry]["currency"], today)
        owed["not_due"], owed["no_due_date"] = ages["not due"], ages["no due date"]
        owed["overdue"] = owed["open_balance"] - owed["not_due"] - owed["no_due_date"]
        owed["receivables"] = owed["open_balance"] - owed["credit_balances"] - owed["unapplied"]
        for column, value in owed.items():
            assert row[column] == pytest.approx(value, abs=1e-6), (today, column)


def check_roll_forward(months: LedgerMonths, table: pd.DataFrame, slow: SlowBooks) -> None:
    # opening plus movements is closing, exactly per currency and for each part of the ledger
    for by in ((), ("entity",), ("channel",), ("segment", "disputed")):
        exact = exact_roll_forward(months if not by else ledger_months(months.snapshot, by=by))
        assert all(difference == Decimal(0) for difference in exact["difference"]), by
    closing: dict[str, Decimal] = defaultdict(Decimal)
    for number, balance in slow.balances.get(slow.on, {}).items():
        closing[slow.bills[number].row["currency"]] += balance
    for entry, amount in slow.on_account.get(slow.on, {}).items():
        closing[slow.entries[entry]["currency"]] -= amount
    whole = exact_roll_forward(months)
    found = dict(zip(whole["currency"], whole["closing"], strict=True))
    assert {c: b for c, b in found.items() if b} == {c: b for c, b in closing.items() if b}
    # and month after month in company currency, with the revaluation as a line of its own
    rolled = roll_forward(months, last=24)
    moved = rolled[["opening", *[line for line, _ in LINES], "fx"]].sum(axis=1)
    np.testing.assert_allclose(moved, rolled["closing"], atol=1e-6)
    np.testing.assert_allclose(rolled["opening"].iloc[1:], rolled["closing"].iloc[:-1], atol=1e-9)
    np.testing.assert_allclose(rolled["closing"], table["receivables"].reindex(rolled.index), atol=1e-6)


def check_sums(snapshot: Snapshot, months: LedgerMonths, table: pd.DataFrame) -> None:
    """Buckets, customers and segments each add up to the open balance, which each invoice is in once."""
    last = table.iloc[-1]
    for clock in ("due", "issue"):
        row = ageing(snapshot, clock=clock).loc["total"]
        buckets = row.drop(["total", "overdue", "invoices"])
        assert buckets.sum() == pytest.approx(last["open_balance"], abs=CENT)
        series = ageing_series(months, clock=clock, last=None)
        np.testing.assert_allclose(series.iloc[-1], buckets, atol=1e-9)
        np.testing.assert_allclose(series.sum(axis=1), table["open_balance"], atol=CENT)
    items = snapshot.items.execute()
    n_open = int((items["open_balance"] > 0).sum())
    for dimension in (*DIMENSIONS, "customer_id"):
        by = ageing(snapshot, by=dimension)
        assert (by["total"].sum(), by["invoices"].sum()) == (pytest.approx(last["open_balance"], abs=CENT), n_open)
        assert by["overdue"].sum() == pytest.approx(last["overdue"], abs=CENT)
    for dimension in ("customer_id", "parent_id", "currency"):
        who = exposures(snapshot, by=dimension)
        for column in ("open_balance", "overdue", "credit_balances", "unapplied"):
            assert who[column].sum() == pytest.approx(last[column], abs=CENT), (dimension, column)
    grouped = month_table(ledger_months(snapshot, by=["customer_id"])).groupby(level="month_end").sum()
    for column in grouped.columns.drop("days"):
        np.testing.assert_allclose(grouped[column], table[column].reindex(grouped.index), atol=1e-6)
    counts = settlement_counts(snapshot)
    assert counts["events"].sum() + counts["censored"].sum() == len(items)
    assert counts["censored"].sum() == (items["outcome"] == "open").sum()
    assert (counts[["paid", "credited", "written_off"]].sum(axis=1) == counts["events"]).all()


def check_shares(snapshot: Snapshot, months: LedgerMonths, slow: SlowBooks) -> None:
    rolls = roll_rates(snapshot)
    stood = rolls[rolls["amount"] > 0].drop(columns="amount")
    np.testing.assert_allclose(stood.sum(axis=1), 1.0, atol=1e-9)
    assert ((stood >= -1e-9) & (stood <= 1 + 1e-9)).all(axis=None)
    # neither overpaid nor raised above the invoice by a reversal of what was never paid
    if all(0 <= balance <= bill.row["amount"] for bill in slow.bills.values() for balance in bill.after.values()):
        pattern = payment_pattern(months).to_numpy()
        known = pattern[~np.isnan(pattern)]
        assert ((known >= 0) & (known <= 1 + 1e-9)).all()


def said(snapshot: Snapshot) -> dict[str, pd.DataFrame]:
    """All measures of a snapshot; customers and invoices are in none of them by number but in ``who``."""
    months = ledger_months(snapshot)
    return {
        "scores": scorecard(months),
        "ageing": ageing(snapshot),
        "segments": ageing(snapshot, by="segment"),
        "pattern": payment_pattern(months),
        "rolls": roll_rates(snapshot),
        "days": payment_days(snapshot),
        "counts": settlement_counts(snapshot, by="country").set_index(["group", "day"]),
        "who": exposures(snapshot).drop(columns="name"),
    }


MONEY = {
    *STOCKS,
    *FLOWS,
    *("credit_sales", "credit_sales_rolling", "credit_sales_12", "opening", "mean_balance_12"),
    *("write_offs_net", "write_offs_net_12", "amount", "amount_days", "amount_dated", "amount_days_late"),
    *("total", "not due", "1-30", "31-60", "61-90", "91-120", "over 120", "no due date"),
}
NUMBERS = {"invoices", "events", "censored", "paid", "credited", "written_off"}
SHARES = {"pattern": MONEY | NUMBERS, "rolls": (MONEY | NUMBERS) - {"amount"}}


def check_scaled(found: dict[str, pd.DataFrame], base: dict[str, pd.DataFrame], *, money: float, number: float) -> None:
    """Money is ``money`` times as much and numbers ``number`` times, and all else is as it was."""
    for name, frame in base.items():
        assert found[name].shape == frame.shape, name
        for column in frame.columns:
            unscaled = column in SHARES.get(name, ()) or name == "pattern"
            factor = 1.0 if unscaled else number if column in NUMBERS else money if column in MONEY else 1.0
            np.testing.assert_allclose(
                found[name][column].to_numpy(dtype=float),
                frame[column].to_numpy(dtype=float) * factor,
                rtol=1e-9,
                atol=1e-6,
                err_msg=f"{name}.{column}",
            )


@settings(max_examples=4)
@given(ledgers(), dates())
def test_a_ledger_twice_is_twice_the_money_and_no_other_share(ledger: Ledger, when: tuple[date, date]) -> None:
    twice = ledger.copy()
    for name in ("customers", "invoices", "entries"):
        for row in ledger.tables[name]:
            other = {c: f"{v}'" if c.endswith("_id") else v for c, v in row.items()}
            twice.tables[name].append(other)
    base, found = (said(books.as_of(when[0], known_by=when[1])) for books in (ledger, twice))
    # each customer owes what it owed, of twice as much
    who = found.pop("who")
    half = base.pop("who")
    assert sorted(who["open_balance"]) == pytest.approx(sorted([*half["open_balance"]] * 2))
    np.testing.assert_allclose(sorted(who["share"] * 2), sorted([*half["share"]] * 2))
    check_scaled(found, base, money=2.0, number=2.0)


@settings(max_examples=4)
@given(ledgers(nameless=False), dates())
def test_twice_the_invoices_of_the_same_customers(ledger: Ledger, when: tuple[date, date]) -> None:
    """Without cash that looks for its invoice, doubling within a customer changes no customer's share either."""
    twice = ledger.copy()
    for name in ("invoices", "entries"):
        for row in ledger.tables[name]:
            numbered = {c: f"{v}'" for c, v in row.items() if c in ("invoice_id", "entry_id")}
            twice.tables[name].append(row | numbered)
    base, found = (said(books.as_of(when[0], known_by=when[1])) for books in (ledger, twice))
    who, half = found.pop("who"), base.pop("who")
    assert who.index.tolist() == half.index.tolist()
    np.testing.assert_allclose(who["share"], half["share"])
    np.testing.assert_allclose(who["oldest_days"], half["oldest_days"])
    check_scaled(found, base, money=2.0, number=2.0)


@settings(max_examples=4)
@given(ledgers(), dates())
def test_ten_times_the_amounts_under_other_names(ledger: Ledger, when: tuple[date, date]) -> None:
    policy = ledger.policy.model_dump() | {"settled_tolerance": ledger.policy.settled_tolerance * 10}
    larger = Ledger(policy=Policy(**policy), rates=ledger.rates, tables=ledger.copy().tables)
    names = {f"K{n}": f"new {9 - n}" for n in range(5)}
    for rows in larger.tables.values():
        for row in rows:
            row.update({c: names[row[c]] for c in ("customer_id", "parent_id") if c in row})
            row.update({"amount": row["amount"] * 10} if "amount" in row else {})
    base, found = (said(books.as_of(when[0], known_by=when[1])) for books in (ledger, larger))
    who, tenth = found.pop("who"), base.pop("who").rename(index=names)
    np.testing.assert_allclose(who["open_balance"].reindex(tenth.index), tenth["open_balance"] * 10, atol=1e-6)
    np.testing.assert_allclose(who["share"].reindex(tenth.index), tenth["share"])
    check_scaled(found, base, money=10.0, number=1.0)


def test_one_more_invoice_moves_what_it_should_and_nothing_else() -> None:
    ledger = Ledger().invoice("A", "K", "2024-01-10", "2024-02-09", "100", entity="N")
    ledger.invoice("B", "L", "2024-02-10", "2024-03-11", "50", entity="S").entry("payment", "50", "2024-03-01", "B")
    more = ledger.copy().invoice("C", "L", "2024-02-20", "2024-03-21", "7", entity="S")
    before, after = (month_table(ledger_months(books.as_of("2024-03-31"))) for books in (ledger, more))
    moved = (after - before).loc[:, lambda t: (t != 0).any()]
    assert moved.to_dict("list") == {
        "receivables": [0, 7, 7],
        "open_balance": [0, 7, 7],
        "not_due": [0, 7, 0],
        "overdue": [0, 0, 7],
        "invoiced": [0, 7, 0],
        "credit_sales": [0, 7, 0],
    }
