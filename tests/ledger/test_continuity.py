"""The export against the last report's: repeated, shrunk, or fine."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analysis.faults import DataFault
from analysis.ledger.continuity import EarlierExport, against_earlier
from analysis.ledger.policy import Policy


def control(rows: int, amount: str, *, kept_out: int = 0, disputes: int = 5) -> list[dict]:
    return [
        {"table": "invoices", "fate": "accepted", "currency": "EUR", "rows": rows - kept_out, "amount": amount},
        {"table": "invoices", "fate": "quarantined", "currency": "EUR", "rows": kept_out, "amount": "0.00"},
        {"table": "invoices", "fate": "identical_copy", "currency": "EUR", "rows": 900, "amount": "9000.00"},
        {"table": "disputes", "fate": "accepted", "currency": "EUR", "rows": disputes, "amount": "10.00"},
        {"table": "customers", "fate": "accepted", "currency": "", "rows": 7, "amount": "None"},
    ]


EARLIER = EarlierExport(
    as_of=date(2026, 9, 30), files={"invoices": frozenset({"ab"})}, control=tuple(control(100, "1000.00"))
)


def found(now: list[dict], *, sha256: str = "cd", last: date | None = date(2026, 10, 20), policy: Policy | None = None):
    files = pd.DataFrame({"table": ["invoices"], "name": ["i.csv"], "sha256": [sha256]})
    facts = against_earlier(
        EARLIER, files=files, control=pd.DataFrame(now), last=last, policy=policy or Policy(export_drop_max=0.2)
    )
    return [(fact.rule, fact.table, fact.rows) for fact in facts]


def test_what_is_gone_beyond_the_share_is_told_and_what_is_at_it_is_not():
    # 100 rows of 1,000.00 before; a fifth may go: 80 rows of 800.00 are enough, whether they are used or kept out
    assert found(control(80, "800.00", kept_out=30)) == []
    assert found(control(79, "800.00")) == [("fewer_rows", "invoices", 21)]
    assert found(control(80, "799.99")) == [("less_amount", "invoices", 0)]
    assert found(control(150, "1500.00", disputes=0)) == [("fewer_rows", "disputes", 5)]
    with pytest.raises(DataFault, match=r"holds 79 rows, 100 at the report of 2026-09-30"):
        found(control(79, "800.00"), policy=Policy(export_shrinks="reject"))


def test_the_file_of_last_month_is_refused_unless_it_reaches_beyond_it():
    same = control(100, "1000.00")
    with pytest.raises(DataFault, match=r"i\.csv: is the very file of the report of 2026-09-30"):
        found(same, sha256="ab", last=date(2026, 9, 30))
    with pytest.raises(DataFault, match="no booking since"):
        found(same, sha256="ab", last=None)
    assert found(same, sha256="ab", last=date(2026, 10, 1)) == [], "one export that covers both months"
    assert found(same, sha256="cd", last=date(2026, 9, 30)) == [], "another file, though nothing was booked"
    quiet = Policy(export_repeats="warn")
    assert found(same, sha256="ab", last=date(2026, 9, 12), policy=quiet) == [("export_repeats", "invoices", 0)]
