"""Rows against rules: thresholds, control totals, and any mix of good and bad rows."""

from __future__ import annotations

import re
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from exported import ENTRIES, HEADER, LENIENT, assert_says, books_of, company_of, fact, fates, good, lines
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.faults import Fault
from analysis.ledger.books import examine
from analysis.ledger.contract import TABLES
from analysis.ledger.currencies import MINOR_UNITS
from analysis.ledger.rules import rules_for

STRICT = "quarantine_row_share_max = {rows}\nquarantine_value_share_max = {value}\n"


# Thresholds: above is too much, exactly at is not


@pytest.mark.parametrize(("bad", "refused"), [(0, False), (1, False), (2, True)])
def test_rows_kept_out_up_to_the_allowed_share(tmp_path: Path, bad: int, refused: bool) -> None:
    # 200 rows: one of them is 0.5 %, the share that the policy allows where it says nothing
    rows = [good(i, amount="0.01") if i >= bad else good(i, amount="x") for i in range(200)]
    books = books_of(tmp_path, {"invoices.csv": lines(*rows)}, policy="quarantine_value_share_max = 1.0")
    assert [one.rule for one in books.rejections] == ["row_share_kept_out"] * refused
    if refused:
        assert_says(fact(books, "row_share_kept_out"), "reject", "1.00%", "0.50%", "policy.quarantine_row_share_max")


@pytest.mark.parametrize(("bad", "refused"), [("12.34", False), ("12.35", True)])
@pytest.mark.parametrize("sign", ["", "-"])
def test_value_kept_out_up_to_the_allowed_share(tmp_path: Path, bad: str, refused: bool, sign: str) -> None:
    # 12.34 is exactly 0.1 % of 12,340.00; no float between 12.34 and 12,340 says so reliably
    sound = Decimal("12340.00") - Decimal("12.34")
    kept_out = f"B1,C1,2026-01-05,2026-01-04,{sign}{bad}"
    books = books_of(
        tmp_path,
        {"invoices.csv": lines(good(1, amount=str(sound)), kept_out)},
        policy=STRICT.format(rows=1.0, value=0.001),
    )
    assert [one.rule for one in books.rejections] == ["value_share_kept_out"] * refused


def test_opposite_amounts_do_not_hide_each_other(tmp_path: Path) -> None:
    rows = [good(i) for i in range(10)]
    rows += ["B1,C1,2026-01-05,2026-01-04,500.00", "B2,C1,2026-01-05,2026-01-04,-500.00"]
    books = books_of(tmp_path, {"invoices.csv": lines(*rows)}, policy=STRICT.format(rows=1.0, value=0.4))
    assert_says(fact(books, "value_share_kept_out"), "reject", "50.00%")


@pytest.mark.parametrize(("rate", "refused"), [("1.0", False), ("1.1", True)])
def test_value_is_measured_in_the_currency_of_the_company(tmp_path: Path, rate: str, refused: bool) -> None:
    # 10 USD of 90 EUR and 10 USD: a tenth at par, more where the dollar is worth more
    rows = lines(good(1, amount="90.00") + ",EUR", "B1,C1,2026-01-05,2026-01-04,10.00,USD", header=HEADER + ",currency")
    top = f'[[rates]]\ncurrency = "USD"\non = 2026-01-01\nrate = {rate}\nsource = "test"\n'
    books = books_of(tmp_path, {"invoices.csv": rows}, top=top, policy=STRICT.format(rows=1.0, value=0.1))
    assert [one.rule for one in books.rejections] == ["value_share_kept_out"] * refused


def test_amounts_that_cannot_be_are_no_share_of_value(tmp_path: Path) -> None:
    rows = lines(good(1) + ",EUR", good(2, amount="1e15") + ",EUR", good(3) + ",EURO", header=HEADER + ",currency")
    rows = rows.replace("1e15", "900000000000000")
    books = books_of(tmp_path, {"invoices.csv": rows}, policy=STRICT.format(rows=1.0, value=0.0))
    assert not books.rejections
    assert sum(n for (fate, _), (n, _) in fates(books).items() if fate == "quarantined") == 2


