"""The monthly run on public ledgers, which lie beside the repository: each is published whole and says no nonsense."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from pypdf import PdfReader

from analysis.ledger.company import load_company
from analysis.run import Limits, Silence, run, verify
from analysis.run.monthly import REPORT, monthly_recipe

_ROOT = Path(__file__).resolve().parents[2]
# yellevate is ibm-ar eight years later; the variants of ibm-ar differ in their rows and not in their record
_PUBLIC = {
    "ibm-ar": "2013-06-30",
    "ibm-ar-no-zeros": "2012-08-31",
    "ibm-ar-120-rows": "2012-08-31",
    "yellevate": "2020-08-31",
    "highradius-open": "2020-05-22",
    "classicmodels": "2005-05-31",
}


@pytest.mark.parametrize("name", _PUBLIC)
def test_public_ledgers_are_published(name: str, shared: Path, tmp_path: Path):
    assert shared.is_dir()
    company, day = load_company(_ROOT / "tests" / "companies" / f"{name}.toml"), date.fromisoformat(_PUBLIC[name])
    recipe = monthly_recipe(company, as_of=day, known_by=day, notebooks=_ROOT / "notebooks")
    reports = tmp_path / "reports"
    done = run(recipe, reports=reports, period=day.isoformat(), parameters={}, limits=Limits(), progress=Silence())
    assert verify(done.report) == []
    text = " ".join(page.extract_text() for page in PdfReader(done.report / REPORT).pages)
    assert not re.search(r"\b(nan|None|inf|NaT)\b", text)
    if name == "ibm-ar":
        # By hand from the export: issued by 2013-06-30 and not settled by then.
        numbers = json.loads((done.report / "findings.json").read_text())["numbers"]
        assert numbers["receivables"]["value"] == pytest.approx(5119.85, abs=0.005)
        assert numbers["median_days"]["value"] == 26
