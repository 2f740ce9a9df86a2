"""The workbook holds what the findings hold; whatever a name looks like, it is a text and nothing else."""

from __future__ import annotations

import csv
import io
import json
import re
import time
import zipfile
from datetime import date
from pathlib import Path

import demo_pack as demo
import numpy as np
import pandas as pd
import pytest
from hostile_names import SHOWN_AS_WRITTEN, WITHOUT_SIGNS
from openpyxl import load_workbook
from read_back import same, sheets_of, that_do_not_foot, unlike_the_findings

from analysis.reporting.findings import Findings, gather
from analysis.reporting.gathering import Collected
from analysis.reporting.spreadsheet_text import csv_for_people
from analysis.reporting.workbook import write_workbook

ON = date(2026, 10, 31)


def written(collected: Collected, folder: Path, name: str = "appendix.xlsx", **changes) -> Path:
    told = {"company": "Acme & Sons", "title": "Credit risk report", "as_of": ON, "known_by": ON} | changes
    return write_workbook(collected, folder / name, **told)


def collected_of(folder: Path, *tables: tuple[str, pd.DataFrame, dict[str, str]]) -> Collected:
    findings = Findings("1_books", output_dir=folder, run_id="r1")
    for id, frame, units in tables:
        findings.table(id, frame, caption=f"Of {id}", units=units)
    findings.close()
    return gather(folder)


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    folder = tmp_path_factory.mktemp("findings")
    demo.find_all(folder)
    collected = demo.find_tables(folder)
    return collected, written(collected, folder)


def test_the_workbook_says_what_the_findings_say(demonstration):
    collected, path = demonstration
    assert unlike_the_findings(path, json.loads(collected.as_json())) == []
    assert (len(collected.numbers), [len(table["rows"]) for table in collected.tables.values()]) == (5, [7, 0, 3])
    assert that_do_not_foot(json.loads(collected.as_json())["tables"]) == ([], 2)


def test_a_changed_cell_is_seen(demonstration, tmp_path):
    collected, _ = demonstration
    content = json.loads(collected.as_json())
    id, number = next((id, number) for id, number in content["numbers"].items() if number["value"])
    moved = {**content["numbers"], id: {**number, "value": number["value"] * (1 + 1e-12)}}
    path = written(Collected(**{**content, "numbers": moved, "notebooks": ()}), tmp_path)
    assert any(line.startswith(f"{id}:") for line in unlike_the_findings(path, content))


def test_every_sheet_is_named_in_the_contents_and_linked_within(demonstration):
    book = load_workbook(demonstration[1])
    contents = book["Contents"]
    links = {cell.value: cell.hyperlink.location for cell in contents["A"] if cell.hyperlink}
    assert links == {name: f"'{name}'!A1" for name in book.sheetnames[1:]}
    assert [contents.cell(row, 1).value for row in (1, 2)] == ["Acme & Sons", "Credit risk report: appendix"]
    assert "known by 31\u00a0October\u00a02026. Report demo-1" in contents["A3"].value
    assert {sheet["A3"].hyperlink.location for sheet in book.worksheets[1:]} == {"'Contents'!A1"}


def test_sheets_are_ready_to_work_with(tmp_path):
    frame = pd.DataFrame(
        {
            "customer": ["a", "b", "total"],
            "since": ["2026-10-30", None, None],
            "open": [1.5, 2.25, 3.75],
            "yen": [1.0, 2.0, 3.0],
            "part": [0.4, 0.6, 1.0],
            "late": [3.0, np.nan, 3.0],
            "items": [1, 2, 3],
        }
    )
    units = {"since": "date", "open": "EUR", "yen": "JPY", "part": "share", "late": "days", "items": "count"}
    sheet = load_workbook(written(collected_of(tmp_path, ("book", frame, units)), tmp_path))["book"]
    assert [cell.value for cell in sheet[4]] == [
        *("Customer", "Since", "Open (EUR)", "Yen (JPY)", "Part", "Late (days)", "Items"),
    ]
    # the total stays out of what is sorted and filtered
    assert (sheet.auto_filter.ref, sheet.freeze_panes) == ("A4:G6", "B5")
    formats = [cell.number_format for cell in sheet[5]]
    assert formats == ["General", "yyyy-mm-dd", "#,##0.00", "#,##0", "0.00%", "#,##0.0", "#,##0"]
    assert [cell.font.b for cell in sheet[7]] == [True] * 7
    assert sheet["F6"].value is None  # undefined is blank, not zero
    assert all(9 <= sheet.column_dimensions[letter].width <= 51 for letter in "AC")


