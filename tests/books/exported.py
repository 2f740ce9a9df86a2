"""Small exports written as a company would write them, and what must be said of them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from analysis.ledger.books import Books, examine
from analysis.ledger.company import Company, load_company
from analysis.ledger.facts import Fact, told

HEADER = "invoice_id,customer_id,issued_on,due_on,amount"
ENTRIES = "entry_id,booked_on,amount,kind,invoice_id,customer_id"
DISPUTES = "dispute_id,invoice_id,opened_on,closed_on,amount"
# A file of a few rows has no share of bad rows that a policy for thousands would allow.
LENIENT = "quarantine_row_share_max = 1.0\nquarantine_value_share_max = 1.0\n"


def good(number: int, *, amount: str = "100.00") -> str:
    """One sound invoice."""
    return f"G{number},C1,2026-01-05,2026-02-04,{amount}"


def lines(*rows: str, header: str = HEADER, end: str = "\n") -> str:
    """A header and rows as one text."""
    return end.join((header, *rows)) + end


def company_of(
    folder: Path,
    files: Mapping[str, str | bytes],
    *,
    options: Mapping[str, str] | None = None,
    top: str = "",
    policy: str = LENIENT,
) -> Company:
    """A company in ``folder``; each file is the table of its stem, with ``options`` in TOML for that table."""
    text = f'[company]\nname = "Hostile"\ncurrency = "EUR"\n{top}\n[policy]\n{policy}\n'
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        table = name.partition(".")[0]
        text += f'[tables.{table}]\nfile = "{name}"\n{(options or {}).get(table, "")}\n'
    (folder / "company.toml").write_text(text, encoding="utf-8")
    return load_company(folder / "company.toml")


def books_of(
    folder: Path,
    files: Mapping[str, str | bytes],
    *,
    options: Mapping[str, str] | None = None,
    top: str = "",
    policy: str = LENIENT,
) -> Books:
    """The books of :func:`company_of`, examined."""
    return examine(company_of(folder, files, options=options, top=top, policy=policy))


def fact(books: Books, rule: str) -> Fact:
    """The one fact of a rule; fails with all that was found where it is not there."""
    found = [one for one in books.facts if one.rule == rule]
    assert len(found) == 1, "\n".join(f"{one.disposition} {one.rule}: {told(one)}" for one in books.facts) or "no facts"
    return found[0]


def assert_says(one: Fact, disposition: str, *parts: str) -> None:
    """The disposition, and that the message has each of the parts, and a remedy where something is to be mended."""
    assert one.disposition == disposition, told(one)
    assert all(part in told(one) for part in parts), told(one)
    assert one.remedy or one.rule == "unreadable_file"


def fates(books: Books, table: str = "invoices") -> dict[tuple[str, str], tuple[int, Decimal | None]]:
    """Rows and amount of a table by fate and currency."""
    mine = books.control[books.control["table"] == table]
    return {
        (row["fate"], row["currency"]): (int(row["rows"]), None if row["amount"] is None else Decimal(row["amount"]))
        for _, row in mine.iterrows()
    }


def assert_nothing_lost(books: Books, *, rows: int, table: str = "invoices", **amounts: str) -> None:
    """INV1: the fates of the rows add up to the file, in rows and, per currency, in amounts."""
    found = fates(books, table)
    assert sum(n for n, _ in found.values()) == rows
    summed: dict[str, Decimal] = {}
    for (_, currency), (_, amount) in found.items():
        summed[currency] = summed.get(currency, Decimal(0)) + (amount or 0)
    assert {c: a for c, a in summed.items() if a} == {c: Decimal(a) for c, a in amounts.items()}
    listed = books.kept_out[books.kept_out["table"] == table] if len(books.kept_out) else books.kept_out
    assert len(listed) == rows - sum(n for (fate, _), (n, _) in found.items() if fate == "accepted")


def ids(books: Books, table: str = "invoices") -> list[str]:
    """Keys of the accepted rows, in order of text."""
    key = {"invoices": "invoice_id", "entries": "entry_id", "disputes": "dispute_id", "customers": "customer_id"}[table]
    return sorted(books.tables[table].select(key).execute()[key].fillna("").tolist())


def amount(books: Books, invoice: str) -> Decimal:
    """Amount of one accepted invoice."""
    invoices = books.tables["invoices"]
    return Decimal(invoices.filter(invoices["invoice_id"] == invoice)["amount"].execute().iloc[0])
