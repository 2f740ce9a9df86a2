"""Which invoices a curve is made of: months of issue, and groups large enough to be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.ledger.contract import Outcome
from analysis.ledger.snapshot import Snapshot
from analysis.measures.settlement import settlement_counts

OTHERS = "all others"
ENDED_BY: tuple[str, ...] = tuple(str(outcome) for outcome in Outcome if outcome is not Outcome.OPEN)


def outcome_counts(snapshot: Snapshot, *, by: str | None = None) -> pd.DataFrame:
    """Invoices by month of issue, age in days and outcome, from one pass over the ledger.

    Columns: ``group`` (the value of the dimension ``by``, "all" without it), ``issue_month`` (its end; the
    as-of date for its month), ``day`` (from issue to settlement, or to the as-of date while open), ``paid``,
    ``credited``, ``written_off``, ``open`` (numbers of invoices); with a stated first day of the books also
    ``entered``: invoices that came under observation at the age ``day``.
    """
    frame = settlement_counts(snapshot, by=by, by_month=True)
    if by is None:
        frame.insert(0, "group", "all")
    return frame.drop(columns="events").rename(columns={"censored": str(Outcome.OPEN)})


def curve_counts(
    outcomes: pd.DataFrame, *, issued_after: pd.Timestamp | None = None, issued_until: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Counts for curves of invoices issued in a stretch of months: ``group``, ``day``, ``events``, ``censored``.

    And ``entered``, where ``outcomes`` has it.

    Whatever ends an invoice is an event, so a curve of these counts says "still open": credit notes and
    write-offs have left the book as payments have. An open invoice is censored at its present age.
    """
    month = outcomes["issue_month"]
    kept = pd.Series(True, index=outcomes.index)
    if issued_after is not None:
        kept &= month > issued_after
    if issued_until is not None:
        kept &= month <= issued_until
    counts = outcomes[kept].assign(events=outcomes[list(ENDED_BY)].sum(axis=1), censored=outcomes[str(Outcome.OPEN)])
    return counts.groupby(["group", "day"], as_index=False)[["events", "censored", *_entered(outcomes)]].sum()


def folded(outcomes: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """The same counts with groups put together: each group under its label, :data:`OTHERS` where it has none."""
    group = outcomes["group"].map(labels).fillna(OTHERS)
    keys = ["group", "issue_month", "day"]
    numbers = [*ENDED_BY, str(Outcome.OPEN), *_entered(outcomes)]
    return outcomes.assign(group=group).groupby(keys, as_index=False)[numbers].sum()


def _entered(outcomes: pd.DataFrame) -> list[str]:
    """The column of late entries, where there is one."""
    return [column for column in ("entered",) if column in outcomes]


def shown_groups(snapshot: Snapshot, *, by: str, most: int = 5) -> dict[str, str]:
    """Groups large enough to be shown on their own, at most ``most``, the largest by invoices first.

    A group needs the policy's ``group_minimum`` of customers and 30 invoices; the rest is shown together.
    A group that would stand alone in the rest takes the smallest shown one with it, so that nobody can be
    told from the difference.
    """
    items = snapshot.items
    sizes = items.group_by(by).aggregate(invoices=items.count(), customers=items["customer_id"].nunique()).execute()
    sizes = sizes.sort_values(["invoices", by], ascending=[False, True], ignore_index=True)
    minimum = snapshot.company.policy.group_minimum
    large = sizes[(sizes["customers"] >= minimum) & (sizes["invoices"] >= 30)].head(most)
    rest = items.filter(items[by].notin(list(large[by]))) if len(large) else items
    # A customer may be in several groups of the rest, of channels say, and is one customer all the same.
    in_rest = int(rest["customer_id"].nunique().execute())
    if len(large) < len(sizes) and in_rest < minimum:
        large = large.iloc[:-1]
    return {value: value for value in large[by]}


def segment_dimension(snapshot: Snapshot, *, preferred: Sequence[str] = ()) -> str | None:
    """The dimension by which segments are shown: the policy's, else the first with at least two groups to show."""
    order = [snapshot.company.policy.segment_by, *preferred, "segment", "country", "channel", "industry", "size"]
    present = set(snapshot.dimensions())
    for dimension in dict.fromkeys([*order, "entity", "currency"]):
        if dimension in present and len(shown_groups(snapshot, by=dimension)) >= 2:
            return dimension
    return None
