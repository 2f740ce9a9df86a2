"""What ``paycurve init`` proposes, on real exports and on ones written here with the answer known."""

from __future__ import annotations

import os
import tomllib
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.faults import UsageFault
from analysis.ledger.books import examine
from analysis.ledger.company import load_company
from analysis.ledger.exports.sample import BYTES_MAX, ROWS_MAX, samples_of
from analysis.ledger.exports.toml import Line, lines_of
from analysis.ledger.propose import Proposal, propose
from analysis.ledger.targets import Targets

COMPANIES = Path(__file__).resolve().parents[1] / "companies"

GERMAN = """Belegnr.;Kunde;Belegdatum;Fällig am;Betrag;Währung;Ausgleichsdatum;Strittig
0001;K001;03.01.2026;02.02.2026;1.234,50;EUR;05.02.2026;nein
0002;K001;17.01.2026;16.02.2026;99,00;EUR;;ja
0003;K002;28.02.2026;30.03.2026;-12,30;EUR;;nein
"""
FRENCH = """N° facture|Code client|Date de facture|Date d'échéance|Montant TTC|Devise|Date règlement
F1|C1|03/02/2026|05/03/2026|1 234,50|EUR|20/03/2026
F2|C2|28/02/2026|30/03/2026|99,00|EUR|
"""
SAP = """BUKRS;BELNR;KUNNR;BLDAT;WRBTR;WAERS;AUGDT
1000;1400000001;0000100001;20260103;250.00;EUR;20260214
1000;1400000002;0000100002;20260131;80.10;EUR;
"""


def _proposed(folder: Path, *files: Path) -> Proposal:
    """The proposal for these files; every one must be accepted as it stands."""
    proposal = propose(files, written_to=folder / "company.toml")
    (folder / "company.toml").write_text(proposal.text, encoding="utf-8")
    load_company(folder / "company.toml")
    return proposal


def _accepted(folder: Path) -> dict[str, tuple[int, float]]:
    """Rows and sum of what the checks accept, by table, when the proposal is used as it stands."""
    (folder / "work").mkdir()
    control = examine(load_company(folder / "company.toml"), folder=folder / "work").control
    assert set(control["fate"]) == {"accepted"}
    return {row.table: (row.rows, float(row.amount)) for row in control.itertuples()}


def _written(folder: Path, name: str, text: str, *, encoding: str = "utf-8") -> Path:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return file


# Public ledgers. The finished files are written by hand from the headers of the exports.
FINISHED = {
    "ibm-ar": ["ibm-ar/WA_Fn-UseC_-Accounts-Receivable.csv"],
    "ibm-ar-no-zeros": ["ibm-ar/variant-ids-lost-leading-zeros.csv"],
    "ibm-ar-120-rows": ["ibm-ar/variant-120-extra-rows-missing-paperless.csv"],
    "yellevate": ["yellevate/variant-text-dates-and-labels.csv"],
    "highradius-open": ["highradius-open/open_items_sample_a.csv"],
    "classicmodels": [f"classicmodels/{name}.csv" for name in ("customers", "payments", "invoices")],
}


@pytest.mark.parametrize("name", FINISHED)
def test_finished_configurations_are_short_and_valid(name):
    assert len((COMPANIES / f"{name}.toml").read_text(encoding="utf-8").splitlines()) <= 25
    assert load_company(COMPANIES / f"{name}.toml").currency == "USD"


@pytest.mark.parametrize("name", FINISHED)
def test_proposal_for_a_public_ledger_is_what_a_person_would_state(name, shared, tmp_path):
    finished = load_company(COMPANIES / f"{name}.toml")
    proposal = _proposed(tmp_path, *(shared / "data" / file for file in FINISHED[name]))
    proposed = load_company(tmp_path / "company.toml")
    assert proposed.root == (shared / "data" / FINISHED[name][0]).parent.resolve()
    for table, source in finished.tables.items():
        assert proposal.mapping[table] == source.columns, table
        assert proposed.tables[table].file == source.file
        assert proposed.tables[table].repeated == source.repeated
        assert proposed.tables[table].labels == source.labels
        assert proposed.tables[table].constants == source.constants
    assert proposed.tables.keys() == finished.tables.keys()
    assert proposed.format == finished.format
    assert proposed.policy.terms_days == finished.policy.terms_days


