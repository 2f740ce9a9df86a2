"""The collector keeps what it is given, once, and leaves nothing behind when a notebook stops half way."""

from __future__ import annotations

import csv
import json
import math
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from analysis.faults import RunFault
from analysis.reporting import charts
from analysis.reporting.findings import Findings, gather


def collector(folder, name="2_receivables", run_id="r1"):
    return Findings(name, output_dir=folder, run_id=run_id)


def number(findings, id="dso_days", value=42.5, **more):
    findings.number(id, value, unit="days", label="DSO", definition="dso", **more)


def test_what_goes_in_comes_out(tmp_path):
    findings = collector(tmp_path)
    number(
        findings, low=41.0, high=44.0, last_month=43.0, better="lower", inputs={"open": 6.0}, count=3, history=[1, 2]
    )
    findings.sentence("dso_fell", "DSO fell to 42.5 days.", uses=["dso_days"])
    frame = pd.DataFrame({"customer": ["=cmd", "*x* #sys"], "open": [1.5, math.nan], "on": [date(2026, 1, 2), None]})
    findings.table("top", frame, caption="Top", units={"open": "EUR"})
    findings.figure("spark", charts.sparkline([1.0, 2.0]), caption="Course", alt="It doubles.")
    findings.unavailable("disputes", "no table of disputes")
    findings.invariant("rolls", "opening + moves = closing", Decimal("0.30"), Decimal("0.1") + Decimal("0.2"))
    findings.close()

    found = gather(tmp_path)
    assert found.run_id == "r1"
    assert found.notebooks == ("2_receivables",)
    assert found.numbers["dso_days"]["value"] == 42.5
    assert found.numbers["dso_days"]["inputs"] == {"open": 6.0}
    assert found.numbers["dso_days"]["history"] == [1, 2]
    assert "undefined" not in found.numbers["dso_days"]
    told = found.sentences["dso_fell"]
    assert (told["text"], told["uses"]) == ("DSO fell to 42.5 days.", ["dso_days"])
    assert found.tables["top"]["rows"] == [["=cmd", 1.5, "2026-01-02"], ["*x* #sys", None, None]]
    with (tmp_path / "tables/top.csv").open(newline="") as file:
        assert list(csv.reader(file))[1:] == [["=cmd", "1.5", "2026-01-02"], ["*x* #sys", "", ""]]
    assert (tmp_path / found.figures["spark"]["file"]).read_bytes().startswith(b"<?xml")
    assert found.unavailable["disputes"]["reason"] == "no table of disputes"
    assert found.invariants["rolls"]["holds"]
    assert found.broken == ()


@pytest.mark.parametrize(
    ("value", "mark"), [(math.nan, "undefined"), (np.float64("nan"), "undefined"), (math.inf, "not_reached")]
)
def test_undefined_and_not_reached_are_null_and_say_so(tmp_path, value, mark):
    findings = collector(tmp_path)
    number(findings, value=value, low=math.nan, history=[1.0, math.nan])
    content = json.loads(findings.close().read_text())
    kept = content["numbers"]["dso_days"]
    assert (kept["value"], kept[mark], kept["low"], kept["history"]) == (None, True, None, [1.0, None])
    assert len({"undefined", "not_reached"} & set(kept)) == 1


def test_an_invariant_in_cents_is_exact(tmp_path):
    findings = collector(tmp_path)
    findings.invariant("exact", "a = b", Decimal("90071992547409.93"), Decimal("90071992547409.92"))
    findings.invariant("within", "a = b", 1.0, 1.004, tolerance=0.005)
    findings.invariant("undefined", "a = b", math.nan, 1.0, tolerance=5)
    findings.close()
    assert gather(tmp_path).broken == ("exact", "undefined")


def test_bytes_are_stable_and_the_order_of_collecting_is_irrelevant(tmp_path):
    seen = []
    for folder, ids in (("a", ["x", "y"]), ("b", ["y", "x"])):
        findings = collector(tmp_path / folder)
        for id in ids:
            number(findings, id=id)
        seen.append(findings.close().read_bytes())
    assert seen[0] == seen[1]
    assert gather(tmp_path / "a").as_json() == gather(tmp_path / "b").as_json()


