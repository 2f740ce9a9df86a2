"""Workbooks, typed files and folders: the same rows whatever they come in."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from exported import HEADER, LENIENT, amount, assert_nothing_lost, assert_says, books_of, fact, good, ids, lines
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from analysis.faults import UsageFault
from analysis.ledger.books import Books, examine
from analysis.ledger.company import load_company

COLUMNS = HEADER.split(",")
ISSUED, DUE, NOON = (datetime.fromisoformat(day) for day in ("2026-01-05", "2026-02-04", "2026-01-05T12:00"))


def of_folder(folder: Path, *, file: str, more: str = "", top: str = "") -> Books:
    about = f'[company]\nname = "x"\ncurrency = "EUR"\n{top}\n[policy]\n{LENIENT}\n'
    (folder / "company.toml").write_text(f'{about}[tables.invoices]\nfile = "{file}"\n{more}\n')
    return examine(load_company(folder / "company.toml"))


def workbook(folder: Path, *rows: list[Any], more: str = "", top: str = "", name: str = "b.xlsx", **how: Any) -> Books:
    book = openpyxl.Workbook()
    book.epoch = how.pop("epoch", book.epoch)
    sheet = book.active
    assert sheet is not None
    for row in (COLUMNS, *rows):
        sheet.append(row)
    for change in how.pop("changes", []):
        change(book, sheet)
    book.save(folder / name)
    return of_folder(folder, file=name, more=more, top=top)


# Excel


def test_typed_cells_are_read_as_what_they_are(tmp_path: Path) -> None:
    books = workbook(
        tmp_path,
        ["00123", "C1", ISSUED, DUE, 1234.5],
        [456, "C1", NOON, DUE, 0.1 + 0.2],
        ["G3", "C1", "05.01.2026", "04.02.2026", "1.234,56"],
        ["G4", True, date(2026, 1, 5), DUE, -7],
        top='[format]\ndate = "%d.%m.%Y"\ndecimal = ","\ngrouping = "."\n',
    )
    invoices = books.tables["invoices"].order_by("invoice_id").execute()
    assert invoices["invoice_id"].tolist() == ["00123", "456", "G3"]
    assert invoices["amount"].tolist() == [Decimal("1234.5"), Decimal("0.3"), Decimal("1234.56")]
    assert {f"{day:%Y-%m-%d}" for day in invoices["issued_on"]} == {"2026-01-05"}
    assert_nothing_lost(books, rows=4, EUR="2462.36")  # 1234.50 + 0.30 + 1234.56 - 7.00


def test_digits_that_a_spreadsheet_has_lost_are_told(tmp_path: Path) -> None:
    books = workbook(
        tmp_path, [12345678901234567890, "C1", ISSUED, DUE, 1.0], [123456789012345, "C1", ISSUED, DUE, 1.0]
    )
    assert_says(fact(books, "rewritten_invoice_id"), "warn", "b.xlsx, row 2", "export ids as text")
    assert "123456789012345" in ids(books)


def test_errors_and_formulas_without_a_value_are_kept_out(tmp_path: Path) -> None:
    books = workbook(
        tmp_path,
        ["G1", "C1", ISSUED, DUE, "=1+1"],
        ["G2", "#N/A", ISSUED, DUE, 5.0],
        ["=A2", "C1", ISSUED, DUE, 5.0],
        ["G4", "C1", ISSUED, DUE, "#DIV/0!"],
        ["G5", "C1", ISSUED, DUE, 5.0],
    )
    assert_says(fact(books, "unreadable_amount"), "quarantine", "b.xlsx, row 2", "FORMULA WITHOUT VALUE", "[2 rows]")
    assert_says(fact(books, "spreadsheet_error_customer_id"), "quarantine", "b.xlsx, row 3", "#N/A")
    assert_says(fact(books, "spreadsheet_error_invoice_id"), "quarantine", "b.xlsx, row 4")
    assert ids(books) == ["G5"]


def test_a_hidden_sheet_is_not_read_unless_named(tmp_path: Path) -> None:
    def hide(book: Any, sheet: Any) -> None:
        sheet.sheet_state = "hidden"
        shown = book.create_sheet("Shown")
        shown.append(COLUMNS)
        shown.append(["S1", "C1", ISSUED, DUE, 5.0])

    assert ids(workbook(tmp_path, ["H1", "C1", ISSUED, DUE, 5.0], changes=[hide])) == ["S1"]
    assert ids(workbook(tmp_path, ["H1", "C1", ISSUED, DUE, 5.0], changes=[hide], more='sheet = "Sheet"')) == ["H1"]
    with pytest.raises(UsageFault, match=r"b\.xlsx: state sheet = one of 'Shown'"):
        workbook(tmp_path, ["H1", "C1", ISSUED, DUE, 5.0], changes=[hide], more='sheet = "Gone"')


def test_hidden_rows_count_and_are_told(tmp_path: Path) -> None:
    def hide(_book: Any, sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True

    books = workbook(tmp_path, *([f"G{i}", "C1", ISSUED, DUE, 5.0] for i in range(3)), changes=[hide])
    assert_says(fact(books, "hidden_rows"), "warn", "b.xlsx", "1 row(s)")
    assert_nothing_lost(books, rows=3, EUR="15.00")


def test_merged_cells_are_refused_below_the_header_only(tmp_path: Path) -> None:
    row = ["G1", "C1", ISSUED, DUE, 5.0]
    books = workbook(tmp_path, row, ["G2", *row[1:]], changes=[lambda _b, s: s.merge_cells("B2:B3")])
    assert_says(fact(books, "unreadable_file"), "reject", "b.xlsx", "B2:B3", "merged")
    assert not workbook(tmp_path, [*row], changes=[lambda _b, s: s.merge_cells("F1:G1")]).rejections


def test_blank_rows_of_a_sheet_are_none_and_numbers_stay(tmp_path: Path) -> None:
    books = workbook(tmp_path, ["G1", "C1", ISSUED, DUE, 5.0], [], ["G2", "C1", ISSUED, DUE, "x"], [None, "", None])
    assert fact(books, "unreadable_amount").row == 4
    assert_nothing_lost(books, rows=2, EUR="5.00")


def test_a_cell_beyond_the_header_is_refused(tmp_path: Path) -> None:
    books = workbook(tmp_path, ["G1", "C1", ISSUED, DUE, 5.0, None, "see mail"])
    assert_says(fact(books, "unreadable_file"), "reject", "b.xlsx: row 2", "see mail", "name its column")


def test_serial_numbers_and_dates_beside_each_other(tmp_path: Path) -> None:
    # 46027 is 5 January 2026 (46023 is New Year's Day)
    rows = (["G1", "C1", 46027, DUE, 5.0], ["G2", "C1", ISSUED, DUE, 5.0])
    books = workbook(tmp_path, *rows, top='[format]\ndate = "excel"\n')
    assert {f"{day:%Y-%m-%d}" for day in books.tables["invoices"]["issued_on"].execute()} == {"2026-01-05"}
    undeclared = workbook(tmp_path, *rows)
    assert_says(fact(undeclared, "unreadable_issued_on"), "quarantine", "b.xlsx, row 2", "'46027'")


def test_the_calendar_of_1904(tmp_path: Path) -> None:
    row = ["G1", "C1", ISSUED, DUE, 5.0]
    books = workbook(tmp_path, row, epoch=CALENDAR_MAC_1904)
    assert f"{books.tables['invoices']['issued_on'].execute().iloc[0]:%Y-%m-%d}" == "2026-01-05"
    serial = workbook(tmp_path, row, epoch=CALENDAR_MAC_1904, top='[format]\ndate = "excel"\n')
    assert_says(fact(serial, "unreadable_file"), "reject", "b.xlsx", "1904")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000_000)
    books = of_folder(tmp_path, file="b.xlsx")
    assert_says(fact(books, "unreadable_file"), "reject", "b.xlsx", "unpacks to 200 MB")


@pytest.mark.parametrize("content", [b"<html>table</html>", b"PK\x03\x04damaged", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_what_only_calls_itself_a_workbook(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.xlsx").write_bytes(content)
    assert_says(fact(of_folder(tmp_path, file="b.xlsx"), "unreadable_file"), "reject", "b.xlsx", "no Excel workbook")


def test_entities_in_a_workbook_do_not_grow(tmp_path: Path) -> None:
    workbook(tmp_path, ["G1", "C1", ISSUED, DUE, 5.0], name="sound.xlsx")
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "lol"}">' for i in range(10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [{laughs}]><worksheet><sheetData>&l9;</sheetData></worksheet>'
    with zipfile.ZipFile(tmp_path / "sound.xlsx") as sound, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as packed:
        for part in sound.infolist():
            content = sound.read(part)
            packed.writestr(part, bomb if part.filename == "xl/worksheets/sheet1.xml" else content)
    assert_says(fact(of_folder(tmp_path, file="b.xlsx"), "unreadable_file"), "reject", "b.xlsx")


@pytest.mark.parametrize("suffix", [".xlsm", ".xls", ".xlsb", ".pdf", ".csv.gz", ""])
def test_kinds_of_files_that_are_refused(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"b{suffix}").write_bytes(b"x")
    assert_says(fact(of_folder(tmp_path, file=f"b{suffix}"), "unreadable_file"), "reject", f"b{suffix}")


def test_macros_under_another_name(tmp_path: Path) -> None:
    workbook(tmp_path, ["G1", "C1", ISSUED, DUE, 5.0])
    with zipfile.ZipFile(tmp_path / "b.xlsx", "a") as packed:
        packed.writestr("xl/vbaProject.bin", b"macro")
    assert_says(fact(of_folder(tmp_path, file="b.xlsx"), "unreadable_file"), "reject", "b.xlsx", "macros")


# Parquet and DuckDB


def typed() -> pa.Table:
    stamp = datetime.fromisoformat("2026-01-05T23:30:00-05:00")
    return pa.table(
        {
            "invoice_id": pa.array(["G1", "G2", "G3", "G4"]),
            "customer_id": pa.array([1.0, 2.0, None, 3.0]),
            "issued_on": pa.array([date(2026, 1, 5)] * 4),
            "due_on": pa.array([stamp] * 4, pa.timestamp("us", tz="UTC")),
            "amount": pa.array([55.94, float("nan"), 1.005, 0.1 + 0.2]),
            "recorded_on": pa.array([NOON] * 4),
        }
    )


@pytest.mark.parametrize(("zone", "due"), [("America/New_York", "2026-01-05"), ("UTC", "2026-01-06")])
def test_typed_columns_mean_what_they_hold(tmp_path: Path, zone: str, due: str) -> None:
    pq.write_table(typed(), tmp_path / "b.parquet")
    # the notation of text does not matter to a date that is a date
    top = f'[format]\ntimezone = "{zone}"\ndate = "%d.%m.%Y"\ndecimal = ","\n'
    books = of_folder(tmp_path, file="b.parquet", top=top)
    invoices = books.tables["invoices"].order_by("invoice_id").execute()
    assert invoices["invoice_id"].tolist() == ["G1", "G4"]
    assert invoices["customer_id"].tolist() == ["1", "3"]
    assert invoices["amount"].tolist() == [Decimal("55.94"), Decimal("0.3")]
    assert f"{invoices['due_on'].iloc[0]:%Y-%m-%d}" == due
    assert f"{invoices['recorded_on'].iloc[0]:%Y-%m-%d}" == "2026-01-05"
    assert_says(fact(books, "unreadable_amount"), "quarantine", "b.parquet, row 3", "'nan'")
    assert_says(fact(books, "too_precise_amount"), "quarantine", "b.parquet, row 4", "'1.005'")
    assert_nothing_lost(books, rows=4, EUR="57.245")


def test_rates_smaller_than_a_ten_thousandth(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"currency": ["VND", "EUR"], "on": [date(2026, 1, 1)] * 2, "rate": [0.000034, 1.0]}),
        tmp_path / "fx_rates.parquet",
    )
    (tmp_path / "invoices.csv").write_text(lines(good(1)))
    books = of_folder(tmp_path, file="invoices.csv", more='[tables.fx_rates]\nfile = "fx_rates.parquet"\n')
    rates = books.tables["fx_rates"].execute().set_index("currency")["rate"]
    assert rates.to_dict() == {"VND": 0.000034, "EUR": 1.0}


def test_a_duckdb_file_gives_its_tables_and_no_views(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(lines(good(1)))
    with duckdb.connect(str(tmp_path / "b.duckdb")) as con:
        con.execute(
            "CREATE TABLE items (invoice_id INTEGER, customer_id VARCHAR, issued_on DATE, due_on DATE)"
        ).fetchall()
        con.execute("ALTER TABLE items ADD COLUMN amount DECIMAL(12, 2)").fetchall()
        con.execute("INSERT INTO items VALUES (7, 'C1', '2026-01-05', '2026-02-04', 12.34)").fetchall()
        con.execute(f"CREATE VIEW peep AS SELECT * FROM '{tmp_path / 'secret.csv'}'").fetchall()
    books = of_folder(tmp_path, file="b.duckdb", more='table = "items"')
    assert ids(books) == ["7"]
    assert amount(books, "7") == Decimal("12.34")
    for wrong in ("peep", "gone"):
        with pytest.raises(UsageFault, match="state table = one of 'items'"):
            of_folder(tmp_path, file="b.duckdb", more=f'table = "{wrong}"')


@pytest.mark.parametrize("name", ["b.parquet", "b.duckdb"])
def test_damaged_typed_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PAR1 this is none")
    assert_says(fact(of_folder(tmp_path, file=name, more='table = "t"'), "unreadable_file"), "reject", name)


def test_a_database_with_changes_beside_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.duckdb").write_bytes(b"x")
    (tmp_path / "b.duckdb.wal").write_bytes(b"x")
    assert_says(fact(of_folder(tmp_path, file="b.duckdb"), "unreadable_file"), "reject", "b.duckdb.wal")


# Folders and several files


def test_a_folder_is_one_table(tmp_path: Path) -> None:
    inside = tmp_path / "months"
    inside.mkdir()
    (inside / "2026-01.csv").write_text(lines(good(1), good(2)))
    # columns in another order, one of them only here
    (inside / "2026-02.csv").write_text("channel,amount,due_on,issued_on,customer_id,invoice_id\n")
    with (inside / "2026-02.csv").open("a") as file:
        file.write("EDI,7.00,2026-03-04,2026-02-02,C1,G3\n,100.00,2026-02-04,2026-01-05,C1,G2\n")
    (inside / ".hidden.csv").write_text("x")
    (inside / "read-me.pdf").write_text("x")
    books = of_folder(tmp_path, file="months")
    assert ids(books) == ["G1", "G3"]
    assert [file.name for file in books.files] == ["months/2026-01.csv", "months/2026-02.csv"]
    # the second file says nothing of G2 in a column that the first does not have: that is a difference
    assert_says(fact(books, "differing_copies"), "quarantine", "months/2026-01.csv, row 3")
    assert_nothing_lost(books, rows=4, EUR="307.00")


def test_the_same_row_in_two_files_counts_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(lines(good(1), good(2)))
    (tmp_path / "b.csv").write_text(
        "amount,due_on,issued_on,customer_id,invoice_id\n100.00,2026-02-04,2026-01-05,C1,G2\n"
    )
    (tmp_path / "company.toml").write_text(
        '[company]\nname = "x"\ncurrency = "EUR"\n[tables.invoices]\nfile = ["a.csv", "b.csv"]\n'
    )
    books = examine(load_company(tmp_path / "company.toml"))
    assert_says(fact(books, "identical_copy"), "warn", "b.csv, row 2")
    assert ids(books) == ["G1", "G2"]


def test_a_folder_with_nothing_and_with_something_packed(tmp_path: Path) -> None:
    (tmp_path / "months").mkdir()
    assert_says(fact(of_folder(tmp_path, file="months"), "unreadable_file"), "reject", "months", "no readable file")
    (tmp_path / "months" / "a.csv").write_text(lines(good(1)))
    (tmp_path / "months" / "b.csv.gz").write_bytes(b"x")
    assert_says(fact(of_folder(tmp_path, file="months"), "unreadable_file"), "reject", "b.csv.gz", "unpack")


def test_a_folder_of_text_and_typed_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "months").mkdir()
    (tmp_path / "months" / "a.csv").write_text(lines(good(1)))
    pq.write_table(typed(), tmp_path / "months" / "b.parquet")
    one = fact(of_folder(tmp_path, file="months"), "unreadable_file")
    assert_says(one, "reject", "months/a.csv", "typed in another file")


def test_a_totals_row_in_each_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(lines(good(1), "Total,,,,100.00"))
    (tmp_path / "b.csv").write_text(lines(good(2), "Total,,,,200.00"))
    more = 'totals_row = { column = "invoice_id", value = "Total" }\n'
    (tmp_path / "company.toml").write_text(
        f'[company]\nname = "x"\ncurrency = "EUR"\n[tables.invoices]\nfile = ["a.csv", "b.csv"]\n{more}'
    )
    books = examine(load_company(tmp_path / "company.toml"))
    assert_says(fact(books, "totals_row"), "reject", "b.csv, row 3", "200", "100")


@pytest.mark.parametrize("constant", ['kind = "paymnt"', 'booked_on = "31.01.2026"', 'currency = "EURO"'])
def test_a_constant_that_is_none_is_a_fault_of_the_configuration(tmp_path: Path, constant: str) -> None:
    files = {"invoices.csv": lines(good(1)), "entries.csv": "entry_id,booked_on,amount,kind\nE1,2026-01-05,1,payment\n"}
    with pytest.raises(UsageFault, match="constants"):
        books_of(tmp_path, files, options={"entries": f"constants = {{ {constant} }}"})
