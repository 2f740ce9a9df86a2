"""What each customer adds to the headline figures: one small table, from which the figures can be redrawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.contract import EntryKind
from analysis.ledger.dimensions import NOT_STATED
from analysis.ledger.snapshot import Snapshot
from analysis.measures.positions import OLD_AFTER_DAYS, end_of, month_end_rates, month_ends, month_number

STOCKS = ("open_balance", "credit_balances", "unapplied", "not_due", "no_due_date", "over_90")
# The month ends that the figures look at, counted back from the as-of date: today, the month before and the year
# before, and for each of them the month before it, at which its month opens.
LOOKED_AT = (0, 1, 2, 12, 13)
# The count-back of a year ago has two years of sales to go back into.
_MONTHS_OF_SALES = 37


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadlineSums:
    """Sums by customer, in company currency and rounded to its cents, so that they add up alike in any order.

    ``customers``: numbers in order. ``stocks``: what stood open at each month end of :data:`LOOKED_AT`, one array of
    customers x :data:`STOCKS` for each; ``sales`` and ``written_off`` (less recoveries): customers x months, newest
    month first; ``days``: of these months. ``n_months``: how many of the months the books hold; ``dso_months``: over
    how many the policy takes the rolling DSO.
    """

    customers: tuple[str, ...]
    stocks: dict[int, NDArray[np.float64]]
    sales: NDArray[np.float64]
    written_off: NDArray[np.float64]
    days: NDArray[np.float64]
    n_months: int
    dso_months: int

    def of(self, place: NDArray[np.int64]) -> HeadlineSums:
        """The same of some customers, as if the books held no others."""
        return HeadlineSums(
            customers=tuple(self.customers[at] for at in place),
            stocks={back: rows[place] for back, rows in self.stocks.items()},
            sales=self.sales[place],
            written_off=self.written_off[place],
            days=self.days,
            n_months=self.n_months,
            dso_months=self.dso_months,
        )


def headline_sums(snapshot: Snapshot) -> HeadlineSums:
    """Stocks at five month ends and the flows of three years by customer, each from one pass over the ledger.

    Their sums over customers are those of :func:`analysis.measures.months.month_table` up to a cent for each
    customer. Cash on account of nobody counts as that of one customer more.
    """
    ends = list(month_ends(snapshot.as_of, _MONTHS_OF_SALES)[::-1])
    stocks, flows = _stocks(snapshot, ends), _flows(snapshot, ends)
    customers = sorted({*stocks["customer_id"], *flows["customer_id"]})
    row_of, back_of = pd.Index(customers), {end: back for back, end in enumerate(ends)}
    mark_of = {ends[back]: mark for mark, back in enumerate(LOOKED_AT)}
    by_stock = np.zeros((len(LOOKED_AT), len(customers), len(STOCKS)))
    places = stocks["month_end"].map(mark_of).to_numpy(dtype=int), row_of.get_indexer(stocks["customer_id"])
    for column, name in enumerate(STOCKS):
        np.add.at(by_stock[:, :, column], places, stocks[name].to_numpy(dtype=float))
    by_flow = np.zeros((2, len(customers), len(ends)))
    at = row_of.get_indexer(flows["customer_id"]), flows["month_end"].map(back_of).to_numpy(dtype=int)
    for kind, flow in enumerate(("sold", "lost")):
        np.add.at(by_flow[kind], at, flows[flow].to_numpy(dtype=float))
    return HeadlineSums(
        customers=tuple(customers),
        stocks={back: by_stock[mark].round(2) for mark, back in enumerate(LOOKED_AT)},
        sales=by_flow[0].round(2),
        written_off=by_flow[1].round(2),
        days=np.array([end.day for end in ends], dtype=float),
        n_months=_n_months(snapshot),
        dso_months=snapshot.company.policy.dso_months,
    )


def _stocks(snapshot: Snapshot, ends: Sequence[pd.Timestamp]) -> pd.DataFrame:
    """Open amounts of each customer at the month ends looked at, in company currency."""
    marks = ibis.memtable(pd.DataFrame({"point_on": [ends[back].date() for back in LOOKED_AT]}))
    marks = marks.mutate(point_on=marks["point_on"].cast("date"))
    owed = _standing(snapshot.balances, marks)
    late, balance = owed["point_on"].delta(owed["due_on"], unit="day"), owed["balance"]
    debit, on_account = balance > 0, _standing(snapshot.unapplied, marks)
    keys = ["customer_id", "currency", "point_on"]
    open_items = owed.group_by(keys).aggregate(
        open_balance=balance.sum(where=debit),
        credit_balances=(-balance).sum(where=~debit),
        not_due=balance.sum(where=debit & (late <= 0)),
        no_due_date=balance.sum(where=debit & owed["due_on"].isnull()),
        over_90=balance.sum(where=debit & (late > OLD_AFTER_DAYS)),
    )
    waiting = on_account.group_by(keys).aggregate(unapplied=on_account["amount"].sum())
    frame = pd.concat([open_items.execute(), waiting.execute()], ignore_index=True)
    frame["month_end"] = pd.to_datetime(frame["point_on"])
    return _valued(frame.drop(columns="point_on"), snapshot, STOCKS)


def _standing(stretches: ibis.Table, marks: ibis.Table) -> ibis.Table:
    """Each stretch once for every mark that lies in it."""
    begun = stretches["from_on"] <= marks["point_on"]
    lasts = stretches["until_on"].isnull() | (stretches["until_on"] > marks["point_on"])
    return stretches.inner_join(marks, [begun, lasts])


def _flows(snapshot: Snapshot, ends: Sequence[pd.Timestamp]) -> pd.DataFrame:
    """What each customer bought, and what was written off less what came back, in each month, in company currency."""
    first, items, entries = ibis.literal(ends[-1].replace(day=1).date()), snapshot.items, snapshot.entries
    items = items.filter(items["issued_on"] >= first)
    sold = items.mutate(point=month_number(items["issued_on"])).group_by("customer_id", "currency", "point")
    lost = entries.filter((entries["booked_on"] >= first) & entries["kind"].isin(list(_LOST)))
    signed = ibis.ifelse(lost["kind"] == EntryKind.RECOVERY, -lost["amount"], lost["amount"])
    lost = lost.mutate(point=month_number(lost["booked_on"]), signed=signed)
    by_month = lost.group_by("customer_id", "currency", "point")
    parts = [sold.aggregate(sold=items["amount"].sum()), by_month.aggregate(lost=lost["signed"].sum())]
    frame = pd.concat([part.execute() for part in parts], ignore_index=True)
    named = {point: end_of(int(point), as_of=snapshot.as_of) for point in frame["point"].unique()}
    frame["month_end"] = pd.to_datetime(frame["point"].map(named))
    return _valued(frame.drop(columns="point"), snapshot, ("sold", "lost"))


_LOST = (str(EntryKind.WRITE_OFF), str(EntryKind.RECOVERY))


def _valued(frame: pd.DataFrame, snapshot: Snapshot, amounts: Sequence[str]) -> pd.DataFrame:
    """Amounts in company currency at the rate of each month end, in a fixed order; none is zero."""
    frame["customer_id"] = frame["customer_id"].fillna(NOT_STATED)
    frame = frame.sort_values(["customer_id", "month_end", "currency"], kind="stable", ignore_index=True)
    rates = month_end_rates(frame, snapshot)
    return frame.assign(**{name: frame[name].astype(float).fillna(0.0) * rates for name in amounts})


def _n_months(snapshot: Snapshot) -> int:
    """Months from the first invoice or booking to the as-of date."""
    days = [snapshot.items["issued_on"].min().execute(), snapshot.entries["booked_on"].min().execute()]
    first = min((pd.Timestamp(day) for day in days if not pd.isna(day)), default=pd.Timestamp(snapshot.as_of))
    return (snapshot.as_of.year - first.year) * 12 + snapshot.as_of.month - first.month + 1
