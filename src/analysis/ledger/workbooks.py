"""One sheet of an Excel workbook, its typed cells written out in the declared notation."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
from ibis.backends.duckdb import Backend
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from analysis.faults import DataFault, UsageFault
from analysis.ledger.company import EXCEL_SERIAL, Format
from analysis.ledger.contract import Kind
from analysis.ledger.intake import TakenFile
from analysis.ledger.text_files import checked_headers, load_rows

# A workbook of ordinary figures unpacks to some ten times its size; a bomb to a thousand.
_UNPACKED_MAX, _UNPACKED_RATIO_MAX = 4 << 30, 200
_SERIAL_ZERO = date(1899, 12, 30)
_NO_VALUE = "#FORMULA WITHOUT VALUE"
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]+\d+:[A-Z]+(\d+))"')
_HIDDEN = re.compile(rb'<(?:\w+:)?row\b[^>]*\bhidden="(?:1|true)"')
# Excel keeps fifteen digits; what stands behind them is not what was typed.
_DIGITS = 15

KindsOf = Callable[[Sequence[str]], Sequence[Kind | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a sheet was found to hold."""

    headers: list[str]
    hidden_rows: int


def load_sheet(
    con: Backend, taken: TakenFile, *, sheet: str | None, notation: Format, kinds_of: KindsOf, label: str
) -> Sheet:
    """Load a sheet as table ``label`` like delimited text; ``kinds_of`` says what each header's cells are.

    Raises DataFault for what is no sound workbook, holds macros, unpacks beyond reason or has merged
    cells among its rows, UsageFault where it is not said which of several sheets is meant.
    """
    _refuse_bombs(taken)
    try:
        with warnings.catch_warnings():
            # of features that carry no cell, such as drop-down lists
            warnings.simplefilter("ignore", UserWarning)
            return _loaded(con, taken, sheet=sheet, notation=notation, kinds_of=kinds_of, label=label)
    except (DataFault, UsageFault):
        raise
    except Exception as error:  # openpyxl, zlib and the XML parser each fail in their own ways
        raise DataFault(f"{taken.name}: is a damaged workbook ({type(error).__name__}); save it again") from None


def _loaded(
    con: Backend, taken: TakenFile, *, sheet: str | None, notation: Format, kinds_of: KindsOf, label: str
) -> Sheet:
    # opened here and not by openpyxl, which leaves the file open where it cannot read it
    with taken.copy.open("rb") as one, taken.copy.open("rb") as other:
        values = openpyxl.load_workbook(one, read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(other, read_only=True, data_only=False)
        chosen = _chosen(values, sheet, taken)
        if values.epoch == CALENDAR_MAC_1904 and EXCEL_SERIAL in (notation.date, notation.timestamp):
            raise DataFault(f"{taken.name}: counts days from 1904; format its dates as dates, or save it anew")
        pairs = _pairs(values[chosen], formulas[chosen])
        first, cells = next(pairs, (1, []))
        headers = checked_headers([_cell(v, f, None, notation) for v, f in cells], name=taken.name)
        hidden = _refuse_merged(values[chosen], taken, chosen, header=first)
        kinds = kinds_of(headers)
        rows = ((row, _row(cells, kinds, notation, taken, row)) for row, cells in pairs)
        load_rows(con, taken, rows, width=len(headers), label=label)
    return Sheet(headers=headers, hidden_rows=hidden)


def _refuse_bombs(taken: TakenFile) -> None:
    try:
        with zipfile.ZipFile(taken.copy) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, OSError):
        raise DataFault(
            f"{taken.name}: is no Excel workbook; is it protected by a password, or a web page named .xlsx?"
        ) from None
    if any(part.filename.endswith("vbaProject.bin") for part in parts):
        raise DataFault(f"{taken.name}: holds macros; save it as .xlsx")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > _UNPACKED_MAX or unpacked > _UNPACKED_RATIO_MAX * max(taken.n_bytes, 1 << 16):
        raise DataFault(
            f"{taken.name}: unpacks to {unpacked / 1e6:,.0f} MB, which no ledger of this size does; export it as CSV"
        )


def _chosen(workbook: Any, sheet: str | None, taken: TakenFile) -> str:
    visible = [one.title for one in workbook.worksheets if one.sheet_state == "visible"]
    chosen = sheet or (visible[0] if len(visible) == 1 else None)
    if chosen is None or chosen not in [one.title for one in workbook.worksheets]:
        raise UsageFault(f"{taken.name}: state sheet = one of {', '.join(map(repr, visible))}")
    return chosen


def _refuse_merged(sheet: Any, taken: TakenFile, title: str, *, header: int) -> int:
    """Number of hidden rows; DataFault where cells are merged below the header."""
    hidden, tail = 0, b""
    with sheet._get_source() as source:
        while chunk := source.read(1 << 20):
            # cut behind the last tag, so that none is seen in halves or twice
            whole, mark, tail = (tail + chunk).rpartition(b">")
            hidden += len(_HIDDEN.findall(whole + mark))
            for area, last in _MERGED.findall(whole + mark):
                if int(last) > header:
                    raise DataFault(
                        f"{taken.name}: cells {area.decode()} of sheet {title!r} are merged; "
                        "undo the merge and fill each cell"
                    )
    return hidden


def _pairs(values: Any, formulas: Any) -> Iterator[tuple[int, list[tuple[Any, Any]]]]:
    """Rows that hold something, with their number; each cell as value and as formula."""
    # a sheet may claim a million columns; what counts is the cells that are there
    values.reset_dimensions()
    formulas.reset_dimensions()
    both = zip(values.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=False)
    for number, (row, formula_row) in enumerate(both, start=1):
        if any(cell is not None for cell in formula_row):
            yield number, list(zip(row, formula_row, strict=False))


def _row(
    cells: list[tuple[Any, Any]], kinds: Sequence[Kind | None], notation: Format, taken: TakenFile, row: int
) -> list[str]:
    beyond = [value for value, formula in cells[len(kinds) :] if value is not None or formula is not None]
    if beyond:
        raise DataFault(
            f"{taken.name}: row {row:,} has a cell beyond the last header ({str(beyond[0])[:40]!r}); "
            "name its column or clear it"
        )
    written = [_cell(value, formula, kind, notation) for (value, formula), kind in zip(cells, kinds, strict=False)]
    # a sheet leaves out empty cells at the end of a row, so none is missing
    return written + [""] * (len(kinds) - len(written))


def _cell(value: Any, formula: Any, kind: Kind | None, notation: Format) -> str:
    match value:
        case None:
            return _NO_VALUE if formula is not None else ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            stamped = kind is not Kind.DATE and value.time() != datetime.min.time()
            return _moment(value, notation.timestamp if stamped else notation.date, notation)
        case date():
            return _moment(datetime(value.year, value.month, value.day), notation.date, notation)  # noqa: DTZ001
        case int() | float():
            return _number(value, notation)
        case _:
            return str(value)


def _moment(value: datetime, pattern: str, notation: Format) -> str:
    """A date as the declared pattern would write it, so that it is read like the text beside it."""
    if pattern == EXCEL_SERIAL:
        return str((value.date() - _SERIAL_ZERO).days)
    return value.replace(tzinfo=ZoneInfo(notation.timezone)).strftime(pattern)


def _number(value: float, notation: Format) -> str:
    """A number with the digits that Excel shows: binary noise is dropped, lost digits are not invented."""
    shown = f"{value:.{_DIGITS}g}"
    if "e-" in shown:
        shown = f"{value:.12f}".rstrip("0")
    return shown.replace(".", notation.decimal)
