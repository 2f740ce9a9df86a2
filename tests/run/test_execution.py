"""One notebook: what success is, and every way in which papermill alone would report it wrongly."""

from __future__ import annotations

import json
import os
import time

import nbformat
import psutil
import pytest

from analysis.faults import RunFault
from analysis.run import Limits, NotebookFault, OverdueFault, Silence

# Cells 1 and 2 are the title and the parameters, so the cell under test is the third or fourth.
FAILURES = {
    "a cell raises": (["1 + 1", 'raise ValueError("Acme owes 12.34\\nand more")'], "cell_error", 4),
    "it raises although tagged": (['"raises-exception"; 1 / 0'], "cell_error", 3),
    "sys.exit(0)": (["import sys; sys.exit(0)", "1"], "exited_early", 3),
    "raise SystemExit": (["raise SystemExit"], "exited_early", 3),
    "sys.exit(3)": (["import sys; sys.exit(3)"], "exited_early", 3),
    "exit()": (["exit()", "1"], "exited_early", 3),
    "os._exit": (["1", "import os; os._exit(1)", "1"], "kernel_died", 4),
    "killed": (["import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "1"], "kernel_died", 3),
    "a syntax error": (["1 +"], "cell_error", 3),
}
STUCK = {
    "asleep": "import time; time.sleep(600)",
    "will not be interrupted": (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "while True:\n    try:\n        time.sleep(600)\n    except KeyboardInterrupt:\n        pass"
    ),
    # exponential backtracking: never releases the interpreter lock
    "holds the interpreter": 'import re; re.match(r"(a+)+$", "a" * 60 + "b")',
}


def _fails(workshop, *steps, **options):
    workshop.earlier()
    with workshop.nothing_happens(), pytest.raises(RunFault) as fault:
        workshop.run(*steps, **options)
    assert fault.value.exit_code == 5
    return fault.value


@pytest.mark.parametrize(("cells", "reason", "number"), FAILURES.values(), ids=FAILURES)
def test_a_notebook_that_fails_publishes_nothing(workshop, cells, reason, number):
    step = workshop.notebook("2_receivables", *cells)
    if "raises-exception" in cells[0]:
        node = nbformat.read(step.path, as_version=4)
        node.cells[number - 1].metadata.tags = ["raises-exception"]
        nbformat.write(node, step.path)
    fault = _fails(workshop, step)
    assert isinstance(fault, NotebookFault)
    assert (fault.notebook, fault.reason, fault.cell) == ("2_receivables", reason, number)
    assert "\n" not in str(fault)
    assert f"2_receivables, cell {number}: " in str(fault)
    status = workshop.status()
    assert (status["stage"], status["notebook"], status["cell"]) == ("notebooks", "2_receivables", number)
    assert (status["reason"], status["exit_code"], status["as_of"]) == (reason, 5, "2026-10-31")


def test_the_status_that_stays_behind_holds_no_value_of_the_books(workshop):
    fault = _fails(workshop, workshop.notebook("2_receivables", 'raise ValueError("Acme owes 12.34\\nand more")'))
    assert str(fault) == "2_receivables, cell 3: ValueError: Acme owes 12.34 and more"
    assert workshop.status()["message"] == "2_receivables, cell 3: ValueError"
    assert "Acme" not in json.dumps(workshop.status())


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("pass", "no completion record"),
        ('open(output_dir + "/{name}.findings.json", "w").write("{{")', "cannot be read"),
        (
            'open(output_dir + "/{name}.findings.json", "w").write(\'{{"complete": true, "run_id": "x"}}\')',
            "record of another run",
        ),
        (
            'open(output_dir + "/{name}.findings.json", "w").write(\'{{"complete": false, "run_id": "%s"}}\' % run_id)',
            "incomplete",
        ),
    ],
)
def test_without_its_completion_record_a_notebook_did_not_succeed(workshop, record, said):
    fault = _fails(workshop, workshop.notebook("1_ledger", record=record))
    assert said in str(fault)
    assert workshop.status()["reason"] == "incomplete"


@pytest.mark.parametrize("cell", STUCK.values(), ids=STUCK)
def test_a_cell_that_does_not_end_is_ended(workshop, cell):
    began = time.monotonic()
    fault = _fails(workshop, workshop.notebook("1_ledger", cell), limits=Limits(cell_seconds=1, run_seconds=100))
    assert time.monotonic() - began < 1 + 30
    assert str(fault) == "1_ledger, cell 3: took longer than its limit of 1 s"
    assert workshop.status()["reason"] == "timeout"


