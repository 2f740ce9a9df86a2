"""The month table: stocks and flows of receivables month by month, in company currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

from analysis.ledger.contract import EntryKind
from analysis.ledger.snapshot import Snapshot
from analysis.measures.positions import (
    NO_DUE_DATE,
    NOT_DUE,
    due_buckets,
    flows,
    issue_buckets,
    month_ends,
    positions,
    unapplied_positions,
)

Clock = Literal["due", "issue"]
STOCKS = (
    "receivables",
    "open_balance",
    "not_due",
    "overdue",
    "over_90",
    "no_due_date",
    "credit_balances",
    "unapplied",
)
FLOWS = ("invoiced", *(str(kind) for kind in EntryKind))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LedgerMonths:
    """One pass over the ledger: everything that a monthly series needs.

    ``positions``, ``unapplied`` and ``flows`` are the count tables of :mod:`analysis.measures.positions`.
    """

    snapshot: Snapshot
    by: tuple[str, ...]
    positions: pd.DataFrame
    unapplied: pd.DataFrame
    flows: pd.DataFrame

    @property
    def shown(self) -> int:
        """Months to show: thirteen, or as many as the books hold; one where they hold open items only.

        Earlier month ends of an extract of open items would lack whatever was paid since.
        """
        return 1 if self.snapshot.open_items_only else min(13, _length(self, None))


def ledger_months(snapshot: Snapshot, *, by: Sequence[str] = ()) -> LedgerMonths:
    """Read stocks and flows of all months of the ledger, once."""
    return LedgerMonths(
        snapshot=snapshot,
        by=tuple(by),
        positions=positions(snapshot, by=by),
        unapplied=unapplied_positions(snapshot, by=by),
        flows=flows(snapshot, by=by),
    )


def month_table(months: LedgerMonths, *, last: int | None = None) -> pd.DataFrame:
    """Stocks at each month end and flows of each month, in company currency.

    Index: ``by``... and ``month_end`` (the as-of date for its month). Columns: ``receivables`` (open
    invoices less credit balances less cash on account), ``open_balance`` (invoices not overpaid),
    ``not_due``, ``overdue``, ``over_90`` (the part of it more than 90 days past due), ``no_due_date``,
    ``credit_balances`` and ``unapplied`` (both positive where customers are owed),
    ``invoiced`` and one column for each kind of entry, ``credit_sales`` (= invoiced) and ``days`` (of
    the month, up to the as-of date). ``last`` keeps so many months. Foreign currency stands at the rate
    of the month end.
    """
    by, as_of = list(months.by), months.snapshot.as_of
    ends = month_ends(as_of, _length(months, last))
    owed = months.positions
    debit = owed[~owed["is_credit"]]
    stocks = {
        "open_balance": _summed(debit, by),
        "not_due": _summed(debit[debit["due_bucket"] == NOT_DUE], by),
        "over_90": _summed(debit[debit["over_90"]], by),
        "no_due_date": _summed(debit[debit["due_bucket"] == NO_DUE_DATE], by),
        "credit_balances": -_summed(owed[owed["is_credit"]], by),
        "unapplied": _summed(months.unapplied, by),
    }
    booked = {kind: _summed(months.flows[months.flows["kind"] == kind], by) for kind in FLOWS}
    table = pd.DataFrame({**stocks, **booked})
    table.index.names = [*by, "month_end"]
    table = _every_month(table, by, ends).fillna(0.0)
    table["overdue"] = table["open_balance"] - table["not_due"] - table["no_due_date"]
    table["receivables"] = table["open_balance"] - table["credit_balances"] - table["unapplied"]
    table["credit_sales"] = table["invoiced"]
    table["days"] = pd.DatetimeIndex(table.index.get_level_values("month_end")).day
    return table[[*STOCKS, *FLOWS, "credit_sales", "days"]]


def ageing_series(months: LedgerMonths, *, clock: Clock = "due", last: int | None = 13) -> pd.DataFrame:
    """Open balance by age at each month end, in company currency; columns are the buckets in order.

    ``clock`` is ``due`` (days past due) or ``issue`` (days since the invoice date). Overpaid invoices
    and cash on account are not in it: they do not make anybody's debt younger. ``last`` keeps so many
    months, None all of the history.
    """
    owed = months.positions[~months.positions["is_credit"]]
    column = "due_bucket" if clock == "due" else "issue_bucket"
    wide = owed.pivot_table(index=[*months.by, "month_end"], columns=column, values="value", aggfunc="sum")
    ends = month_ends(months.snapshot.as_of, _length(months, last))
    names = bucket_names(months.snapshot, clock=clock)
    return _every_month(wide, list(months.by), ends).reindex(columns=names).fillna(0.0).rename_axis(columns="bucket")


def bucket_names(snapshot: Snapshot, *, clock: Clock) -> list[str]:
    """Ageing buckets in order; "no due date" only where the books hold such an invoice."""
    edges = snapshot.company.policy.ageing_days
    if clock not in get_args(Clock):
        raise ValueError(f"clock must be one of {', '.join(get_args(Clock))}, got {clock!r}")
    if clock == "issue":
        return issue_buckets(edges)
    undated = snapshot.balances.filter(snapshot.balances["due_on"].isnull()).count().execute()
    return due_buckets(edges) if undated else due_buckets(edges)[:-1]


def _summed(rows: pd.DataFrame, by: list[str]) -> pd.Series:
    return rows.groupby([*by, "month_end"])["value"].sum()


def _length(months: LedgerMonths, last: int | None) -> int:
    if last is not None:
        return last
    seen = [frame["month_end"].min() for frame in (months.positions, months.flows) if len(frame)]
    first = min(seen, default=pd.Timestamp(months.snapshot.as_of))
    as_of = months.snapshot.as_of
    return max((as_of.year - first.year) * 12 + as_of.month - first.month + 1, 1)


def _every_month(table: pd.DataFrame, by: list[str], ends: pd.DatetimeIndex) -> pd.DataFrame:
    """All month ends for each group, in order, also those on which nothing was owed."""
    if not by:
        return table.reindex(ends)
    groups = table.index.droplevel("month_end").unique()
    if not len(groups):
        return table
    tuples = [(*(g if isinstance(g, tuple) else (g,)), end) for g in groups for end in ends]
    return table.reindex(pd.MultiIndex.from_tuples(tuples, names=[*by, "month_end"]))
