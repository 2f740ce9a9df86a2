"""Whatever the machine is like, a run gives the same bytes or fails and leaves the last report alone."""

from __future__ import annotations

import ast
import os
import re
import shutil
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from analysis.run import verify
from analysis.run.purge import purge

_SOURCES = Path(__file__).resolve().parents[2] / "src" / "analysis"
# What a careless notebook lets the machine decide: the zone, the language, the order of a set, how threads add up.
_SENSITIVE = (
    "import datetime, json, locale, pathlib, time\n"
    "import numpy as np\n"
    "numbers = np.random.default_rng(0).normal(size=(400, 400))\n"
    "seen = {'zone': time.localtime(0).tm_hour, 'set': list({'b', 'a', 'c'}), 'language': locale.getlocale()[1],\n"
    "        'sum': float((numbers @ numbers).sum()), 'month': time.strftime('%B', time.gmtime(0)),\n"
    "        'day': datetime.date.fromtimestamp(1793404800).isoformat(), 'text': '\\u20ac'}\n"
    "pathlib.Path(output_dir, 'seen.json').write_text(json.dumps(seen))"
)
_KEEP = "import shutil; shutil.copy(scratch / 'output' / 'seen.json', scratch / 'publish' / 'seen.json')"
_BARE = {"PATH": "/usr/bin:/bin"}
_ODD = {
    **_BARE,
    "TZ": "Pacific/Kiritimati",
    "LANG": "tr_TR.UTF-8",
    "LC_ALL": "de_DE.ISO-8859-1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "77",
    "HOME": "/nonexistent",
}