def test_open_items_name_what_a_person_must_settle(shared, tmp_path):
    # counted with pandas: 32 due dates before posting_date, 40 before document_create_date, none before
    # baseline_create_date; 138 pairs of customer numbers that differ by leading zeros only; 747 items in CAD
    unsure = "\n".join(_proposed(tmp_path, shared / "data" / FINISHED["highradius-open"][0]).unsure)
    for told in ("32 due dates", "40 due dates", "138 differ", "CAD needs a [[rates]] entry", "'1930571429.0'"):
        assert told in unsure


def test_lost_leading_zeros_are_counted(shared, tmp_path):
    # data/README.md: one variant lost the leading zeros of 266 invoice numbers
    assert "266 have fewer than 10 digits" in _proposed(tmp_path, shared / "data" / FINISHED["ibm-ar-no-zeros"][0]).text
    assert "fewer than" not in _proposed(tmp_path, shared / "data" / FINISHED["ibm-ar"][0]).text


def test_all_files_of_a_database_are_sorted_out(shared, tmp_path):
    folder = shared / "data" / "classicmodels"
    proposal = _proposed(tmp_path, *sorted(folder.glob("*.csv")))
    assert list(proposal.mapping) == ["invoices", "entries", "customers"]
    assert any(one.startswith("orders.csv: looks like orders, but no header for amount") for one in proposal.unsure)
    assert any(one.startswith("orderdetails.csv") for one in proposal.unsure)


# Exports of other countries


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "mac-roman", "cp850"])
def test_german_export_is_read_to_the_cent(tmp_path, encoding):
    proposal = _proposed(tmp_path, _written(tmp_path, "Rechnungen.csv", GERMAN, encoding=encoding))
    assert proposal.mapping == {
        "invoices": {
            "invoice_id": "Belegnr.",
            "customer_id": "Kunde",
            "issued_on": "Belegdatum",
            "due_on": "Fällig am",
            "amount": "Betrag",
            "currency": "Währung",
            "paid_on": "Ausgleichsdatum",
            "disputed": "Strittig",
        }
    }
    company = load_company(tmp_path / "company.toml")
    assert (company.currency, company.format.date, company.format.delimiter) == ("EUR", "%d.%m.%Y", ";")
    assert (company.format.decimal, company.format.grouping) == (",", ".")
    assert company.format.encoding == encoding.removesuffix("-sig")
    # 1,234.50 + 99.00 - 12.30
    assert _accepted(tmp_path) == {"invoices": (3, 1321.20)}


def test_french_export(tmp_path):
    proposal = _proposed(tmp_path, _written(tmp_path, "factures.txt", FRENCH))
    assert list(proposal.mapping["invoices"].values()) == [
        *("N° facture", "Code client", "Date de facture", "Date d'échéance", "Montant TTC", "Devise", "Date règlement")
    ]
    notation = load_company(tmp_path / "company.toml").format
    assert (notation.date, notation.decimal, notation.grouping, notation.delimiter) == ("%d/%m/%Y", ",", " ", "|")


def test_sap_field_names_and_missing_due_date(tmp_path):
    proposal = _proposed(tmp_path, _written(tmp_path, "bsid.csv", SAP))
    assert proposal.mapping["invoices"] == {
        "invoice_id": "BELNR",
        "customer_id": "KUNNR",
        "issued_on": "BLDAT",
        "amount": "WRBTR",
        "currency": "WAERS",
        "entity": "BUKRS",
        "paid_on": "AUGDT",
    }
    company = load_company(tmp_path / "company.toml")
    assert (company.format.date, company.policy.terms_days) == ("%Y%m%d", 30)
    assert any(one.startswith("terms_days: no due date") for one in proposal.unsure)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1250", "Żółć Świętość Łódź Kraków źródło"), ("cp1251", "Наименование Москва Рога Копыта")],
)
def test_encodings_of_eastern_europe(tmp_path, encoding, text):
    table = "invoice_id,customer_id,issued_on,due_on,amount,note\n" + "".join(
        f"{i},c,2026-01-{i:02d},2026-02-{i:02d},1.00,{word}\n" for i, word in enumerate(text.split(), start=1)
    )
    proposal = _proposed(tmp_path, _written(tmp_path, "a.csv", table, encoding=encoding))
    assert load_company(tmp_path / "company.toml").format.encoding == encoding
    assert any("the encoding is not named" in one for one in proposal.unsure)


