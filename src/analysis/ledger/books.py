"""The books of a company: what was accepted, what was kept out, and whether they may be used at all."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import ibis
import pandas as pd
from ibis.backends.duckdb import Backend

from analysis.faults import DataFault, UsageFault
from analysis.ledger.checks import CheckedTable, check_table
from analysis.ledger.company import Company
from analysis.ledger.completion import completed, empty_table
from analysis.ledger.contract import TABLES
from analysis.ledger.facts import Fact, told
from analysis.ledger.intake import TakenFile
from analysis.ledger.reading import as_read
from analysis.ledger.sources import read_raw

# Kept out for a good reason, so not a sign of a bad export.
_HARMLESS = ("identical_copy", "totals_row")


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
    _folder: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

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
    """Read and check all tables, going on after a fault so that one reading tells everything."""
    keeper = None
    if folder is None:
        keeper = tempfile.TemporaryDirectory(prefix="paycurve-")
        folder = Path(keeper.name)
    con = ibis.duckdb.connect(str(folder / "books.duckdb"), temp_directory=str(folder / "spill"))
    if "entries" in company.tables and "paid_on" in company.tables["invoices"].columns:
        raise UsageFault(
            f"{company.path.name}: invoices.columns.paid_on and tables.entries both say when invoices were paid; map one"
        )
    checked: dict[str, CheckedTable] = {}
    facts: list[Fact] = []
    files: list[TakenFile] = []
    for name in TABLES:
        if name not in company.tables:
            continue
        inbox = folder / f"in_{name}"
        inbox.mkdir()
        try:
            raw = read_raw(con, company, name, folder=inbox)
        except DataFault as fault:
            facts.append(Fact(table=name, disposition="reject", rule="unreadable_file", message=str(fault)))
            continue
        files += raw.files
        invoice_ids = checked["invoices"].accepted if "invoices" in checked else None
        checked[name] = check_table(con, as_read(raw, company), raw, company, invoice_ids=invoice_ids)
        facts += checked[name].facts
        facts += _of_files(raw.files, raw.unmapped, name, repeated=company.tables[name].repeated)
        facts += _too_many(checked[name], company)
    tables = {name: checked[name].accepted if name in checked else empty_table(con, name) for name in TABLES}
    tables = completed(con, tables, company)
    facts += _unknown_customers(tables, "customers" in checked) + _missing_rates(tables, company)
    return Books(
        company=company,
        con=con,
        tables=tables,
        available=frozenset(checked) | ({"entries"} if "paid_on" in company.tables["invoices"].columns else set()),
        facts=tuple(facts),
        kept_out=pd.concat([one.kept_out for one in checked.values()], ignore_index=True)
        if checked
        else pd.DataFrame(),
        control=pd.concat([one.control for one in checked.values()], ignore_index=True) if checked else pd.DataFrame(),
        files=tuple(files),
        _folder=keeper,
    )


def _of_files(files: tuple[TakenFile, ...], unmapped: tuple[str, ...], name: str, *, repeated: bool) -> list[Fact]:
    facts = [
        Fact(
            table=name,
            disposition="warn",
            rule="mojibake",
            message="accented letters look as if UTF-8 had been read as Latin-1 (Ã©)",
            remedy="export again in one encoding",
            file=file.name,
        )
        for file in files
        if file.mojibake
    ]
    if unmapped and not repeated:
        shown = ", ".join(unmapped[:8]) + (", ..." if len(unmapped) > 8 else "")
        facts.append(
            Fact(
                table=name,
                disposition="warn",
                rule="unmapped_columns",
                message=f"{len(unmapped)} column(s) of the export are not used: {shown}",
                remedy=f"map them under tables.{name}.columns if they are wanted",
                file=files[0].name,
            )
        )
    return facts


def _too_many(table: CheckedTable, company: Company) -> list[Fact]:
    """A table of which more was kept out than the policy allows is not used at all."""
    policy = company.policy
    counted = table.control[~table.control["fate"].isin(_HARMLESS)]
    bad = counted[counted["fate"] == "quarantined"]
    rows = bad["rows"].sum() / max(counted["rows"].sum(), 1)
    # each currency against itself, because amounts of different currencies do not add up
    by_currency = counted.assign(value=counted["amount"].astype(float).abs()).groupby("currency")["value"].sum()
    bad_value = bad.assign(value=bad["amount"].astype(float).abs()).groupby("currency")["value"].sum()
    value = float((bad_value / by_currency[by_currency > 0]).max()) if len(bad_value) else 0.0
    facts = []
    for share, limit, what, key in (
        (rows, policy.quarantine_row_share_max, "rows", "quarantine_row_share_max"),
        (0.0 if value != value else value, policy.quarantine_value_share_max, "value", "quarantine_value_share_max"),
    ):
        if share > limit:
            facts.append(
                Fact(
                    table=table.name,
                    disposition="reject",
                    rule="too_much_kept_out",
                    message=f"{share:.2%} of the {what} of {table.name} is kept out, allowed are {limit:.2%}",
                    remedy=f"mend the rows listed, or raise policy.{key}",
                    rows=int(bad["rows"].sum()),
                )
            )
    return facts


def _unknown_customers(tables: dict[str, ibis.Table], has_customers: bool) -> list[Fact]:
    if not has_customers:
        return []
    invoices, customers = tables["invoices"], tables["customers"]
    missing = invoices.anti_join(customers, "customer_id")
    found = missing.aggregate(rows=missing.count(), customers=missing["customer_id"].nunique()).execute().iloc[0]
    if not found["rows"]:
        return []
    return [
        Fact(
            table="invoices",
            disposition="warn",
            rule="unknown_customer",
            message=f"{found['customers']:,} customer(s) of invoices are not in the customer table",
            remedy="complete the customers; until then they have no name or segment",
            rows=int(found["rows"]),
        )
    ]


def _missing_rates(tables: dict[str, ibis.Table], company: Company) -> list[Fact]:
    used: set[str] = set()
    for name in ("invoices", "entries"):
        used |= set(tables[name].select("currency").distinct().execute()["currency"])
    rates = set(tables["fx_rates"].select("currency").distinct().execute()["currency"])
    rates |= {rate.currency for rate in company.rates} | {company.currency}
    return [
        Fact(
            table="fx_rates",
            disposition="reject",
            rule="missing_rate",
            message=f"there is no exchange rate for {code} into {company.currency}",
            remedy="add tables.fx_rates, or [[rates]] with currency, on, rate and source",
        )
        for code in sorted(used - rates)
    ]


def last_booking(books: Books) -> date | None:
    """Day of the last invoice or entry in the books; None where they hold none."""
    invoices, entries = books.tables["invoices"], books.tables["entries"]
    found = [invoices["issued_on"].max().execute(), entries["booked_on"].max().execute()]
    days = [pd.Timestamp(day).date() for day in found if not pd.isna(day)]
    return max(days, default=None)
