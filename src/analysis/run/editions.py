"""What the editions of a report need beside its findings, taken in at the start of a run and used at its end."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from analysis.ledger.company import Company
from analysis.ledger.opening import open_ledger
from analysis.reporting.editions import further_editions
from analysis.reporting.gathering import Collected
from analysis.reporting.logo import Logo, logo_of
from analysis.reporting.pdf import typeset
from analysis.reporting.pseudonyms import pseudonyms_of
from analysis.reporting.shared_edition import FINDINGS, NO_KEY
from analysis.run.manifest import sha256_of
from analysis.run.origin import SHARED_EDITION
from analysis.run.publication import ReportsFolder

EARLIER = "shared-edition-before.json"
_LOGO = "logo"
NO_SHARED = "no_shared_edition"


def take_in(
    company: Company, prepared: Path, *, reports: Path | None, as_of: date
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """What goes into the editions, as inputs of the run, and what is to be told of editions that cannot be made.

    The logo and the shared edition of the last report are copied to ``prepared``, the latter where it is still what
    its manifest says. Raises UsageFault for a logo or a key that cannot be used, before any notebook is run.
    """
    logo = logo_of(company)
    if logo:
        (prepared / f"{_LOGO}.{logo.kind}").write_bytes(logo.content)
    inputs = [logo.as_input()] if logo else []
    if "shared" not in company.report.editions:
        return inputs, []
    pseudonyms = pseudonyms_of(company.name, os.environ, reports=reports)
    if pseudonyms is None:
        return inputs, [{"rule": NO_SHARED, "message": NO_KEY}]
    told = pseudonyms.fingerprint
    digest = hashlib.sha256(told.encode()).hexdigest()
    inputs.append({"table": "pseudonym key", "name": told, "sha256": digest, "n_bytes": 0, "n_rows": 0})
    before = _earlier(reports, before=as_of) if reports else None
    if before is not None:
        (prepared / EARLIER).write_bytes(before.read_bytes())
        size, name = before.stat().st_size, f"{before.parent.name}/{FINDINGS}"
        inputs.append(
            {"table": SHARED_EDITION, "name": name, "sha256": sha256_of(before), "n_bytes": size, "n_rows": 0}
        )
    return inputs, []


def logo_taken_in(scratch: Path) -> Logo | None:
    """The logo as it was read at the start of the run; None without one."""
    paths = sorted((scratch / "prepared").glob(f"{_LOGO}.*"))
    return Logo(name=paths[0].name, kind=paths[0].suffix[1:], content=paths[0].read_bytes()) if paths else None


def set_further_editions(collected: Collected, company: Company, scratch: Path, *, as_of: date, known_by: date) -> None:
    """Set the editions beside the management's into ``publish``, with the findings of the shared one."""
    if set(company.report.editions) == {"management"}:
        return
    prepared, publish, figures = scratch / "prepared", scratch / "publish", scratch / "output" / "figures"
    found = open_ledger(company.path, as_of=as_of.isoformat(), known_by=known_by.isoformat(), prepared=str(prepared))
    earlier: Mapping[str, Any] | None = None
    if (prepared / EARLIER).is_file():
        earlier = json.loads((prepared / EARLIER).read_bytes())
    asked = "shared" in company.report.editions
    pseudonyms = pseudonyms_of(company.name, os.environ) if asked else None
    editions = further_editions(
        collected, found, figures=figures, known_by=known_by, pseudonyms=pseudonyms, earlier=earlier
    )
    for edition in editions:
        typeset(edition.pages, figures=figures, out=publish / edition.file, as_of=as_of, logo=logo_taken_in(scratch))
        if edition.findings is not None:
            (publish / FINDINGS).write_bytes(edition.findings)


def _earlier(reports: Path, *, before: date) -> Path | None:
    """The findings of the shared edition of the latest report before a day, where they are what its manifest says."""
    manifest = ReportsFolder(reports).last_manifest(before.isoformat())
    try:
        path = reports / str(manifest["as_of"]) / FINDINGS if manifest else None
        stated = manifest["outputs"][FINDINGS]["sha256"] if manifest else ""
    except (KeyError, TypeError):
        return None
    return path if path is not None and path.is_file() and sha256_of(path) == stated else None
