"""Small ledgers written down row by row, without files and checks in between."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa

from analysis.ledger.books import Books
from analysis.ledger.company import About, Company, Policy, Rate, Source
from analysis.ledger.completion import completed
from analysis.ledger.contract import TABLES
from analysis.ledger.reading import SQL_TYPES
from analysis.ledger.snapshot import Snapshot, as_of
from analysis.ledger.targets import Targets

Row = dict[str, Any]


def day(text: str | date) -> date:
    return date.fromisoformat(text) if isinstance(text, str) else text


@dataclass
class Ledger:
    """Rows of the contract's tables as lists of dictionaries; absent cells are absent keys."""

    currency: str = "EUR"
    policy: Policy = field(default_factory=Policy)
    rates: tuple[Rate, ...] = ()
    tables: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})
    targets: Targets = field(default_factory=Targets)

    def invoice(self, id: str, customer: str, issued: str, due: str | None, amount: str, **more: Any) -> Ledger:
        row = {"invoice_id": id, "customer_id": customer, "issued_on": day(issued), "amount": Decimal(amount)}
        row |= {"due_on": day(due)} if due else {}
        self.tables["invoices"].append(row | _read(more))
        return self

    def entry(self, kind: str, amount: str, on: str, invoice: str | None = None, **more: Any) -> Ledger:
        number = more.pop("id", f"e{len(self.tables['entries']):03}")
        row = {"entry_id": number, "booked_on": day(on), "amount": Decimal(amount), "kind": kind}
        row |= {"invoice_id": invoice} if invoice else {}
        self.tables["entries"].append(row | _read(more))
        return self

    def row(self, table: str, **cells: Any) -> Ledger:
        self.tables[table].append(_read(cells))
        return self

    def copy(self) -> Ledger:
        return Ledger(self.currency, self.policy, self.rates, copy.deepcopy(self.tables), self.targets)

    @property
    def company(self) -> Company:
        return Company(
            company=About(name="Small Books", currency=self.currency),
            tables={"invoices": Source(file="none.csv")},
            policy=self.policy,
            rates=self.rates,
            targets=self.targets,
        )

    def books(self) -> Books:
        con = ibis.duckdb.connect()
        tables = {}
        for name, rows in self.tables.items():
            schema = ibis.schema({column.name: SQL_TYPES[column.kind] for column in TABLES[name].columns})
            tables[name] = con.create_table(f"accepted_{name}", pa.Table.from_pylist(rows, schema=schema.to_pyarrow()))
        return Books(
            company=self.company,
            con=con,
            tables=completed(con, tables, self.company),
            available=frozenset(name for name, rows in self.tables.items() if rows),
            facts=(),
            kept_out=pd.DataFrame(),
            control=pd.DataFrame(),
            files=(),
        )

    def as_of(self, on: str | date, *, known_by: str | date | None = None) -> Snapshot:
        return as_of(self.books(), day(on), known_by=day(known_by) if known_by else None)


def items_of(snapshot: Snapshot) -> dict[str, Row]:
    """The snapshot's invoices by number, dates as dates and nulls as None."""
    rows = snapshot.items.to_pyarrow().to_pylist()
    return {row["invoice_id"]: row for row in rows}


def _read(cells: Row) -> Row:
    return {
        name: day(cell) if name == "on" or name.endswith("_on") else Decimal(cell) if name == "balance" else cell
        for name, cell in cells.items()
        if cell is not None
    }
