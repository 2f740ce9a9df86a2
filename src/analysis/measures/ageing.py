"""How old what is owed is: by due date, by invoice date, on the whole and by any dimension."""

from __future__ import annotations

import ibis
import pandas as pd

from analysis.ledger.snapshot import Snapshot
from analysis.measures.months import Clock, bucket_names
from analysis.measures.positions import NO_DUE_DATE, bucketed


def ageing(snapshot: Snapshot, *, by: str | None = None, clock: Clock = "due") -> pd.DataFrame:
    """Open balance by age on the as-of date, in company currency.

    Rows are the values of the dimension ``by`` (one row ``total`` without it), columns the buckets in
    order and ``total``, ``overdue`` (past its due date) and ``invoices``. ``clock`` is ``due`` (days past
    due: day 30 falls in 1-30, day 31 in 31-60) or ``issue`` (days since the invoice date). Overpaid
    invoices are left out, as in :func:`analysis.measures.months.ageing_series`. Without ``by`` an empty
    ledger gives a row of zeros, with it no row.
    """
    names, keyed = bucket_names(snapshot, clock=clock), _aged(snapshot, by=by, clock=clock)
    counted = keyed.group_by("group", "bucket", "currency", "late").aggregate(
        balance=keyed["open_balance"].sum(), invoices=keyed.count()
    )
    # in a fixed order, so that sums of binary fractions come out the same on each run
    frame = counted.execute().sort_values(["group", "bucket", "currency", "late"], ignore_index=True)
    frame["value"] = snapshot.value(frame["balance"], frame["currency"])
    wide = frame.pivot_table(index="group", columns="bucket", values="value", aggfunc="sum")
    if not by:
        wide = wide.reindex(index=["total"])
    wide = wide.reindex(columns=names).fillna(0.0).rename_axis(index=by or "ledger", columns="bucket")
    wide["total"] = wide[names].sum(axis=1)
    wide["overdue"] = frame[frame["late"]].groupby("group")["value"].sum().reindex(wide.index).fillna(0.0)
    wide["invoices"] = frame.groupby("group")["invoices"].sum().reindex(wide.index).fillna(0).astype(int)
    return wide.sort_values(["total"], ascending=False, kind="stable")


def ageing_by_customer(snapshot: Snapshot, *, by: str | None = None) -> pd.DataFrame:
    """Open balance of each customer by days past due and by the dimension ``by``, in company currency.

    One row per ``customer_id``, ``group`` (a value of the dimension, ``total`` without it) and ``bucket`` that holds
    anything, with ``value``; in order of these. Summed over customers it is :func:`ageing`.
    """
    keyed = _aged(snapshot, by=by, clock="due")
    keys = ["customer_id", "group", "bucket", "currency"]
    frame = keyed.group_by(keys).aggregate(balance=keyed["open_balance"].sum()).execute()
    frame = frame.sort_values(keys, ignore_index=True)
    frame["value"] = snapshot.value(frame["balance"], frame["currency"])
    return frame.groupby(keys[:-1], as_index=False)["value"].sum()


def _aged(snapshot: Snapshot, *, by: str | None, clock: Clock) -> ibis.Table:
    """Open invoices, each with its ``group``, its ``bucket`` of age and whether it is ``late``."""
    edges, names = snapshot.company.policy.ageing_days, bucket_names(snapshot, clock=clock)
    owed = snapshot.items.filter(snapshot.items["open_balance"] > 0)
    if clock == "due":
        dated = [name for name in names if name != NO_DUE_DATE]
        bucket = ibis.ifelse(owed["due_on"].isnull(), NO_DUE_DATE, bucketed(owed["days_past_due"], dated, (0, *edges)))
    else:
        age = ibis.literal(snapshot.as_of).delta(owed["issued_on"], unit="day")
        bucket = bucketed(age, names, edges)
    return owed.mutate(
        bucket=bucket,
        group=owed[by] if by else ibis.literal("total"),
        late=(owed["days_past_due"] > 0).fill_null(False),
    )
