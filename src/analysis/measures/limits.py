"""How far customers use their credit limits, with the limits and balances as they were on each day."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from analysis.ledger.snapshot import Snapshot
from analysis.measures.credit_standing import limits_held
from analysis.measures.exposure import exposures
from analysis.measures.exposure_days import over_since, unbilled_stretches
from analysis.measures.positions import at_month_ends, end_of, month_end_rates, month_ends
from analysis.measures.ratio import ratio

OVER, NEAR, WITHIN, NO_LIMIT = "over limit", "near limit", "within limit", "no limit"
STANDINGS = (OVER, NEAR, WITHIN, NO_LIMIT)
# From nine tenths of a limit on, the next usual invoice is likely to go beyond it (a rule of thumb of this project).
NEAR_FROM = 0.9

_BASES = {
    "open_balance": "open invoices, credit balances and cash on account not set off",
    "open_balance_and_orders": "open invoices and orders not invoiced yet, "
    "credit balances and cash on account not set off",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LimitUse:
    """Use of credit limits on the as-of date.

    ``table``: one row per customer that owes or has orders counted, index ``customer_id``, the greatest exposure
    first: ``name``, ``open_balance``, ``unbilled``, ``exposure``, ``limit`` (NaN where there is none or it is 0),
    ``use`` (exposure / limit), ``excess`` (exposure above the limit, else 0), ``standing`` (one of
    :data:`STANDINGS`), ``limit_since`` and ``over_since`` (dates, NaT where there is none), ``overdue``,
    ``oldest_days``. ``basis`` says in words what exposure is made of; ``n_limits`` is the number of all customers
    with a limit above zero and ``granted`` the sum of their limits, whether used or not.
    """

    basis: str
    table: pd.DataFrame
    n_limits: int
    granted: float

    @property
    def has_limits(self) -> bool:
        """Whether the books know any limit above zero."""
        return self.n_limits > 0

    @property
    def breaches(self) -> pd.DataFrame:
        """Customers above their limit, the greatest excess first."""
        over = self.table[self.table["standing"] == OVER]
        return (
            over.assign(_key=over.index).sort_values(["excess", "_key"], ascending=[False, True]).drop(columns="_key")
        )

    def by_standing(self) -> pd.DataFrame:
        """Customers, exposure, limits and their use by standing; index :data:`STANDINGS`."""
        grouped = self.table.groupby("standing")
        summed = grouped[["exposure", "limit", "excess"]].sum().assign(customers=grouped.size())
        summed = summed.reindex(list(STANDINGS)).fillna(0.0).astype({"customers": int})
        total = float(summed["exposure"].sum())
        summed["share"] = summed["exposure"] / total if total else np.nan
        return summed.rename_axis(index="standing")[["customers", "exposure", "share", "limit", "excess"]]


def limit_use(snapshot: Snapshot) -> LimitUse:
    """Exposure of each customer against its limit on the as-of date, on the basis of ``policy.exposure_basis``.

    Company currency at the rates of the date. A limit is the latest that holds from the date or earlier; one of 0 is
    as none.
    """
    ends = pd.DatetimeIndex([pd.Timestamp(snapshot.as_of)], name="month_end")
    found = limit_use_at(snapshot, ends).droplevel("month_end")
    since = pd.Series(over_since(snapshot), dtype="datetime64[ns]")
    owed = exposures(snapshot)
    found = found.join(owed[["overdue", "oldest_days"]])
    found.insert(0, "name", _names(snapshot).reindex(found.index).fillna(found.index.to_series()))
    found["oldest_days"] = found["oldest_days"].fillna(0).astype(int)
    found["overdue"] = found["overdue"].fillna(0.0)
    over = found["standing"] == OVER
    # At today's rates a customer may be above a limit that it is not at the rates of its invoices.
    found["over_since"] = since.reindex(found.index).fillna(pd.Timestamp(snapshot.as_of)).where(over)
    granted = _limits(snapshot, ends)
    order = found.assign(_key=found.index).sort_values(["exposure", "_key"], ascending=[False, True])
    return LimitUse(
        basis=_BASES[snapshot.company.policy.exposure_basis],
        table=order.drop(columns="_key"),
        n_limits=int((granted["limit"] > 0).sum()),
        granted=float(granted["limit"].clip(lower=0).sum()),
    )


def limit_months(snapshot: Snapshot, *, months: int = 13) -> pd.DataFrame:
    """Use of limits at the last month ends, each with the limits that held then and at the rates of its day.

    Index ``month_end``; columns ``exposure``, ``limited`` (exposure of customers with a limit), ``without_limit``,
    ``limits`` (of customers that owe), ``use`` (``limited / limits``), ``over`` (customers above their limit),
    ``excess`` (their exposure above it), ``near`` (customers from nine tenths of it on).
    """
    ends = month_ends(snapshot.as_of, months)
    found = limit_use_at(snapshot, ends)
    known = found["limit"].notna()
    parts = pd.DataFrame(
        {
            "exposure": found["exposure"],
            "limited": found["exposure"].where(known, 0.0),
            "without_limit": found["exposure"].where(~known, 0.0),
            "limits": found["limit"].fillna(0.0),
            "over": (found["standing"] == OVER).astype(int),
            "excess": found["excess"],
            "near": (found["standing"] == NEAR).astype(int),
        }
    )
    summed = parts.groupby("month_end").sum().reindex(ends).fillna(0.0).astype({"over": int, "near": int})
    summed.insert(4, "use", ratio(summed["limited"], summed["limits"]))
    return summed


def limit_use_at(snapshot: Snapshot, ends: pd.DatetimeIndex) -> pd.DataFrame:
    """Exposure and limit of each customer that had an exposure, at month ends (the last may be the as-of date).

    Index ``month_end``, ``customer_id``; columns ``open_balance``, ``unbilled``, ``exposure``, ``limit``, ``use``,
    ``excess``, ``standing``, ``limit_since`` as in :class:`LimitUse`.
    """
    owed = _balances_at(snapshot, snapshot.balances.filter(snapshot.balances["balance"] > 0), ends)
    orders = owed.iloc[:0]
    if snapshot.company.policy.exposure_basis == "open_balance_and_orders":
        orders = _balances_at(snapshot, unbilled_stretches(snapshot), ends)
    table = pd.DataFrame({"open_balance": owed, "unbilled": orders}).fillna(0.0)
    table = table.rename_axis(index=["month_end", "customer_id"]).sort_index()
    table["exposure"] = table["open_balance"] + table["unbilled"]
    table = table.join(_limits(snapshot, ends))
    table["limit"] = table["limit"].where(table["limit"] > 0)
    table["limit_since"] = table["limit_since"].where(table["limit"].notna())
    table["use"] = ratio(table["exposure"], table["limit"])
    table["excess"] = (table["exposure"] - table["limit"]).clip(lower=0).fillna(0.0)
    table["standing"] = _standing(table["use"], table["excess"])
    return table


def _standing(use: pd.Series[float], excess: pd.Series[float]) -> pd.Series[str]:
    kinds = np.select([use.isna(), excess > 0, use >= NEAR_FROM], [NO_LIMIT, OVER, NEAR], default=WITHIN)
    return pd.Series(kinds, index=use.index, dtype=object)


def _balances_at(snapshot: Snapshot, stretches: ibis.Table, ends: pd.DatetimeIndex) -> pd.Series[float]:
    """Sums of stretches at month ends by customer, in company currency at the rates of those days."""
    first = ends[0].date().replace(day=1)
    late = stretches.filter(stretches["until_on"].isnull() | (stretches["until_on"] > ends[0].date()))
    late = late.mutate(from_on=ibis.greatest(late["from_on"], ibis.literal(first)))
    spread = at_month_ends(snapshot, late)
    counted = spread.group_by("point", "customer_id", "currency").aggregate(balance=spread["balance"].sum())
    frame = counted.execute().sort_values(["point", "customer_id", "currency"], ignore_index=True)
    frame["month_end"] = pd.to_datetime(
        frame["point"].map({point: end_of(int(point), as_of=snapshot.as_of) for point in frame["point"].unique()})
    )
    frame = frame[frame["month_end"].isin(ends)]
    frame = frame.assign(value=frame["balance"].astype(float) * month_end_rates(frame, snapshot))
    return frame.groupby(["month_end", "customer_id"])["value"].sum()


def _limits(snapshot: Snapshot, ends: pd.DatetimeIndex) -> pd.DataFrame:
    """The limits that held at each month end: ``limit``, ``limit_since``; index ``month_end``, ``customer_id``."""
    held = limits_held(snapshot, [end.date() for end in ends]).reset_index()
    since, end = (pd.to_datetime(held[column], unit="D") for column in ("since", "mark"))
    held = held.assign(month_end=end, limit_since=since)
    return held.set_index(["month_end", "customer_id"])[["limit", "limit_since"]]


def _names(snapshot: Snapshot) -> pd.Series[str]:
    return snapshot.customers.select("customer_id", "name").execute().set_index("customer_id")["name"]
