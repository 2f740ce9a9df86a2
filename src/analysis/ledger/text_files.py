"""Delimited text, read twice: once to see its shape line by line, once by the engine; both must count the same."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
from ibis.backends.duckdb import Backend

from analysis.faults import DataFault
from analysis.ledger.engine import n_rows, stored
from analysis.ledger.intake import TakenFile

_NO_NULL = "\x01"  # no cell is this, so that a blank cell stays a blank
_DELIMITERS = ",;\t|"
_LONGEST_ROW = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the first reading saw: the header, how many rows follow, and whether all lines are plain ones."""

    headers: list[str]
    n_rows: int
    plain: bool


def load_text(con: Backend, taken: TakenFile, *, delimiter: str, label: str) -> list[str]:
    """Load delimited text as table ``label`` with ``_row``, ``_short`` and text columns c0, c1, ...; gives its headers.

    ``_row`` counts as a spreadsheet does: the header is row 1, blank lines count. A row without any
    content is left out. Raises DataFault, naming the line, for a row with more fields than the header
    and for a quotation mark without its partner.
    """
    shape = _shape(taken, delimiter=delimiter)
    width = len(shape.headers)
    if shape.plain:
        _load(con, taken, taken.copy, delimiter=delimiter, width=width, label=label, numbered=False)
    else:
        # Lines that are blank, short or broken inside a quotation are numbered and filled up first.
        rows = ((row, cells) for row, _, cells in _rows(taken, delimiter=delimiter))
        next(rows)
        load_rows(con, taken, rows, width=width, label=label)
    counted = n_rows(con, label)
    if counted != shape.n_rows:
        raise DataFault(
            f"{taken.name}: one reading counts {shape.n_rows:,} rows and another {counted:,}; "
            "the file is no regular CSV, export it again"
        )
    return shape.headers


def load_rows(
    con: Backend, taken: TakenFile, rows: Iterable[tuple[int, Sequence[str]]], *, width: int, label: str
) -> None:
    """Load numbered rows of text as table ``label``, those that are short filled up and marked."""
    regular = taken.copy.with_suffix(".rows")
    with regular.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for row, cells in rows:
            if any(cells):
                missing = width - len(cells)
                writer.writerow([row, missing > 0, *cells, *[""] * missing])
    _load(con, taken, regular, delimiter=",", width=width, label=label, numbered=True)


def checked_headers(headers: Sequence[str], *, name: str, delimiter: str = "") -> list[str]:
    """Headers without outer blanks; DataFault where one is missing, doubled, or the delimiter seems another."""
    bare = [header.strip() for header in headers]
    if not bare:
        raise DataFault(f"{name}: the file holds no header; was the export finished?")
    if len(bare) == 1 and delimiter:
        other = max(_DELIMITERS, key=bare[0].count)
        if bare[0].count(other):
            raise DataFault(
                f"{name}: found 1 column where there seem to be {bare[0].count(other) + 1}; "
                f"is the delimiter {other!r}? Set format.delimiter"
            )
    if "" in bare:
        raise DataFault(
            f"{name}: column {bare.index('') + 1} of the header has no name; "
            "is there a title above the header, or a delimiter at the end of each line?"
        )
    doubled = sorted({header for header in bare if bare.count(header) > 1})
    if doubled:
        raise DataFault(f"{name}: the header names {', '.join(map(repr, doubled))} more than once; rename one of them")
    return bare


def _shape(taken: TakenFile, *, delimiter: str) -> Shape:
    rows = _rows(taken, delimiter=delimiter)
    first = next(rows, None)
    if first is None:
        raise DataFault(f"{taken.name}: the file holds no header; was the export finished?")
    headers = checked_headers(first[2], name=taken.name, delimiter=delimiter)
    width, n_rows, plain = len(headers), 0, first[:2] == (1, 1)
    for row, line, cells in rows:
        if len(cells) != width:
            plain = False
            if len(cells) > width:
                raise DataFault(
                    f"{taken.name}: line {line:,} has {len(cells)} fields, the header {width}; "
                    f"is there an unquoted {delimiter!r}, or one at the end of the line?"
                )
        if any(cells):
            n_rows += 1
            plain = plain and row == n_rows + 1 == line
        else:
            plain = False
    return Shape(headers=headers, n_rows=n_rows, plain=plain)


def _rows(taken: TakenFile, *, delimiter: str) -> Iterator[tuple[int, int, list[str]]]:
    """Rows with their number and the line on which they begin; leading blank lines are counted and left out."""
    with taken.copy.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        row, line, started = 0, 1, False
        try:
            for cells in reader:
                row += 1
                started = started or any(cells)
                if started:
                    yield row, line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise DataFault(_unreadable(str(error), taken=taken, line=line, delimiter=delimiter)) from None


def _unreadable(message: str, *, taken: TakenFile, line: int, delimiter: str) -> str:
    at = f"{taken.name}: line {line:,}"
    if "end of data" in message or "field limit" in message:
        return f'{at}: a quotation mark (") is opened here and not closed; double it where it belongs to the text'
    if "expected after" in message:
        return (
            f'{at}: a closing quotation mark (") is followed by text instead of {delimiter!r}; '
            "double the marks that belong to the text"
        )
    return f"{at}: cannot be read as CSV ({message}); export it again"


def _load(
    con: Backend, taken: TakenFile, path: Path, *, delimiter: str, width: int, label: str, numbered: bool
) -> None:
    columns = {f"c{i}": "VARCHAR" for i in range(width)}
    if numbered:
        columns = {"_row": "BIGINT", "_short": "BOOLEAN", **columns}
    try:
        cells = con.read_csv(
            str(path),
            table_name=f"text_{label}",
            columns=columns,
            auto_detect=False,
            header=not numbered,
            delim=delimiter,
            quote='"',
            escape='"',
            nullstr=_NO_NULL,
            max_line_size=_LONGEST_ROW,
            # several readers at once lose their place in text that breaks inside quotations
            parallel=not numbered,
        )
        if not numbered:
            cells = cells.mutate(_row=ibis.row_number() + 2, _short=ibis.literal(False))
        stored(con, label, cells)
        con.drop_view(f"text_{label}")
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise DataFault(f"{taken.name}: cannot be read as CSV ({said}); export it again") from None
