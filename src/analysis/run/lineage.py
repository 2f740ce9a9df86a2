"""Where a number of a published report comes from: told from the report's own files, nothing is computed anew."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.faults import RunFault, UsageFault
from analysis.measures.definitions import DEFINITIONS, Definition
from analysis.reporting.notebook_page import read_notebook
from analysis.reporting.records import PARTS
from analysis.run.footing import Footing, Held, footings
from analysis.run.footing_rules import RULES
from analysis.run.handing_over import Cell, cell_of
from analysis.run.manifest import read_manifest

FINDINGS, FORECAST = "findings.json", "forecast.parquet"
_NEAREST = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lineage:
    """Where a finding comes from.

    ``kind`` is one of the parts of ``findings.json`` and ``found`` what it says there; ``definition`` is None for what
    is no number. ``notebook``, ``handed_over_by`` and ``written_by`` are blank in reports of before they were kept,
    ``cell`` is None where it was not found. ``sentences`` are those made of the number, ``tables`` those that hold it
    (each with the heading of the column), ``footings`` the rows that it is the sum of. ``intact`` says whether the
    findings are those that were published (None where the report has no manifest to tell by).
    """

    id: str
    kind: str
    found: Mapping[str, Any]
    report_id: str
    as_of: str
    known_by: str
    definition: Definition | None
    notebook: str
    handed_over_by: str
    written_by: str
    cell: Cell | None
    sentences: Mapping[str, str]
    tables: Mapping[str, str]
    footings: tuple[Footing, ...]
    intact: bool | None


def lineage(report: Path, id: str) -> Lineage:
    """Where the finding ``id`` of the published report in the folder ``report`` comes from.

    UsageFault where that is no report, it was purged, or it has no such finding; RunFault where its files cannot be
    read.
    """
    content, intact = _findings(report)
    kind = next((part for part in PARTS if id in content[part]), None)
    if kind is None:
        raise UsageFault(f"{report}: has no finding {id!r}{_nearest(id, content)}")
    found, manifest = content[kind][id], read_manifest(report) or {}
    author = found.get("made_by", {})
    number = found if kind == "numbers" else {}
    sums: tuple[Footing, ...] = ()
    if number and id in RULES:
        held = Held(numbers=content["numbers"], tables=content["tables"], invoices=_invoices(report))
        sums = footings(id, held, RULES)
    return Lineage(
        id=id,
        kind=kind,
        found=found,
        report_id=str(content.get("run_id", "")),
        as_of=str(manifest.get("as_of", "")),
        known_by=str(manifest.get("known_by", "")),
        definition=DEFINITIONS.get(number.get("definition", "")),
        notebook=str(author.get("notebook", "")),
        handed_over_by=str(author.get("handed_over_by", "")),
        written_by=str(author.get("written_by", "")),
        cell=_cell(report, id, author),
        sentences={one: told["text"] for one, told in content["sentences"].items() if id in told["uses"]},
        tables=_holding(number, content["tables"]),
        footings=sums,
        intact=intact,
    )


def _findings(report: Path) -> tuple[dict[str, Any], bool | None]:
    """The findings of a report, and whether they are those of its manifest."""
    path, manifest = report / FINDINGS, read_manifest(report)
    if not path.is_file():
        why = "was purged, and holds its manifest alone" if manifest else "is no published report"
        raise UsageFault(f"{report}: {why}; name a folder such as reports/2026-10-31")
    text = path.read_bytes()
    try:
        content = json.loads(text)
        if not all(isinstance(content[part], dict) for part in PARTS):
            raise TypeError("no findings")
    except (ValueError, KeyError, TypeError):
        raise RunFault(f"{path}: cannot be read as findings") from None
    stated = (manifest or {}).get("outputs", {}).get(FINDINGS, {})
    intact = stated.get("sha256") == hashlib.sha256(text).hexdigest() if stated else None
    return content, intact


def _nearest(id: str, content: Mapping[str, Any]) -> str:
    known = [one for part in PARTS for one in content[part]]
    near = difflib.get_close_matches(id, known, n=_NEAREST, cutoff=0.5) or [one for one in known if id in one]
    return f"; the nearest are {', '.join(near[:_NEAREST])}" if near else ""


def _invoices(report: Path) -> pd.DataFrame | None:
    path = report / FORECAST
    if not path.is_file():
        return None
    try:
        return pd.read_parquet(path, columns=["customer_id", "balance", "days_past_due"])
    except (OSError, ValueError, KeyError):
        raise RunFault(f"{path}: cannot be read as the frozen forecast") from None


def _cell(report: Path, id: str, author: Mapping[str, str]) -> Cell | None:
    path = report / "notebooks" / f"{author.get('notebook', '')}.ipynb"
    if not author or not path.is_file():
        return None
    return cell_of(read_notebook(path), id, handed_over_by=author["handed_over_by"])


def _holding(number: Mapping[str, Any], tables: Mapping[str, Any]) -> dict[str, str]:
    """Tables with a cell that is the value of a number; of a whole number it would not be known that it is the same."""
    value = number.get("value")
    if not isinstance(value, float) or value.is_integer():
        return {}
    found = {}
    for id, table in tables.items():
        for row in table["rows"]:
            same = [isinstance(cell, float) and math.isclose(cell, value, rel_tol=1e-12) for cell in row]
            if any(same):
                found[id] = str(table["columns"][same.index(True)])
    return found