def _invoices(dates: list[str], amounts: list[str] | None = None) -> str:
    amounts = amounts or ["1.00"] * len(dates)
    rows = (f"{i}\tc{i}\t{day}\t{amount}\n" for i, (day, amount) in enumerate(zip(dates, amounts, strict=True)))
    return "invoice no\tcustomer\tdate\tamount\n" + "".join(rows)


@pytest.mark.parametrize(
    ("dates", "pattern", "doubt"),
    [
        (["2026-02-01", "2026-02-28"], "%Y-%m-%d", None),
        (["1/2/2026", "12/13/2026"], "%m/%d/%Y", None),
        (["1/2/2026", "13/12/2026"], "%d/%m/%Y", None),
        (["01.02.2026", "03.04.2026"], "%d.%m.%Y", "tells day and month apart"),
        (["01/02/2026", "03/04/2026"], "%m/%d/%Y", "tells day and month apart"),
        ([*(f"1/{d}/2026" for d in range(13, 29)), "13/1/2026"], "%m/%d/%Y", "written otherwise, such as '13/1/2026'"),
        (["1/13/2026", "13/1/2026", *(f"1/{d}/2026" for d in range(1, 13))], "%m/%d/%Y", "in both orders"),
        (["01.02.26", "28.02.26"], "%d.%m.%y", None),
        (["03-Jan-2026", "28-Feb-2026"], "%d-%b-%Y", None),
        (["2026-January-03", "2026-May-04"], "%Y-%B-%d", None),
        (["Jan 3, 2026", "Feb 28, 2026"], "%b %d, %Y", None),
        (["20260103", "20260228"], "%Y%m%d", None),
        (["45322", "46000"], "excel", "'45322' are taken for spreadsheet days"),
        (["2026-01-03 00:00:00", "2026-02-28 00:00:00"], "%Y-%m-%d %H:%M:%S", None),
        (["2026-01-03T10:11:12Z", "2026-02-28T10:11:12Z"], "%Y-%m-%dT%H:%M:%S%z", None),
    ],
)
def test_date_patterns(tmp_path, dates, pattern, doubt):
    proposal = _proposed(tmp_path, _written(tmp_path, "invoices.txt", _invoices(dates)))
    assert load_company(tmp_path / "company.toml").format.date == pattern
    told = [one for one in proposal.unsure if one.startswith("date: ")]
    assert (told == []) if doubt is None else (len(told) == 1 and doubt in told[0])


@pytest.mark.parametrize(
    ("amounts", "decimal", "grouping", "doubt"),
    [
        (["1.50", "1234.5"], ".", "", None),
        (["1,50", "1234,5"], ",", "", None),
        (["1,234.56", "7.00"], ".", ",", None),
        (["1.234,56", "-7,00"], ",", ".", None),
        (["1'234.56", "7.00"], ".", "'", None),
        (["1 234,56", "7,00"], ",", " ", None),
        (["1.234.567", "1.234"], ",", ".", None),
        (["1.234", "5.678"], ",", ".", "group thousands in '1.234'"),
        (["1,234", "5.5"], ".", ",", None),
        (["(100.00)", "100.25-"], ".", "", None),
        (["1000", "2000"], ".", "", None),
        (["€ 1.50", "€ 2.50"], ".", "", "amounts such as '€ 1.50' are not read"),
    ],
)
def test_decimal_marks_and_grouping(tmp_path, amounts, decimal, grouping, doubt):
    table = _invoices(["2026-01-01"] * len(amounts), amounts)
    proposal = _proposed(tmp_path, _written(tmp_path, "invoices.txt", table))
    notation = load_company(tmp_path / "company.toml").format
    assert (notation.decimal, notation.grouping) == (decimal, grouping)
    told = [one for one in proposal.unsure if one.startswith("decimal: ")]
    assert (told == []) if doubt is None else (len(told) == 1 and doubt in told[0])


