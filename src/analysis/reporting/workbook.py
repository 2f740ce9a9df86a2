"""The appendix as a workbook: every number, sentence, table, definition and check of a run, a sheet for each kind.

Numbers are kept as the program has them, to the 16 digits of the file format; formats only show fewer. Whoever wants
the same without a spreadsheet program reads ``findings.json``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from analysis.reporting import blocks, style, words
from analysis.reporting.gathering import Collected
from analysis.reporting.records import write_in_one_step
from analysis.reporting.sections.definitions_told import definitions_used
from analysis.reporting.workbook_sheets import BY_ROW, CONTENTS, Sheet, Writer

# The file format allows 31 characters for the name of a sheet, and Excel keeps one name for itself.
_NAME_MOST, _KEPT = 31, "history"
_READING = (
    "Shares are shown in per cent, money in the currency of their heading; a blank cell: there is no such figure.",
    "Cells hold more digits than they show: rows that are shown rounded may miss their total by a last digit.",
)


def write_workbook(
    collected: Collected, out: Path | str, *, company: str, title: str, as_of: date, known_by: date
) -> Path:
    """Write the appendix workbook at ``out``, in one step; the same findings and dates give the same bytes.

    ``company`` and ``title`` stand on the sheet of contents beside the dates and the report's id. Names out of the
    books are text whatever they look like, and every link leads to a sheet of the workbook itself.
    """
    heading = f"{title}: appendix"
    on = f"As of {words.day(as_of)}, known by {words.day(known_by)}"
    writer = Writer(title=heading, company=company, as_of=as_of, footer=f"{on}. Report {collected.run_id}")
    contents = writer.add(CONTENTS)
    sheets = list(_sheets(collected))
    for sheet in sheets:
        writer.table(sheet, writer.add(sheet.name))
    _write_contents(writer, contents, sheets, above=[company, heading, f"{on}. Report {collected.run_id}."])
    return write_in_one_step(Path(out), writer.close())


def _write_contents(writer: Writer, sheet: Any, sheets: Sequence[Sheet], *, above: Sequence[str]) -> None:
    company, heading, dated = above
    writer.text(sheet, 0, 0, company, bold=True, font_size=14)
    writer.text(sheet, 1, 0, heading, font_size=12)
    writer.text(sheet, 2, 0, dated, font_color=style.QUIET)
    for row, line in enumerate(_READING, start=3):
        writer.text(sheet, row, 0, line, font_color=style.QUIET)
    cuts = sum(one.cuts for one in sheets)
    if cuts:
        told = f"{words.plural(cuts, 'text')} longer than a cell can hold {'was' if cuts == 1 else 'were'} cut."
        writer.text(sheet, 5, 0, told, font_color=style.BAD)
    for place, (head, width) in enumerate((("Sheet", 34), ("What it holds", 80), ("Rows", 10))):
        look = {"align": "right"} if head == "Rows" else {}
        writer.text(sheet, 6, place, head, bold=True, bottom=1, bg_color=style.FAINT, **look)
        sheet.set_column(place, place, width)
    link = writer.format(font_color=style.ACCENT, underline=1)
    for row, one in enumerate(sheets, start=7):
        sheet.write_url(row, 0, f"internal:'{one.name}'!A1", link, string=one.name)
        writer.text(sheet, row, 1, one.caption, text_wrap=True)
        sheet.write_number(row, 2, len(one.rows), writer.format(num_format="#,##0"))
    sheet.freeze_panes(7, 0)


def _sheets(collected: Collected) -> Iterable[Sheet]:
    yield _numbers(collected)
    yield _inputs(collected)
    yield _definitions(collected)
    yield _sentences(collected)
    named = {CONTENTS.lower(), "numbers", "inputs", "definitions", "findings", "checks", "not available", _KEPT}
    for id, found in collected.tables.items():
        yield Sheet(
            name=_name(id, named),
            caption=found["caption"],
            columns=found["columns"],
            rows=found["rows"],
            units=found["units"],
            note=f"The same for machines: {found['file']}",
        )
    yield _unavailable(collected)
    yield _checks(collected)


def _numbers(collected: Collected) -> Sheet:
    compared = ("low", "high", "last_month", "last_year", "target")
    rows, units = [], []
    for id, number in collected.numbers.items():
        value = number["value"]
        # why there is no value, in the words of the report
        shown = words.quantity(blocks.value_of(number), unit=number["unit"]) if value is None else value
        others = [number[name] for name in compared]
        changes = [limit for name in ("month_change", "year_change") for limit in number.get(name) or (None, None)]
        said = [number.get("no_interval"), number["better"], number["count"], number["definition"]]
        rows.append([id, number["label"], shown, number["unit"], *others, *changes, *said])
        units.append(number["unit"])
    changed = [f"change in a {period}, {end}" for period in ("month", "year") for end in ("from", "to")]
    by_row = ["value", "from", "to", "last month", "last year", "target", *changed]
    return Sheet(
        name="Numbers",
        caption="Every number of the report",
        columns=["id", "label", "value", "unit", *by_row[1:], "no interval", "better", "made of", "definition"],
        rows=rows,
        units={**dict.fromkeys(by_row, BY_ROW), "made of": "count"},
        row_units=units,
        note="From and to are the ends of an interval; better says which way is good, made of how many observations",
    )


def _inputs(collected: Collected) -> Sheet:
    rows = [
        [id, number["label"], name.replace("_", " "), words.NOT_DEFINED if value is None else value]
        for id, number in collected.numbers.items()
        for name, value in number["inputs"].items()
    ]
    return Sheet(
        name="Inputs",
        caption="What went into each number",
        columns=["number", "label", "input", "value"],
        rows=rows,
        units={},
        note="With the formula of its definition a number can be calculated again from its inputs",
    )


def _definitions(collected: Collected) -> Sheet:
    rows = []
    for definition, inputs in definitions_used(collected):
        told = "; ".join(f"{part['name']}: {part['value']}" for part in inputs)
        texts = [definition.formula, definition.reading, definition.trap]
        rows.append([definition.id, definition.name, *texts, told, definition.source])
    columns = ["id", "name", "formula", "how to read it", "trap", "this month", "source"]
    caption = "How each number is made"
    return Sheet(name="Definitions", caption=caption, columns=columns, rows=rows, units={})


def _sentences(collected: Collected) -> Sheet:
    rows = [[id, found["text"], ", ".join(found["uses"])] for id, found in collected.sentences.items()]
    caption = "Every finding of the report as a sentence"
    columns = ["id", "sentence", "made of the numbers"]
    return Sheet(name="Findings", caption=caption, columns=columns, rows=rows, units={})


def _unavailable(collected: Collected) -> Sheet:
    rows = [[id, found["reason"]] for id, found in collected.unavailable.items()]
    caption = "What these books cannot answer, and why"
    return Sheet(name="Not available", caption=caption, columns=["id", "reason"], rows=rows, units={})


def _checks(collected: Collected) -> Sheet:
    sides = ("formula", "left", "right", "tolerance", "holds")
    return Sheet(
        name="Checks",
        caption="Figures that must agree, and both sides of each",
        columns=["id", *sides],
        rows=[[id, *(found[side] for side in sides)] for id, found in collected.invariants.items()],
        units={},
        note="Both sides are text, because a sum in cents may have more digits than a spreadsheet keeps",
    )


def _name(id: str, named: set[str]) -> str:
    """The table's id as the name of its sheet, unlike every name before it; capitals make no difference."""
    name, number = id[:_NAME_MOST], 2
    while name.lower() in named:
        tail = f"_{number}"
        name, number = id[: _NAME_MOST - len(tail)] + tail, number + 1
    named.add(name.lower())
    return name