def test_hostile_names_are_text_in_every_place(tmp_path):
    names = [*SHOWN_AS_WRITTEN, *WITHOUT_SIGNS]
    findings = Findings("1_books", output_dir=tmp_path, run_id="r1")
    # the names stand in cells, in a heading, as caption, label, sentence and reason
    for place, name in enumerate(names):
        frame = pd.DataFrame({name or "x": [name, "b"], "open": [1.0, 2.0]})
        findings.table(f"table_{place}", frame, caption=name)
        findings.number(f"number_{place}", 1.0, unit="count", label=name, definition="debtors", inputs={name: 2.0})
        findings.sentence(f"sentence_{place}", name)
        findings.unavailable(f"reason_{place}", name)
    findings.close()
    found = sheets_of(written(gather(tmp_path), tmp_path, company=names[0], title=names[11]))
    shown = [*SHOWN_AS_WRITTEN, *WITHOUT_SIGNS.values()]
    for place, name in enumerate(shown):
        assert found[f"table_{place}"][1][0] == name
        assert [row[1] for row in found["Numbers"] if row[0] == f"number_{place}"] == [name]
        assert [row[1] for row in found["Findings"] if row[0] == f"sentence_{place}"] == [name]
        assert [row[1] for row in found["Not available"] if row[0] == f"reason_{place}"] == [name]
    assert {row[1] for row in found["Contents"]} >= set(shown)


def test_no_part_of_the_file_leads_out_of_it(tmp_path):
    frame = pd.DataFrame({"name": SHOWN_AS_WRITTEN})
    path = written(collected_of(tmp_path, ("names", frame, {})), tmp_path)
    with zipfile.ZipFile(path) as parts:
        names, text = parts.namelist(), {name: parts.read(name).decode() for name in parts.namelist()}
    assert [name for name in names if re.search(r"externalLink|connections|vba|calcChain", name)] == []
    sheets = [content for name, content in text.items() if name.startswith("xl/worksheets/")]
    assert sum("<f>" in content or "<f " in content for content in sheets) == 0
    assert [name for name, content in text.items() if 'TargetMode="External"' in content] == []


@pytest.mark.parametrize(
    ("n_rows", "cells"), [(0, ["No rows."]), (1, ["C0"]), (5_000, [f"C{i}" for i in range(5_000)])]
)
def test_any_number_of_rows(tmp_path, n_rows, cells):
    rows = [[f"C{i}", float(i)] for i in range(n_rows)]
    table = {"caption": "Many", "columns": ["customer", "open"], "rows": rows, "units": {"open": "EUR"}, "file": "t"}
    none: dict[str, dict[str, object]] = {}
    collected = Collected(
        run_id="r", notebooks=(), numbers=none, sentences=none, tables={"many": table}, figures=none, unavailable=none,
        invariants=none,
    )  # fmt: skip
    found = sheets_of(written(collected, tmp_path))
    assert [row[0] for row in found["many"][1:]] == cells
    assert [row[1:] for row in found["Contents"] if row[0] == "many"] == [["Many", n_rows]]


def test_a_text_too_long_for_a_cell_is_cut_and_counted(tmp_path):
    # Excel's limit is 32,767 units of UTF-16; a face takes two
    frame = pd.DataFrame({"name": ["x" * 32_767, "y" * 32_768, "\N{GRINNING FACE}" * 20_000]})
    found = sheets_of(written(collected_of(tmp_path, ("long", frame, {})), tmp_path))
    whole, cut, faces = (row[0] for row in found["long"][1:])
    assert whole == "x" * 32_767
    assert cut == "y" * 32_766 + "\N{HORIZONTAL ELLIPSIS}"
    assert faces == "\N{GRINNING FACE}" * 16_383 + "\N{HORIZONTAL ELLIPSIS}"
    assert load_workbook(tmp_path / "appendix.xlsx")["Contents"]["A6"].value == (
        "2\u00a0texts longer than a cell can hold were cut."
    )