# Several files, and other kinds of file


def test_monthly_files_of_one_form_are_one_table(tmp_path):
    files = [_written(tmp_path, f"invoices-2026-0{m}.csv", GERMAN) for m in (2, 1)]
    _proposed(tmp_path, *files)
    source = load_company(tmp_path / "company.toml").tables["invoices"]
    assert source.file == ("invoices-2026-01.csv", "invoices-2026-02.csv")


def test_bookings_win_over_a_paid_date(tmp_path):
    entries = "Zahlungsnr;Rechnungsnr;Zahlungsdatum;Betrag;Buchungsart\n1;0001;05.02.2026;1.234,50;Zahlung\n"
    entries += "2;0003;13.03.2026;-12,30;Gutschrift\n"
    proposal = _proposed(
        tmp_path, _written(tmp_path, "Rechnungen.csv", GERMAN), _written(tmp_path, "Zahlungen.csv", entries)
    )
    assert "paid_on" not in proposal.mapping["invoices"]
    assert any("'Ausgleichsdatum' of the invoices" in one for one in proposal.unsure)
    labels = load_company(tmp_path / "company.toml").tables["entries"].labels["kind"]
    assert labels == {"Zahlung": "payment", "Gutschrift": "credit_note"}


def test_tables_of_the_contract_need_no_list_of_columns(tmp_path):
    invoices = "invoice_id,customer_id,issued_on,due_on,amount,currency\n1,c,2026-01-03,2026-02-03,5.00,EUR\n"
    customers = "customer_id,name,country\nc,Meyer,DE\n"
    proposal = _proposed(
        tmp_path, _written(tmp_path, "customers.csv", customers), _written(tmp_path, "invoices.csv", invoices)
    )
    assert "columns." not in proposal.text
    assert [one.split(":")[0] for one in proposal.unsure] == ["nothing tells what was paid"]


def test_the_proposal_mentions_targets_that_may_be_stated(tmp_path):
    rows = "invoice_id,customer_id,issued_on,due_on,amount\n1,A,2026-01-05,2026-02-04,10.00\n"
    _proposed(tmp_path, _written(tmp_path, "invoices.csv", rows))
    text = (tmp_path / "company.toml").read_text(encoding="utf-8")
    assert load_company(tmp_path / "company.toml").targets == Targets()
    head, mark, tail = text.partition("# [targets]")
    assert mark
    # without their marks the lines are a part that the configuration understands
    (tmp_path / "company.toml").write_text(head + (mark + tail).replace("# ", ""), encoding="utf-8")
    assert load_company(tmp_path / "company.toml").targets == Targets(dso_countback=45, overdue_share=0.2)


