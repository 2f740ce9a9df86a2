"""The editions of the report: the same run and the same findings, told to readers who may know less.

The **board** reads pages 1, 2, 5, 6, 8 and 12 without the name of a customer. Its pages are those of the report, made
of findings that hold no name (:mod:`analysis.reporting.nameless`). The **shared** edition leaves the house; it is made
by :mod:`analysis.reporting.shared_edition`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from analysis.ledger.opening import Opened
from analysis.ledger.publishing import EditionName
from analysis.measures.exposure import exposures
from analysis.reporting import blocks, shared_edition
from analysis.reporting.gathering import Collected
from analysis.reporting.nameless import names_of, without_names
from analysis.reporting.pack import metadata
from analysis.reporting.pseudonyms import Pseudonyms
from analysis.reporting.sections import books, cash, exposure, losses, summary, trust
from analysis.reporting.shared_cells import debtors_table, shared_cells

FILES: Mapping[EditionName, str] = {
    "management": "credit-risk-report.pdf",
    "board": "credit-risk-report-board.pdf",
    "shared": "credit-risk-report-shared.pdf",
}
BOARD_TITLE = "Credit risk report, board edition"
_BOARD_NOTE = (
    "This edition names no customer. How each number is made, and who is behind it, stands in the full report of the "
    "same number."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edition:
    """An edition ready to be set: its file, its pages, and the findings that are published with it (None: none)."""

    file: str
    pages: Mapping[str, Any]
    findings: bytes | None = None


def further_editions(
    collected: Collected,
    opened: Opened,
    *,
    figures: Path,
    known_by: date,
    pseudonyms: Pseudonyms | None = None,
    earlier: Mapping[str, Any] | None = None,
) -> list[Edition]:
    """The editions that ``report.editions`` of the company asks for beside the management's.

    ``figures`` is the folder of the charts; ``earlier`` the findings of last month's shared edition. Without
    ``pseudonyms`` there is no shared edition.
    """
    company, as_of = opened.company, opened.snapshot.as_of
    asked = set(company.report.editions)
    if not asked & {"board", "shared"}:
        return []
    nameless = without_names(collected, names=names_of(opened), figures=figures)

    def about(title: str) -> dict[str, Any]:
        return metadata(company, title=title, as_of=as_of, known_by=known_by, report_id=collected.run_id)

    made = []
    if "board" in asked:
        made.append(Edition(file=FILES["board"], pages=board(nameless, about(BOARD_TITLE), as_of=as_of)))
    if "shared" in asked and pseudonyms is not None:
        cells = shared_cells(opened, earlier=earlier)
        debtors = debtors_table(exposures(opened.snapshot), pseudonyms)
        found = shared_edition.shared(nameless, cells, debtors, currency=company.currency)
        findings = shared_edition.shared_json(found, cells, pseudonyms=pseudonyms, as_of=as_of)
        pages = shared_edition.pages(found, cells, about(shared_edition.TITLE), as_of=as_of)
        made.append(Edition(file=FILES["shared"], pages=pages, findings=findings))
    return made


def board(nameless: Collected, about: Mapping[str, Any], *, as_of: date) -> dict[str, Any]:
    """The page model of the board edition, of findings without names; ``about`` stands on every page.

    Where the exposure page leaves room because it names nobody, it shows what stands in the appendix of the report.
    """
    owed: Mapping[str, Any] = exposure.page(nameless)
    last: Mapping[str, Any] = trust.page(nameless)
    more = exposure.against_policy(nameless)
    note: blocks.Block = {"kind": "note", "text": _BOARD_NOTE}
    return {
        "metadata": about,
        "pages": [
            summary.page(nameless, as_of=as_of),
            books.page(nameless),
            cash.page(nameless),
            owed if owed.get("unavailable") else {**owed, "blocks": [*owed["blocks"], *more]},
            losses.page(nameless),
            {**last, "blocks": [*last["blocks"], note]},
        ],
    }
