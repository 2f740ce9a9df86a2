"""The page for whoever runs the schedule: its examples are understood by what would read them, its tests are there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest
import typer
import yaml

from analysis.cli import app
from analysis.faults import BusyFault, DataFault, InvariantFault, RunFault, UsageFault, VerifyFault
from analysis.ledger.continuity import ALARMS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) [^|]*\| (met|in part|not met) \| (.*) \|$", PAGE, flags=re.M)


def blocks(kind: str) -> list[str]:
    return [textwrap.dedent(text) for text in re.findall(rf"```{kind}\n(.*?)```", PAGE, flags=re.S)]


def test_every_goal_has_a_row_and_says_how_far_it_is_met():
    assert [int(number) for number, _, _ in ROWS] == list(range(1, 55))
    # what is not met says why, in more than names of tests
    for number, state, remarks in ROWS:
        said = re.sub(r"`[^`]*`", "", remarks).strip(" ,;:.")
        assert state == "met" or len(said.split()) > 5, number


def test_every_named_test_is_there():
    named = [name for _, _, remarks in ROWS for name in re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", remarks)]
    assert len(named) > 80
    for file, function in named:
        path = ROOT / ("" if file.startswith("benchmarks/") else "tests") / file
        assert path.is_file(), file
        assert not function or re.search(rf"def {function}\(", path.read_text(encoding="utf-8")), f"{file}::{function}"
    assert [number for number, state, remarks in ROWS if state == "met" and "::" not in remarks] == []


def commands() -> list[list[str]]:
    """Every call of paycurve on the page, as words."""
    found = []
    for text in (block for kind in ("sh", "cron", "yaml", "ini", "python") for block in blocks(kind)):
        for call in re.findall(r"\.venv/bin/paycurve ([^|>\n]*(?:\"\n[^|>\n]*)*)", text):
            found.append(re.findall(r"[a-z]+|--[a-z-]+", call)[:1] + re.findall(r"--[a-z-]+", call))
    return found


def test_commands_and_options_are_those_of_the_command():
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    options = {name: {opt for one in command.params for opt in one.opts} for name, command in known.items()}
    called = {"report", "verify", "purge", "backfill", "init", "check", "explain", "customer"}
    assert {name for name, *_ in commands()} == called
    for name, *given in commands():
        assert set(given) <= options[name], name


def test_exit_codes_and_alarms_are_those_of_the_code():
    of_code = {fault.exit_code for fault in (UsageFault, DataFault, InvariantFault, RunFault, VerifyFault, BusyFault)}
    told = {int(code) for row in re.findall(r"^\| ([\d, ]+) \| [a-z`]", PAGE, flags=re.M) for code in row.split(",")}
    assert told >= of_code | {0, 130, 143}
    assert set(ALARMS) <= set(re.findall(r"`([a-z_]+)`", PAGE.partition("| alarm |")[2].partition("##")[0]))


def test_the_date_of_a_schedule_is_the_end_of_the_month_before(tmp_path):
    (expression,) = set(re.findall(r"\$\(date -d \"\$\(date \+%Y-%m-01\) -1 day\" \+%F\)", PAGE))
    (of_cron,) = set(re.findall(r'"(\$\(date -d "\$\(date \+\\%Y-\\%m-01\) -1 day" \+\\%F\))"', PAGE))
    assert of_cron.replace("\\%", "%") == expression
    if subprocess.run(["date", "-d", "2026-03-01 -1 day", "+%F"], capture_output=True).returncode:
        pytest.skip("needs the date command of GNU")
    # the same words on a fixed day, with cron's empty environment
    fixed = expression.replace("date +%Y-%m-01", "date -d 2028-03-14 +%Y-%m-01")
    done = subprocess.run(["/bin/sh", "-c", f"echo {fixed}"], env={}, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "2028-02-29\n", done.stderr


def test_cron_lines_have_five_fields_and_are_a_shells_words(tmp_path):
    lines = [line for line in blocks("cron")[0].splitlines() if line[0].isdigit()]
    assert len(lines) == 3
    for line in lines:
        *fields, command = line.split(maxsplit=5)
        assert all(re.fullmatch(r"\*|\d+", field) for field in fields)
        assert not re.search(r"(?<!\\)%", command), "cron ends the line there"
        words = shlex.split(command.replace("\\%", "%"))
        assert words[:3] == ["cd", "/srv/paycurve", "&&"]
        assert subprocess.run(["/bin/sh", "-n", "-c", command], env={}, cwd=tmp_path).returncode == 0


def test_the_loop_over_companies_goes_on_after_a_fault_and_ends_with_it(tmp_path):
    for company in ("acme", "bolt", "cord"):
        (tmp_path / "books" / company).mkdir(parents=True)
        (tmp_path / "books" / company / "company.toml").touch()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "log").mkdir()
    stub = tmp_path / ".venv" / "bin" / "paycurve"
    stub.write_text('#!/bin/sh\necho "$2" "$6"\ncase "$2" in *bolt*) exit 3;; esac\n', encoding="utf-8")
    stub.chmod(0o755)
    (loop,) = [text for text in blocks("sh") if "worst" in text]
    script = loop.replace("/srv/", f"{tmp_path}/")
    done = subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 3
    told = [line.split() for line in (tmp_path / "log" / "lines.jsonl").read_text().splitlines()]
    assert [Path(company).parent.name for company, _ in told] == ["acme", "bolt", "cord"]
    assert [Path(reports).name for _, reports in told] == ["acme", "bolt", "cord"]


def test_units_are_understood_by_systemd(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    service, timer = blocks("ini")
    # what the example takes for granted on the machine
    service = service.replace("User=paycurve", "User=root").replace("/srv/paycurve", "/")
    units = {"paycurve@.service": service, "paycurve@.timer": timer, "broken@.service": service + "NoSuchKey=1\n"}
    for name, text in units.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def said(name: str) -> str:
        command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(tmp_path / name)]
        return subprocess.run(command, capture_output=True, text=True).stderr

    found = {name: [line for line in said(name).splitlines() if str(tmp_path) in line] for name in units}
    assert (found["paycurve@.service"], found["paycurve@.timer"]) == ([], [])
    assert "NoSuchKey" in "".join(found["broken@.service"])


def test_the_other_examples_can_be_read():
    (workflow,) = (yaml.safe_load(text) for text in blocks("yaml"))
    steps = workflow["jobs"]["report"]["steps"]
    assert [step for step in steps if ("run" in step) == ("uses" in step)] == []
    # the last step of the report fails the job where there are alarms
    check = next(step["run"] for step in steps if step.get("name") == "report").splitlines()[-1].partition("| ")[2]
    for line, code in (('{"alarms": []}', 0), ('{"alarms": [{"rule": "not_fresh"}]}', 1)):
        assert subprocess.run(["/bin/sh", "-c", check], input=line, text=True).returncode == code
    (dag,) = blocks("python")
    compile(dag, "dag.py", "exec")
    assert '"made": true' in blocks("json")[0]
