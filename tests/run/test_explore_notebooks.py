"""Notebooks for analysts take too long to be run on the sample each time; their code is run on a small ledger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.ledger.simulate import simulate, write_world

EXPLORE = sorted((Path(__file__).resolve().parents[2] / "notebooks" / "explore").glob("*.ipynb"))


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    write_world(simulate(n_invoices=900, seed=3), folder)
    return folder / "company.toml"


@pytest.mark.parametrize("path", EXPLORE, ids=lambda path: path.stem)
def test_code_runs_on_a_small_ledger(path, company, tmp_path):
    cells = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    names: dict[str, object] = {}
    for cell in cells:
        exec(compile("".join(cell["source"]), str(path), "exec"), names)
        if cell in tagged:
            names |= {"company": str(company), "output_dir": str(tmp_path), "origins": 1}
    assert list(tmp_path.glob("*.findings.json"))
    assert len(names["tested"].models) == 5
    # every cell that shows something was run and kept with what it showed
    assert all(cell["outputs"] for cell in cells[2:])
