"""Payment pattern and roll rates: how the sales of a month, and the debt of an age, run off."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd

from analysis.ledger.contract import Outcome
from analysis.ledger.snapshot import Snapshot
from analysis.measures.months import LedgerMonths, bucket_names
from analysis.measures.positions import at_month_ends, bucketed, month_ends

CURED = "smaller balance"


def payment_pattern(months: LedgerMonths, *, last: int = 13, later: int = 6) -> pd.DataFrame:
    """Share of each month's credit sales still open at its end and k months later (Lewellen & Johnson 1972).

    Rows: the last ``last`` months of sale; columns 0 ... ``later``; NaN where the month end has not been
    reached or nothing was sold. It does not move with the level of sales. ``months`` is read without
    dimensions. A month end that the as-of date cuts short is left out.
    """
    as_of = pd.Timestamp(months.snapshot.as_of)
    ends = month_ends(as_of.date(), last)
    sold = months.flows[months.flows["kind"] == "invoiced"].groupby("month_end")["balance"].sum().astype(float)
    owed = months.positions.assign(
        balance=months.positions["balance"].astype(float),
        later=_months_between(months.positions["month_end"], months.positions["issue_month"]),
    )
    still = owed.pivot_table(index="issue_month", columns="later", values="balance", aggfunc="sum")
    still = still.reindex(index=ends, columns=range(later + 1))
    elapsed = _months_between(pd.Series(as_of, index=ends), pd.Series(ends, index=ends)).to_numpy()
    seen = np.asarray(range(later + 1))[None, :] <= elapsed[:, None]
    sales = sold.reindex(ends).to_numpy()[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(sales > 0, still.fillna(0.0).to_numpy() / sales, np.nan)
    return pd.DataFrame(np.where(seen, shares, np.nan), index=ends.rename("sales_month"), columns=still.columns)


def roll_rates(snapshot: Snapshot, *, over: int = 12) -> pd.DataFrame:
    """Where the debt of an age is one month later, as shares of its amount, over the last ``over`` months.

    Rows: the bucket at a month end and ``amount`` that stood there (document currencies are added at the
    rates of the as-of date); columns: the buckets one month later, ``paid``, ``credited``,
    ``written_off`` for what left, and :data:`CURED` for the part by which a balance shrank while it
    stayed open. Rows sum to 1; NaN where nothing stood in the bucket.
    """
    names = bucket_names(snapshot, clock="due")
    dated = [name for name in names if name != "no due date"]
    owed = snapshot.balances.filter((snapshot.balances["balance"] > 0) & snapshot.balances["due_on"].notnull())
    spread = at_month_ends(snapshot, owed)
    past_due = spread["point_on"].delta(spread["due_on"], unit="day")
    spread = spread.mutate(bucket=bucketed(past_due, dated, (0, *snapshot.company.policy.ageing_days)))
    last = snapshot.as_of.year * 12 + snapshot.as_of.month - 1
    recent = spread.filter(spread["point"] >= last - over)
    now = recent.filter(recent["point"] < last).select("invoice_id", "point", "bucket", "balance", "currency")
    then = recent.select(_id="invoice_id", _point=recent["point"] - 1, _bucket="bucket", _balance="balance")
    joined = now.left_join(then, [now["invoice_id"] == then["_id"], now["point"] == then["_point"]])
    ends = snapshot.items.select("outcome", _item="invoice_id")
    joined = joined.left_join(ends, joined["invoice_id"] == ends["_item"])
    gone = joined["_id"].isnull()
    stays = ibis.least(joined["_balance"].fill_null(0), joined["balance"])
    # an invoice that is open again after a reversal left by payment for the month in between
    left_by = ibis.ifelse(joined["outcome"] == Outcome.OPEN, Outcome.PAID.value, joined["outcome"])
    counted = joined.mutate(_to=ibis.ifelse(gone, left_by, joined["_bucket"]), _stays=stays)
    counted = counted.group_by("bucket", "_to", "currency").aggregate(
        amount=counted["balance"].sum(), stays=counted["_stays"].sum()
    )
    frame = counted.execute()
    rate = frame["currency"].map({c: snapshot.rate_on(c, snapshot.as_of) for c in frame["currency"].unique()})
    for column in ("amount", "stays"):
        frame[column] = frame[column].astype(float) * rate.astype(float)
    return _shares(frame, dated)


def _shares(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    outs = [Outcome.PAID.value, Outcome.CREDITED.value, Outcome.WRITTEN_OFF.value]
    frame["moved"] = np.where(frame["_to"].isin(outs), frame["amount"], frame["stays"])
    table = frame.pivot_table(index="bucket", columns="_to", values="moved", aggfunc="sum")
    table = table.reindex(index=names, columns=[*names, *outs]).fillna(0.0)
    amount = frame.groupby("bucket")["amount"].sum().reindex(names).fillna(0.0)
    table[CURED] = amount - table.sum(axis=1)
    shares = table.div(amount.where(amount > 0), axis=0)
    shares.insert(0, "amount", amount)
    return shares.rename_axis(index="bucket", columns="next month")


def _months_between(later: pd.Series, earlier: pd.Series) -> pd.Series:
    return (later.dt.year - earlier.dt.year) * 12 + later.dt.month - earlier.dt.month
