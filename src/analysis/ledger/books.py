"""The books of a company: what was accepted, what was kept out, and whether they may be used at all."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass, replace
from pathlib import Path

import ibis
import pandas as pd
from ibis.backends.duckdb import Backend

from analysis.faults import DataFault, UsageFault
from analysis.ledger.acceptance import (
    latest_rates,
    missing_rates,
    payments_turned,
    too_much_kept_out,
    unknown_customers,
)
from analysis.ledger.checks import CheckedTable, check_table
from analysis.ledger.company import Company
from analysis.ledger.completion import completed, empty_table
from analysis.ledger.contract import TABLES
from analysis.ledger.engine import opened_engine
from analysis.ledger.facts import Fact, told
from analysis.ledger.intake import TakenFile
from analysis.ledger.sources import RawTable, read_raw


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Books:
    """All tables of a company after their checks.

    ``tables`` holds every table of the contract with all its columns, empty where the company does
    not have it; ``available`` names those it has. ``facts`` is what the checks found, ``kept_out``
    the rows not used, ``control`` rows and amounts by table, currency and fate.
    """

    company: Company
    con: Backend
    tables: dict[str, ibis.Table]
    available: frozenset[str]
    facts: tuple[Fact, ...]
    kept_out: pd.DataFrame
    control: pd.DataFrame
    files: tuple[TakenFile, ...]

    @property
    def rejections(self) -> tuple[Fact, ...]:
        """Facts for which the books may not be used."""
        return tuple(fact for fact in self.facts if fact.disposition == "reject")


def open_books(company: Company, *, folder: Path | None = None) -> Books:
    """Read and check the books of ``company``.

    Raises DataFault with all reasons where they may not be used.
    """
    books = examine(company, folder=folder)
    if books.rejections:
        raise DataFault("\n".join(told(fact) for fact in books.rejections))
    return books


def examine(company: Company, *, folder: Path | None = None) -> Books:
    """Read and check all tables, going on after a fault so that one reading tells everything.

    ``folder`` is where private copies and the engine's files are kept; where absent, one that goes with the books.
    Raises UsageFault where ``company.toml`` itself is wrong.
    """
    kept = folder or Path(tempfile.mkdtemp(prefix="paycurve-"))
    con = opened_engine(kept)
    if folder is None:
        # every table of the books holds on to the engine, so the folder lives as long as any of them
        weakref.finalize(con, shutil.rmtree, kept, ignore_errors=True)
    checked: dict[str, CheckedTable] = {}
    facts: list[Fact] = []
    files: list[TakenFile] = []
    for name in (name for name in TABLES if name in company.tables):
        inbox = kept / f"in_{name}"
        inbox.mkdir()
        try:
            raw = read_raw(con, company, name, folder=inbox)
        except DataFault as fault:
            facts.append(Fact(table=name, disposition="reject", rule="unreadable_file", message=str(fault)))
            continue
        files += raw.files
        accepted = {done: table.accepted for done, table in checked.items()}
        checked[name] = check_table(con, raw, company, books=accepted)
        facts += [*checked[name].facts, *_of_files(raw, company)]
    _refuse_two_accounts(checked, company)
    kept_out = [one.kept_out for one in checked.values()]
    control = [one.control for one in checked.values()]
    tables = {name: checked[name].accepted if name in checked else empty_table(con, name) for name in TABLES}
    tables = completed(con, tables, company)
    books = Books(
        company=company,
        con=con,
        tables=tables,
        available=frozenset(checked) | ({"entries"} if _is_flat(checked, company) else set()),
        facts=tuple(facts),
        kept_out=pd.concat(kept_out, ignore_index=True) if kept_out else pd.DataFrame(),
        control=pd.concat(control, ignore_index=True) if control else pd.DataFrame(),
        files=tuple(files),
    )
    return replace(books, facts=(*facts, *_of_the_whole(books, checked)))


def _is_flat(checked: dict[str, CheckedTable], company: Company) -> bool:
    """Whether the invoices say themselves when they were paid."""
    return "paid_on" in company.tables["invoices"].constants or (
        "invoices" in checked and "paid_on" in checked["invoices"].mapped
    )


def _refuse_two_accounts(checked: dict[str, CheckedTable], company: Company) -> None:
    if "entries" in company.tables and _is_flat(checked, company):
        raise UsageFault(
            f"{company.path.name}: invoices.paid_on and tables.entries both say when invoices were paid, "
            "and payments would count twice; leave out one of the two"
        )


def _of_the_whole(books: Books, checked: dict[str, CheckedTable]) -> list[Fact]:
    """What only all tables together show."""
    tables, company = books.tables, books.company
    rates = latest_rates(tables["fx_rates"] if "fx_rates" in checked else None, company)
    facts = too_much_kept_out([one.sizes for one in checked.values()], company, rates)
    facts += missing_rates(books.control, company, rates)
    if "customers" in checked:
        facts += unknown_customers(tables, file=_first_file(books, "invoices"))
    if "entries" in checked:
        facts += payments_turned(tables["entries"], file=_first_file(books, "entries"))
    return facts


def _first_file(books: Books, table: str) -> str:
    file = books.company.tables[table].file
    return file if isinstance(file, str) else file[0]


def _of_files(raw: RawTable, company: Company) -> list[Fact]:
    """What there is to say of files rather than of rows."""
    source = company.tables[raw.name]
    # one file may hold several tables, and each needs some of its columns only
    of_file = [table for table in company.tables.values() if table.file == source.file]
    used = {header for table in of_file for header in table.columns.values()}
    unused = sorted(set(raw.unmapped) - used)
    facts = [
        Fact(
            table=raw.name,
            disposition="warn",
            rule="mojibake",
            message="accented letters look as if UTF-8 had been read as Latin-1 (Ã©)",
            remedy="export again in one encoding, or correct format.encoding",
            file=file.name,
        )
        for file in raw.files
        if file.mojibake
    ]
    if unused and not source.repeated:
        shown = ", ".join(unused[:8]) + (", ..." if len(unused) > 8 else "")
        facts.append(
            Fact(
                table=raw.name,
                disposition="warn",
                rule="unmapped_columns",
                message=f"{len(unused)} column(s) of the export are not used: {shown}",
                remedy=f"map them under tables.{raw.name}.columns if they are wanted",
                file=raw.files[0].name,
            )
        )
    if raw.hidden_rows:
        facts.append(
            Fact(
                table=raw.name,
                disposition="warn",
                rule="hidden_rows",
                message=f"{raw.hidden_rows:,} row(s) are hidden in the workbook and used all the same",
                remedy="remove them from the sheet if they are not to count",
                file=raw.files[0].name,
                rows=raw.hidden_rows,
            )
        )
    return facts
