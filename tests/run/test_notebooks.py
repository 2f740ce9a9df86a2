"""Parameters are checked before a kernel starts: a misspelt one would be ignored, a hostile name executed."""

from __future__ import annotations

import json
import threading

import pytest

from analysis.faults import UsageFault
from analysis.run import NotebookStep
from analysis.run.notebooks import distribute, read_notebooks
from analysis.run.schedule import run_in_order

STANDARD = {"as_of": "2026-10-31", "output_dir": "/out", "run_id": "r", "prepared": "/p", "company": "c.toml"}


def _raw(path, *cells):
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return NotebookStep(path)


def _cell(source, *tags):
    return {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}, "outputs": []}


def test_each_notebook_gets_what_it_declares_and_nothing_else(workshop):
    steps = [
        workshop.notebook("1_ledger", declares="top: int = 10\n"),
        workshop.notebook("2_receivables", declares='segment: str = "all"  # a = b\n'),
    ]
    values = distribute(read_notebooks(steps), {"top": 5, "segment": "00123"}, standard=STANDARD)
    own = {"as_of": "2026-10-31", "output_dir": "/out", "run_id": "r"}
    assert values == {"1_ledger": {**own, "top": 5}, "2_receivables": {**own, "segment": "00123"}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"segmnt": "x"}, "unknown parameter 'segmnt'; did you mean 'segment'?"),
        ({"zzzz": 1}, "unknown parameter 'zzzz'; valid are segment, share, top"),
        ({"x=1;import os": 1}, "unknown parameter"),
        ({"run_id": "mine"}, "'run_id' is set by the run"),
        ({"as_of": "2026-09-30"}, "'as_of' is set by the run"),
        ({"top": "5"}, "expects int, got str"),
        ({"top": True}, "expects int, got bool"),
        ({"segment": 123}, "expects str, got int"),
        ({"share": float("nan")}, "not a finite number"),
        ({"segment": "a\0b"}, "cannot be passed"),
        ({"segment": "\ud800"}, "cannot be passed"),
        ({"segment": ["a"]}, "list cannot be passed"),
    ],
)
def test_a_wrong_parameter_is_refused_with_its_remedy(workshop, given, said):
    declares = 'segment: str = ""\ntop: int = 10\nshare: float = 0.5\n'
    notebooks = read_notebooks([workshop.notebook("1_ledger", declares=declares)])
    with pytest.raises(UsageFault) as fault:
        distribute(notebooks, given, standard=STANDARD)
    assert said in str(fault.value)
    assert fault.value.exit_code == 2


def test_a_whole_number_is_a_number_and_the_runs_own_date_may_be_repeated(workshop):
    notebooks = read_notebooks([workshop.notebook("1_ledger", declares="share: float = 0.5\n")])
    values = distribute(notebooks, {"share": 1, "as_of": "2026-10-31"}, standard=STANDARD)
    assert values["1_ledger"]["share"] == 1


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ((_cell("x = 1"),), "one code cell with the tag 'parameters', has 0"),
        ((_cell("x = 1", "parameters"), _cell("y = 1", "parameters")), "has 2"),
        ((_cell("output_dir = ''", "parameters"),), "does not declare run_id"),
        ((_cell("output_dir = (", "parameters"),), "not Python (line 1)"),
        (
            (_cell(["output_dir = ''\n", "run_id = ''"], "parameters"), _cell("", "injected-parameters")),
            "earlier run",
        ),
    ],
)
def test_a_notebook_that_cannot_be_run_safely_is_refused(tmp_path, cells, said):
    with pytest.raises(UsageFault, match=r"1_ledger\.ipynb") as fault:
        read_notebooks([_raw(tmp_path / "1_ledger.ipynb", *cells)])
    assert said in str(fault.value)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"cells": 3}', b'{"worksheets": []}', b"\xff"])
def test_a_file_that_is_no_notebook_is_refused(tmp_path, content):
    path = tmp_path / "1_ledger.ipynb"
    path.write_bytes(content)
    with pytest.raises(UsageFault, match="not a notebook"):
        read_notebooks([NotebookStep(path)])
    with pytest.raises(UsageFault, match="cannot be read"):
        read_notebooks([NotebookStep(tmp_path / "none.ipynb")])


def test_notebooks_stand_after_those_they_need(workshop):
    steps = [workshop.notebook("9_report", needs=("1_a", "2_b")), workshop.notebook("2_b", needs=("1_a",))]
    ordered = read_notebooks([*steps, workshop.notebook("1_a")])
    assert [notebook.name for notebook in ordered] == ["1_a", "2_b", "9_report"]


def test_needs_that_cannot_be_met_are_refused(workshop):
    with pytest.raises(UsageFault, match=r"needs '1_lodger'.*did you mean '1_ledger'"):
        read_notebooks([workshop.notebook("1_ledger"), workshop.notebook("9_report", needs=("1_lodger",))])
    with pytest.raises(UsageFault, match="wait for each other"):
        read_notebooks([workshop.notebook("1_a", needs=("2_b",)), workshop.notebook("2_b", needs=("1_a",))])
    with pytest.raises(UsageFault, match="second notebook"):
        read_notebooks([workshop.notebook("1_a"), workshop.notebook("1_a")])


def test_a_cell_is_numbered_as_in_the_file(workshop):
    # executed: title, parameters, injected values, first cell of its own, ...; written: without the values
    (notebook,) = read_notebooks([workshop.notebook("1_a", "1 + 1")])
    assert [notebook.number(index) for index in range(5)] == [1, 2, 2, 3, 4]


def test_independent_notebooks_run_together_and_a_later_one_waits(workshop):
    notebooks = read_notebooks(
        [workshop.notebook("1_a"), workshop.notebook("2_b"), workshop.notebook("9_c", needs=("1_a", "2_b"))]
    )
    together, ended = threading.Barrier(2, timeout=20), []

    def work(notebook):
        if notebook.name == "9_c":
            assert sorted(ended) == ["1_a", "2_b"]
        else:
            together.wait()  # breaks unless both are at work
        ended.append(notebook.name)

    run_in_order(notebooks, work, workers=2, give_up=lambda: None)
    assert ended[-1] == "9_c"


def test_the_first_error_ends_what_runs_and_starts_nothing_more(workshop):
    notebooks = read_notebooks([workshop.notebook(name) for name in ("1_a", "2_b", "3_c")])
    given_up, begun = threading.Event(), []

    def work(notebook):
        begun.append(notebook.name)
        if notebook.name == "1_a":
            raise KeyError("first")
        assert given_up.wait(20)
        raise RuntimeError("was ended")

    with pytest.raises(KeyError, match="first"):
        run_in_order(notebooks, work, workers=2, give_up=given_up.set)
    assert sorted(begun) == ["1_a", "2_b"]
