"""The export of a month against the one of the last report, from the books to the alarm."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from analysis.faults import DataFault
from analysis.ledger.company import load_company
from analysis.run.last_report import as_input, last_export
from analysis.run.monthly import monthly_recipe

_HEAD = "invoice_id,customer_id,issued_on,due_on,amount\n"
_JANUARY = [f"I{n},C{n % 3},2026-01-{n:02},2026-02-{n:02},100.00\n" for n in range(1, 21)]
_FEBRUARY = [f"F{n},C{n % 3},2026-02-{n:02},2026-03-{n:02},100.00\n" for n in range(1, 6)]


@pytest.fixture
def prepared(workshop):
    """Prepares the books of ``rows`` for a month, beside the reports of the workshop; publishes them on request."""
    (workshop.root / "company.toml").write_text(
        '[company]\nname = "One"\ncurrency = "EUR"\n[tables]\ninvoices.file = "invoices.csv"\n', encoding="utf-8"
    )

    def prepare(rows: list[str], on: str, *, publish: bool = False) -> dict:
        (workshop.root / "invoices.csv").write_text(_HEAD + "".join(rows), encoding="utf-8")
        day = date.fromisoformat(on)
        recipe = monthly_recipe(
            load_company(workshop.root / "company.toml"),
            as_of=day,
            known_by=day,
            notebooks=Path("notebooks"),
            reports=workshop.reports,
        )
        scratch = workshop.root / f"scratch-{on}-{len(rows)}"
        (scratch / "prepared").mkdir(parents=True)
        summary = dict(recipe.prepare(scratch))
        if publish:
            workshop.run(period=on, prepare=lambda scratch: dict(summary))
        facts = json.loads((scratch / "prepared" / "facts.json").read_text())
        return {**summary, "told": {fact["rule"] for fact in facts}}

    return prepare


def test_a_month_with_its_bookings_raises_no_alarm(prepared):
    first = prepared(_JANUARY, "2026-01-31", publish=True)
    second = prepared([*_JANUARY, *_FEBRUARY], "2026-02-28")
    assert first["alarms"] == second["alarms"] == []
    assert [one["table"] for one in first["inputs"]] == ["invoices"]
    assert [one["table"] for one in second["inputs"]] == ["invoices", "last report"]


def test_last_months_file_is_refused_and_a_cut_one_is_told_in_the_report_and_to_the_schedule(prepared):
    prepared(_JANUARY, "2026-01-31", publish=True)
    with pytest.raises(DataFault, match=r"invoices\.csv: is the very file of the report of 2026-01-31"):
        prepared(_JANUARY, "2026-02-28")
    cut = prepared([*_JANUARY[10:], *_FEBRUARY], "2026-02-28")
    # 15 rows and 1,500.00 of the 20 rows and 2,000.00: a quarter is gone
    assert [(alarm["rule"], alarm["message"]) for alarm in cut["alarms"]] == [
        ("fewer_rows", "holds 15 rows, 20 at the report of 2026-01-31"),
        ("less_amount", "sums to 1,500.00 EUR, 2,000.00 at the report of 2026-01-31"),
    ]
    assert {"fewer_rows", "less_amount"} <= cut["told"]


def test_what_counts_as_an_input_is_what_was_read_and_not_which_run_read_it(workshop, prepared):
    assert last_export(workshop.reports, before=date(2026, 2, 28)) is None
    summary = prepared(_JANUARY, "2026-01-31", publish=True)
    first = last_export(workshop.reports, before=date(2026, 2, 28))
    del summary["told"]
    workshop.run(period="2026-01-31", prepare=lambda scratch: dict(summary))
    again = last_export(workshop.reports, before=date(2026, 2, 28))
    assert as_input(first) == as_input(again)
    summary["rows"] = [{**summary["rows"][0], "rows": 19}]
    workshop.run(period="2026-01-31", prepare=lambda scratch: dict(summary))
    assert as_input(last_export(workshop.reports, before=date(2026, 2, 28))) != as_input(first)
    assert last_export(workshop.reports, before=date(2026, 1, 31)) is None
