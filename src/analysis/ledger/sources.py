"""Exports of a company as raw tables: every cell as it was written, every row with its file and number."""

from __future__ import annotations

import csv
import difflib
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import ibis
import openpyxl
from ibis.backends.duckdb import Backend

from analysis.faults import DataFault, UsageFault
from analysis.ledger.company import Company, Format, Source
from analysis.ledger.contract import TABLES, Kind
from analysis.ledger.intake import TakenFile, files_of, take_in

# A workbook of ordinary figures unpacks to some ten times its size; a bomb to a thousand.
_UNPACKED_MAX, _UNPACKED_RATIO_MAX = 4 << 30, 200
_NO_NULL = "\x01"  # no cell is this, so that a blank cell stays a blank and a missing one becomes null


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawTable:
    """One table of the contract as the export has it.

    ``table`` holds the mapped columns under their contract names, still as written, and ``_file``,
    ``_row`` (the header is row 1), ``_order`` (unique across files), ``_whole`` (hash of the whole
    row, unmapped columns included) and ``_short`` (the row has fewer cells than the header).
    """

    name: str
    table: ibis.Table
    mapped: tuple[str, ...]
    headers: dict[str, str]  # contract column -> header in the export
    unmapped: tuple[str, ...]
    files: tuple[TakenFile, ...]


def read_raw(con: Backend, company: Company, name: str, *, folder: Path) -> RawTable:
    """The table ``name`` of the contract from the files that ``company`` names for it.

    Raises DataFault naming file, line and remedy where a file cannot be read as declared.
    """
    source, notation = company.tables[name], company.format_of(name)
    takens, parts, headers, unmapped = [], [], {}, set()
    for number, file in enumerate(files_of(source, root=company.root)):
        taken = take_in(file, root=company.root, folder=folder, encoding=notation.encoding)
        cells, found = _cells(con, taken, source, notation, label=f"raw_{name}_{number}")
        headers = _mapping(found, name=name, source=source, company=company, file=taken.name)
        unmapped |= set(found) - set(headers.values())
        positions = {column: found.index(header) for column, header in headers.items()}
        parts.append(_part(cells, positions, width=len(found), file=taken.name, number=number))
        takens.append(taken)
    table = parts[0] if len(parts) == 1 else ibis.union(*parts)
    return RawTable(
        name=name,
        table=con.create_table(f"raw_{name}", table, overwrite=True),
        mapped=tuple(headers),
        headers=headers,
        unmapped=tuple(sorted(unmapped)),
        files=tuple(takens),
    )


def _part(cells: ibis.Table, positions: dict[str, int], *, width: int, file: str, number: int) -> ibis.Table:
    whole = ibis.literal("")
    for position in range(width):
        whole = whole + cells[f"c{position}"].cast("string").fill_null("") + "\x1f"
    columns = {column: cells[f"c{position}"] for column, position in positions.items()}
    return cells.select(
        **columns,
        _file=ibis.literal(file),
        _row=cells["_row"] + 1,
        _order=cells["_row"] + number * 10**11,
        _whole=whole.hash(),
        _short=cells[f"c{width - 1}"].isnull() if cells[f"c{width - 1}"].type().is_string() else ibis.literal(False),
    )


def _mapping(found: Sequence[str], *, name: str, source: Source, company: Company, file: str) -> dict[str, str]:
    """Contract column -> header, for the columns the export has; DataFault where one is missing."""
    doubled = sorted({header for header in found if found.count(header) > 1})
    if doubled:
        raise DataFault(f"{file}: the header names {', '.join(map(repr, doubled))} more than once; rename one of them")
    for column, header in source.columns.items():
        if header not in found:
            near = difflib.get_close_matches(header, found, n=1, cutoff=0.4)
            hint = f"; the nearest is {near[0]!r}" if near else f"; it has {', '.join(map(repr, found[:12]))}"
            raise DataFault(f"{file}: there is no column {header!r} (tables.{name}.columns.{column}){hint}")
    taken = set(source.columns.values())
    own = {c: c for c in TABLES[name].names if c in found and c not in source.columns and c not in taken}
    headers = {**source.columns, **own}
    for column in TABLES[name].mandatory:
        given = column in headers or column in source.constants
        if not given and not (column == "due_on" and company.policy.terms_days is not None):
            near = difflib.get_close_matches(column, found, n=1, cutoff=0.4)
            hint = f"; is it {near[0]!r}?" if near else ""
            terms = ", or state policy.terms_days" if column == "due_on" else ""
            raise DataFault(f"{file}: nothing is mapped to {column}; set tables.{name}.columns.{column}{terms}{hint}")
    return {column: headers[column] for column in TABLES[name].names if column in headers}