def _ends(workshop, driver: Path, environment: dict[str, str], *, wrapper: tuple[str, ...] = ()) -> str:
    """Runs the driver as cron would, with nothing on stdin (not even an end), in a folder that is not its own."""
    closed = ["sh", "-c", 'exec "$0" "$@" <&-', sys.executable, str(driver), "100"]
    done = subprocess.run([*wrapper, *closed], env=environment, cwd="/", capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return (workshop.reports / "2026-10-31").resolve().name


def test_zone_language_threads_home_and_terminal_do_not_matter(workshop):
    driver = workshop.driver(workshop.notebook("1_ledger", _SENSITIVE), finish=_KEEP)
    found = []
    for environment in (_BARE, _ODD):
        run_id = _ends(workshop, driver, environment)
        contents = workshop.contents(workshop.reports / "runs" / run_id)
        found.append({name: text.replace(run_id.encode(), b"RUN") for name, text in contents.items()})
        assert verify(workshop.reports / "2026-10-31") == []
    for volatile in ("manifest.json", "log.jsonl"):
        assert [contents.pop(volatile) for contents in found]
    assert found[0] == found[1]
    assert set(found[0]) == {"findings.json", "notebooks/1_ledger.ipynb", "seen.json"}


def test_a_machine_without_any_network_will_do(workshop):
    alone = ("unshare", "--map-root-user", "--net")
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("needs a system on which a process can be given a network of its own")
    # not even the loopback is up in there
    cell = (
        "import socket\n"
        "try:\n    socket.create_connection(('127.0.0.1', 9), timeout=1)\n"
        "except OSError as error:\n    assert error.errno == 101, error"
    )
    trace = workshop.root / "trace"
    traced = ("strace", "-f", "-qq", "-e", "trace=connect,sendto", "-o", str(trace)) if shutil.which("strace") else ()
    driver = workshop.driver(workshop.notebook("1_ledger", cell))
    _ends(workshop, driver, _BARE, wrapper=(*traced, *alone))
    assert verify(workshop.reports / "2026-10-31") == []
    if traced:
        # netlink is how the system tells what network there is; nothing leaves the machine by it
        calls = [
            line for line in trace.read_text().splitlines() if re.search(r"sa_family=(?!AF_UNIX|AF_NETLINK)", line)
        ]
        assert len(calls) == 1, calls
        assert 'sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")' in calls[0], "the one of the cell above"


@pytest.mark.parametrize("stage", ["prepare", "finish"])
def test_a_full_disk_costs_no_report(workshop, stage):
    # A limit on the size of files fails in the same place as a full disk, with an error of the system on writing.
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    place = {"prepare": "'prepared'", "finish": "'publish'"}[stage]
    driver = workshop.driver(before=limited, **{stage: f"(scratch / {place} / 'big').write_bytes(b'x' * 200_000)"})
    workshop.earlier()
    with workshop.nothing_happens(), workshop.start(driver) as process:
        assert process.wait(timeout=60) == 5
        told = process.stderr.read()
        assert "File too large" in told
        assert "Traceback" not in told
    assert workshop.status()["stage"] == {"finish": "report"}.get(stage, stage)


def test_modules_on_the_search_path_do_not_take_the_place_of_the_installed(tmp_path):
    (tmp_path / "fake").mkdir()
    for name in ("pandas.py", "duckdb.py", "sitecustomize.py"):
        (tmp_path / "fake" / name).write_text(f"print('trapped by {name}')\n", encoding="utf-8")
    (tmp_path / "invoices.csv").write_text(
        "invoice_id,customer_id,issued_on,due_on,amount\nI1,C1,2026-01-05,2026-02-04,100.00\n", encoding="utf-8"
    )
    (tmp_path / "company.toml").write_text(
        '[company]\nname = "One"\ncurrency = "EUR"\n[tables]\ninvoices.file = "invoices.csv"\n', encoding="utf-8"
    )
    command = [str(Path(sys.executable).parent / "paycurve"), "check", "company.toml", "--as-of", "2026-02-28"]
    environment = {**_BARE, "PYTHONPATH": str(tmp_path / "fake")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "hold together as of 2026-02-28" in done.stdout
    # the first interpreter is left before it does anything; what it loads as it starts it has loaded by then
    assert "pandas" not in done.stdout
    assert "duckdb" not in done.stdout


def test_names_stay_with_owner_and_group_whatever_the_mask(workshop):
    before = os.umask(0)
    try:
        workshop.run(period="2026-07-31")
        workshop.run(workshop.notebook("1_ledger"))
        with pytest.raises(Exception, match="nothing was left"):
            workshop.run(finish=lambda scratch: None)
        purge(workshop.reports, older_than_months=1, today=date(2026, 10, 31))
    finally:
        os.umask(before)
    found = [path for path in [workshop.reports, *workshop.reports.rglob("*")] if not path.is_symlink()]
    assert {path.name for path in found} >= {"status.json", "purges.jsonl", "log.jsonl", "findings.json", ".scratch"}
    for path in found:
        assert stat.S_IMODE(path.stat().st_mode) == (0o750 if path.is_dir() else 0o640), path


def _reads_the_clock(source: str) -> list[str]:
    """Calls that ask what day or time it is."""
    names = {"now", "today", "utcnow", "localtime", "time_ns"}
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    attributes = [call for call in calls if isinstance(call, ast.Attribute)]
    asked = [call.attr for call in attributes if call.attr in names]
    return asked + ["time" for call in attributes if ast.unparse(call) == "time.time"]


def test_no_number_knows_what_day_it_is():
    # The manifest says when a run was made, the lock since when it is held, and a purge counts from a day.
    allowed = {"run/attempt.py", "run/lock.py", "cli/keeping.py"}
    found = {
        path.relative_to(_SOURCES).as_posix() for path in _SOURCES.rglob("*.py") if _reads_the_clock(path.read_text())
    }
    assert found == allowed


@pytest.mark.parametrize("source", ["date.today()", "datetime.now(UTC)", "pd.Timestamp.today()", "time.time()"])
def test_a_look_at_the_clock_is_seen(source):
    assert _reads_the_clock(source)
    assert not _reads_the_clock("time.monotonic(); x.time; known")
