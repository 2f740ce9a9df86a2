"""The books as a whole: what is there, how fresh it is, and that one bad table does not hide another."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from exported import ENTRIES, HEADER, assert_says, books_of, company_of, fact, good, ids, lines

from analysis.faults import DataFault
from analysis.ledger.acceptance import freshness, last_booking, latest_rates
from analysis.ledger.books import examine, open_books
from analysis.ledger.contract import TABLES
from analysis.ledger.facts import Fact, excerpt_of, told


def test_an_absent_table_is_empty_and_not_available(tmp_path: Path) -> None:
    books = books_of(tmp_path, {"invoices.csv": lines(good(1))})
    assert books.available == {"invoices"}
    for name, table in TABLES.items():
        assert set(table.names) <= set(books.tables[name].columns)
        assert books.tables[name].count().execute() == (name == "invoices")


@pytest.mark.parametrize("declared", [True, False])
def test_the_flat_form_gives_entries(tmp_path: Path, declared: bool) -> None:
    # the column is found by its own name as well as by a mapping
    header = HEADER + (",Paid" if declared else ",paid_on")
    rows = lines(good(1) + ",2026-01-20", good(2) + ",", header=header)
    options = {"invoices": 'columns.paid_on = "Paid"'} if declared else {}
    books = books_of(tmp_path, {"invoices.csv": rows}, options=options)
    assert books.available == {"invoices", "entries"}
    entries = books.tables["entries"].execute()
    assert entries[["invoice_id", "amount", "kind", "customer_id"]].to_numpy().tolist() == [
        ["G1", Decimal(100), "payment", "C1"]
    ]


def test_part_of_an_invoice_paid_in_the_flat_form(tmp_path: Path) -> None:
    rows = lines(good(1) + ",2026-01-20,40.00", header=HEADER + ",paid_on,paid_amount")
    books = books_of(tmp_path, {"invoices.csv": rows})
    assert books.tables["entries"]["amount"].execute().tolist() == [Decimal(40)]


def test_one_reading_tells_the_faults_of_all_tables(tmp_path: Path) -> None:
    files = {
        "invoices.csv": lines(good(1), good(2) + ",9"),
        "entries.csv": lines("E1,2026-01-20,10.00,gift,G1,", header=ENTRIES),
        "customers.csv": "",
    }
    company = company_of(tmp_path, files)
    books = examine(company)
    assert {one.table for one in books.rejections} == {"invoices", "customers"}
    assert_says(fact(books, "unreadable_kind"), "quarantine", "entries.csv, row 2")
    with pytest.raises(DataFault) as refused:
        open_books(company)
    assert "invoices.csv: line 3" in str(refused.value)
    assert "customers.csv: the file is empty" in str(refused.value)


def test_files_are_hashed_as_they_were_found(tmp_path: Path) -> None:
    content = lines(good(1)).encode("utf-16")
    books = books_of(tmp_path, {"invoices.csv": content})
    assert [(file.name, file.sha256, file.n_bytes) for file in books.files] == [
        ("invoices.csv", hashlib.sha256(content).hexdigest(), len(content))
    ]


def test_nothing_beside_the_exports_is_changed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    company = company_of(tmp_path / "in", {"invoices.csv": lines(good(1))})
    before = {path: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    examine(company)
    assert {path: path.read_bytes() for path in (tmp_path / "in").iterdir()} == before


def test_customers_repeated_on_each_invoice(tmp_path: Path) -> None:
    header = HEADER + ",name,country"
    rows = lines(
        good(1) + ",Acme,DE",
        good(2) + ",ACME,DE",
        good(3) + ",Acme,",
        "G4,C2,2026-01-05,2026-02-04,5.00,Beta,",
        "G5,,2026-01-05,2026-02-04,5.00,Nobody,FR",
        header=header,
    )
    company_of(tmp_path, {"invoices.csv": rows})
    text = (tmp_path / "company.toml").read_text()
    (tmp_path / "company.toml").write_text(text + '[tables.customers]\nfile = "invoices.csv"\nrepeated = true\n')
    from analysis.ledger.company import load_company

    books = examine(load_company(tmp_path / "company.toml"))
    customers = books.tables["customers"].order_by("customer_id").execute()
    assert customers[["customer_id", "name"]].to_numpy().tolist() == [["C1", "Acme"], ["C2", "Beta"]]
    assert customers["country"].iloc[0] == "DE"
    assert_says(fact(books, "spellings_name"), "warn", "invoices.csv", "1 customer(s)", "2 spellings")


def test_customers_of_invoices_that_the_table_does_not_have(tmp_path: Path) -> None:
    files = {"invoices.csv": lines(good(1), good(2).replace("C1", "C2")), "customers.csv": "customer_id\nC1\n"}
    assert_says(fact(books_of(tmp_path, files), "unknown_customer"), "warn", "invoices.csv", "'C2'", "complete")


# Freshness


@pytest.mark.parametrize(("as_of", "fresh"), [("2026-02-20", True), ("2026-02-21", False), ("2026-01-04", False)])
def test_books_that_end_before_the_date(tmp_path: Path, as_of: str, fresh: bool) -> None:
    # the last booking is of 20 January 2026, and 31 days without one are allowed
    files = {"invoices.csv": lines(good(1)), "entries.csv": lines("E1,2026-01-20,9.00,payment,G1,", header=ENTRIES)}
    books = books_of(tmp_path, files)
    one = freshness(books, date.fromisoformat(as_of))
    assert (one is None) == fresh
    if one is not None:
        assert_says(one, "warn", "invoices.csv", as_of, "policy.coverage_days")


def test_a_booking_after_the_date_does_not_make_the_books_fresh(tmp_path: Path) -> None:
    late = "G2,C1,2026-12-01,2026-12-31,5.00"
    books = books_of(tmp_path, {"invoices.csv": lines(good(1), late)})
    assert freshness(books, date(2026, 11, 30)) is not None
    assert freshness(books, date(2026, 12, 1)) is None
    assert last_booking(books) == date(2026, 12, 1)


def test_books_without_a_booking(tmp_path: Path) -> None:
    books = books_of(tmp_path, {"invoices.csv": HEADER + "\n"}, options={"invoices": "allow_empty = true"})
    assert last_booking(books) is None
    one = freshness(books, date(2026, 1, 31))
    assert one is not None
    assert "no booking" in one.message
    assert ids(books) == []


def test_the_last_rate_of_table_and_configuration(tmp_path: Path) -> None:
    fx_rates = "currency,on,rate\nUSD,2026-01-31,0.9\nUSD,2026-01-01,0.8\nGBP,2026-01-01,1.2\n"
    top = '[[rates]]\ncurrency = "GBP"\non = 2026-01-01\nrate = 1.3\nsource = "test"\n'
    books = books_of(tmp_path, {"invoices.csv": lines(good(1)), "fx_rates.csv": fx_rates}, top=top)
    assert latest_rates(books.tables["fx_rates"], books.company) == {"USD": 0.9, "GBP": 1.3, "EUR": 1.0}


# How a fact is told


def test_a_fact_is_one_line_without_signs_that_move_it() -> None:
    one = Fact(
        table="invoices",
        disposition="warn",
        rule="r",
        message="is odd",
        remedy="mend it",
        file="a\u202eb\n.csv",
        row=12_345,
        column="Am\x00ount",
        excerpt=excerpt_of("x\u2028\x1b[31m" + "y" * 60),
        rows=2_000,
    )
    # U+FFFD stands for each sign that cannot be shown; 40 signs of the cell are
    shown = "x\ufffd\ufffd[31m" + "y" * 32 + "…"
    assert told(one) == (
        f"a\ufffdb\ufffd.csv, row 12,345, column 'Am\ufffdount' ({shown!r}): is odd [2,000 rows]; mend it"
    )
