"""Exports of a company as raw tables: every cell as text, every row with its file and number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import ibis
from ibis.backends.duckdb import Backend

from analysis.faults import DataFault, UsageFault
from analysis.ledger.company import EXCEL_SERIAL, Company, Format, Source
from analysis.ledger.contract import TABLES, Kind
from analysis.ledger.engine import n_rows
from analysis.ledger.intake import TEXT_FILES, TakenFile, files_of, take_in
from analysis.ledger.mapped_columns import kinds, mapped_columns
from analysis.ledger.text_files import checked_headers, load_text
from analysis.ledger.typed_files import load_typed
from analysis.ledger.workbooks import load_sheet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawTable:
    """One table of the contract as the export has it.

    ``table`` holds the mapped columns under their contract names, as text, and ``_file``, ``_row`` (the
    header is row 1), ``_order`` (unique across files), ``_whole`` (hash of the whole row, unmapped
    columns included), ``_short`` (the row has fewer cells than the header) and ``_totals`` (it is a
    declared totals row). ``typed`` names the columns that the source holds as dates or numbers, which
    are written in the plain notation instead of the declared one.
    """

    name: str
    table: ibis.Table
    mapped: tuple[str, ...]
    headers: dict[str, str]  # contract column -> header in the export
    unmapped: tuple[str, ...]
    typed: frozenset[str]
    files: tuple[TakenFile, ...]
    hidden_rows: int = 0  # rows that a spreadsheet hides, and that are used all the same


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """One file of a source: its cells as c0, c1, ... with ``_row`` and ``_short``."""

    taken: TakenFile
    cells: ibis.Table
    headers: list[str]
    mapped: dict[str, str]
    typed: frozenset[str]
    hidden_rows: int = 0


def read_raw(con: Backend, company: Company, name: str, *, folder: Path) -> RawTable:
    """The table ``name`` of the contract from the files that ``company`` names for it.

    Raises DataFault naming file, line and remedy where a file cannot be read as declared.
    """
    source, notation = company.tables[name], company.format_of(name)
    _refuse_unknown_patterns(con, notation)
    parts = []
    for number, file in enumerate(files_of(source, root=company.root)):
        taken = take_in(file, root=company.root, folder=folder, encoding=notation.encoding)
        parts.append(_part(con, taken, name, company, label=f"cells_{name}_{number}"))
    headers = {column: part.mapped[column] for part in parts for column in TABLES[name].names if column in part.mapped}
    mapped = tuple(column for column in TABLES[name].names if column in headers)
    rows = [_rows(part, mapped, source, number=number) for number, part in enumerate(parts)]
    return RawTable(
        name=name,
        table=rows[0] if len(rows) == 1 else ibis.union(*rows),
        mapped=mapped,
        headers=headers,
        unmapped=tuple(sorted({h for part in parts for h in part.headers} - set(headers.values()))),
        typed=_typed(parts, name),
        files=tuple(part.taken for part in parts),
        hidden_rows=sum(part.hidden_rows for part in parts),
    )


def _part(con: Backend, taken: TakenFile, name: str, company: Company, *, label: str) -> _Part:
    source, notation = company.tables[name], company.format_of(name)

    def kinds_of(headers: Sequence[str]) -> list[Kind | None]:
        mapped = mapped_columns(headers, table=name, company=company, file=taken.name)
        return kinds(headers, mapped, table=name)

    typed: frozenset[str] = frozenset()
    hidden_rows = 0
    suffix = taken.copy.suffix.lower()
    if suffix in TEXT_FILES:
        headers = load_text(con, taken, delimiter=notation.delimiter, label=label)
    elif suffix == ".xlsx":
        sheet = load_sheet(con, taken, sheet=source.sheet, notation=notation, kinds_of=kinds_of, label=label)
        headers, hidden_rows = sheet.headers, sheet.hidden_rows
    else:
        headers, typed = load_typed(con, taken, table=source.table, notation=notation, kinds_of=kinds_of, label=label)
        checked_headers(headers, name=taken.name)
    mapped = mapped_columns(headers, table=name, company=company, file=taken.name)
    cells = con.table(label)
    rows = n_rows(con, label)
    if not source.allow_empty and rows == 0:
        raise DataFault(f"{taken.name}: has a header and no rows; set allow_empty = true if that is right")
    return _Part(
        taken=replace(taken, table=name, n_rows=rows),
        cells=cells,
        headers=headers,
        mapped=mapped,
        typed=frozenset(column for column, header in mapped.items() if header in typed),
        hidden_rows=hidden_rows,
    )


def _rows(part: _Part, mapped: Sequence[str], source: Source, *, number: int) -> ibis.Table:
    """The mapped columns of one file and what marks each of its rows."""
    cells = part.cells
    # in the order of their names, so that the same row is the same in a file with its columns reordered
    places = sorted(range(len(part.headers)), key=part.headers.__getitem__)
    whole = ibis.literal("").concat(*(cells[f"c{place}"].fill_null("") + "\x1f" for place in places))
    columns = {
        column: cells[f"c{part.headers.index(part.mapped[column])}"] if column in part.mapped else ibis.null("string")
        for column in mapped
    }
    return cells.select(
        **columns,
        _file=ibis.literal(part.taken.name),
        _row=cells["_row"],
        _order=cells["_row"] + number * 10**11,
        _whole=whole.hash(),
        _short=cells["_short"],
        _totals=_totals(part, source),
    )


def _totals(part: _Part, source: Source) -> ibis.Value:
    """Whether a row is the declared totals row; its marker may stand in a column that is not used."""
    marker = source.totals_row
    if marker is None:
        return ibis.literal(False)
    header = part.mapped.get(marker.column, marker.column)
    if header not in part.headers:
        raise DataFault(f"{part.taken.name}: there is no column {marker.column!r}; correct totals_row.column")
    return (part.cells[f"c{part.headers.index(header)}"].strip() == marker.value).fill_null(False)


def _typed(parts: Sequence[_Part], name: str) -> frozenset[str]:
    """Columns that are typed in the source; DataFault where one file holds text and another does not."""
    typed = frozenset[str]().union(*(part.typed for part in parts))
    for part in parts:
        mixed = sorted(column for column in typed if column in part.mapped and column not in part.typed)
        if mixed:
            raise DataFault(
                f"{part.taken.name}: column {part.mapped[mixed[0]]!r} is text here and typed in another file of "
                f"tables.{name}; write all files alike"
            )
    return typed


def _refuse_unknown_patterns(con: Backend, notation: Format) -> None:
    for key in ("date", "timestamp"):
        pattern = getattr(notation, key)
        try:
            if pattern != EXCEL_SERIAL:
                con.con.execute("SELECT try_strptime('', ?)", [pattern]).fetchall()
        except duckdb.Error:
            raise UsageFault(
                f"format.{key} = {pattern!r}: is no pattern of strftime; write for example %d.%m.%Y"
            ) from None
