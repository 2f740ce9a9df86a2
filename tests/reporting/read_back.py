"""Numbers read back out of what people open: a printed report and a workbook, by other programs than those that wrote.

The pack prints "label = value" under each definition; ``value_of`` reads such a value as a person would.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from pypdf import PdfReader

NOTHING = {"notdefined", "notavailable", "notreached"}
_SAID = re.compile(r"([A-Z]{3})?(−?)([0-9,]+)(?:\.([0-9]+))?(k|m|bn)?(%|pp|days?)?")
_SCALES = {None: 1.0, "k": 1e3, "m": 1e6, "bn": 1e9}
HEAD_ROW = 4


def joined(text: str) -> str:
    """Text without the blanks and breaks that lines put into it."""
    return re.sub(r"[\s\u00a0\u200b\u00ad]+", "", text)


def value_of(said: str) -> tuple[float, float]:
    """A printed figure and how far it may be off by its rounding: half a unit of its last digit.

    Of a whole number of four digits and more the first three may be all that is told.
    """
    found = _SAID.fullmatch(said)
    assert found, said
    _, sign, whole, decimals, scale, unit = found.groups()
    digits = whole.replace(",", "")
    part = _SCALES[scale] * (0.01 if unit in ("%", "pp") else 1.0)
    last = 10.0 ** -len(decimals) if decimals else 10.0 ** max(0, len(digits) - 3)
    return (-1 if sign else 1) * float(f"{digits}.{decimals or 0}") * part, 0.5 * last * part


def misprinted(pdf: Path, numbers: dict[str, dict[str, Any]]) -> tuple[list[str], int]:
    """Numbers of the findings whose printed value is not theirs after rounding, and how many were compared."""
    text = joined("".join(page.extract_text() for page in PdfReader(pdf).pages))
    # head and foot stand between the lines of one definition where a page ends
    text = re.sub(r"Report[\w-]{0,60}?Page\d+of\d+|Page\d+of\d+", "", text)
    wrong, compared = [], 0
    for id, number in numbers.items():
        said = re.findall(rf"(?<=[:;]){re.escape(joined(number['label']))}=([^;=]*?)(?=;|\.Source)", text)
        if number["value"] is None:
            if said and not set(said) & NOTHING:
                wrong.append(f"{id}: {said}")
            continue
        compared += 1
        if not any(_agrees(one, number["value"]) for one in said):
            wrong.append(f"{id}: {number['value']} is printed as {said}")
    return wrong, compared


def _agrees(said: str, value: float) -> bool:
    if said == "<0.01%":
        return 0 < abs(value) < 1e-4
    if not _SAID.fullmatch(said):
        return False
    shown, off = value_of(said)
    return abs(shown - value) <= off * (1 + 1e-9) + 1e-12


def sheets_of(path: Path) -> dict[str, list[list[Any]]]:
    """Rows of each sheet, its headings first; dates in ISO. No cell may be a formula or a link that leads out."""
    book = load_workbook(path)
    found = {}
    for sheet in book.worksheets:
        rows = list(sheet.iter_rows(min_row=HEAD_ROW if sheet.title != "Contents" else 7))
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            assert cell.data_type in ("s", "n", "d"), f"{sheet.title}!{cell.coordinate} is of type {cell.data_type}"
            assert cell.hyperlink is None or (cell.hyperlink.target is None and cell.hyperlink.location), (
                cell.coordinate
            )
        found[sheet.title] = [[_plain(cell.value) for cell in row] for row in rows]
    assert book.defined_names == {} or all("!" in str(name.value) for name in book.defined_names.values())
    return found


def _plain(value: Any) -> Any:
    return value.date().isoformat() if isinstance(value, datetime) else value


def same(cell: Any, kept: Any) -> bool:
    """Whether a cell holds what the findings keep, to the 15 digits that a spreadsheet keeps of a number."""
    if isinstance(kept, bool):
        return cell == ("yes" if kept else "no")
    if isinstance(kept, int | float):
        return isinstance(cell, int | float) and math.isclose(cell, kept, rel_tol=1e-15, abs_tol=1e-300)
    return cell == (kept or None)


def unlike_the_findings(path: Path, findings: dict[str, dict[str, Any]]) -> list[str]:
    """Numbers and cells of tables that the workbook at ``path`` does not hold as the findings do."""
    sheets = sheets_of(path)
    head, *rows = sheets["Numbers"]
    by_id = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    wrong = []
    for id, number in findings["numbers"].items():
        found = by_id[id]
        if number["value"] is None:
            wrong += [] if joined(str(found["Value"])) in NOTHING else [f"{id}: {found['Value']}"]
        else:
            wrong += [] if same(found["Value"], number["value"]) else [f"{id}: {found['Value']}"]
        kept = {"From": number["low"], "To": number["high"], "Target": number["target"]}
        kept |= {"Last month": number["last_month"], "Last year": number["last_year"], "Made of": number["count"]}
        for period in ("month", "year"):
            limits = number.get(f"{period}_change") or (None, None)
            kept |= dict(zip((f"Change in a {period}, from", f"Change in a {period}, to"), limits, strict=True))
        wrong += [f"{id}: {column} is {found[column]}" for column, one in kept.items() if not same(found[column], one)]
    for id, table in findings["tables"].items():
        kept, shown = table["rows"], sheets[id][1:]
        if not kept:
            wrong += [] if shown[0][0] == "No rows." else [f"{id}: {shown}"]
            continue
        if len(kept) != len(shown):
            wrong.append(f"{id}: {len(shown)} rows")
        wrong += [
            f"{id}: {cell!r} is not {one!r}"
            for line, row in zip(shown, kept, strict=True)
            for cell, one in zip(line, row, strict=False)
            if not same(cell, one) and joined(str(cell)) != joined(str(one))
        ]
    return wrong


def that_do_not_foot(tables: dict[str, dict[str, Any]]) -> tuple[list[str], int]:
    """Columns of money and counts whose total is not the sum of the rows above it, and how many were summed."""
    wrong, summed = [], 0
    for id, table in tables.items():
        if not table["rows"] or table["rows"][-1][0] not in ("total", "All"):
            continue
        *rows, total = table["rows"]
        for place, column in enumerate(table["columns"]):
            unit = table["units"].get(column, "")
            # the end of an interval of a sum is not the sum of the ends
            if (unit == "count" or re.fullmatch("[A-Z]{3}", unit)) and not re.search(r"\b(from|to)\b", column):
                summed += 1
                if abs(math.fsum(row[place] or 0 for row in rows) - (total[place] or 0)) > 0.005:
                    wrong.append(f"{id}: {column}")
    return wrong, summed
