"""Text that a spreadsheet program shows and never runs: names out of the books, made safe for cells and CSV files.

A name may be written as a formula (``=cmd|...``), a link or a control character. A workbook says of each cell what it
is, so there a name only has to be storable. A CSV file cannot, and a spreadsheet program guesses: files that people
open carry an apostrophe before whatever could be taken for a formula. Files for machines carry names untouched.
"""

from __future__ import annotations

import csv
import io
from typing import Any

import pandas as pd

from analysis.reporting import words
from analysis.reporting.records import plain

# Microsoft, "Excel specifications and limits": characters that a cell can contain, counted in units of UTF-16.
CELL_MOST = 32_767
# Beginnings from which spreadsheet programs make a formula or a command (OWASP, "CSV injection"), with the full-width
# forms that some of them read alike.
_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def cell_text(text: str) -> str:
    """``text`` as a cell of a workbook can hold it: printable, and cut with an ellipsis where it is too long.

    >>> cell_text("=1+1")
    '=1+1'
    """
    shown = words.printable(text)
    if not is_cut(shown):
        return shown
    # cut between two characters also where one takes two units
    room = shown.encode("utf-16-le")[: 2 * (CELL_MOST - 1)].decode("utf-16-le", errors="ignore")
    return f"{room}\N{HORIZONTAL ELLIPSIS}"


def is_cut(text: str) -> bool:
    """Whether ``text`` has more characters than a cell can hold."""
    return len(words.printable(text).encode("utf-16-le")) > 2 * CELL_MOST


def csv_text(text: str) -> str:
    """``text`` for a CSV file that people open: an apostrophe stands before what could be read as a formula.

    >>> csv_text("=1+1"), csv_text("-12.50"), csv_text("Acme")
    ("'=1+1", "'-12.50", 'Acme')
    """
    # some programs skip leading blanks before they look for a formula
    risky = text.startswith(_BEGINNINGS) or text.lstrip().startswith(_BEGINNINGS)
    return f"'{text}" if risky else text


def csv_for_people(frame: pd.DataFrame) -> bytes:
    """A CSV file that people open in a spreadsheet program: UTF-8, and no cell or heading in it is a formula.

    Numbers stay numbers; what is absent is blank. A frame without columns gives no line at all.
    """
    out = io.StringIO(newline="")
    if len(frame.columns):
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([csv_text(str(column)) for column in frame.columns])
        writer.writerows([_cell(cell) for cell in row] for row in frame.itertuples(index=False, name=None))
    return out.getvalue().encode(errors="backslashreplace")


def _cell(cell: Any) -> Any:
    value = plain(cell)
    return csv_text(value) if isinstance(value, str) else value
