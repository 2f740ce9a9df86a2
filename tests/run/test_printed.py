"""Forecasts that earlier reports printed: found again, unless somebody changed them, and held against what came."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from small_books import Ledger

from analysis.ledger.opening import PRINTED, Opened
from analysis.models.cash_draws import QUANTILES
from analysis.reporting.sections.printed import printed_sentence, record_of, record_table
from analysis.run.manifest import sha256_of
from analysis.run.printed import copy_printed


def report(folder: Path, text: str) -> Path:
    table = folder / "tables" / "cash_frozen.csv"
    table.parent.mkdir(parents=True)
    table.write_text(text)
    outputs = {"tables/cash_frozen.csv": {"sha256": sha256_of(table), "size": len(text)}}
    (folder / "manifest.json").write_text(json.dumps({"outputs": outputs}))
    return table


def test_earlier_reports_are_found_and_changed_or_later_ones_are_not(tmp_path: Path):
    reports = tmp_path / "reports"
    report(reports / "2026-08-31", "on,week\n2026-08-31,1\n")
    changed = report(reports / "2026-07-31", "on,week\n2026-07-31,1\n")
    changed.write_text("on,week\n2026-07-31,2\n")
    report(reports / "2026-09-30", "on,week\n2026-09-30,1\n")
    report(reports / "2026-10-31", "on,week\n2026-10-31,1\n")
    (reports / "failed").mkdir()
    folder = tmp_path / "prepared" / PRINTED
    folder.parent.mkdir()
    taken = copy_printed(reports, folder, before=date(2026, 10, 31))
    assert sorted(path.name for path in folder.iterdir()) == ["2026-08-31.csv", "2026-09-30.csv"]
    assert [one["name"] for one in taken] == ["2026-09-30/tables/cash_frozen.csv", "2026-08-31/tables/cash_frozen.csv"]
    assert [one["n_rows"] for one in taken] == [1, 1]


def test_what_a_backfill_forecast_in_hindsight_is_not_judged(tmp_path: Path):
    reports = tmp_path / "reports"
    report(reports / "2026-08-31", "on,week\n2026-08-31,1\n")
    manifest = reports / "2026-08-31" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "backfilled": True}))
    assert copy_printed(reports, tmp_path / PRINTED, before=date(2026, 10, 31)) == []
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "backfilled": False}))
    assert len(copy_printed(reports, tmp_path / PRINTED, before=date(2026, 10, 31))) == 1


def test_no_folder_and_no_report_give_nothing(tmp_path: Path):
    assert copy_printed(tmp_path / "none", tmp_path / PRINTED, before=date(2026, 10, 31)) == []
    assert not (tmp_path / PRINTED).exists()


@pytest.fixture
def judged(tmp_path: Path):
    # 100 was open on 31 March and brought 60 in the first week; 50 was written later and does not count
    ledger = Ledger()
    ledger.invoice("A", "K", "2024-03-01", "2024-03-31", "100").entry("payment", "60", "2024-04-02", "A")
    ledger.invoice("B", "K", "2024-04-01", "2024-04-30", "50").entry("payment", "50", "2024-04-03", "B")
    bands = {q: [50.0, 10.0, 0.0] if q < 0.5 else [90.0, 80.0, 5.0] for q in QUANTILES}
    weeks = {"on": pd.Timestamp("2024-03-31"), "week": [1, 2, 3], "expected": [75.0, 15.0, 2.0]}
    (tmp_path / PRINTED).mkdir()
    pd.DataFrame(weeks | bands).to_csv(tmp_path / PRINTED / "2024-03-31.csv", index=False)
    none = pd.DataFrame()
    opened = Opened(snapshot=ledger.as_of("2024-04-15"), facts=none, control=none, files=none)
    assert record_of(opened, prepared="") is None
    return record_of(opened, prepared=str(tmp_path))


def test_what_was_printed_is_held_against_what_came_by_hand(judged):
    # two whole weeks have passed: 60 came in the first and nothing in the second
    assert judged.weeks["actual"].tolist() == [60.0, 0.0]
    assert judged.coverage(0.80) == 0.5
    assert judged.gross_error() == pytest.approx((15 + 15) / 60)
    assert judged.bias() == pytest.approx((90 - 60) / 60)
    table = record_table(judged)
    assert table.loc[0, ["weeks", "expected", "came"]].tolist() == [2, 90.0, 60.0]
    told = " ".join(printed_sentence(judged).split())
    assert "1 forecast printed in earlier reports 2 weeks have ended: 50.0% lay within" in told
    assert told.endswith("50.0% too much being promised in all.")


def test_nothing_is_said_where_nothing_was_printed():
    assert printed_sentence(None) == ""
    assert record_table(None).empty