def test_workbook_with_a_hidden_sheet_and_typed_cells(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "old"
    book.active.sheet_state = "hidden"
    for title, rows in {
        "Invoices": [
            ["Invoice No", "Customer", "Invoice Date", "Due Date", "Amount USD"],
            ["A1", "c", date(2026, 1, 3)],
        ],
        "Payments": [["Receipt No", "Invoice No", "Payment Date", "Amount"], [7, "A1", date(2026, 2, 1), 10.5]],
    }.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book["Invoices"]["D2"], book["Invoices"]["E2"] = date(2026, 2, 3), 10.5
    book.save(tmp_path / "export.xlsx")
    proposal = _proposed(tmp_path, tmp_path / "export.xlsx")
    company = load_company(tmp_path / "company.toml")
    assert company.tables["invoices"].sheet == "Invoices"
    assert company.tables["entries"].sheet == "Payments"
    assert company.currency == "USD"
    assert proposal.mapping["invoices"]["issued_on"] == "Invoice Date"
    assert _accepted(tmp_path) == {"invoices": (1, 10.5), "entries": (1, 10.5)}


def test_parquet(tmp_path):
    table = pa.table(
        {
            "invoice_number": ["a", "b"],
            "customer_number": ["c", "d"],
            "invoice_date": [date(2026, 1, 2), date(2026, 1, 3)],
            "due_date": [date(2026, 2, 2), date(2026, 2, 3)],
            "gross_amount": pa.array([1.5, 2.5]),
        }
    )
    pq.write_table(table, tmp_path / "open items.parquet")
    proposal = _proposed(tmp_path, tmp_path / "open items.parquet")
    assert proposal.mapping["invoices"] == {
        "invoice_id": "invoice_number",
        "customer_id": "customer_number",
        "issued_on": "invoice_date",
        "due_on": "due_date",
        "amount": "gross_amount",
    }


def test_database_gives_its_tables_and_runs_no_view(tmp_path):
    secret = _written(tmp_path, "secret.csv", "invoice_id,customer_id\n1,2\n")
    with duckdb.connect(str(tmp_path / "books.duckdb")) as con:
        con.execute("""CREATE TABLE "inv""oices" (invoice_id TEXT, customer_id TEXT, issued_on DATE, due_on DATE,
                       amount DECIMAL(18,2))""")
        con.execute("""INSERT INTO "inv""oices" VALUES ('1', 'c', '2026-01-02', '2026-02-02', 10.25)""")
        con.execute(f"CREATE VIEW v AS SELECT * FROM read_csv('{secret}')")
    assert [sample.table for sample in samples_of(tmp_path / "books.duckdb")] == ['inv"oices']
    proposal = _proposed(tmp_path, tmp_path / "books.duckdb")
    assert load_company(tmp_path / "company.toml").tables["invoices"].table == 'inv"oices'
    assert list(proposal.mapping) == ["invoices"]


# What is not trusted


@given(st.text(min_size=1))
@example("\ud800")
@example('\x7f\u202e\\"\n[x]')
def test_no_name_can_become_more_than_a_string(text):
    line = Line(section="tables.invoices", key="columns.amount", value={text: text}, note=text, unsure=text)
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        with pytest.raises(UsageFault, match="not valid Unicode"):
            lines_of([line])
    else:
        written = lines_of([line], general=[text])
        assert tomllib.loads(written) == {"tables": {"invoices": {"columns": {"amount": {text: text}}}}}


@pytest.mark.parametrize(
    "header",
    ['amount due"\n[policy]\nterms_days = 1', "amount due\u202egnp", 'amount due = "x" # ', "amount\\", "amount\t'''"],
)
def test_hostile_headers_stay_headers(tmp_path, header):
    quoted = '"' + header.replace('"', '""') + '"'
    table = f"invoice no,customer no,invoice date,due date,{quoted}\n1,c,2026-01-03,2026-02-03,5.00\n"
    proposal = _proposed(tmp_path, _written(tmp_path, "invoices.csv", table))
    company = load_company(tmp_path / "company.toml")
    assert company.tables["invoices"].columns["amount"] == header.strip()
    assert company.policy.terms_days is None
    assert "\u202e" not in proposal.text


_CELLS = st.sampled_from(
    [
        "",
        "1",
        "01.02.2026",
        "2026-01-02",
        "1.234,5",
        "(1)",
        "EUR",
        "Yes",
        "Ü",
        "\0",
        "\u202e",
        '"',
        "\n",
        "Jan 5, 2026",
        "日本",
    ]
)
_HEADERS = st.sampled_from(
    ["invoice no", "customer", "amount", "due date", "date", "kind", "disputed", "", "Betrag EUR"]
)


@given(
    headers=st.lists(_HEADERS, min_size=1, max_size=7),
    rows=st.lists(st.lists(_CELLS, max_size=8), max_size=5),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-16", "cp1252", "utf-8-sig"]),
)
def test_whatever_is_in_a_file_the_proposal_is_accepted_or_the_file_refused(headers, rows, separator, encoding):
    text = "\n".join(separator.join(row) for row in [headers, *rows])
    with TemporaryDirectory() as folder:
        file = Path(folder) / "a.csv"
        file.write_bytes(text.encode(encoding, errors="replace"))
        # a file without anything that could be a table is refused; whatever else it holds, load_company accepts
        if any(cell.strip("\0 ") for row in [headers, *rows] for cell in row) and any(headers):
            _proposed(Path(folder), file)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("https://example.org/ledger.csv", "is an address"),
        ("s3://bucket/ledger.csv", "is an address"),
        ("*.csv", "is a pattern"),
        ("missing.csv", "cannot be opened"),
        ("folder.csv", "no regular file"),
        ("pipe.csv", "no regular file"),
        ("link.csv", "is a link"),
        ("ledger.xls", "not a kind of file"),
        ("empty.csv", "is empty"),
        ("broken.xlsx", "cannot be read as xlsx"),
        ("broken.parquet", "cannot be read as parquet"),
        ("broken.duckdb", "cannot be read as duckdb"),
        ("/dev/zero", "no regular file"),
        ("nul\0.csv", "cannot be opened"),
    ],
)
def test_what_is_no_plain_export_is_refused(tmp_path, monkeypatch, name, reason):
    monkeypatch.chdir(tmp_path)
    Path("folder.csv").mkdir()
    os.mkfifo("pipe.csv")
    Path("link.csv").symlink_to("/etc/hostname")
    Path("empty.csv").touch()
    for suffix in ("xls", "xlsx", "parquet", "duckdb"):
        Path(f"{'ledger' if suffix == 'xls' else 'broken'}.{suffix}").write_text("no such thing")
    with pytest.raises(UsageFault, match=reason):
        propose([Path(name)], written_to=tmp_path / "company.toml")