def test_the_whole_run_has_a_limit_of_its_own(workshop):
    began = time.monotonic()
    stuck = workshop.notebook("1_ledger", STUCK["holds the interpreter"])
    fault = _fails(workshop, stuck, limits=Limits(cell_seconds=600, run_seconds=4))
    assert isinstance(fault, OverdueFault)
    assert time.monotonic() - began < 4 + 30
    assert workshop.status()["reason"] == "timeout"


def test_what_a_notebook_leaves_running_ends_with_it(workshop):
    # A daemon that clears its environment and leaves its session, an ordinary worker, and a worker of a daemon.
    cell = (
        "import subprocess\n"
        'subprocess.Popen(["sleep", "3071"], start_new_session=True, env={"PATH": "/usr/bin:/bin"})\n'
        'subprocess.Popen(["sh", "-c", "trap \'\' TERM; (setsid sleep 3072 &) ; sleep 3073"])'
    )
    workshop.run(workshop.notebook("1_ledger", cell, "import time; time.sleep(0.3)"))
    sleeping = [p.cmdline() for p in psutil.process_iter() if p.name() == "sleep" and "307" in p.cmdline()[-1]]
    assert sleeping == []


def test_the_kernel_starts_clean_whatever_the_caller_has_lying_about(workshop, tmp_path, monkeypatch):
    folder = tmp_path / "here"
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    folder.mkdir()
    trap = "import builtins; builtins.trapped = True\n"
    for name in ("sitecustomize.py", "usercustomize.py", "pandas.py", "startup.py", "ipython_config.py"):
        (folder / name).write_text(trap, encoding="utf-8")
    (startup / "00.py").write_text(trap, encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PYTHONSTARTUP", str(folder / "startup.py"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    seen = (
        "import importlib.util, builtins, os, site, sys, time\n"
        'assert not hasattr(builtins, "trapped")\n'
        f'assert "here" not in str(importlib.util.find_spec("pandas").origin) and {str(folder)!r} not in sys.path\n'
        'assert "secret" not in os.environ.values() and "PYTHONPATH" not in os.environ\n'
        'assert os.environ["MPLBACKEND"] == "agg" and time.tzname[0] == "UTC" and os.environ["PYTHONHASHSEED"] == "0"\n'
        'assert "" not in sys.path and os.listdir() == [] and not site.ENABLE_USER_SITE'
    )
    workshop.run(workshop.notebook("1_ledger", seen))


def test_values_arrive_as_they_are(workshop):
    values = {
        "text": "a'b\"c\\n\n\t{x}{} # \N{EURO SIGN} \N{GRINNING FACE} \N{RIGHT-TO-LEFT OVERRIDE}",
        "code": "00123",
    }
    step = workshop.notebook(
        "1_ledger",
        f"assert text == {values['text']!r} and code == '00123' and top == 7 and flag is True and share == 1e-9",
        declares='text: str = ""\ncode: str = ""\ntop: int = 1\nflag: bool = False\nshare: float = 0.5\n',
    )
    workshop.run(step, parameters={**values, "top": 7, "flag": True, "share": 1e-9})


def test_a_path_with_braces_is_only_a_path(workshop):
    workshop.reports = workshop.root / "reports {pm} {x.__class__}"
    published = workshop.run(workshop.notebook("1_ledger"))
    assert (workshop.reports / "2026-10-31" / "notebooks" / "1_ledger.ipynb").is_file()
    assert published.report == workshop.reports / "2026-10-31"


class Heard(Silence):
    def __init__(self):
        self.events = []

    def begin(self, step, *, cells=0):
        self.events.append((step, "begins", cells))

    def cell(self, step, number):
        self.events.append((step, "cell", number))

    def end(self, step, *, fault=None):
        self.events.append((step, "ends", fault))


def test_progress_hears_of_each_step_and_cell(workshop):
    heard = Heard()
    workshop.run(workshop.notebook("1_ledger", "1"), progress=heard)
    assert heard.events == [
        ("prepare", "begins", 0),
        ("prepare", "ends", None),
        ("1_ledger", "begins", 4),
        *[("1_ledger", "cell", number) for number in (1, 2, 2, 3, 4)],
        ("1_ledger", "ends", None),
        ("report", "begins", 0),
        ("report", "ends", None),
        ("publish", "begins", 0),
        ("publish", "ends", None),
    ]


def test_an_executed_notebook_tells_no_clock_time(workshop):
    published = workshop.run(workshop.notebook("1_ledger", "1"))
    text = (published.folder / "notebooks" / "1_ledger.ipynb").read_text(encoding="utf-8")
    node = nbformat.reads(text, as_version=4)
    assert [cell.execution_count for cell in node.cells if cell.cell_type == "code"] == [1, 2, 3, 4]
    assert not any(word in text for word in ("_time", "duration", "iopub", str(os.getpid())))
