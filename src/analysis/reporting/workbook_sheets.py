"""How a sheet of a workbook is laid out: caption, note, way back, filtered headings, rows with formats by unit.

Nothing in it is a formula, and no link leads out of the workbook: each cell is written as the number, date or text that
it is, whatever its text looks like.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import xlsxwriter

from analysis.ledger.currencies import MINOR_UNITS
from analysis.reporting import blocks, style, words
from analysis.reporting.spreadsheet_text import cell_text, is_cut

BY_ROW = "by row"
"""Unit of a column whose cells have the unit that their row states."""
CONTENTS = "Contents"
# Number formats in the notation of the file format, which each program shows in its reader's locale.
_FORMATS = {
    "share": "0.00%",
    "points": "0.00%",
    "days": "#,##0.0",
    "count": "#,##0",
    "ratio": "#,##0.000",
    "date": "yyyy-mm-dd",
}
_HEADED = {"days": "days", "points": "percentage points"}
# Excel keeps 15 digits of a number; a longer whole number is a name, and none of its digits may go.
_MOST_DIGITS = 15
_NARROWEST, _WIDEST = 9, 50
_HEAD_ROW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet: rows of numbers, texts, truths and nothing under headings.

    ``units`` gives the unit of a column as findings state it; a column of unit ``BY_ROW`` takes that of ``row_units``.
    Texts of unit ``date`` are ISO dates.
    """

    name: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    units: Mapping[str, str]
    row_units: Sequence[str] = ()
    note: str = ""

    @property
    def cuts(self) -> int:
        """Number of texts that are too long for a cell."""
        return sum(isinstance(cell, str) and is_cut(cell) for row in self.rows for cell in row)

    def unit(self, column: str, row: int) -> str:
        """Unit of a cell; blank for text and for numbers without one."""
        unit = self.units.get(column, "")
        return self.row_units[row] if unit == BY_ROW else unit


