"""The snapshot against a slow rewrite, and laws that hold for any ledger."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from drawn_books import FIRST, dates, ledgers
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_books import SlowBooks
from small_books import Ledger, items_of

from analysis.ledger.snapshot import Snapshot, as_of

ITEM = ["open_balance", "outcome", "settled_on", "days", "days_past_due", "cash", "credited", "written_off"]


@settings(max_examples=20)
@given(ledgers(), dates())
def test_balances_outcomes_and_cash_on_account_equal_the_slow_rewrite(ledger: Ledger, when: tuple[date, date]) -> None:
    on, known_by = when
    snapshot, slow = ledger.as_of(on, known_by=known_by), SlowBooks(ledger, on, known_by)

    found = items_of(snapshot)
    assert set(found) == set(slow.bills)
    for number, item in found.items():
        bill, (outcome, settled_on) = slow.bills[number], slow.outcome(number)
        due = bill.row["due_on"]
        expected = {
            "open_balance": bill.balance,
            "outcome": outcome,
            "settled_on": settled_on,
            "days": ((settled_on or on) - bill.row["issued_on"]).days,
            "days_past_due": None if due is None else (on - due).days,
            **{c: sum((causes[c] for causes in bill.days.values()), Decimal(0)) for c in ITEM[5:]},
        }
        assert {name: item[name] for name in ITEM} == expected, number

    # each day of the history, not only the last: what an invoice's balance was and what stood on account
    balances, waiting = _by_day(snapshot.balances, "balance", "invoice_id"), _by_day(snapshot.unapplied, "amount")
    for today in sorted(slow.balances)[:: max(len(slow.balances) // 15, 1)]:
        assert balances(today) == {n: b for n, b in slow.balances[today].items() if b}, today
        assert waiting(today) == slow.on_account[today], today
    assert waiting(on) == slow.on_account.get(on, {})
    check_parts_add_up(ledger, snapshot)
    check_cash_does_not_wait_beside_debt(ledger, snapshot)


@settings(max_examples=7)
@given(ledgers(), dates(), st.randoms(use_true_random=False))
def test_neither_order_nor_what_is_known_later_changes_anything(
    ledger: Ledger, when: tuple[date, date], random: Any
) -> None:
    on, known_by = when
    as_it_is = everything(ledger.as_of(on, known_by=known_by))

    # order of rows, and all rows known later deleted
    bare = ledger.copy()
    for name, effective in (("invoices", "issued_on"), ("entries", "booked_on")):
        rows = bare.tables[name]
        rows[:] = [row for row in rows if row[effective] <= on and row["recorded_on"] <= known_by]
    for rows in bare.tables.values():
        random.shuffle(rows)
    assert everything(bare.as_of(on, known_by=known_by)) == as_it_is

    # absurd rows booked after the date, recorded after the day of knowledge, or of customers without business
    absurd = ledger.copy()
    late = max(on, known_by) + timedelta(days=1)
    for place, booked, recorded in ((0, late, late), (1, on, late), (2, late, FIRST)):
        customer = f"K{place}"
        absurd.tables["invoices"].append(
            {
                "invoice_id": f"X{place}",
                "customer_id": customer,
                "issued_on": booked,
                "recorded_on": recorded,
                "amount": Decimal("999999999"),
                "currency": "JPY",
            }
        )
        for number, invoice in enumerate([None, "X0", ledger.tables["invoices"][0]["invoice_id"]]):
            absurd.entry("payment", "777777", str(booked), invoice, id=f"x{place}{number}", recorded_on=recorded,
                         customer_id=customer)  # fmt: skip
    absurd.row("fx_rates", currency="USD", on=late, rate=1e6).row("fx_rates", currency="JPY", on=late, rate=1e6)
    absurd.row("customers", customer_id="K77", name="Nobody yet", segment="small", parent_id="K0")
    absurd.row("control", on=late, balance="-1")
    assert everything(absurd.as_of(on, known_by=known_by)) == as_it_is


@settings(max_examples=7)
@given(ledgers(), dates(), st.integers(1, 60))
def test_a_later_date_never_unpays_unless_something_was_taken_back(
    ledger: Ledger, when: tuple[date, date], more: int
) -> None:
    on, later = when[0], when[0] + timedelta(days=more)
    books = ledger.books()
    before, after = (items_of(as_of(books, day, known_by=date(2030, 1, 1))) for day in (on, later))
    assert set(before) <= set(after)
    raised = [e for e in ledger.tables["entries"] if e["amount"] < 0 and on < e["booked_on"] <= later]
    taken_back = {e.get("invoice_id") for e in raised}
    accounts = {e["customer_id"] for e in raised if "invoice_id" not in e}
    for number, item in before.items():
        if number in taken_back or item["customer_id"] in accounts:
            continue
        assert after[number]["open_balance"] <= item["open_balance"], number
        if item["outcome"] != "open":
            assert (after[number]["outcome"], after[number]["settled_on"]) == (item["outcome"], item["settled_on"])


def check_parts_add_up(ledger: Ledger, snapshot: Snapshot) -> None:
    """The parts in which an entry was applied add up to it, and no visible entry is lost."""
    parts: dict[str, Decimal] = defaultdict(Decimal)
    for row in snapshot.entries.to_pyarrow().to_pylist():
        parts[row["entry_id"]] += row["amount"]
    for entry in ledger.tables["entries"]:
        if entry["booked_on"] <= snapshot.as_of and entry["recorded_on"] <= snapshot.known_by:
            assert parts.pop(entry["entry_id"], Decimal(0)) == entry["amount"]
    assert all(number.endswith(":credit") for number in parts)


def check_cash_does_not_wait_beside_debt(ledger: Ledger, snapshot: Snapshot) -> None:
    """No account holds both nameless cash and an open invoice, unless the policy leaves cash alone."""
    nameless = {e["entry_id"]: e for e in ledger.tables["entries"] if "invoice_id" not in e}
    if ledger.policy.unapplied_cash == "leave":
        applied = snapshot.entries.to_pyarrow().to_pylist()
        assert not [e for e in applied if e["entry_id"] in nameless and e["applied_on"]]
        return
    waiting: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in snapshot.unapplied.to_pyarrow().to_pylist():
        # a returned payment and what it left waiting cancel each other
        if row["entry_id"] in nameless and row["kind"] in ("payment", "reversal") and row["until_on"] is None:
            waiting[row["customer_id"], row["currency"], row["entity"]] += row["amount"]
    items = items_of(snapshot).values()
    owing = {(i["customer_id"], i["currency"], i["entity"]) for i in items if i["open_balance"] > 0}
    assert not {account for account, amount in waiting.items() if amount > 0} & owing


def everything(snapshot: Snapshot) -> dict[str, Any]:
    """All that a snapshot says, but how many rows it left out."""
    tables = ("items", "balances", "entries", "unapplied", "customers")
    said: dict[str, Any] = {
        name: sorted(map(repr, getattr(snapshot, name).to_pyarrow().to_pylist())) for name in tables
    }
    said["rates"], said["control"] = snapshot.rates.to_dict("list"), snapshot.control.to_dict("list")
    said["facts"] = snapshot.facts
    return said


def _by_day(stretches: Any, amount: str, key: str = "entry_id") -> Any:
    rows = stretches.to_pyarrow().to_pylist()

    def on(today: date) -> dict[str, Decimal]:
        found: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            if row["from_on"] <= today and (row["until_on"] is None or today < row["until_on"]):
                found[row[key]] += row[amount]
        return {number: total for number, total in found.items() if total}

    return on
