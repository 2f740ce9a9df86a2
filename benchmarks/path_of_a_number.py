"""Seconds and peak memory of each step from exports to curves, on made-up ledgers of growing size.

    .venv/bin/python benchmarks/path_of_a_number.py [INVOICES ...]

Each size runs in a process of its own, so that peak memory is its own. Prints a table; nothing is asserted.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

SIZES = (24_000, 100_000)
END = date(2026, 10, 31)


def measured(folder: Path) -> dict[str, float]:
    """Seconds by step, and peak memory in MB, of the ledger in ``folder``."""
    from analysis.ledger.books import open_books
    from analysis.ledger.company import load_company
    from analysis.ledger.snapshot import as_of
    from analysis.measures.months import ledger_months
    from analysis.measures.pattern import roll_rates
    from analysis.measures.scorecard import scorecard
    from analysis.models.payment_times import payment_times

    steps: dict[str, float] = {}
    began = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal began
        steps[step] = time.perf_counter() - began
        began = time.perf_counter()

    books = open_books(load_company(folder / "company.toml"))
    lap("read and check")
    snapshot = as_of(books, END)
    lap("snapshot")
    months = ledger_months(snapshot)
    scorecard(months)
    roll_rates(snapshot)
    lap("measures")
    payment_times(snapshot)
    lap("curves")
    steps["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return steps


def main(sizes: list[int]) -> None:
    """Make a ledger of each size, measure it in a process of its own, print a line."""
    columns: list[str] = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="paycurve-bench-") as name:
            make = "from analysis.cli import main; main()"
            written = [sys.executable, "-c", make, "simulate", name, "--invoices", str(size), "--seed", "1"]
            subprocess.run(written, check=True, capture_output=True)
            done = subprocess.run([sys.executable, __file__, "--one", name], check=True, capture_output=True, text=True)
            steps: dict[str, float] = json.loads(done.stdout)
        if not columns:
            columns = list(steps)
            print("invoices".rjust(10), *[column.rjust(15) for column in columns])
        print(f"{size:10,}", *[f"{steps[column]:15.1f}" for column in columns], flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(Path(sys.argv[2]))))
    else:
        main([int(size) for size in sys.argv[1:]] or list(SIZES))
