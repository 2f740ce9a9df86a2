"""How invoices end, by cash, credit note or write-off: since issue, since the due date, and month of issue by month."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.ledger.snapshot import Snapshot
from analysis.measures.outcomes import ENDED_BY
from analysis.measures.settlement import settlement_counts
from analysis.models.cohorts import paid_only_by_month
from analysis.models.incidence import OPEN, CumulativeIncidence, cumulative_incidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Endings:
    """How the invoices of the last twelve months end.

    ``since_issue`` counts all of them from their invoice date; ``since_due`` those that were open at the end of
    their due date, from then on. ``by_month`` is the table of ``paid_only_by_month``, over thirteen months.
    """

    since_issue: CumulativeIncidence
    since_due: CumulativeIncidence
    by_month: pd.DataFrame


def endings(snapshot: Snapshot, outcomes: pd.DataFrame, *, issued_after: pd.Timestamp) -> Endings:
    """How the invoices issued after a date end; ``outcomes`` is the ledger's table of ``outcome_counts``."""
    recent = outcomes[outcomes["issue_month"] > issued_after]
    first = (issued_after + pd.Timedelta(days=1)).date()
    return Endings(
        since_issue=cumulative_incidence(recent.assign(censored=recent[OPEN]), causes=ENDED_BY, label="all"),
        since_due=cumulative_incidence(
            settlement_counts(snapshot, issued_from=first, clock="due"), causes=ENDED_BY, label="late"
        ),
        by_month=paid_only_by_month(outcomes),
    )


def endings_table(found: CumulativeIncidence, *, days: Sequence[int] = (30, 60, 90, 180)) -> pd.DataFrame:
    """How invoices have ended after so many days: one row per way, the share of each day with its interval.

    Columns ``outcome``, then for each day ``by day d``, ``from``, ``to`` under the day; the shares of a day add up
    to 1. NaN past the last day that was observed.
    """
    rows = []
    for outcome in (*found.causes, OPEN):
        row: dict[str, object] = {"outcome": outcome.replace("_", " ")}
        for day in days:
            shown = found.by_day(outcome, day)
            row |= {f"by day {day}": shown.value, f"from {day}": shown.low, f"to {day}": shown.high}
        rows.append(row)
    return pd.DataFrame(rows)


def gap_days(by_month: pd.DataFrame) -> pd.Series[float]:
    """Days by which paid invoices alone fall short, for months of which half are paid; NaN for the rest."""
    return (by_month["half_paid"] - by_month["paid_only"]).replace(math.inf, math.nan)
