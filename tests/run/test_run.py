"""The run as a whole, ended from outside at any moment: the last report stays as it was, the next run works."""

from __future__ import annotations

import io
import os
import random
import re
import signal
import threading
import time

import psutil
import pytest
from rich.console import Console

from analysis.faults import BusyFault, RunFault, UsageFault
from analysis.run import Limits, LiveLines, NotebookStep, OverdueFault, PlainLines, progress_on, run, verify


def _living(folder):
    """Processes whose command line or environment points into ``folder``."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), *process.environ().values()]
        except (psutil.Error, OSError):
            continue
        if process.pid != os.getpid() and any(str(folder) in text for text in told):
            found.append(process)
    return found


def _dies(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while condition():
        assert time.monotonic() < deadline, condition()
        time.sleep(0.1)


MOMENTS = {
    "while the ledger is prepared": ("prepare: started", {"prepare": "time.sleep(60)"}),
    "while a notebook runs": ("1_ledger: started", {}),
    "while the report is set": (
        "report: started",
        {"finish": "subprocess.run(['sleep', '60'])"},
    ),
}


@pytest.mark.parametrize(
    ("moment", "signum"),
    [*((moment, signal.SIGTERM) for moment in MOMENTS), ("while a notebook runs", signal.SIGINT)],
)
def test_a_stopped_run_publishes_nothing_and_cleans_up(workshop, read_until, moment, signum):
    line, stages = MOMENTS[moment]
    step = workshop.notebook("1_ledger", "import time; time.sleep(60)" if line.startswith("1") else "1")
    workshop.earlier()
    driver = workshop.driver(step, **stages)
    with workshop.nothing_happens(), workshop.start(driver) as process:
        read_until(process, line)
        time.sleep(0.5)
        process.send_signal(signum)
        assert process.wait(timeout=30) == 128 + signum
        assert f"stopped by {signum.name}; nothing was published" in process.stderr.read()
        assert _living(workshop.root) == []
    status = workshop.status()
    assert (status["reason"], status["exit_code"]) == ("stopped", 128 + signum)
    assert status["stage"] == {"1_ledger": "notebooks"}.get(line.partition(":")[0], line.partition(":")[0])
    assert verify(workshop.run(workshop.notebook("1_ledger", "1")).report) == []


@pytest.mark.parametrize(("line", "stages"), MOMENTS.values(), ids=MOMENTS)
def test_a_killed_run_leaves_the_report_and_the_next_one_clears_up(workshop, read_until, line, stages):
    # The notebook starts a worker in a session of its own, which nothing ends when the run is killed.
    worker = "import subprocess, time; subprocess.Popen(['sleep', '77'], start_new_session=True); time.sleep(60)"
    step = workshop.notebook("1_ledger", worker if line.startswith("1") else "1")
    earlier = workshop.earlier()
    before = workshop.contents(earlier.folder)
    with workshop.start(workshop.driver(step, **stages)) as process:
        read_until(process, line)
        time.sleep(2 if line.startswith("1") else 0.3)
        process.kill()
        process.wait(timeout=10)
    assert (workshop.reports / "2026-10-31").resolve() == earlier.folder
    assert workshop.contents(earlier.folder) == before
    assert verify(workshop.reports / "2026-10-31") == []
    published = workshop.run(workshop.notebook("1_ledger", "1"))
    assert verify(published.report) == []
    assert list((workshop.reports / ".scratch").iterdir()) == []
    # What typesetting had started belongs to no kernel; it ends by its own limits.
    _dies(lambda: [p for p in _living(workshop.root) if p.name() != "sleep" or "77" in p.cmdline()])


@pytest.mark.parametrize("seed", range(4))
def test_at_any_moment_there_is_the_old_report_or_the_new_one(workshop, seed):
    rng = random.Random(seed)
    signum = rng.choice([signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
    step = workshop.notebook("1_ledger", "1")
    earlier = workshop.earlier()
    old = workshop.contents(earlier.folder)
    with workshop.start(workshop.driver(step)) as process:
        time.sleep(rng.uniform(0.5, 4))
        process.send_signal(signum)
        code = process.wait(timeout=30)
    assert workshop.contents(earlier.folder) == old
    report = workshop.reports / "2026-10-31"
    assert verify(report) == []
    assert code in (0, -signum, 128 + signum)
    assert (report.resolve() != earlier.folder) == ((report / "findings.json").read_text() == "new")
    # a signal that finds the run over, and the interpreter ending, kills it as any process: the report is then new
    if code != -signum:
        assert (report.resolve() == earlier.folder) == (code != 0)
    assert verify(workshop.run(step).report) == []
    _dies(lambda: _living(workshop.root))


def test_leftovers_of_another_period_are_cleared_too(workshop, read_until):
    step = workshop.notebook("1_ledger", "1")
    with workshop.start(workshop.driver(step, prepare="time.sleep(60)")) as process:
        read_until(process, "prepare: started")
        workshop.run(period="2026-09-30")
        assert [path.name for path in (workshop.reports / ".scratch").iterdir()] == ["2026-10-31"], "it is alive"
        process.kill()
    workshop.run(period="2026-09-30")
    assert list((workshop.reports / ".scratch").iterdir()) == []


def test_of_two_runs_at_once_one_publishes(workshop, read_until):
    step = workshop.notebook("1_ledger", "1")
    with workshop.start(workshop.driver(step, prepare="time.sleep(3)")) as process:
        read_until(process, "prepare: started")
        before, began = workshop.contents(), time.monotonic()
        with pytest.raises(BusyFault, match=f"process {process.pid} on") as fault:
            workshop.run(step)
        assert time.monotonic() - began < 5
        assert fault.value.exit_code == 75
        assert workshop.contents() == before
        assert not (workshop.reports / "failed").exists()
        other = workshop.run(step, period="2026-09-30")
        assert process.wait(timeout=60) == 0, process.stderr.read()
    report = workshop.reports / "2026-10-31"
    assert (report / "findings.json").read_text() == "new"
    assert verify(report) == verify(other.report) == []
    assert len(list((workshop.reports / "runs").iterdir())) == 2


def test_the_limit_of_the_run_holds_for_each_stage(workshop):
    workshop.earlier()
    for stage in ("prepare", "finish"):
        began = time.monotonic()
        with workshop.nothing_happens(), pytest.raises(OverdueFault, match="limit of 1 s") as fault:
            workshop.run(**{stage: lambda scratch: time.sleep(60)}, limits=Limits(cell_seconds=1, run_seconds=1))
        assert fault.value.exit_code == 5
        assert time.monotonic() - began < 10
    assert {status["stage"] for status in workshop.statuses()} == {"prepare", "report"}


def test_a_stage_that_hears_no_signal_is_cut_off(workshop):
    # As a query inside the engine does: it comes back to Python only when it has ended.
    workshop.earlier()
    deaf = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM]); subprocess.run(['sleep', '60'])"
    impatient = "import analysis.run.interruption as i; i._PATIENCE_SECONDS = 1.0"
    driver = workshop.driver(prepare=deaf, before=impatient)
    began = time.monotonic()
    with workshop.nothing_happens(), workshop.start(driver, run_seconds=2) as process:
        assert process.wait(timeout=40) == 5
        assert "prepare: failed after" in process.stderr.read()
        assert _living(workshop.root) == []
    assert time.monotonic() - began < 30
    assert workshop.status()["reason"] == "timeout"


def test_outside_the_main_thread_a_run_works_without_signals(workshop):
    results = []
    thread = threading.Thread(target=lambda: results.append(workshop.run(workshop.notebook("1_ledger", "1"))))
    thread.start()
    thread.join(timeout=60)
    assert verify(results[0].report) == []


def test_the_callers_handlers_are_put_back(workshop):
    before = [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGHUP)]
    workshop.earlier()
    after = [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGHUP)]
    assert after == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_notebooks_run_at_the_same_time_and_later_ones_see_what_they_need(workshop):
    # Each of the two waits for a sign of the other, so one after the other they would never end.
    meet = (
        "import pathlib, time\n"
        'pathlib.Path(output_dir, "{mine}.sign").touch()\n'
        'while not pathlib.Path(output_dir, "{other}.sign").exists(): time.sleep(0.05)'
    )
    steps = [
        workshop.notebook("9_report", 'open(output_dir + "/1_a.findings.json").read()', needs=("1_a", "2_b")),
        workshop.notebook("1_a", meet.format(mine="1", other="2")),
        workshop.notebook("2_b", meet.format(mine="2", other="1")),
    ]
    published = workshop.run(*steps, limits=Limits(cell_seconds=30, run_seconds=60))
    assert set(published.seconds) == {"prepare", "1_a", "2_b", "9_report", "report", "publish"}


def test_one_failing_notebook_ends_the_others(workshop):
    steps = [workshop.notebook("1_a", "import time; time.sleep(60)"), workshop.notebook("2_b", "1 / 0")]
    log = io.StringIO()
    began = time.monotonic()
    with pytest.raises(RunFault, match="2_b, cell 3: ZeroDivisionError"):
        workshop.run(*steps, progress=PlainLines(log))
    assert time.monotonic() - began < 30
    lines = log.getvalue().splitlines()
    assert {re.sub(r"\d+\.\d+ s", "_ s", line) for line in lines} == {
        "prepare: started",
        "prepare: done in _ s",
        "1_a: started",
        "2_b: started",
        "2_b: failed after _ s: 2_b, cell 3: ZeroDivisionError: division by zero",
        "1_a: failed after _ s: stopped",
    }
    assert workshop.status()["notebook"] == "2_b"


def test_a_log_that_is_closed_does_not_cost_the_report(workshop):
    log = io.StringIO()
    log.close()
    assert verify(workshop.run(progress=PlainLines(log)).report) == []


def test_limits_are_positive():
    for limits in ({"cell_seconds": 0}, {"run_seconds": 0}, {"cell_seconds": -1}):
        with pytest.raises(UsageFault):
            Limits(**limits)


def test_a_missing_company_is_a_usage_fault(workshop):
    workshop.company.unlink()
    with pytest.raises(UsageFault, match=r"company\.toml: cannot be read"):
        workshop.run()


def test_on_a_terminal_each_step_has_one_line():
    screen = io.StringIO()
    now = iter(range(100))
    live = LiveLines(Console(file=screen, force_terminal=True, width=100), clock=lambda: float(next(now)))
    live.begin("prepare")  # at 0
    live.end("prepare")  # 1
    live.begin("[bold]2_receivables", cells=9)  # 2
    live.cell("[bold]2_receivables", 3)  # 3
    live.begin("1_ledger", cells=5)  # 4
    live.end("1_ledger", fault="cell 4: ValueError")  # 5
    text = Console(file=io.StringIO(), width=100)
    with text.capture() as capture:
        text.print(live._table())  # 6
    assert [line.rstrip() for line in capture.get().splitlines()] == [
        f"\N{CHECK MARK}  {'prepare':19}  1.0 s",
        "\N{MIDDLE DOT}  [bold]2_receivables  4.0 s  cell 3 of 9, 3 s",
        f"\N{BALLOT X}  {'1_ledger':19}  1.0 s  cell 4: ValueError",
    ]


def test_a_log_gets_plain_lines():
    assert isinstance(progress_on(io.StringIO()), PlainLines)


def test_the_run_needs_its_arguments_by_name(workshop):
    with pytest.raises(TypeError):
        run(workshop.recipe(), workshop.reports, "2026-10-31")  # type: ignore[misc]
    with pytest.raises(UsageFault):
        workshop.run(NotebookStep(workshop.root / "none.ipynb"))


def test_a_reader_never_finds_the_report_missing_or_mixed(workshop):
    # Both files of a run say which run they are of, so a mixture of two would show.
    turn = iter(range(100))

    def finish(scratch):
        number = str(next(turn))
        for name in ("findings.json", "credit-risk-report.pdf"):
            (scratch / "publish" / name).write_text(number, encoding="utf-8")

    workshop.run(finish=finish)
    report, over, seen, wrong = workshop.reports / "2026-10-31", threading.Event(), set(), []

    def read():
        while not over.is_set():
            try:
                folder = os.open(report, os.O_RDONLY)  # one look at the link, then both files of what it led to
                texts = set()
                for name in ("findings.json", "credit-risk-report.pdf"):
                    file = os.open(name, os.O_RDONLY, dir_fd=folder)
                    texts.add(os.read(file, 10))
                    os.close(file)
                os.close(folder)
                seen.update(texts)
                if len(texts) != 1:
                    wrong.append(texts)
            except OSError as error:
                wrong.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(15):
        workshop.run(finish=finish)
    over.set()
    reader.join()
    assert wrong == []
    assert len(seen) > 5
