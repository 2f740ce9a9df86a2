"""Many periods side by side: as if one after the other, resumable, and ended as a whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from analysis.faults import UsageFault
from analysis.run import verify
from analysis.run.backfill import Outcome, backfill, month_ends, worst

PERIODS = ["2026-07-31", "2026-08-31", "2026-09-30"]


@pytest.fixture
def program(workshop) -> Path:
    """Publishes one period, as the command does: period, descriptor of its turn, reports, what it does otherwise."""
    path = workshop.root / "one.py"
    path.write_text(
        textwrap.dedent(
            f"""\
            import json, os, sys, time
            from pathlib import Path
            from analysis.faults import Fault
            from analysis.run import Limits, Recipe, Silence, attempt, run
            attempt.code_version = lambda notebooks: {{"sha256": "fixed, though somebody edits the package meanwhile"}}
            period, turn, reports, odd = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
            def prepare(scratch):
                print("at work", file=sys.stderr, flush=True)
                if odd == "slow":
                    time.sleep(1.5)
                if odd == "stuck":
                    time.sleep(60)
                if odd == "broken":
                    raise ValueError("Acme owes 12.34")
                return {{"inputs": [{{"sha256": "ab" * 32}}]}}
            def finish(scratch):
                (scratch / "publish" / "findings.json").write_text(period)
            recipe = Recipe(company=Path({str(workshop.company)!r}), notebooks=[], prepare=prepare, finish=finish,
                            backfilled=True, await_turn=lambda: os.read(turn, 1))
            try:
                done = run(recipe, reports=reports, period=period, parameters={{}}, limits=Limits(), progress=Silence())
            except Fault as fault:
                sys.exit(fault.exit_code)
            print("words before")
            print(json.dumps({{"run_id": done.run_id, "made": done.made}}))
            """
        ),
        encoding="utf-8",
    )
    return path


def filled(program, reports, *, workers=3, odd=None, said=None, periods=PERIODS):
    def command(period, turn):
        return [sys.executable, str(program), period, str(turn), str(reports), (odd or {}).get(period, "")]

    say = said.append if said is not None else lambda line: None
    return backfill(periods, command, workers=workers, say=say, limit_seconds=100)


def test_side_by_side_gives_what_one_after_the_other_gives_and_the_chain_goes_by_date(workshop, program):
    # the earliest takes longest, so that the others have to wait for it before they publish
    said = []
    together = filled(program, workshop.root / "together", odd={PERIODS[0]: "slow"}, said=said)
    alone = filled(program, workshop.root / "alone", workers=1, periods=PERIODS[:2])
    assert [one.exit_code for one in together] == [0, 0, 0]
    assert [(one.period, one.exit_code, one.told) for one in together[:2]] == [
        (one.period, 0, {"run_id": one.told["run_id"], "made": True}) for one in alone
    ]
    assert sorted(said) == [f"{period}  at work" for period in PERIODS]
    reports = workshop.root / "together"
    manifests = [json.loads((reports / period / "manifest.json").read_text()) for period in PERIODS]
    assert [(one["previous"] or {}).get("as_of") for one in manifests] == [None, *PERIODS[:2]]
    assert all(one["backfilled"] for one in manifests)
    assert [verify(reports / period) for period in PERIODS] == [[], [], []]
    for period in PERIODS[:2]:
        pair = [(workshop.root / name / period / "findings.json").read_bytes() for name in ("together", "alone")]
        assert pair == [period.encode()] * 2


def test_it_goes_on_where_it_ended_and_one_that_fails_keeps_none_of_the_others(workshop, program):
    first = filled(program, workshop.reports, odd={PERIODS[0]: "broken"}, periods=PERIODS[:2])
    assert [(one.exit_code, (one.told or {}).get("made")) for one in first] == [(5, None), (0, True)]
    assert worst(first) == 5
    second = filled(program, workshop.reports, periods=PERIODS[:2])
    assert [(one.exit_code, one.told["made"]) for one in second] == [(0, True), (0, False)]
    assert worst(second) == 0


def test_a_stopped_backfill_leaves_no_process_and_what_it_published(workshop, program):
    backfilling = textwrap.dedent(
        f"""\
        import sys
        from analysis.faults import Fault
        from analysis.run.backfill import backfill
        def command(period, turn):
            odd = "stuck" if period == {PERIODS[1]!r} else ""
            return [sys.executable, {str(program)!r}, period, str(turn), {str(workshop.reports)!r}, odd]
        try:
            backfill({PERIODS!r}, command, workers=2, say=lambda line: print(line, flush=True), limit_seconds=100)
        except Fault as fault:
            print(fault)
            sys.exit(fault.exit_code)
        """
    )
    with subprocess.Popen([sys.executable, "-c", backfilling], stdout=subprocess.PIPE, text=True) as process:
        begun = {process.stdout.readline().split()[0] for _ in range(3)}
        assert begun == set(PERIODS)
        deadline = time.monotonic() + 20
        while not (workshop.reports / PERIODS[0]).exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=40) == 143
        assert "the same command goes on from there" in process.stdout.read()
    assert not any(child.is_running() for child in children)
    assert verify(workshop.reports / PERIODS[0]) == []
    assert not (workshop.reports / PERIODS[1]).exists()
    assert not (workshop.reports / PERIODS[2]).exists(), "it waited for the one before it"


def test_months_from_and_to_are_both_meant_and_leap_years_known():
    assert month_ends("2023-12", "2024-03") == ["2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31"]
    assert month_ends("2026-10", "2026-10") == ["2026-10-31"]
    for wrong in (("2026-10", "2026-09"), ("2026-13", "2027-01"), ("2026", "2027-01"), ("26-01", "26-02")):
        with pytest.raises(UsageFault):
            month_ends(*wrong)


@pytest.mark.parametrize(
    ("codes", "code"),
    [([], 0), ([0, 0], 0), ([0, 75], 75), ([75, 3, 0], 3), ([3, 4], 4), ([5, 4], 5), ([5, 143], 143), ([2, 75], 2)],
)
def test_the_worst_is_what_most_needs_a_person(codes, code):
    assert worst([Outcome(period="2026-01-31", exit_code=one, told=None) for one in codes]) == code
