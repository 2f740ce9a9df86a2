"""Books of a simulated world, without the files in between."""

from __future__ import annotations

from datetime import date

import ibis
import pandas as pd
import pyarrow as pa

from analysis.ledger.books import Books
from analysis.ledger.company import About, Company, Policy, Source
from analysis.ledger.completion import completed
from analysis.ledger.contract import TABLES
from analysis.ledger.reading import SQL_TYPES
from analysis.ledger.simulate import World
from analysis.ledger.snapshot import as_of
from analysis.measures.history import History, history_of


def simulated_books(world: World) -> Books:
    """The tables of a world as accepted books, in segments as ``write_world`` configures them."""
    company = Company(
        company=About(name="Simulated", currency="EUR"),
        tables={name: Source(file=f"{name}.csv") for name in world.tables},
        policy=Policy(segment_by="segment"),
    )
    con, tables = ibis.duckdb.connect(), {}
    for name, frame in world.tables.items():
        columns = [column for column in TABLES[name].columns if column.name in frame]
        schema = ibis.schema({column.name: SQL_TYPES[column.kind] for column in TABLES[name].columns}).to_pyarrow()
        given = pa.Table.from_pandas(frame[[column.name for column in columns]], preserve_index=False)
        absent = [column.name for column in TABLES[name].columns if column.name not in frame]
        for column in absent:
            given = given.append_column(column, pa.nulls(len(frame), schema.field(column).type))
        tables[name] = con.create_table(f"accepted_{name}", given.select(schema.names).cast(schema))
    return Books(
        company=company,
        con=con,
        tables=completed(con, tables, company),
        available=frozenset(world.tables),
        facts=(),
        kept_out=pd.DataFrame(),
        control=pd.DataFrame(),
        files=(),
    )


def simulated_history(world: World, on: date) -> History:
    """The history of a simulated world as the books showed it on a day."""
    return history_of(as_of(simulated_books(world), on))