def _cells(
    con: Backend, taken: TakenFile, source: Source, notation: Format, *, label: str
) -> tuple[ibis.Table, list[str]]:
    """Cells of one file as columns c0, c1, ... with ``_row``, and its headers."""
    suffix = taken.copy.suffix.lower()
    if suffix in (".csv", ".txt", ".tsv"):
        return _csv(con, taken, delimiter=notation.delimiter, label=label, allow_empty=source.allow_empty)
    if suffix == ".xlsx":
        written = _sheet_as_csv(taken, sheet=source.sheet, notation=notation)
        return _csv(con, written, delimiter=",", label=label, allow_empty=source.allow_empty)
    if suffix == ".parquet":
        table = con.read_parquet(taken.copy)
    else:
        con.attach(taken.copy, name=label, read_only=True)
        tables = con.list_tables(database=(label, "main"))
        if source.table not in tables:
            raise UsageFault(f"{taken.name}: state table = one of {', '.join(map(repr, sorted(tables)))}")
        table = con.table(source.table, database=(label, "main"))
    headers = list(table.columns)
    renamed = table.rename({f"c{i}": header for i, header in enumerate(headers)})
    return renamed.mutate(_row=ibis.row_number() + 1), headers


def _csv(
    con: Backend, taken: TakenFile, *, delimiter: str, label: str, allow_empty: bool
) -> tuple[ibis.Table, list[str]]:
    with taken.copy.open(newline="", encoding="utf-8") as file:
        headers = [header.strip() for header in next(csv.reader(file, delimiter=delimiter), [])]
    if len(headers) == 1:
        other = max(",;\t|", key=headers[0].count)
        if headers[0].count(other):
            raise DataFault(f"{taken.name}: found 1 column; is the delimiter {other!r}? Set format.delimiter")
    if "" in headers:
        raise DataFault(f"{taken.name}: column {headers.index('') + 1} of the header has no name")
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(headers)))
    query = (
        f'CREATE OR REPLACE TABLE "{label}" AS SELECT row_number() OVER () AS _row, * FROM read_csv(?, '
        "all_varchar=true, auto_detect=false, header=true, quote='\"', escape='\"', null_padding=true, "
        f"strict_mode=true, max_line_size=10000000, delim=?, nullstr=?, columns={{{columns}}}, parallel=%s)"
    )
    bound = [str(taken.copy), delimiter, _NO_NULL]
    try:
        try:
            con.con.execute(query % "true", bound)
        except duckdb.Error as error:
            # line feeds inside quotes cannot be read by several threads at once
            if "parallel" not in str(error):
                raise
            con.con.execute(query % "false", bound)
    except duckdb.Error as error:
        raise _unreadable(taken.name, str(error), delimiter=delimiter) from None
    table = con.table(label)
    if not allow_empty and table.count().execute() == 0:
        raise DataFault(f"{taken.name}: has a header and no rows; set allow_empty = true if that is right")
    return table, headers


def _unreadable(name: str, message: str, *, delimiter: str) -> DataFault:
    line = re.search(r"Line: (\d+)", message)
    at = f"{name}: line {int(line[1]):,}" if line else name
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if counts:
        return DataFault(
            f"{at} has {counts[2]} fields, the header {counts[1]}; "
            f"is there an unquoted {delimiter!r} or one at the end of the line?"
        )
    if "quote" in message:
        return DataFault(f'{at}: a quotation mark (") is opened and not closed, or followed by text')
    return DataFault(f"{at}: cannot be read as CSV: {message.splitlines()[0]}")


def _sheet_as_csv(taken: TakenFile, *, sheet: str | None, notation: Format) -> TakenFile:
    """One sheet of a workbook as CSV in the declared notation, so that all text is read in one way."""
    with zipfile.ZipFile(taken.copy) as packed:
        unpacked = sum(part.file_size for part in packed.infolist())
    if unpacked > _UNPACKED_MAX or unpacked > _UNPACKED_RATIO_MAX * max(taken.n_bytes, 1 << 16):
        raise DataFault(f"{taken.name}: unpacks to {unpacked / 1e6:,.0f} MB, which no ledger of this size does")
    values = openpyxl.load_workbook(taken.copy, read_only=True, data_only=True)
    formulas = openpyxl.load_workbook(taken.copy, read_only=True, data_only=False)
    visible = [one.title for one in values.worksheets if one.sheet_state == "visible"]
    chosen = sheet or (visible[0] if len(visible) == 1 else None)
    if chosen is None or chosen not in values.sheetnames:
        raise UsageFault(f"{taken.name}: state sheet = one of {', '.join(map(repr, visible))}")
    copy = taken.copy.with_suffix(".csv")
    with copy.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        for row, formula_row in zip(values[chosen].iter_rows(), formulas[chosen].iter_rows(), strict=True):
            cells = [
                _cell(value.value, formula.value, notation) for value, formula in zip(row, formula_row, strict=True)
            ]
            writer.writerow(cells)
    return TakenFile(name=taken.name, copy=copy, sha256=taken.sha256, n_bytes=taken.n_bytes)


def _cell(value: Any, formula: Any, notation: Format) -> str:
    match value:
        case None:
            return "#FORMULA WITHOUT VALUE" if isinstance(formula, str) and formula.startswith("=") else ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime(notation.timestamp if value.time() != datetime.min.time() else notation.date)
        case date():
            return value.strftime(notation.date)
        case int() | float():
            return format(Decimal(repr(value)), "f").replace(".", notation.decimal)
        case _:
            return str(value)


def kinds_of(name: str, columns: Sequence[str]) -> Iterator[tuple[str, Kind]]:
    """Each of the named columns of a contract table with its kind."""
    for column in columns:
        yield column, TABLES[name].column(column).kind
