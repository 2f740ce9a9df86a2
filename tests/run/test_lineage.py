"""Where a number comes from: told from a published report, with the rows that sum to it."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from small_books import Ledger
from typer.testing import CliRunner

from analysis.cli.arguments import app
from analysis.faults import UsageFault
from analysis.ledger.opening import opened
from analysis.measures.ageing import ageing
from analysis.measures.concentration import concentration
from analysis.measures.exposure import exposures
from analysis.measures.months import ageing_series, ledger_months
from analysis.measures.pattern import roll_rates
from analysis.measures.scorecard import scorecard
from analysis.reporting.findings import Findings, gather
from analysis.reporting.sections import receivables
from analysis.run.handing_over import cell_of
from analysis.run.lineage import lineage

_ROOT = Path(__file__).resolve().parents[2]
ON = date(2024, 6, 30)


def _ledger() -> Ledger:
    """By hand on 30 June 2024: A owes 500 not due and 100 since 96 days, B owes 200 since 40 days; 800 in all."""
    ledger = Ledger()
    ledger.invoice("A1", "A", "2024-02-25", "2024-03-26", "100")
    ledger.invoice("A2", "A", "2024-06-20", "2024-07-20", "500")
    ledger.invoice("B1", "B", "2024-04-21", "2024-05-21", "350")
    return ledger.entry("payment", "150", "2024-06-01", "B1")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report as a run leaves it: findings of one page, its notebook, the frozen forecast, a manifest."""
    folder = tmp_path_factory.mktemp("report")
    books = opened(_ledger().books(), ON, known_by=ON)
    months = ledger_months(books.snapshot)
    by_due, by_issue = (ageing_series(months, clock=clock, last=months.shown) for clock in ("due", "issue"))
    owed = exposures(books.snapshot)
    measured = receivables.Receivables(
        opened=books,
        scores=scorecard(months, last=months.shown),
        by_due=by_due,
        by_issue=by_issue,
        ageing=ageing(books.snapshot),
        segments=None,
        rolls=roll_rates(books.snapshot),
        debtors=owed,
        concentration=concentration(owed["open_balance"], n=10),
    )
    findings = Findings("2_receivables", output_dir=folder, run_id="2024-06-30-0badcafe-1")
    receivables.hand_over(findings, measured)
    findings.sentence("made_up_told", "EUR 300 is past due.", uses=["overdue"])
    findings.close()
    text = gather(folder).as_json()
    (folder / "findings.json").write_bytes(text)
    notebook = folder / "notebooks" / "2_receivables.ipynb"
    notebook.parent.mkdir()
    notebook.write_bytes((_ROOT / "notebooks" / notebook.name).read_bytes())
    invoices = pd.DataFrame(
        {"customer_id": ["A", "A", "B"], "balance": [100.0, 500.0, 200.0], "days_past_due": [96, -20, 40]}
    )
    invoices.to_parquet(folder / "forecast.parquet", index=False)
    stated = {"findings.json": {"sha256": hashlib.sha256(text).hexdigest(), "size": len(text)}}
    manifest = {"as_of": "2024-06-30", "known_by": "2024-06-30", "outputs": stated}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def _changed(published: Path, folder: Path, **tables: list[list[object]]) -> Path:
    """The report with other rows in its tables, and nothing else beside them."""
    content = json.loads((published / "findings.json").read_text())
    for id, rows in tables.items():
        content["tables"][id]["rows"] = rows
    folder.mkdir(exist_ok=True)
    (folder / "findings.json").write_text(json.dumps(content))
    return folder


def test_the_rows_that_sum_to_what_is_overdue(published: Path):
    told = lineage(published, "overdue")
    assert told.definition is not None
    assert told.definition.name == "Overdue"
    assert [one.value for one in told.footings] == [300.0, 300.0]
    buckets, invoices = told.footings
    assert {label: amount for label, amount in buckets.parts if amount} == {"31-60": 200.0, "91-120": 100.0}
    assert dict(invoices.parts) == {"B, 1 invoice": 200.0, "A, 1 invoice": 100.0}
    assert all(one.foots for one in told.footings)
    assert told.sentences["made_up_told"] == "EUR 300 is past due."
    assert told.intact is True


@pytest.mark.parametrize(
    ("id", "of", "parts"),
    [
        ("open_balance", "", [800.0, 800.0, 800.0]),
        ("debtors", "", [2.0]),
        # 100 / 800, and the 100 by bucket and by invoice
        ("over_90_share", "over 90", [0.125, 100.0, 100.0]),
        ("overdue_share", "overdue", [0.375, 300.0, 300.0]),
        # the two debtors there are owe all of it
        ("top_share", "", [1.0]),
    ],
)
def test_sums_foot_to_what_was_worked_by_hand(published: Path, id: str, of: str, parts: list[float]):
    found = lineage(published, id).footings
    assert [one.sum for one in found] == pytest.approx(parts)
    assert all(one.foots for one in found)
    assert {one.of for one in found} <= {"", of}