def test_a_file_outside_the_stated_root_is_refused(tmp_path):
    file = _written(tmp_path, "invoices.csv", GERMAN)
    (tmp_path / "books").mkdir()
    with pytest.raises(UsageFault, match="outside the root"):
        propose([file], root=tmp_path / "books", written_to=tmp_path / "company.toml")


def test_only_the_beginning_of_a_file_is_read(tmp_path):
    # the first value above 12 in the place of the day stands one row behind the limit
    dates = ["01/02/2026"] * ROWS_MAX + ["01/13/2026"]
    proposal = _proposed(tmp_path, _written(tmp_path, "invoices.txt", _invoices(dates)))
    assert any("tells day and month apart" in one for one in proposal.unsure)
    wide = "invoice no,customer,date,amount,note\n" + "".join(
        f"{i},c,2026-01-01,1.00,{'é' * 1000}\n" for i in range(BYTES_MAX // 2000 + 50)
    )
    [sample] = samples_of(_written(tmp_path, "wide.csv", wide))
    assert len(sample.columns["amount"]) < BYTES_MAX // 2000
    assert set(sample.columns["amount"]) == {"1.00"}
    assert sample.encoding == "utf-8"


def test_odd_shapes_are_told(tmp_path):
    titled = _written(tmp_path, "invoices.csv", "Open items\n\n" + GERMAN)
    assert any("header seems to be row 3" in one for one in _proposed(tmp_path, titled).unsure)
    ragged = _written(tmp_path, "ragged.csv", GERMAN + "0004;K1;01.03.2026;02.03.2026;1,00;EUR;;ja;more\n")
    assert any("row 5 has more fields" in one for one in _proposed(tmp_path, ragged).unsure)
    spoilt = _written(tmp_path, "spoilt.csv", GERMAN.encode().decode("cp1252"))
    assert any("spoilt before the export" in one for one in _proposed(tmp_path, spoilt).unsure)


def test_what_is_not_recognised_is_left_to_a_person(tmp_path):
    proposal = _proposed(tmp_path, _written(tmp_path, "a.csv", "foo,bar,wert\n1,2,3\n"))
    assert 'columns.invoice_id = "?"' in proposal.text
    assert any(one.startswith("columns.amount: no header") for one in proposal.unsure)
