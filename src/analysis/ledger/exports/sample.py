"""The first rows of an export, read without running, following or trusting anything in it."""

from __future__ import annotations

import csv
import io
import os
import stat
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Literal

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.faults import UsageFault
from analysis.ledger.exports.encoding import decoded, delimiter_of, encoding_of

ROWS_MAX = 10_000
BYTES_MAX = 4 << 20
_TEXT = (".csv", ".txt", ".tsv")
# A workbook is unpacked as a whole; one beyond this would take the memory of the machine.
_UNPACKED_MAX = 1 << 30
Typed = Literal["date", "timestamp", "number", "flag"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One table of an export: its headers, and its first rows by column as text."""

    path: Path
    columns: dict[str, list[str]]
    typed: dict[str, Typed] = field(default_factory=dict)  # columns that are more than text in the file itself
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str | None = None  # where the workbook has several
    table: str | None = None  # of a DuckDB file
    doubts: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How a person calls it."""
        return " ".join(part for part in (self.path.name, self.sheet or self.table) if part)


def samples_of(path: Path) -> list[Sample]:
    """The tables in an export: one of a text or Parquet file, one per sheet or table of the others.

    Raises UsageFault for an address, a pattern, a folder, a link, a pipe or a device, and for a file
    that is not what its name says.
    """
    name = str(path)
    if "://" in name or name.startswith(("http:", "https:", "s3:")):
        raise UsageFault(f"{name}: is an address; download the export and name the file")
    if any(sign in path.name for sign in "*?["):
        raise UsageFault(f"{name}: is a pattern; name the files one by one")
    suffix = path.suffix.lower()
    with _opened(path) as file:
        try:
            if suffix in _TEXT:
                return [_of_text(file, path)]
            if suffix == ".xlsx":
                return _of_workbook(file, path)
            if suffix == ".parquet":
                return [_of_parquet(file, path)]
            if suffix in (".duckdb", ".db"):
                return _of_database(path)
        except (csv.Error, zipfile.BadZipFile, pa.ArrowException, duckdb.Error, KeyError, ValueError, OSError) as error:
            raise UsageFault(f"{path.name}: cannot be read as {suffix[1:]}: {str(error).splitlines()[0]}") from None
    known = ", ".join((*_TEXT, ".xlsx", ".parquet", ".duckdb", ".db"))
    raise UsageFault(f"{path.name}: not a kind of file that can be read ({known}); export it as one of these")


def _opened(path: Path) -> BinaryIO:
    """The file, opened without following a link and without waiting on a pipe or device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        what = "is a link; name the file itself" if path.is_symlink() else f"cannot be opened ({_why(error)})"
        raise UsageFault(f"{path}: {what}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UsageFault(f"{path}: is no regular file; name the exports one by one")
    return os.fdopen(handle, "rb")


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _of_text(file: BinaryIO, path: Path) -> Sample:
    raw = file.read(BYTES_MAX)
    if not raw.strip(b"\0\r\n\t "):
        raise UsageFault(f"{path.name}: the file is empty; was the export finished?")
    encoding = encoding_of(raw)
    text = decoded(raw, encoding.value)
    if file.read(1):
        text = text[: text.rfind("\n") + 1]
    delimiter = delimiter_of(text)
    rows: list[list[str]] = []
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter.value):
        rows.append(row)
        if len(rows) > ROWS_MAX:
            break
    doubts = [f"{guess.doubt}" for guess in (encoding, delimiter) if guess.doubt]
    columns, found = _columns(rows, label=path.name)
    return Sample(
        path=path,
        columns=columns,
        encoding=encoding.value,
        delimiter=delimiter.value,
        doubts=tuple(f"{path.name}: {doubt}" for doubt in doubts) + found,
    )


def _of_workbook(file: BinaryIO, path: Path) -> list[Sample]:
    with zipfile.ZipFile(file) as packed:
        if sum(part.file_size for part in packed.infolist()) > _UNPACKED_MAX:
            raise UsageFault(f"{path.name}: unpacks to more than {_UNPACKED_MAX >> 20:,} MB; export it as CSV")
    book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    samples = []
    for sheet in visible:
        rows = [list(row) for row in sheet.iter_rows(values_only=True, max_row=ROWS_MAX + 1)]
        if sum(any(cell is not None for cell in row) for row in rows) < 2 and len(visible) > 1:
            continue
        columns, doubts = _columns([[_written(cell) for cell in row] for row in rows], label=path.name)
        samples.append(
            Sample(
                path=path,
                columns=columns,
                typed=_typed({header: [row[i] for row in rows[1:]] for i, header in enumerate(columns)}),
                sheet=sheet.title if len(visible) > 1 else None,
                doubts=doubts,
            )
        )
    return samples


def _of_parquet(file: BinaryIO, path: Path) -> Sample:
    batches = pq.ParquetFile(file).iter_batches(batch_size=ROWS_MAX)
    return _of_cells(next(batches, pa.RecordBatch.from_pylist([])).to_pydict(), path)


def _of_database(path: Path) -> list[Sample]:
    # a view could read other files: the engine may open none but this one, and only stored tables are looked at
    config: dict[str, Any] = {"enable_external_access": "false", "autoload_known_extensions": "false"}
    with duckdb.connect(str(path.resolve()), read_only=True, config=config) as con:
        found = con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = ? AND NOT internal ORDER BY table_name",
            ["main"],
        ).fetchall()
        samples = []
        for (table,) in found:
            # an identifier cannot be bound; this one comes from the catalogue and is quoted
            quoted = '"' + table.replace('"', '""') + '"'
            result = con.execute(f"SELECT * FROM main.{quoted} LIMIT ?", [ROWS_MAX])  # noqa: S608
            headers = [column[0] for column in result.description or ()]
            cells = list(zip(*result.fetchall(), strict=True)) or [()] * len(headers)
            samples.append(_of_cells(dict(zip(headers, cells, strict=True)), path, table=table))
        return samples


def _of_cells(cells: dict[str, Sequence[Any]], path: Path, *, table: str | None = None) -> Sample:
    columns = {header: [_written(cell) for cell in column] for header, column in cells.items()}
    return Sample(path=path, columns=columns, typed=_typed(cells), table=table)


def _columns(rows: list[list[str]], *, label: str) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Cells by header, and what is odd about the shape of the table."""
    start = _header_row(rows)
    headers = [header.strip() for header in rows[start]] if rows else []
    body = [row for row in rows[start + 1 :] if any(row)]
    doubts = []
    if start:
        doubts.append(f"{label}: the header seems to be row {start + 1}; remove the rows above it from the export")
    doubled = sorted({header for header in headers if headers.count(header) > 1} - {""})
    if doubled:
        doubts.append(f"{label}: the header names {doubled[0]!r} more than once; rename one of them")
    long = next((start + 2 + i for i, row in enumerate(rows[start + 1 :]) if len(row) > len(headers)), None)
    if long is not None:
        doubts.append(f"{label}: row {long} has more fields than the header; look for an unquoted separator")
    columns = {header: [row[i] if i < len(row) else "" for row in body] for i, header in enumerate(headers) if header}
    return columns, tuple(doubts)


def _header_row(rows: list[list[str]]) -> int:
    """Position of the first row that is about as full as the rows of the table are."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows[:200]]
    usual = Counter(n for n in filled if n > 1).most_common(1)
    return next((i for i, n in enumerate(filled) if usual and n >= max(2, 0.6 * usual[0][0])), 0)


def _written(cell: Any) -> str:
    """A typed cell as text: dates in ISO form, whole numbers without decimals."""
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case datetime() if cell.time() == datetime.min.time():
            return cell.date().isoformat()
        case float() | int() | Decimal():
            return format(Decimal(str(cell)), "f")
        case _:
            return str(cell)


def _typed(cells: Mapping[str, Iterable[Any]]) -> dict[str, Typed]:
    """What kind the cells of each column all are, where it is more than text."""
    kinds: dict[str, Typed] = {}
    for header, column in cells.items():
        present = [cell for cell in column if cell is not None]
        if not present:
            continue
        if all(isinstance(cell, bool) for cell in present):
            kinds[header] = "flag"
        elif all(isinstance(cell, (int, float, Decimal)) for cell in present):
            kinds[header] = "number"
        elif all(isinstance(cell, date) for cell in present):
            times = [cell for cell in present if isinstance(cell, datetime) and cell.time() != datetime.min.time()]
            kinds[header] = "timestamp" if times else "date"
    return kinds