@pytest.mark.parametrize("id", ["", "DSO", "1st", "a-b", "../up", "a b", "ä"])
def test_ids_are_checked(tmp_path, id):
    with pytest.raises(ValueError, match="small letters"):
        number(collector(tmp_path), id=id)


def test_a_second_use_of_an_id_is_refused_across_kinds(tmp_path):
    findings = collector(tmp_path)
    number(findings)
    with pytest.raises(ValueError, match="used twice"):
        findings.sentence("dso_days", "again")


def test_nothing_is_taken_after_closing(tmp_path):
    findings = collector(tmp_path)
    findings.close()
    with pytest.raises(ValueError, match="closed"):
        number(findings)


def test_a_notebook_that_stopped_half_way_left_nothing_to_gather(tmp_path):
    number(collector(tmp_path))
    with pytest.raises(RunFault, match="no findings"):
        gather(tmp_path)


def test_gather_refuses_an_incomplete_file(tmp_path):
    path = collector(tmp_path).close()
    path.write_text(path.read_text().replace('"complete": true', '"complete": false'))
    with pytest.raises(RunFault, match="not complete"):
        gather(tmp_path)
    path.write_text(path.read_text()[:20])
    with pytest.raises(RunFault, match="cannot be read"):
        gather(tmp_path)


def test_gather_refuses_an_id_of_two_notebooks(tmp_path):
    for name in ("1_ledger", "2_receivables"):
        findings = collector(tmp_path, name)
        number(findings)
        findings.close()
    with pytest.raises(RunFault, match=r"dso_days.*already used by 1_ledger"):
        gather(tmp_path)


def test_gather_refuses_findings_of_two_runs(tmp_path):
    collector(tmp_path, "1_ledger", run_id="r1").close()
    collector(tmp_path, "2_receivables", run_id="r2").close()
    with pytest.raises(RunFault, match="different runs"):
        gather(tmp_path)


def test_gather_refuses_a_missing_table(tmp_path):
    findings = collector(tmp_path)
    findings.table("top", pd.DataFrame({"a": [1]}), caption="Top")
    findings.close()
    (tmp_path / "tables/top.csv").unlink()
    with pytest.raises(RunFault, match=r"tables/top\.csv is missing"):
        gather(tmp_path)


def test_a_long_table_and_a_doubled_column_are_refused(tmp_path):
    with pytest.raises(ValueError, match="1001 rows"):
        collector(tmp_path).table("long", pd.DataFrame({"a": range(1001)}), caption="Long")
    with pytest.raises(ValueError, match="'a' twice"):
        collector(tmp_path).table("two", pd.DataFrame([[1, 2]], columns=["a", "a"]), caption="Two")


def test_a_chart_needs_words(tmp_path):
    with pytest.raises(ValueError, match="alternative text"):
        collector(tmp_path).figure("spark", charts.sparkline([1.0]), caption="Course", alt=" ")


_SECTION = """
def hand_over(findings):
    _numbers(findings)
    [findings.sentence(id, "Said.") for id in ("said",)]

def _numbers(findings):
    for add in (lambda: findings.number("dso_days", 42.5, unit="days", label="DSO", definition="dso"),):
        add()
"""


def test_a_finding_says_who_handed_it_over_and_who_wrote_it(tmp_path):
    section = {"__name__": "analysis.reporting.sections.made_up"}
    exec(compile(_SECTION, "made_up.py", "exec"), section)
    findings = collector(tmp_path)
    section["hand_over"](findings)
    findings.unavailable("disputes", "no table of disputes")
    findings.close()
    found = gather(tmp_path)
    handed = {"notebook": "2_receivables", "handed_over_by": "analysis.reporting.sections.made_up.hand_over"}
    assert found.numbers["dso_days"]["made_by"] == handed | {
        "written_by": "analysis.reporting.sections.made_up._numbers"
    }
    assert found.sentences["said"]["made_by"]["written_by"] == "analysis.reporting.sections.made_up.hand_over"
    # this test is no function of the package, as a cell of a notebook is none
    own = found.unavailable["disputes"]["made_by"]
    assert (own["notebook"], own["handed_over_by"]) == ("2_receivables", "the notebook itself")
