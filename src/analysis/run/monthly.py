"""The monthly run: this company's books made ready, five questions asked, the pack set."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from analysis.faults import InvariantFault, RunFault
from analysis.ledger.acceptance import last_booking
from analysis.ledger.books import open_books
from analysis.ledger.company import Company
from analysis.ledger.continuity import ALARMS, against_earlier
from analysis.ledger.opening import PRINTED, opened
from analysis.reporting.spreadsheet_text import csv_for_people
from analysis.run.last_report import as_input, last_export, with_facts
from analysis.run.manifest import MANIFEST
from analysis.run.notebooks import NotebookStep
from analysis.run.printed import copy_printed
from analysis.run.recipe import Recipe

REPORT, WORKBOOK = "credit-risk-report.pdf", "appendix.xlsx"
FROZEN = ("forecast.parquet", "segments.parquet")
"""Tables for machines and for later runs: the forecast of each open invoice, the segment of each customer."""
# What lies beside the page of the run, as far as a run has it: for people, and for programs.
_DOCUMENTS = {
    REPORT: "The pack",
    "credit-risk-report-board.pdf": "The board edition: short, without names of customers",
    "credit-risk-report-shared.pdf": "The shared edition: pseudonyms, small and dominated sums withheld",
    WORKBOOK: "Appendix workbook: every number and table",
    "quarantine.csv": "Rows kept out, each with its reason",
}
_MACHINE = {
    "findings.json": "every printed number, sentence and table, once",
    "findings-shared.json": "what the shared edition says, without names",
    "tables": "each table as CSV, raw: not for spreadsheet programs, which may take a name for a formula",
    "forecast.parquet": "the forecast of each open invoice",
    "segments.parquet": "the segment of each customer",
    "manifest.json": "what went in and what came out, each with its hash",
}
# Which notebook waits for which; the rest run side by side.
_NOTEBOOKS: dict[str, tuple[str, ...]] = {
    # the longest first, so that the others run beside it
    "6_cash": (),
    "5_credit_risk": (),
    "4_segments": (),
    "3_time_to_payment": (),
    "2_receivables": (),
    "1_ledger": (),
    "9_monthly_report": (
        "1_ledger",
        "2_receivables",
        "3_time_to_payment",
        "4_segments",
        "5_credit_risk",
        "6_cash",
    ),
}


def monthly_recipe(
    company: Company,
    *,
    as_of: date,
    known_by: date,
    notebooks: Path,
    reports: Path | None = None,
    workers: int = 2,
    await_turn: Callable[[], None] | None = None,
) -> Recipe:
    """What the monthly run of ``company`` consists of; ``notebooks`` is the folder they lie in.

    ``reports`` is the folder of its earlier reports, whose forecasts are judged and whose export is compared with the
    one at hand; None makes the report of the books alone. With ``await_turn`` the run is one of a backfill.
    """
    return Recipe(
        company=company.path,
        notebooks=[NotebookStep(notebooks / f"{name}.ipynb", needs) for name, needs in _NOTEBOOKS.items()],
        prepare=lambda scratch: _prepare(company, scratch, as_of=as_of, known_by=known_by, reports=reports),
        finish=lambda scratch: _finish(company, scratch, as_of=as_of, known_by=known_by),
        known_by=known_by.isoformat(),
        workers=workers,
        name=company.name,
        backfilled=await_turn is not None,
        await_turn=await_turn or (lambda: None),
    )


def _prepare(
    company: Company, scratch: Path, *, as_of: date, known_by: date, reports: Path | None
) -> Mapping[str, Any]:
    """Read and check the books once; the notebooks read what is left in ``prepared``."""
    from analysis.run.editions import take_in

    inbox = scratch / "books"
    inbox.mkdir()
    books = open_books(company, folder=inbox)
    found = opened(books, as_of, known_by=known_by)
    last = last_export(reports, before=as_of) if reports else None
    if last is not None:
        booked = last_booking(books, up_to=as_of)
        facts = against_earlier(last, files=found.files, control=found.control, last=booked, policy=company.policy)
        found = with_facts(found, facts)
    found.save(scratch / "prepared")
    (scratch / "quarantine.csv").write_bytes(csv_for_people(books.kept_out))
    books.con.disconnect()
    shutil.rmtree(inbox)
    for_editions, not_made = take_in(company, scratch / "prepared", reports=reports, as_of=as_of)
    printed = copy_printed(reports, scratch / "prepared" / PRINTED, before=as_of) if reports else []
    return {
        "inputs": [*found.files.to_dict("records"), *([as_input(last)] if last else []), *printed, *for_editions],
        "alarms": [
            *found.facts.loc[found.facts["rule"].isin(ALARMS), ["rule", "message"]].to_dict("records"),
            *not_made,
        ],
        "rows": json.loads(found.control.astype({"amount": str}).to_json(orient="records")),
        "left_out": found.snapshot.excluded,
    }


def _finish(company: Company, scratch: Path, *, as_of: date, known_by: date) -> None:
    """Check the invariants, set the pack, and leave everything that is to be published."""
    from analysis.reporting.gathering import gather
    from analysis.reporting.pack import TITLE, pack
    from analysis.reporting.pdf import typeset
    from analysis.reporting.run_page import write_run_pages
    from analysis.reporting.workbook import write_workbook
    from analysis.run.editions import logo_taken_in, set_further_editions

    output, publish = scratch / "output", scratch / "publish"
    collected = gather(output)
    if collected.broken:
        raise InvariantFault("\n".join(_broken(id, collected.invariants[id]) for id in collected.broken))
    content = pack(collected, company=company, as_of=as_of, known_by=known_by, report_id=collected.run_id)
    if not content["pages"]:
        raise RunFault("report: there is nothing to set")
    logo = logo_taken_in(scratch)
    typeset(content, figures=output / "figures", out=publish / REPORT, as_of=as_of, logo=logo)
    set_further_editions(collected, company, scratch, as_of=as_of, known_by=known_by)
    (publish / "findings.json").write_bytes(collected.as_json())
    for name in ("tables", "figures"):
        if (output / name).is_dir():
            shutil.copytree(output / name, publish / name)
    for name in FROZEN:
        if (output / name).is_file():
            shutil.copyfile(output / name, publish / name)
    shutil.copyfile(scratch / "quarantine.csv", publish / "quarantine.csv")
    write_workbook(collected, publish / WORKBOOK, company=company.name, title=TITLE, as_of=as_of, known_by=known_by)
    write_run_pages(
        collected,
        content,
        publish,
        figures=output / "figures",
        notebooks=[scratch / "notebooks" / f"{name}.ipynb" for name in sorted(_NOTEBOOKS)],
        documents={file: told for file, told in _DOCUMENTS.items() if _holds(publish / file)},
        # the manifest is written last
        machine={file: told for file, told in _MACHINE.items() if file == MANIFEST or _holds(publish / file)},
    )


def _holds(path: Path) -> bool:
    return path.is_dir() or (path.is_file() and path.stat().st_size > 0)


def _broken(id: str, found: Mapping[str, Any]) -> str:
    # a control account is drawn some days after its month end, and then knows what was recorded in between
    remedy = "; a later --known-by counts what was recorded since" if id.startswith("inv3_control") else ""
    return (
        f"{id}: {found['formula']}: {found['left']} against {found['right']}"
        f" (tolerance {found['tolerance']}); nothing was published{remedy}"
    )
