"""What the last report before this one was made from, for the export at hand to be held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.ledger.continuity import EarlierExport
from analysis.ledger.facts import Fact
from analysis.ledger.opening import Opened
from analysis.run.manifest import digest
from analysis.run.origin import LAST_REPORT
from analysis.run.publication import ReportsFolder


def last_export(reports: Path, *, before: date) -> EarlierExport | None:
    """The export of the latest report before ``before``; None before the first, or where its manifest is unreadable."""
    manifest = ReportsFolder(reports).last_manifest(before.isoformat())
    try:
        files: dict[str, frozenset[str]] = {}
        for one in manifest["inputs"] if manifest else ():
            files[one["table"]] = files.get(one["table"], frozenset()) | {one["sha256"]}
        if not manifest or not files:
            return None
        return EarlierExport(
            as_of=date.fromisoformat(manifest["as_of"]), files=files, control=tuple(manifest["prepared"]["rows"])
        )
    except (KeyError, TypeError, ValueError):
        return None


def as_input(last: EarlierExport) -> dict[str, Any]:
    """The last export as an input of the run: what is said about it depends on these figures and on nothing else."""
    files = {table: sorted(hashes) for table, hashes in last.files.items() if table == "invoices"}
    figures = {"as_of": last.as_of.isoformat(), "files": files, "control": [dict(row) for row in last.control]}
    return {"table": LAST_REPORT, "name": f"{last.as_of} (rows and amounts)", "sha256": digest(figures)}


def with_facts(found: Opened, facts: Sequence[Fact]) -> Opened:
    """The ledger with further facts about its books."""
    rows = [*found.facts.to_dict("records"), *(fact.as_dict() for fact in facts)]
    return replace(found, facts=pd.DataFrame(rows, columns=found.facts.columns))
