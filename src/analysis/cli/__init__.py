"""The command ``paycurve``: every fault ends in one message and the exit code a schedule acts on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import analysis

# Each registers its commands, in the order in which they are listed.
from analysis.cli import books, reports, keeping, forecasting, account, lineage  # noqa: F401  # isort: skip
from analysis.cli.arguments import app
from analysis.faults import Fault


def main() -> None:
    """Run the command; a fault is told on stderr without a traceback."""
    _leave_foreign_modules()
    try:
        app()
    except Fault as fault:
        print(f"paycurve: {fault}", file=sys.stderr)  # noqa: T201
        sys.exit(fault.exit_code)


def _leave_foreign_modules() -> None:
    """Starts over without PYTHONPATH, whose modules (a ``pandas.py``) would silently be used instead of the installed.

    Not where the package itself comes from there: it is then not installed and could not be found again.
    """
    given = [Path(entry).resolve() for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    own = Path(analysis.__file__).resolve()
    if given and not sys.flags.isolated and not any(own.is_relative_to(entry) for entry in given):
        os.execv(sys.executable, [sys.executable, "-I", "-m", "analysis.cli", *sys.argv[1:]])  # noqa: S606
