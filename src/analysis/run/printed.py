"""What earlier reports of the same company printed, for this one to judge."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from analysis.run.manifest import read_manifest, sha256_of
from analysis.run.origin import PRINTED_FORECAST

_TABLE = "tables/cash_frozen.csv"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# Thirteen weeks are judged, so that a forecast of a year ago has nothing new to say after a dozen reports.
_MOST = 24


def copy_printed(reports: Path, folder: Path, *, before: date) -> list[dict[str, Any]]:
    """Copy the cash forecasts of earlier reports to ``folder``, named by their day; what was copied, as inputs.

    A file that is no longer what its manifest says is left out: it is not what was printed. So is one of a backfilled
    report, which nobody had in hand before the days that it foretells. Of many reports the last 24 are taken.
    """
    days = [path for path in reports.glob("????-??-??") if _DAY.fullmatch(path.name)] if reports.is_dir() else []
    taken = []
    for path in sorted((p for p in days if p.name < before.isoformat()), reverse=True)[:_MOST]:
        table = path / _TABLE
        if not table.is_file() or sha256_of(table) != _stated(path):
            continue
        folder.mkdir(exist_ok=True)
        shutil.copyfile(table, folder / f"{path.name}.csv")
        rows = table.read_bytes().count(b"\n") - 1
        name = f"{path.name}/{_TABLE}"
        size = table.stat().st_size
        taken.append(
            {"table": PRINTED_FORECAST, "name": name, "sha256": sha256_of(table), "n_bytes": size, "n_rows": rows}
        )
    return taken


def _stated(report: Path) -> str:
    """SHA-256 of the table as it was printed; blank where none was."""
    manifest = read_manifest(report) or {}
    try:
        return "" if manifest.get("backfilled") else str(manifest["outputs"][_TABLE]["sha256"])
    except (KeyError, TypeError):
        return ""
