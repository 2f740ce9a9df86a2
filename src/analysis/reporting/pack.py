"""The monthly pack: pages in reading order, made of what the notebooks handed over."""

from __future__ import annotations

from datetime import date
from typing import Any

from analysis.ledger.company import Company
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import (
    appendix,
    books,
    cash,
    exposure,
    losses,
    receivables,
    risk,
    segments,
    summary,
    time_to_payment,
    trust,
    watch_list,
)

TITLE = "Credit risk report"


def pack(collected: Collected, *, company: Company, as_of: date, known_by: date, report_id: str) -> dict[str, Any]:
    """The page model of the report, as :mod:`analysis.reporting.pages` describes it."""
    return {
        "metadata": metadata(company, title=TITLE, as_of=as_of, known_by=known_by, report_id=report_id),
        "pages": [
            summary.page(collected, as_of=as_of),
            books.page(collected),
            receivables.page(collected),
            time_to_payment.page(collected),
            cash.page(collected),
            exposure.page(collected),
            watch_list.page(collected),
            risk.page(collected),
            segments.page(collected),
            losses.page(collected),
            # disputes, service and what pays off are to come here: pages 9 to 11 of the plan
            trust.page(collected),
            *appendix.pages(collected),
        ],
    }


def metadata(company: Company, *, title: str, as_of: date, known_by: date, report_id: str) -> dict[str, Any]:
    """What stands on every page of an edition."""
    return {
        "company": company.name,
        "title": title,
        "as_of": as_of.isoformat(),
        "known_by": known_by.isoformat(),
        "report_id": report_id,
        "language": "en",
        "accent": company.report.accent,
    }
