"""The database in which books are read: in a folder of its own, and loading nothing from a network."""

from __future__ import annotations

from pathlib import Path

import ibis
import ibis.expr.operations as ops
from ibis.backends.duckdb import Backend


def opened_engine(folder: Path) -> Backend:
    """An empty database in ``folder``, which spills to disk instead of filling the memory."""
    return ibis.duckdb.connect(
        str(folder / "books.duckdb"),
        temp_directory=str(folder / "spill"),
        autoinstall_known_extensions=False,
    )


def stored(con: Backend, name: str, rows: ibis.Table) -> ibis.Table:
    """``rows`` as the table ``name``, computed once.

    What ``Backend.create_table`` does, in one statement where that takes six: with a dozen tables the
    difference is most of the time of a small ledger.
    """
    con.con.execute(f'CREATE OR REPLACE TABLE "{name}" AS {con.compile(rows)}').fetchall()
    return _table(con, name, rows.schema())


def viewed(con: Backend, name: str, rows: ibis.Table) -> ibis.Table:
    """``rows`` under the name ``name``, computed where they are used."""
    con.con.execute(f'CREATE OR REPLACE VIEW "{name}" AS {con.compile(rows)}').fetchall()
    return _table(con, name, rows.schema())


def stored_empty(con: Backend, name: str, schema: ibis.Schema) -> ibis.Table:
    """An empty table ``name``."""
    columns = ", ".join(f'"{column}" {con.compiler.type_mapper.to_string(kind)}' for column, kind in schema.items())
    con.con.execute(f'CREATE OR REPLACE TABLE "{name}" ({columns})').fetchall()
    return _table(con, name, schema)


def dropped(con: Backend, *names: str) -> None:
    """Free the room of tables that have served."""
    for name in names:
        con.con.execute(f'DROP TABLE IF EXISTS "{name}"').fetchall()


def n_rows(con: Backend, name: str) -> int:
    """Number of rows of the table ``name``."""
    return int(con.con.table(name).count("*").fetchall()[0][0])


def _table(con: Backend, name: str, schema: ibis.Schema) -> ibis.Table:
    return ops.DatabaseTable(name, schema=schema, source=con).to_expr()