def test_a_number_keeps_its_digits(tmp_path):
    values = [1e-7, 0.1 + 0.2, 9_007_199_254_740_993, 123_456_789_012_345, -0.0, 1e300]
    frame = pd.DataFrame({"value": pd.Series(values, dtype=object)})
    column = [
        row[0] for row in sheets_of(written(collected_of(tmp_path, ("numbers", frame, {})), tmp_path))["numbers_2"]
    ]
    assert column[3] == "9007199254740993"  # a float would end in 2
    assert [same(cell, value) for cell, value in zip(column[1:], values, strict=True)] == [
        *(True, True, False, True, True, True),
    ]


def test_sheets_have_names_of_their_own(tmp_path):
    long = "a" * 40
    frame = pd.DataFrame({"x": [1]})
    ids = ["contents", "history", long + "b", long + "c", "checks"]
    path = written(collected_of(tmp_path, *((id, frame, {}) for id in ids)), tmp_path)
    names = [name for name in load_workbook(path).sheetnames if "_" in name or "aa" in name]
    assert names == ["a" * 31, "a" * 29 + "_2", "checks_2", "contents_2", "history_2"]


def test_the_same_findings_give_the_same_bytes(demonstration, tmp_path):
    collected, path = demonstration
    time.sleep(1.1)  # a time of making would show
    assert written(collected, tmp_path).read_bytes() == path.read_bytes()
    assert written(collected, tmp_path, as_of=date(2026, 9, 30)).read_bytes() != path.read_bytes()
    assert "2026-10-31T12:00:00Z" in zipfile.ZipFile(path).read("docProps/core.xml").decode()


def test_definitions_say_formula_and_inputs(tmp_path):
    findings = Findings("1_books", output_dir=tmp_path, run_id="r1")
    findings.number(
        "overdue_share",
        0.25,
        unit="share",
        label="Overdue share",
        definition="overdue_share",
        inputs={"overdue": 1.0, "open_balance": 4.0},
        low=0.2,
        high=0.3,
        target=0.1,
    )
    findings.number("never", float("inf"), unit="days", label="Median", definition="median_days_to_pay")
    findings.close()
    found = sheets_of(written(gather(tmp_path), tmp_path))
    row = next(row for row in found["Definitions"] if row[0] == "overdue_share")
    assert row[2] == "overdue / open balance"
    assert row[5] == "Overdue share: 25.0%; open balance: 4; overdue: 1"
    assert [row[2:] for row in found["Inputs"][1:]] == [["open balance", 4], ["overdue", 1]]
    by_id = {row[0]: row for row in found["Numbers"]}
    assert by_id["overdue_share"][2:9] == [0.25, "share", 0.2, 0.3, None, None, 0.1]
    assert by_id["never"][2] == "not reached"


def test_what_does_not_foot_is_seen():
    table = {"rows": [["a", 1.0], ["b", 2.0], ["total", 3.01]], "columns": ["who", "open"], "units": {"open": "EUR"}}
    assert that_do_not_foot({"t": table}) == (["t: open"], 1)


@pytest.mark.parametrize("name", [*SHOWN_AS_WRITTEN, "\tTab", "＝1", "\0x", "  =1", "-12.50", "Acme", ""])
def test_a_csv_file_for_people_begins_no_formula(name):
    frame = pd.DataFrame({"why": [name], name or "x": [1.5], "none": [None]})
    head, row = csv.reader(io.StringIO(csv_for_people(frame).decode(), newline=""))
    risky = (name.lstrip()[:1] in ("=", "+", "-", "@", "＝") and name.strip()) or name[:1] in ("\t", "\0")
    assert row == [f"'{name}" if risky else name, "1.5", ""]
    assert head[1] == (f"'{name}" if risky else name or "x")


def test_nothing_kept_out_is_an_empty_file():
    assert csv_for_people(pd.DataFrame()) == b""