# The rules themselves


@pytest.mark.parametrize("name", list(TABLES))
def test_every_rule_can_be_told_apart_and_mended(tmp_path: Path, name: str) -> None:
    files = {"invoices.csv": lines(good(1))} | ({} if name == "invoices" else {f"{name}.csv": "x"})
    company = company_of(tmp_path, files, options={name: "extracted_on = 2026-01-31"})
    rules = rules_for(name, company, mapped=TABLES[name].names)
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert re.fullmatch(r"[a-z_]+", rule.id)
        assert rule.disposition in ("reject", "quarantine", "warn")
        assert rule.message
        assert rule.remedy
        assert rule.column in ("", *TABLES[name].names)


def test_one_row_that_breaks_many_rules_is_listed_once_with_all(tmp_path: Path) -> None:
    rows = lines(good(1), "B1\x00,C1,2026-01-05,2026-01-04,1.005")
    books = books_of(tmp_path, {"invoices.csv": rows})
    assert len(books.kept_out) == 1
    only = books.kept_out.iloc[0]
    assert sorted(only["why"].split()) == ["control_signs_invoice_id", "due_before_issue", "too_precise_amount"]
    assert (only["table"], only["file"], only["row"]) == ("invoices", "invoices.csv", 3)
    assert only["amount"] == "1.005"


def test_the_list_of_rows_kept_out_has_room_for_a_reason_of_a_dispute(tmp_path: Path) -> None:
    disputes = "dispute_id,invoice_id,opened_on,reason\nD1,G9,2026-01-10,wrong price\n"
    books = books_of(tmp_path, {"invoices.csv": lines(good(1)), "disputes.csv": disputes})
    only = books.kept_out.iloc[0]
    assert (only["why"], only["reason"]) == ("unknown_invoice", "wrong price")


def test_facts_count_rows_and_amounts(tmp_path: Path) -> None:
    rows = [f"B{i},C1,2026-01-05,2026-01-04,{i}.25" for i in range(1, 4)]
    one = fact(books_of(tmp_path, {"invoices.csv": lines(good(1), *rows)}), "due_before_issue")
    assert (one.rows, one.amount, one.row) == (3, 6.75, 3)


def test_the_list_of_rows_kept_out_ends_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.ledger.checks._LISTED_MAX", 2)
    books = books_of(tmp_path, {"invoices.csv": lines(*(good(i, amount="x") for i in range(3)))})
    assert_says(fact(books, "list_cut"), "warn", "invoices.csv", "3 rows", "first 2")
    assert books.kept_out["row"].tolist() == [2, 3]
    assert fates(books) == {("quarantined", "EUR"): (3, Decimal(0))}


def test_a_row_that_is_kept_out_raises_no_warning(tmp_path: Path) -> None:
    books = books_of(tmp_path, {"invoices.csv": lines(good(1), "B1,,2026-01-05,04.02.2026,0.00")})
    assert {one.rule for one in books.facts} == {"unreadable_due_on"}


# Laws


def _cell(*sound: str) -> st.SearchStrategy[str]:
    """Mostly sound cells, among them any text that a field may hold."""
    hostile = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    return st.one_of(st.sampled_from(sound), st.sampled_from(sound), st.sampled_from(sound), hostile)


_INVOICES = st.lists(
    st.tuples(
        _cell("A1", "A2", "A3", "a1", "A1 ", "007", "7"),
        _cell("C1", "C2", "", "NA", "Total"),
        _cell("2026-01-05", "2026-02-30", "2026-01-31"),
        _cell("2026-02-04", "", "2020-01-01", "2028-01-01"),
        _cell("100.00", "-5.00", "0.00", "0.01", "1.005", "12345678901.00", "nan", "1e5"),
        _cell("EUR", "", "USD", "JPY", "EURO"),
    ),
    min_size=1,
    max_size=12,
)
_ENTRY_ROWS = st.lists(
    st.tuples(
        _cell("E1", "E2", "E3"),
        _cell("2026-01-20", "2025-01-01"),
        _cell("50.00", "-50.00", "0.00"),
        _cell("payment", "credit_note", "write_off", "reversal", "recovery", "gift"),
        _cell("A1", "A2", "A9", ""),
        _cell("C1", "", "C9"),
    ),
    min_size=1,
    max_size=8,
)
_RATES = "".join(
    f'[[rates]]\ncurrency = "{code}"\non = 2020-01-01\nrate = 2.0\nsource = "test"\n'
    for code in sorted(set(MINOR_UNITS) - {"EUR"})
)


