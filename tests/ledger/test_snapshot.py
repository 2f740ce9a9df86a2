"""What was known on a date, on ledgers small enough to be worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from small_books import Ledger, day, items_of
from worked_books import AS_OF, empty_snapshot, worked, worked_snapshot

from analysis.faults import DataFault
from analysis.ledger.company import Policy, Rate
from analysis.ledger.dimensions import DIMENSIONS, NOT_STATED
from analysis.ledger.snapshot import Snapshot, load_snapshot
from analysis.measures.months import ledger_months, month_table

D = Decimal


def one(snapshot: Snapshot, number: str, *names: str) -> tuple[object, ...]:
    item = items_of(snapshot)[number]
    return tuple(item[name] for name in names)


def on_account(snapshot: Snapshot) -> list[tuple[str, Decimal, date, date | None]]:
    rows = snapshot.unapplied.to_pyarrow().to_pylist()
    return sorted((r["entry_id"], r["amount"], r["from_on"], r["until_on"]) for r in rows)


def test_worked_quarter() -> None:
    items = items_of(worked_snapshot())
    found = {
        n: (i["open_balance"], i["outcome"], i["settled_on"], i["days"], i["days_past_due"]) for n, i in items.items()
    }
    assert found == {
        "A1": (D(0), "paid", day("2024-03-05"), 55, 51),
        "A2": (D(500), "open", None, 45, 15),
        "A3": (D(0), "written_off", day("2024-03-20"), 60, 41),
        "A4": (D(0), "paid", day("2024-03-25"), 0, -24),
        "B1": (D(150), "open", None, 60, 30),
        "B2": (D(-30), "paid", day("2024-03-15"), 5, -9),
        "B3": (D(80), "open", None, 55, None),
    }
    sums = {n: (i["cash"], i["credited"], i["written_off"]) for n, i in items.items()}
    assert sums["A3"] == (D(0), D(0), D(300))  # the recovery is cash against what was written off
    assert sums["B1"] == (D(0), D(50), D(0))
    assert sums["B3"] == (D(0), D(0), D(0))  # paid and bounced


def test_worked_quarter_as_it_was_a_month_earlier() -> None:
    snapshot = worked().as_of("2024-02-29")
    assert {n: (i["open_balance"], i["outcome"]) for n, i in items_of(snapshot).items()} == {
        "A1": (D(600), "open"),
        "A2": (D(500), "open"),
        "A3": (D(300), "open"),
        "B1": (D(150), "open"),
        "B3": (D(0), "paid"),
    }
    assert [(e, a) for e, a, _, _ in on_account(snapshot)] == [("e004", D(60)), ("e009", D(70))]
    assert snapshot.excluded == {"invoices_later": 2, "entries_later": 5, "invoices_of_zero": 0}


def test_balance_stretches_of_a_part_paid_and_of_a_bounced_invoice() -> None:
    rows = worked_snapshot().balances.to_pyarrow().to_pylist()
    stretches = sorted((r["invoice_id"], r["from_on"].isoformat(), str(r["until_on"]), r["balance"]) for r in rows)
    assert [s for s in stretches if s[0] in ("A1", "A4", "B2", "B3")] == [
        ("A1", "2024-01-10", "2024-02-20", D(1000)),
        ("A1", "2024-02-20", "2024-03-05", D(600)),
        ("B2", "2024-03-10", "2024-03-15", D(100)),
        ("B2", "2024-03-15", "None", D(-30)),
        ("B3", "2024-02-05", "2024-02-25", D(80)),
        ("B3", "2024-03-04", "None", D(80)),
    ]


def test_reversal_and_repayment_count_from_the_repayment() -> None:
    ledger = Ledger().invoice("A", "K", "2024-01-01", "2024-01-31", "100")
    ledger.entry("payment", "100", "2024-01-20", "A").entry("reversal", "-100", "2024-01-25", "A")
    ledger.entry("payment", "100", "2024-02-10", "A")
    names = ("outcome", "settled_on", "days", "open_balance")
    assert one(ledger.as_of("2024-01-24"), "A", *names) == ("paid", day("2024-01-20"), 19, D(0))
    assert one(ledger.as_of("2024-01-25"), "A", *names) == ("open", None, 24, D(100))
    assert one(ledger.as_of("2024-03-01"), "A", *names) == ("paid", day("2024-02-10"), 40, D(0))
    # returned and paid again on one day: nothing changed that day
    same = Ledger().invoice("A", "K", "2024-01-01", "2024-01-31", "100").entry("payment", "100", "2024-01-20", "A")
    same.entry("reversal", "-100", "2024-01-25", "A").entry("payment", "100", "2024-01-25", "A")
    assert one(same.as_of("2024-03-01"), "A", *names) == ("paid", day("2024-01-20"), 19, D(0))


def test_the_cause_is_the_largest_booking_of_the_day_that_settled_it() -> None:
    ledger = Ledger()
    for number in "ABCDEF":
        ledger.invoice(number, "K", "2024-01-01", "2024-01-31", "100")
    ledger.entry("payment", "90", "2024-01-10", "A").entry("write_off", "10", "2024-02-10", "A")
    ledger.entry("credit_note", "60", "2024-02-10", "B").entry("payment", "40", "2024-02-10", "B")
    ledger.entry("payment", "50", "2024-02-10", "C").entry("write_off", "50", "2024-02-10", "C")  # a tie: cash first
    ledger.entry("credit_note", "130", "2024-02-10", "D")
    ledger.entry("payment", "50", "2024-02-10", "E").entry("credit_note", "50", "2024-02-10", "E")
    ledger.entry("credit_note", "50", "2024-02-10", "F").entry("write_off", "50", "2024-02-10", "F")
    outcomes = ["written_off", "credited", "paid", "credited", "paid", "credited"]
    found = items_of(ledger.as_of("2024-03-01"))
    assert {n: i["outcome"] for n, i in found.items()} == dict(zip("ABCDEF", outcomes, strict=True))
    assert found["D"]["open_balance"] == D(-30)  # a credit note above the invoice is a credit balance


def test_recovery_after_write_off_leaves_the_balance_alone() -> None:
    ledger = Ledger().invoice("A", "K", "2024-01-01", "2024-01-31", "100").entry("write_off", "100", "2024-02-01", "A")
    ledger.entry("recovery", "130", "2024-02-20", "A")
    snapshot = ledger.as_of("2024-03-01")
    assert one(snapshot, "A", "open_balance", "outcome") == (D(0), "written_off")
    assert on_account(snapshot) == []
    (fact,) = snapshot.facts
    assert (fact.rule, fact.rows, fact.amount) == ("recovered_too_much", 1, 130.0)


def test_a_reversal_of_what_was_never_paid_is_told() -> None:
    ledger = Ledger().invoice("A", "K", "2024-01-01", None, "100").entry("payment", "30", "2024-01-05", "A")
    ledger.entry("reversal", "-50", "2024-01-08", "A").invoice("B", "K", "2024-01-01", None, "100")
    ledger.entry("payment", "50", "2024-01-05", "B").entry("reversal", "-50", "2024-01-08", "B")
    snapshot = ledger.as_of(AS_OF)
    assert one(snapshot, "A", "open_balance", "outcome") == (D(120), "open")
    assert [(f.rule, f.rows, f.amount, f.excerpt) for f in snapshot.facts] == [("reversed_too_much", 1, -50.0, "e001")]


def test_two_clocks() -> None:
    ledger = Ledger().invoice("A", "K", "2024-01-01", "2024-01-31", "100", recorded_on="2024-01-05")
    ledger.entry("payment", "100", "2024-01-20", "A", recorded_on="2024-02-03")
    assert items_of(ledger.as_of("2024-01-04")) == {}
    assert items_of(ledger.as_of("2024-01-04", known_by="2024-01-05"))["A"]["days"] == 3
    assert one(ledger.as_of("2024-01-31"), "A", "outcome", "open_balance") == ("open", D(100))
    # as restated later: paid on the day on which it took effect, not on which it was booked
    assert one(ledger.as_of("2024-01-31", known_by="2024-02-03"), "A", "outcome", "settled_on", "days") == (
        "paid",
        day("2024-01-20"),
        19,
    )


def test_tolerance_settles_a_rest_after_bookings_and_nothing_else() -> None:
    ledger = Ledger(policy=Policy(settled_tolerance=D("0.05")))
    for number, amount in (("A", "100"), ("B", "100"), ("C", "0.04")):
        ledger.invoice(number, "K", "2024-01-01", "2024-01-31", amount)
    ledger.entry("payment", "99.95", "2024-01-10", "A").entry("payment", "99.94", "2024-01-10", "B")
    found = items_of(ledger.as_of("2024-03-01"))
    assert (found["A"]["outcome"], found["A"]["open_balance"]) == ("paid", D("0.05"))  # the rest is still owed
    assert (found["B"]["outcome"], found["B"]["open_balance"]) == ("open", D("0.06"))
    assert (found["C"]["outcome"], found["C"]["settled_on"]) == ("open", None)  # small, and never paid


def test_an_invoice_of_zero_is_left_out_and_counted() -> None:
    snapshot = (
        Ledger().invoice("A", "K", "2024-01-01", None, "0").invoice("B", "K", "2024-01-01", None, "5").as_of(AS_OF)
    )
    assert set(items_of(snapshot)) == {"B"}
    assert snapshot.excluded["invoices_of_zero"] == 1


def test_nameless_cash_by_policy() -> None:
    def books(policy: str) -> Ledger:
        ledger = Ledger(policy=Policy(unapplied_cash=policy))
        ledger.invoice("A", "K", "2024-01-01", "2024-01-31", "70").invoice("B", "K", "2024-01-02", "2024-01-31", "50")
        ledger.entry("payment", "50", "2024-01-10", customer_id="K", id="exact")
        ledger.entry("payment", "90", "2024-01-12", customer_id="K", id="oldest")
        return ledger.invoice("C", "K", "2024-01-20", "2024-02-20", "15")

    applied = books("exact_then_oldest").as_of("2024-02-01")
    assert {n: (i["open_balance"], i["settled_on"]) for n, i in items_of(applied).items()} == {
        "A": (D(0), day("2024-01-12")),
        "B": (D(0), day("2024-01-10")),
        "C": (D(0), day("2024-01-20")),
    }
    # 90 - 70 waits 8 days; then 15 go to C and 5 are left over
    assert on_account(applied) == [
        ("oldest", D(5), day("2024-01-12"), None),
        ("oldest", D(15), day("2024-01-12"), day("2024-01-20")),
    ]
    left = books("leave").as_of("2024-02-01")
    assert [i["open_balance"] for _, i in sorted(items_of(left).items())] == [D(70), D(50), D(15)]
    assert sum(a for _, a, _, _ in on_account(left)) == D(140)
    # either way the ledger says the same in all
    for snapshot in (applied, left):
        assert month_table(ledger_months(snapshot))["receivables"].iloc[-1] == 135 - 140


def test_cash_waits_with_its_customer_currency_and_entity() -> None:
    rates = (Rate(currency="USD", on=date(2024, 1, 1), rate=0.9, source="made up"),)
    ledger = Ledger(rates=rates).invoice("A", "K", "2024-01-01", None, "50", entity="N")
    ledger.entry("payment", "50", "2024-01-10", customer_id="L", entity="N")
    ledger.entry("payment", "50", "2024-01-10", customer_id="K", entity="S")
    ledger.entry("payment", "50", "2024-01-10", customer_id="K", entity="N", currency="USD")
    ledger.entry("payment", "50", "2024-01-10", customer_id="K")
    snapshot = ledger.as_of(AS_OF)
    assert one(snapshot, "A", "open_balance") == (D(50),)
    rows = snapshot.unapplied.to_pyarrow().to_pylist()
    assert sorted((r["customer_id"], r["entity"], r["currency"]) for r in rows) == [
        ("K", NOT_STATED, "EUR"),
        ("K", "N", "USD"),
        ("K", "S", "EUR"),
        ("L", "N", "EUR"),
    ]
    assert [(f.rule, f.rows) for f in snapshot.facts] == [("nobodys_cash", 1)]


def test_an_entry_that_does_not_fit_its_invoice_is_told_and_never_mixed() -> None:
    rates = (Rate(currency="USD", on=date(2024, 1, 1), rate=0.9, source="made up"),)
    ledger = Ledger(rates=rates).invoice("A", "K", "2024-01-01", "2024-01-31", "100", entity="N")
    ledger.entry("payment", "100", "2024-01-10", "A", currency="USD")
    ledger.entry("payment", "30", "2024-01-11", "A", entity="S")
    ledger.invoice("Z", "K", "2024-06-01", "2024-06-30", "40", entity="N").entry("payment", "40", "2024-02-01", "Z")
    snapshot = ledger.as_of(AS_OF)
    assert one(snapshot, "A", "open_balance", "outcome") == (D(70), "open")  # a hundred dollars are not a hundred euros
    waiting = {r["currency"]: (r["amount"], r["until_on"]) for r in snapshot.unapplied.to_pyarrow().to_pylist()}
    assert waiting == {"USD": (D(100), None), "EUR": (D(40), None)}
    # cash booked by S on an invoice of N lowers what N is owed
    assert {r["entity"] for r in snapshot.entries.to_pyarrow().to_pylist()} == {"N"}
    assert [(f.rule, f.rows, f.amount) for f in snapshot.facts] == [
        ("other_currency", 1, 100.0),
        ("other_entity", 1, 30.0),
        ("unseen_invoice", 1, 40.0),
    ]


def test_negative_invoice_is_a_credit_on_account() -> None:
    ledger = Ledger().invoice("A", "K", "2024-01-01", None, "100").invoice("C", "K", "2024-01-05", None, "-30")
    snapshot = ledger.as_of(AS_OF)
    assert one(snapshot, "A", "open_balance") == (D(100),)
    assert on_account(snapshot) == [("C:credit", D(30), day("2024-01-05"), None)]


def test_dimensions_are_never_null_and_entries_carry_those_of_their_invoice() -> None:
    snapshot = worked_snapshot()
    for table in (snapshot.items, snapshot.balances, snapshot.entries, snapshot.unapplied):
        frame = table.execute()
        assert not frame[list(DIMENSIONS)].isna().any(axis=None)
    entries = snapshot.entries.execute().set_index("entry_id")
    assert entries.loc["e000", ["channel", "entity", "segment", "parent_id"]].tolist() == ["paper", "N", "large", "G"]
    assert entries.loc["e009", ["channel", "entity", "segment", "parent_id"]].tolist() == [
        NOT_STATED,
        "N",
        NOT_STATED,
        "K4",
    ]
    assert set(snapshot.dimensions()) == {"entity", "currency", "channel", "segment", "parent_id"}
    names = snapshot.customers.execute().set_index("customer_id")["name"].to_dict()
    assert names == {"K1": "Adler Ltd", "K2": "Brook Ltd", "K3": "K3", "K4": "K4", "G": "The Group"}


def test_rates_are_those_up_to_the_date() -> None:
    snapshot = worked().as_of("2024-03-30")
    assert snapshot.rate_on("USD", date(2024, 3, 30)) == 0.95
    assert snapshot.rate_on("USD", date(2024, 2, 28)) == 0.90
    assert snapshot.rate_on("USD", date(2023, 1, 1)) == 0.90  # before the first: the first known
    assert snapshot.rate_on("EUR", date(2023, 1, 1)) == 1.0
    with pytest.raises(DataFault, match="no exchange rate for USD into EUR on or before 2024-01-30"):
        Ledger(rates=worked().rates).invoice("A", "K", "2024-01-30", None, "1", currency="USD").as_of("2024-01-30")


def test_a_snapshot_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    ledger = worked().entry("payment", "1", "2024-03-01", "B1", currency="EUR")
    snapshot = ledger.as_of(AS_OF, known_by="2024-04-05")
    snapshot.save(tmp_path)
    again = load_snapshot(ledger.company, tmp_path)
    for name in ("items", "balances", "entries", "unapplied", "customers"):
        rows = [sorted(map(repr, getattr(s, name).to_pyarrow().to_pylist())) for s in (snapshot, again)]
        assert rows[0] == rows[1]
        assert rows[0]
    for name in ("as_of", "known_by", "excluded", "facts"):
        assert getattr(again, name) == getattr(snapshot, name)
    assert len(again.facts) == 1
    pd.testing.assert_frame_equal(again.rates, snapshot.rates)
    assert again.control["balance"].tolist() == [D("430.000"), D("176.000")]


def test_limits_and_ratings_are_those_that_held_and_had_arrived() -> None:
    ledger = (
        Ledger()
        .invoice("A", "K", "2024-01-01", None, "5")
        .row("limits", customer_id="K", valid_from=day("2024-01-01"), credit_limit=D(900))
        .row("limits", customer_id="K", valid_from=day("2024-04-01"), credit_limit=D(100))
        .row("ratings", customer_id="K", provider="P", rated_on="2024-02-01", score=50.0)
        .row("ratings", customer_id="K", provider="P", rated_on="2024-03-25", recorded_on="2024-04-02", score=10.0)
    )
    seen, later = ledger.as_of(AS_OF), ledger.as_of(AS_OF, known_by="2024-04-02")
    assert [row["credit_limit"] for row in seen.limits.to_pyarrow().to_pylist()] == [D(900)]
    assert [(r["score"], r["recorded_on"]) for r in seen.ratings.to_pyarrow().to_pylist()] == [
        (50.0, day("2024-02-01"))
    ]
    assert sorted(row["score"] for row in later.ratings.to_pyarrow().to_pylist()) == [10.0, 50.0]


def test_empty_books_give_empty_tables() -> None:
    snapshot = empty_snapshot()
    assert items_of(snapshot) == {}
    assert snapshot.dimensions() == ()
    assert snapshot.facts == ()
    assert items_of(Ledger().invoice("A", "K", "2024-05-01", None, "5").as_of(AS_OF)) == {}
