"""Payment pattern and roll rates: how the sales of a month, and the debt of an age, run off."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from analysis.ledger.balances import CAUSES, lowering, sums_by_cause
from analysis.ledger.reading import MONEY
from analysis.ledger.snapshot import Snapshot
from analysis.measures.months import LedgerMonths, bucket_names
from analysis.measures.positions import NO_DUE_DATE, at_month_ends, bucketed, complete_months, month_number


def payment_pattern(months: LedgerMonths, *, last: int = 13, later: int = 6) -> pd.DataFrame:
    """Share of each month's credit sales still open at its end and k months later (Lewellen & Johnson 1972).

    Rows: the last ``last`` complete months of sale; columns 0 ... ``later``; NaN where the month end has not
    been reached or nothing was sold. It does not move with the level of sales. Dimensions of ``months`` are
    added up. Foreign currency stands at the rate of the as-of date throughout, so that no rate moves a share.
    An overpaid invoice counts negative. A month end that the as-of date cuts short is left out.
    """
    snapshot = months.snapshot
    ends = complete_months(snapshot.as_of, last)
    sold = months.flows[months.flows["kind"] == "invoiced"]
    sales = snapshot.value(sold["balance"], sold["currency"]).groupby(sold["month_end"]).sum()
    owed = months.positions[months.positions["month_end"].isin(ends)]
    owed = owed.assign(
        value=snapshot.value(owed["balance"], owed["currency"]),
        later=_months_between(owed["month_end"], owed["issue_month"]),
    )
    still = owed.pivot_table(index="issue_month", columns="later", values="value", aggfunc="sum")
    still = still.reindex(index=ends, columns=range(later + 1)).fillna(0.0)
    reached = np.arange(last)[::-1, None] >= np.arange(later + 1)[None, :]
    of_month = sales.reindex(ends).to_numpy()[:, None]
    shares = np.divide(still.to_numpy(), of_month, out=np.full(still.shape, np.nan), where=reached & (of_month > 0))
    return pd.DataFrame(shares, index=ends.rename("sales_month"), columns=still.columns)


def roll_rates(snapshot: Snapshot, *, over: int = 12) -> pd.DataFrame:
    """Where the debt of an age is one month later, as shares of its amount, over the last ``over`` steps.

    A step leads from one month end to the next; a month that the as-of date cuts short is left out. Rows: the
    bucket at a month end, with the ``amount`` that stood there, summed over the steps (foreign currency at the
    rate of the as-of date). Columns: the buckets one month later, and ``paid``, ``credited``, ``written_off``
    for what left, by what was booked in the month; of a part-payment the rest stays in its bucket. What a
    balance rises by (a reversal) is not debt of that age and not in it, nor is a rest within the tolerance.
    Rows sum to 1; NaN where nothing stood in the bucket.
    """
    names = [name for name in bucket_names(snapshot, clock="due") if name != NO_DUE_DATE]
    ends = complete_months(snapshot.as_of, over + 1)
    first, last = (end.year * 12 + end.month - 1 for end in (ends[0], ends[-1]))
    stretches = snapshot.balances
    owed = stretches.filter((stretches["balance"] > 0) & stretches["due_on"].notnull() & ~stretches["is_rest"])
    spread = at_month_ends(snapshot, owed)
    past_due = spread["point_on"].delta(spread["due_on"], unit="day")
    spread = spread.mutate(bucket=bucketed(past_due, names, (0, *snapshot.company.policy.ageing_days)))
    now = spread.filter((spread["point"] >= first) & (spread["point"] < last))
    now = now.select("invoice_id", "point", "bucket", "balance", "currency")
    then = spread.select(_id="invoice_id", _point=spread["point"] - 1, _bucket="bucket", _balance="balance")
    joined = now.left_join(then, [now["invoice_id"] == then["_id"], now["point"] == then["_point"]])
    lowered = _lowered(snapshot)
    joined = joined.left_join(
        lowered, [joined["invoice_id"] == lowered["_lowered"], joined["point"] == lowered["_month"] - 1]
    )
    moved = joined.mutate(_stays=ibis.least(joined["_balance"].fill_null(0), joined["balance"]).cast(MONEY))
    parts = moved.mutate(**_left_by(moved))
    counted = parts.group_by("bucket", "_bucket", "currency").aggregate(
        amount=parts["balance"].sum(),
        stays=parts["_stays"].sum(),
        **{str(outcome): parts[f"_{cause}"].sum() for cause, outcome in CAUSES.items()},
    )
    return _shares(counted.execute(), snapshot, names)


def _lowered(snapshot: Snapshot) -> ibis.Table:
    """What lowered each invoice in each month by cause; what raised it counts as nothing."""
    lowers = lowering(snapshot.entries)
    sums = {f"_by_{cause}": ibis.greatest(lowered, 0) for cause, lowered in sums_by_cause(lowers).items()}
    return lowers.group_by(_lowered="invoice_id", _month=month_number(lowers["applied_on"])).aggregate(**sums)


def _left_by(moved: ibis.Table) -> dict[str, ir.DecimalColumn]:
    """The part of a balance that left, divided by cause as the bookings of the month are; to the thousandth."""
    left = moved["balance"] - moved["_stays"]
    causes = {cause: moved[f"_by_{cause}"].fill_null(0).cast("float64") for cause in CAUSES}
    total = (causes["cash"] + causes["credited"] + causes["written_off"]).nullif(0)

    def share(cause: str) -> ir.DecimalColumn:
        return (left.cast("float64") * causes[cause] / total).fill_null(0).round(3).cast(MONEY)

    written_off = share("written_off")
    # the remainder goes to a cause that occurred, so that no rounding shows up under one that did not
    credited = ibis.ifelse(
        (causes["cash"] == 0) & (causes["credited"] > 0), (left - written_off).cast(MONEY), share("credited")
    )
    return {"_cash": left - written_off - credited, "_credited": credited, "_written_off": written_off}


def _shares(frame: pd.DataFrame, snapshot: Snapshot, names: list[str]) -> pd.DataFrame:
    outs = [str(outcome) for outcome in CAUSES.values()]
    frame = frame.sort_values(["bucket", "_bucket", "currency"], ignore_index=True)
    for column in ("amount", "stays", *outs):
        frame[column] = snapshot.value(frame[column], frame["currency"])
    stays = frame.pivot_table(index="bucket", columns="_bucket", values="stays", aggfunc="sum").reindex(columns=names)
    table = stays.join(frame.groupby("bucket")[outs].sum(), how="outer").reindex(names).fillna(0.0)
    amount = frame.groupby("bucket")["amount"].sum().reindex(names).fillna(0.0)
    shares = table.div(amount.where(amount > 0), axis=0)
    shares.insert(0, "amount", amount)
    return shares.rename_axis(index="bucket", columns="next month")


def _months_between(later: pd.Series, earlier: pd.Series) -> pd.Series:
    return (later.dt.year - earlier.dt.year) * 12 + later.dt.month - earlier.dt.month
