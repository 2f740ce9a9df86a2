"""Writing the page of one customer: its findings, typeset as the pack is, into a file of its own."""

from __future__ import annotations

import hashlib
import tempfile
from datetime import date
from pathlib import Path

import pandas as pd

from analysis.faults import UsageFault
from analysis.ledger.opening import Opened
from analysis.models.expected_days import ExpectedDays, expected_by_forecast
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import gather
from analysis.reporting.logo import logo_of
from analysis.reporting.pack import metadata
from analysis.reporting.pdf import typeset
from analysis.reporting.sections import account

# It names a customer, as a report does.
_FILE_MODE = 0o640


def write_account_page(opened: Opened, customer_id: str, out: Path, *, expected: ExpectedDays | None = None) -> str:
    """Review one customer as of the snapshot's day and write its page to ``out``; returns the page's title.

    The page's number is a hash of what it says: the same books give the same bytes. RunFault where it cannot be set.
    """
    snapshot = opened.snapshot
    with tempfile.TemporaryDirectory(prefix="paycurve-account-") as name:
        folder = Path(name)
        findings = Findings("account", output_dir=folder, run_id="account")
        account.hand_over(findings, account.review_of(opened, customer_id, expected=expected))
        findings.close()
        collected = gather(folder)
        number = f"{snapshot.as_of}-{hashlib.sha256(collected.as_json()).hexdigest()[:8]}"
        page = account.page(collected, as_of=snapshot.as_of)
        about = metadata(
            opened.company, title=account.TITLE, as_of=snapshot.as_of, known_by=snapshot.known_by, report_id=number
        )
        typeset(
            {"metadata": about, "pages": [page]},
            figures=folder / "figures",
            out=folder / "page.pdf",
            as_of=snapshot.as_of,
            logo=logo_of(opened.company),
        )
        content = (folder / "page.pdf").read_bytes()
    # made with its rights, so that nobody else can read it in between
    out.unlink(missing_ok=True)
    out.touch(mode=_FILE_MODE)
    out.chmod(_FILE_MODE)
    out.write_bytes(content)
    return str(page["title"])


def read_forecast(path: Path, customer_id: str, *, on: date) -> ExpectedDays:
    """What a forecast at hand expects of a customer; UsageFault where it is none, or one of another day."""
    try:
        return expected_by_forecast(pd.read_parquet(path), customer_id, on=on)
    except (OSError, ValueError) as error:
        raise UsageFault(f"{path}: cannot be used as the forecast of {on} ({error})") from None