class Writer:
    """A workbook in the making. Its bytes depend on what is written and on ``as_of`` alone."""

    def __init__(self, *, title: str, company: str, as_of: date, footer: str) -> None:
        self._out = io.BytesIO()
        options = {"in_memory": True}
        plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = xlsxwriter.Workbook(self._out, options | plain)
        # the time of making would differ from run to run
        made = datetime(as_of.year, as_of.month, as_of.day, 12, tzinfo=UTC)
        self._book.set_properties({"title": title, "company": cell_text(company)[:255], "created": made})
        # an ampersand begins a code in a footer, and 255 characters are the most it may have
        self._footer = "&L" + footer.replace("&", "&&")[:200] + "&R&P / &N"
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def add(self, name: str) -> Any:
        """An empty sheet, set up for A4 across."""
        sheet = self._book.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(self._footer)
        sheet.hide_gridlines(2)
        return sheet

    def close(self) -> bytes:
        """The bytes of the finished workbook."""
        self._book.close()
        return self._out.getvalue()

    def format(self, **properties: Any) -> Any:
        """A cell format, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format({"valign": "top", "font_color": style.INK, **properties})
        return self._formats[key]

    def text(self, sheet: Any, row: int, column: int, text: str, **properties: Any) -> None:
        """``text`` as text, whatever it looks like."""
        shown, look = cell_text(text), self.format(**properties)
        if shown.startswith("<r>") and shown.endswith("</r>"):
            # XlsxWriter takes such a text for markup of its own; in three parts it is none.
            sheet.write_rich_string(row, column, shown[0], shown[1:-1], shown[-1], look)
        elif shown:
            sheet.write_string(row, column, shown, look)
        else:
            sheet.write_blank(row, column, None, look)

    def table(self, shown: Sheet, sheet: Any) -> None:
        """Writes ``shown`` into ``sheet``, which ``add`` gave."""
        self.text(sheet, 0, 0, shown.caption, bold=True, font_size=14)
        self.text(sheet, 1, 0, shown.note, font_color=style.QUIET)
        back = self.format(font_color=style.ACCENT, underline=1)
        sheet.write_url(2, 0, f"internal:'{CONTENTS}'!A1", back, string="Back to the contents")
        first, last, totalled = _HEAD_ROW + 1, _HEAD_ROW + len(shown.rows), blocks.ends_in_total(shown.rows)
        for place, column in enumerate(shown.columns):
            numeric = any(isinstance(row[place], int | float) for row in shown.rows)
            look: dict[str, Any] = {"align": "right"} if numeric else {}
            head = _head(column, shown.units.get(column, ""))
            self.text(sheet, _HEAD_ROW, place, head, bold=True, bottom=1, bg_color=style.FAINT, text_wrap=True, **look)
            sheet.set_column(place, place, _width(shown, place, head))
        for number, row in enumerate(shown.rows):
            look = {"bold": True, "top": 1} if totalled and number == len(shown.rows) - 1 else {}
            for place, (cell, column) in enumerate(zip(row, shown.columns, strict=True)):
                self._cell(sheet, first + number, place, cell, shown.unit(column, number), look)
        if not shown.rows:
            self.text(sheet, first, 0, "No rows.", italic=True, font_color=style.QUIET)
            return
        edge = len(shown.columns) - 1
        # a total stays below when its table is sorted
        sheet.autofilter(_HEAD_ROW, 0, last - totalled, edge)
        sheet.freeze_panes(first, 1)
        sheet.repeat_rows(_HEAD_ROW)
        sheet.ignore_errors({"number_stored_as_text": f"A1:{xlsxwriter.utility.xl_rowcol_to_cell(last, edge)}"})

    def _cell(self, sheet: Any, row: int, column: int, cell: Any, unit: str, look: Mapping[str, Any]) -> None:
        if isinstance(cell, bool):
            self.text(sheet, row, column, "yes" if cell else "no", **look)
        elif isinstance(cell, int | float) and math.isfinite(cell):
            if isinstance(cell, int) and abs(cell) >= 10**_MOST_DIGITS:
                self.text(sheet, row, column, str(cell), align="right", **look)
            else:
                sheet.write_number(row, column, cell, self.format(num_format=number_format(unit), **look))
        elif (on := _day(cell, unit)) is not None:
            sheet.write_datetime(row, column, on, self.format(num_format=_FORMATS["date"], align="left", **look))
        elif cell is None:
            sheet.write_blank(row, column, None, self.format(**look))
        else:
            text = cell if isinstance(cell, str) else words.NOT_DEFINED
            wraps = {"text_wrap": True} if len(text) > _WIDEST else {}
            self.text(sheet, row, column, text, **wraps, **look)


def number_format(unit: str) -> str:
    """The number format of a unit: money to the minor unit of its currency, shares in per cent.

    >>> number_format("JPY"), number_format("share")
    ('#,##0', '0.00%')
    """
    if blocks.is_currency(unit):
        decimals = MINOR_UNITS.get(unit, 2)
        return "#,##0" + ("." + "0" * decimals if decimals else "")
    return _FORMATS.get(unit, "General")


def _head(column: str, unit: str) -> str:
    said = unit if blocks.is_currency(unit) else _HEADED.get(unit, "")
    return f"{blocks.heading(column)} ({said})" if said else blocks.heading(column)


def _day(cell: Any, unit: str) -> date | None:
    """The day that a cell names; None where it is no date, or one before those that a workbook knows."""
    if unit == "date" and isinstance(cell, str):
        with suppress(ValueError):
            on = datetime.fromisoformat(cell).date()
            return on if on.year >= 1900 else None
    return None


def _width(shown: Sheet, place: int, head: str) -> float:
    """Room for the widest cell and for the longest word of the heading, within bounds."""
    widest = max(
        (_length(row[place], shown.unit(shown.columns[place], n)) for n, row in enumerate(shown.rows)), default=0
    )
    heading = max(max(map(len, head.split()), default=0), math.ceil(len(head) / 2))
    # two characters for the button of the filter
    return float(min(max(widest + 1, heading + 3, _NARROWEST), _WIDEST))


def _length(cell: Any, unit: str) -> int:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        digits = f"{cell:,.0f}" if math.isfinite(cell) else words.NOT_DEFINED
        return len(digits) + (3 if blocks.is_currency(unit) else 6 if not unit and isinstance(cell, float) else 2)
    return len(str(cell)) if cell is not None else 0