def _quoted(row: tuple[str, ...]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in row)


def _readable(written: str) -> Decimal:
    """The amount of a cell by hand: what the declared notation (decimal point, no grouping) allows, else none."""
    bare = re.sub("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]", "", written)
    bare = re.sub("^[\\s\u00a0\u2007\u202f]+|[\\s\u00a0\u2007\u202f]+$", "", bare, flags=re.ASCII)
    number = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
    if not re.fullmatch(rf"-?{number}|\+{number}|{number}-|\({number}\)", bare):
        return Decimal(0)
    value = Decimal(re.sub(r"[^0-9.]", "", bare))
    if value >= Decimal("1e15"):
        return Decimal(0)
    return -value if bare.startswith(("-", "(")) or bare.endswith("-") else value


@settings(max_examples=25)
@given(invoices=_INVOICES, entries=_ENTRY_ROWS)
def test_no_row_and_no_cent_is_lost(invoices: list[tuple[str, ...]], entries: list[tuple[str, ...]]) -> None:
    files = {
        "invoices.csv": lines(*map(_quoted, invoices), header=HEADER + ",currency"),
        "entries.csv": lines(*map(_quoted, entries), header=ENTRIES),
    }
    with tempfile.TemporaryDirectory() as folder:
        try:
            books = examine(company_of(Path(folder), files, top=_RATES))
        except Fault:
            return  # told, and not thrown as something else
        for table, rows, place in (("invoices", invoices, 4), ("entries", entries, 2)):
            if any(one.rule == "unreadable_file" and one.table == table for one in books.facts):
                continue
            found = fates(books, table)
            assert sum(n for n, _ in found.values()) == sum(any(row) for row in rows)
            read = sum((amount for _, amount in found.values() if amount is not None), Decimal(0))
            written = sum((_readable(row[place]).quantize(Decimal("0.001")) for row in rows), Decimal(0))
            assert read == written
            accepted = books.control[(books.control["table"] == table) & (books.control["fate"] == "accepted")]
            listed = books.kept_out[books.kept_out["table"] == table] if len(books.kept_out) else []
            assert len(listed) == sum(any(row) for row in rows) - int(accepted["rows"].sum())
        for one in books.facts:
            assert one.message
            assert one.disposition in ("reject", "quarantine", "warn")


@settings(max_examples=15)
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))))
def test_any_bytes_end_in_facts_or_a_fault(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        company = company_of(Path(folder), {"invoices.csv": HEADER.encode() + b"\n" + content}, policy=LENIENT)
        try:
            books = examine(company)
        except Fault:
            return  # told, and not thrown as something else
        if not any(one.rule == "unreadable_file" for one in books.facts):
            assert books.control["rows"].sum() >= 1


@settings(max_examples=10)
@given(order=st.permutations(range(8)))
def test_the_order_of_rows_changes_no_count(order: list[int]) -> None:
    rows = [
        good(1),
        good(1),
        good(2),
        good(2, amount="3.00"),
        good(3, amount="x"),
        good(4),
        "G5,C1",
        good(6, amount="-1"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        books = examine(company_of(Path(folder), {"invoices.csv": lines(*(rows[i] for i in order))}))
        assert fates(books) == {
            ("accepted", "EUR"): (3, Decimal(199)),
            ("identical_copy", "EUR"): (1, Decimal(100)),
            ("quarantined", "EUR"): (4, Decimal(103)),
        }
