"""Tables of Parquet and DuckDB files, whose typed columns are written out in one plain notation."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from analysis.faults import DataFault, UsageFault
from analysis.ledger.company import Format
from analysis.ledger.contract import Kind
from analysis.ledger.engine import stored
from analysis.ledger.intake import TakenFile
from analysis.ledger.workbooks import KindsOf

# How typed columns are written out and read again.
PLAIN = Format()


@ibis.udf.scalar.builtin
def timezone(zone: str, moment: dt.timestamp) -> dt.timestamp:
    """DuckDB's clock of a zone for a moment in time."""


@ibis.udf.scalar.builtin(name="format")
def _formatted(pattern: str, number: float) -> str:  # type: ignore[empty-body]
    """DuckDB's text of a number under a pattern of the {fmt} library."""


def load_typed(
    con: Backend, taken: TakenFile, *, table: str | None, notation: Format, kinds_of: KindsOf, label: str
) -> tuple[list[str], frozenset[str]]:
    """Load a typed table as table ``label`` like delimited text; gives its headers and those that are typed.

    A moment in time is put on the clock of ``notation.timezone``. Raises DataFault for a damaged file,
    UsageFault where it is not said which of several tables is meant.
    """
    try:
        if taken.copy.suffix.lower() == ".parquet":
            found = con.read_parquet(taken.copy, table_name=f"found_{label}")
        else:
            con.attach(taken.copy, name=f"file_{label}", read_only=True)
            # A view could read any other file; only tables are data.
            query = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main'"
            names = sorted(name for (name,) in con.con.execute(query, [f"file_{label}"]).fetchall())
            if table not in names:
                raise UsageFault(f"{taken.name}: state table = one of {', '.join(map(repr, names))}")
            found = con.table(table, database=(f"file_{label}", "main"))
        headers = list(found.columns)
        texts, typed = _texts(found, kinds_of(headers), notation)
        numbered = found.select(_row=ibis.row_number() + 2, _short=ibis.literal(False), **texts)
        stored(con, label, numbered)
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise DataFault(f"{taken.name}: cannot be read ({said}); write the file again") from None
    return headers, frozenset(headers[place] for place in typed)


def _texts(
    found: ibis.Table, kinds: Sequence[Kind | None], notation: Format
) -> tuple[dict[str, ir.StringValue], list[int]]:
    texts: dict[str, ir.StringValue] = {}
    typed = []
    for place, (header, kind) in enumerate(zip(found.columns, kinds, strict=True)):
        cell = found[header]
        texts[f"c{place}"] = _text(cell, kind, notation)
        if not cell.type().is_string():
            typed.append(place)
    return texts, typed


def _text(cell: ir.Value, kind: Kind | None, notation: Format) -> ir.StringValue:
    held = cell.type()
    if held.is_timestamp():
        clock = timezone(notation.timezone, cell) if held.timezone else cell
        return clock.strftime(PLAIN.date if kind is Kind.DATE else PLAIN.timestamp)
    if held.is_floating():
        number = cell.cast("float64")
        # fifteen digits are what a double keeps; the rest is binary noise
        small = (number != 0) & (number.abs() < 1e-4)
        return ibis.ifelse(small, _formatted("{:.12f}", number), _formatted("{:.15g}", number))
    return cell.cast("string")