def test_a_table_that_was_changed_does_not_foot(published: Path, tmp_path: Path):
    rows = [["not due", 500.0, 0.6], ["31-60", 200.0, 0.3], ["91-120", 99.99, 0.1]]
    changed = _changed(published, tmp_path / "report", ageing_by_due=rows)
    (buckets,) = lineage(changed, "overdue").footings
    assert buckets.sum == pytest.approx(299.99)
    assert not buckets.foots
    # without a manifest it cannot be told whether the findings are those that were published
    assert lineage(changed, "overdue").intact is None
    (tmp_path / "report" / "manifest.json").write_bytes((published / "manifest.json").read_bytes())
    assert lineage(changed, "overdue").intact is False


def test_a_change_foots_from_the_month_before_through_its_effects(published: Path, tmp_path: Path):
    changed = _changed(published, tmp_path / "report")
    content = json.loads((changed / "findings.json").read_text())
    effects = {"sales": 40.0, "customers": 0.0, "terms": -5.0, "behaviour": 25.0, "disputes": 0.0, "currency": 0.0}
    content["numbers"]["overdue"]["last_month"] = 240.0
    for name, amount in effects.items():
        content["numbers"][f"overdue_month_{name}"] = {**content["numbers"]["overdue"], "value": amount}
    (changed / "findings.json").write_text(json.dumps(content))
    # 240 + 40 - 5 + 25 = 300
    told = next(one for one in lineage(changed, "overdue").footings if one.how.startswith("a month before"))
    assert (told.sum, told.foots, told.parts[0]) == (300.0, True, ("a month before", 240.0))


def test_buckets_that_do_not_part_at_90_days_say_nothing_of_what_is_older(published: Path, tmp_path: Path):
    rows = [["not due", 500.0, 0.6], ["1-60", 200.0, 0.3], ["over 60", 100.0, 0.1]]
    changed = _changed(published, tmp_path / "report", ageing_by_due=rows)
    assert [one.source for one in lineage(changed, "over_90_share").footings] == ["findings.json"]


def test_the_cell_and_the_functions_that_hand_a_number_over(published: Path):
    told = lineage(published, "overdue")
    assert told.notebook == "2_receivables"
    assert told.handed_over_by == "analysis.reporting.sections.receivables.hand_over"
    assert told.written_by.startswith("analysis.reporting.sections.")
    assert told.cell is not None
    assert "receivables.hand_over(findings, measured)" in told.cell.source
    cells = nbformat.read(published / "notebooks" / "2_receivables.ipynb", as_version=4).cells
    assert cells[told.cell.place - 1].source == told.cell.source


def test_a_cell_is_found_under_another_name_and_not_where_it_only_reads_alike():
    def notebook(*sources: str) -> dict[str, object]:
        return {"cells": [{"cell_type": "code", "source": source} for source in sources]}

    by = "analysis.reporting.sections.losses.hand_over"
    aliased = notebook(
        "%matplotlib inline",
        "from analysis.reporting.sections import losses as lost",
        "lost.told(1)",
        "lost.hand_over(1)",
    )
    found = cell_of(aliased, "expected_loss", handed_over_by=by)
    assert found is not None
    assert found.place == 4
    other = notebook("from elsewhere import losses", "losses.hand_over(1)", "'lost.hand_over(1)'")
    assert cell_of(other, "expected_loss", handed_over_by=by) is None
    own = notebook("findings.number('dso', 1)", "findings.number('expected_loss', 1)")
    found = cell_of(own, "expected_loss", handed_over_by="the notebook itself")
    assert found is not None
    assert found.place == 2


def test_an_unknown_finding_names_the_nearest(published: Path):
    with pytest.raises(UsageFault, match=r"has no finding 'overdu'; the nearest are overdue, .*overdue_share"):
        lineage(published, "overdu")
    with pytest.raises(UsageFault, match=r"has no finding '\.\./x'$"):
        lineage(published, "../x")


def test_a_purged_report_and_a_folder_that_is_none_say_so(tmp_path: Path):
    with pytest.raises(UsageFault, match="is no published report"):
        lineage(tmp_path, "overdue")
    (tmp_path / "manifest.json").write_text('{"as_of": "2024-06-30"}')
    with pytest.raises(UsageFault, match="was purged"):
        lineage(tmp_path, "overdue")


def test_the_command_prints_it_for_people_and_for_machines(published: Path):
    shown = CliRunner().invoke(app, ["explain", str(published), "overdue", "--rows", "1"])
    assert shown.exit_code == 0
    text = " ".join(shown.stdout.split())
    assert "open balance of invoices with due date < as-of date" in text
    assert "handed over by analysis.reporting.sections.receivables.hand_over" in text
    assert "notebooks/2_receivables.ipynb, cell" in text
    assert "B, 1 invoice 200 one more row 100 comes to 300 the number 300 foots yes" in text
    machine = json.loads(CliRunner().invoke(app, ["explain", str(published), "overdue", "--json"]).stdout)
    assert machine["found"]["value"] == 300.0
    assert [one["foots"] for one in machine["footings"]] == [True, True]
    assert machine["made_by"]["cell"]["source"].endswith("findings.close().name")
    # a table, and what is no number
    table = CliRunner().invoke(app, ["explain", str(published), "ageing_by_due"])
    assert (table.exit_code, "tables/ageing_by_due.csv" in table.stdout) == (0, True)
